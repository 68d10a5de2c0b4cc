//! Looking at releases without touching them.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Error, Operator};
use crate::{
    cluster::storage::{History, Stored},
    plan::{
        changes::Placed,
        history::{Activity, Refusal},
        holder, name,
    },
    record::{Release, Status},
};

/// Most recent first, or by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// By when they were deployed.
    Date,
}

/// Which releases are listed.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Those of all namespaces.
    pub everywhere: bool,
    /// Only those in these states; empty means all.
    pub statuses: Vec<Status>,
    /// In which order.
    pub order: Order,
    /// Backwards.
    pub reverse: bool,
    /// How many at most; 0 means all.
    pub max: usize,
    /// How many are passed over first.
    pub offset: usize,
}

impl Listing {
    /// Chooses among all records: the newest revision of each release (unless superseded ones are asked for) that is in
    /// one of the states and that `fits`.
    pub fn choose(&self, all: Vec<Stored>, fits: impl Fn(&Release) -> bool) -> Vec<Stored> {
        let mut chosen: Vec<Stored> = all.into_iter().filter(|one| fits(&one.release)).collect();
        if self.statuses != [Status::Superseded] {
            chosen = newest(chosen);
        }
        chosen.retain(|one| self.statuses.is_empty() || self.statuses.contains(&one.release.info.status));
        chosen.sort_by(|a, b| match self.order {
            Order::Name => {
                (&a.release.name, &a.release.namespace).cmp(&(&b.release.name, &b.release.namespace))
            }
            Order::Date => {
                let at = |one: &Stored| one.release.info.last_deployed.map(|time| time.at);
                at(a).cmp(&at(b))
            }
        });
        if self.reverse {
            chosen.reverse();
        }
        let max = if self.max == 0 { usize::MAX } else { self.max };
        chosen.into_iter().skip(self.offset).take(max).collect()
    }
}

fn newest(all: Vec<Stored>) -> Vec<Stored> {
    let mut newest: HashMap<(String, String), Stored> = HashMap::new();
    for one in all {
        let key = (one.release.namespace.clone(), one.release.name.clone());
        match newest.get(&key) {
            Some(other) if other.release.version > one.release.version => {}
            _ => drop(newest.insert(key, one)),
        }
    }
    newest.into_values().collect()
}

