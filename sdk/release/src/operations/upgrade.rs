//! A release gets a new revision.

use std::collections::BTreeMap;

use super::{
    Bundle, Error, Operator, Options, Render, Request,
    install::check_labels,
    now,
    stage::{Stage, Step},
};
use crate::{
    cluster::{Done, chain, storage::History},
    plan::{
        changes::{self, Method, Placed},
        history, name,
    },
    record::{ApplyMethod, Event, Info, Release, Status, secret},
};

/// An upgrade that only has to be carried out.
pub(super) struct Prepared {
    pub(super) history: History,
    pub(super) planned: history::Upgrade,
    pub(super) release: Release,
    pub(super) old: Vec<Placed>,
    pub(super) wanted: Vec<Placed>,
    pub(super) method: Method,
}

impl Operator<'_> {
    /// Upgrades a release to what a chart renders to and gives the new revision's record.
    pub async fn upgrade(&self, name: &str, chart: &impl Render) -> Result<Release, Error> {
        let Prepared { history, planned, mut release, old, wanted, method } =
            self.prepare_upgrade(name, chart).await?;
        if self.is_dry() {
            release.info.description = self.described("Dry run complete");
            return Ok(release);
        }
        if let Some(interrupted) = planned.interrupted.and_then(|version| history.get(version)) {
            let what = interrupted.info.status.as_str().trim_start_matches("pending-");
            self.take_up(interrupted, what).await?;
        }
        let mut current =
            history.get(planned.current).cloned().expect("the plan names revisions of the history");
        self.storage.prune(name, &history, self.options.history_max).await?;
        self.storage.create(&release).await?;
        let was_patched = current.apply_method != ApplyMethod::Server;
        let stage =
            Stage { events: (Event::PreUpgrade, Event::PostUpgrade), old, wanted, method, was_patched };
        let blame = |step, error| match step {
            Step::Hooks(event) => {
                Error::Hooks { what: format!("{} hooks failed", event.as_str()), source: Box::new(error) }
            }
            Step::Wait => error,
        };
        match self.go(&mut release, &stage, blame).await {
            (_, Ok(())) => {
                if planned.interrupted != Some(current.version) {
                    current.info.status = Status::Superseded;
                    self.storage.update(&current).await?;
                }
                release.info.status = Status::Deployed;
                release.info.description = self.described("Upgrade complete");
                self.storage.update(&release).await?;
                Ok(release)
            }
            (done, Err(error)) => Err(self.fail_upgrade(release, done, error).await),
        }
    }

    /// Renders and looks, and changes nothing.
    pub(super) async fn prepare_upgrade(&self, name: &str, chart: &impl Render) -> Result<Prepared, Error> {
        name::check(name).map_err(|_| Error::Plain(format!("release name is invalid: {name}")))?;
        check_labels(&self.options)?;
        let history = self.storage.history(name).await?;
        let planned = history::upgrade(name, &history.revisions(), history.activity())?;
        let invariant = "the plan names revisions of the history";
        let current = history.get(planned.current).expect(invariant);
        let last = history.get(planned.last).expect(invariant);
        let capabilities = self.cluster.capabilities().await?;
        let request = Request {
            name,
            namespace: &current.namespace,
            revision: planned.version,
            upgrade: true,
            capabilities: Some(&capabilities),
            previous: Some(current),
        };
        let bundle = chart.render(request).await.map_err(Error::Render)?;
        self.warn(&bundle.warnings);
        let (method, apply_method) = self.method(Some(last.apply_method)).await?;
        let release = self.next_record(current, last, planned.version, bundle, apply_method);
        let mut old = self.had(current).await?;
        if let Some(interrupted) = planned.interrupted.and_then(|version| history.get(version)) {
            old = changes::left_behind(&old, &self.had(interrupted).await?);
        }
        let wanted = self.wanted(&release).await.map_err(|error| match error {
            Error::Build { source, .. } => Error::Cluster(source),
            other => other,
        })?;
        let new: Vec<Placed> =
            wanted.iter().filter(|one| changes::find(&old, &one.identity).is_none()).cloned().collect();
        self.check_ownership(&new, &release, "update").await?;
        Ok(Prepared { history, planned, release, old, wanted, method })
    }

    fn next_record(
        &self,
        current: &Release,
        last: &Release,
        version: u64,
        bundle: Bundle,
        apply_method: ApplyMethod,
    ) -> Release {
        let info = Info {
            first_deployed: current.info.first_deployed,
            last_deployed: Some(now()),
            status: Status::PendingUpgrade,
            description: "Preparing upgrade".into(),
            notes: bundle.notes,
            ..Info::default()
        };
        Release {
            name: current.name.clone(),
            info,
            chart: Some(bundle.chart),
            config: Some(bundle.config),
            manifest: bundle.manifest,
            hooks: bundle.hooks,
            version,
            namespace: current.namespace.clone(),
            labels: merge_labels(&last.labels, &self.options.labels),
            apply_method,
        }
    }

    async fn fail_upgrade(&self, mut release: Release, done: Done, error: Error) -> Error {
        let name = release.name.clone();
        release.info.status = Status::Failed;
        release.info.description = format!("Upgrade {name:?} failed: {}", chain(&error));
        // The failure itself counts more than that it cannot be written down.
        let _ = self.storage.update(&release).await;
        if self.options.cleanup_on_fail
            && let Err(source) = self.delete_all(&done.created).await
        {
            let (original, undoing) = (Box::new(error), Box::new(source));
            return Error::NotUndone {
                doing: "cleaning up resources",
                operation: "upgrade",
                original,
                undoing,
            };
        }
        if self.options.rollback_on_failure { self.return_to_last_good(name, error).await } else { error }
    }

    pub(super) async fn delete_all(&self, objects: &[crate::objects::Identity]) -> Result<(), Error> {
        for identity in objects {
            self.cluster.delete(identity, "Background").await?;
        }
        Ok(())
    }

    async fn return_to_last_good(&self, name: String, error: Error) -> Error {
        let history = match self.storage.history(&name).await {
            Ok(history) => history,
            Err(_) => return error,
        };
        let Some(version) = history::last_good(&history.revisions()) else {
            return Error::NothingToReturnTo { source: Box::new(error) };
        };
        let options = Options { description: String::new(), history_max: 0, ..self.options.clone() };
        let roller = Operator::new(self.cluster, options, self.say, Default::default());
        match Box::pin(roller.rollback(&name, version as i64)).await {
            Ok(_) => Error::Undone { name, what: "rolled back", source: Box::new(error) },
            Err(source) => Error::NotUndone {
                doing: "rolling back the release",
                operation: "upgrade",
                original: Box::new(error),
                undoing: Box::new(source),
            },
        }
    }
}

/// The last revision's labels with new ones over them; `null` takes one away.
fn merge_labels(last: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels = secret::user_labels(last);
    labels.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
    labels.retain(|_, value| value != "null");
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_carried_on() {
        let map = |entries: &[(&str, &str)]| {
            entries.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
        };
        let last = map(&[("owner", "helm"), ("a", "1"), ("b", "1")]);
        let new = map(&[("a", "2"), ("b", "null"), ("c", "3")]);
        assert_eq!(merge_labels(&last, &new), map(&[("a", "2"), ("c", "3")]));
    }
}