impl Operator<'_> {
    /// A release's record: the newest, or that of a revision.
    pub async fn record_of(&self, name: &str, revision: u64) -> Result<Release, Error> {
        name::check(name)
            .map_err(|_| Error::Plain(format!("releaseContent: Release name is invalid: {name}")))?;
        let history = self.history(name).await?;
        let found = match revision {
            0 => history.last().map(|last| &last.release),
            revision => history.get(revision),
        };
        Ok(found.ok_or(Refusal::NotFound)?.clone())
    }

    /// All of a release's records, oldest first.
    pub async fn history(&self, name: &str) -> Result<History, Error> {
        name::check(name).map_err(|_| Error::Plain(format!("release name is invalid: {name}")))?;
        let history = self.storage.history(name).await?;
        if history.0.is_empty() { Err(Refusal::NotFound.into()) } else { Ok(history) }
    }

    /// If the release's last operation was interrupted, what to do about it.
    pub fn interruption(&self, history: &History) -> Option<String> {
        let last = &history.last()?.release;
        if !last.info.status.is_under_way() || history.activity() == Activity::Busy {
            return None;
        }
        let what = last.info.status.as_str().trim_start_matches("pending-");
        let name = &last.name;
        if last.info.status == Status::Uninstalling {
            return Some(format!(
                "release {name}: the uninstall of revision {} was interrupted; `naru bundle uninstall {name}` finishes it",
                last.version
            ));
        }
        let back = if last.version > 1 {
            format!(", `naru bundle rollback {name}` goes back")
        } else {
            String::new()
        };
        let again = if last.info.status == Status::PendingInstall { "install" } else { "upgrade" };
        Some(format!(
            "release {name}: the {what} of revision {} was interrupted; `naru bundle {again} {name} ...` takes it up{back}, \
             `naru bundle uninstall {name}` removes it",
            last.version
        ))
    }

    /// The live objects of a release and the Pods that they select, by version and kind, as the server shows them in tables (`tables`) or as they are.
    pub async fn live_objects(
        &self,
        release: &Release,
        tables: bool,
    ) -> Result<BTreeMap<String, Vec<Value>>, Error> {
        let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        let mut seen = Vec::new();
        for one in self.had(release).await? {
            let version = one.identity.api_version.rsplit('/').next().unwrap_or_default().to_string();
            let answer = match tables {
                true => self.cluster.table(&one.identity).await.map(Some),
                false => self.cluster.get(&one.identity).await,
            };
            match answer {
                Ok(Some(object)) => {
                    found.entry(format!("{version}/{}", one.identity.kind)).or_default().push(object);
                    if let Some(pods) = self.related_pods(&one, tables, &mut seen).await? {
                        found.entry("v1/Pod(related)".into()).or_default().push(pods);
                    }
                }
                Ok(None) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }

    /// The Pods that a workload selects, as a list or a table. Pods that several workloads select are told once: `seen` are
    /// the selectors so far.
    async fn related_pods(
        &self,
        workload: &Placed,
        tables: bool,
        seen: &mut Vec<Value>,
    ) -> Result<Option<Value>, Error> {
        let Some(labels) = selector(&workload.object).filter(|labels| !seen.contains(*labels)) else {
            return Ok(None);
        };
        seen.push(labels.clone());
        Ok(Some(self.cluster.pods(&workload.identity.namespace, labels, tables).await?))
    }

    /// How long an operation without a sign of life counts as going on, for messages.
    pub fn lease() -> jiff::SignedDuration {
        holder::LEASE
    }
}

/// The labels by which a workload finds its Pods; `None` if it has none, or is no workload that Helm knows.
fn selector(object: &Value) -> Option<&Value> {
    let selector = match object["kind"].as_str()? {
        "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => {
            &object["spec"]["selector"]["matchLabels"]
        }
        "ReplicationController" => &object["spec"]["selector"],
        _ => return None,
    };
    selector.as_object().map(|_| selector)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::{Info, Time};

    fn stored(name: &str, version: u64, status: Status, second: i64) -> Stored {
        let at = jiff::Timestamp::from_second(second).ok();
        let last_deployed = at.map(|at| Time { at, offset: jiff::tz::Offset::UTC });
        let info = Info { status, last_deployed, ..Info::default() };
        Stored { release: Release { name: name.into(), version, info, ..Release::default() }, holder: None }
    }

    #[test]
    fn listings() {
        let all = || {
            vec![
                stored("b", 1, Status::Superseded, 1),
                stored("b", 2, Status::Deployed, 9),
                stored("a", 1, Status::Failed, 5),
                stored("c", 1, Status::Deployed, 7),
            ]
        };
        let listing = Listing::default;
        for (listing, expected) in [
            (listing(), "a1 b2 c1"),
            (Listing { statuses: vec![Status::Deployed], ..listing() }, "b2 c1"),
            (Listing { statuses: vec![Status::Superseded], ..listing() }, "b1"),
            (Listing { order: Order::Date, ..listing() }, "a1 c1 b2"),
            (Listing { reverse: true, ..listing() }, "c1 b2 a1"),
            (Listing { max: 1, offset: 1, ..listing() }, "b2"),
            (Listing { offset: 9, ..listing() }, ""),
        ] {
            let chosen = listing.choose(all(), |_| true);
            let words: Vec<String> =
                chosen.iter().map(|one| format!("{}{}", one.release.name, one.release.version)).collect();
            assert_eq!(words.join(" "), expected, "{listing:?}");
        }
    }

    #[test]
    fn workloads_select_pods() {
        let one = |kind: &str, selector: Value| json!({"kind": kind, "spec": {"selector": selector}});
        let labels = json!({"app": "web"});
        for (object, expected) in [
            (one("Deployment", json!({"matchLabels": labels})), Some(&labels)),
            (one("Job", json!({"matchLabels": labels})), Some(&labels)),
            (one("Deployment", json!({"matchExpressions": []})), None),
            (one("ReplicationController", labels.clone()), Some(&labels)),
            (one("Service", labels.clone()), None),
            (json!({"kind": "Job"}), None),
        ] {
            assert_eq!(selector(&object), expected, "{object}");
        }
    }
}
