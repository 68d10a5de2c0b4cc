//! What an operation would change, object by object, before it does.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Error, Operator, Render, install, rollback, upgrade, warning_line};
use crate::{
    cluster::chain,
    objects::Identity,
    plan::{
        changes::{self, Change, Method, Placed},
        history::Refusal,
        patch::Patch,
    },
};

/// What the server writes into an object by itself.
const SERVERS_METADATA: &[&str] =
    &["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// One object before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Which object.
    pub identity: Identity,
    /// As it is now; `None` if it is not there.
    pub before: Option<Value>,
    /// As it would be; `None` if it would go.
    pub after: Option<Value>,
}

impl Operator<'_> {
    /// What an upgrade with this chart would change; objects that would stay as they are do not occur.
    pub async fn diff(&self, name: &str, chart: &impl Render) -> Result<Vec<Difference>, Error> {
        let upgrade::Prepared { old, wanted, method, .. } = self.prepare_upgrade(name, chart).await?;
        self.differences(&old, &wanted, method).await
    }

    /// What an install of this chart would make and change.
    pub async fn diff_install(&self, name: &str, chart: &impl Render) -> Result<Vec<Difference>, Error> {
        let install::Prepared { wanted, method, .. } = self.prepare_install(name, chart).await?;
        self.differences(&[], &wanted, method).await
    }

    /// What a rollback to a revision would change.
    pub async fn diff_rollback(&self, name: &str, revision: i64) -> Result<Vec<Difference>, Error> {
        let rollback::Prepared { history, current, release, method, .. } =
            self.prepare_rollback(name, revision).await?;
        let (old, wanted) = self.rolled_back(&history, &current, &release).await?;
        self.differences(&old, &wanted, method).await
    }

    /// In what two revisions differ, by their records alone.
    pub async fn diff_revisions(&self, name: &str, from: u64, to: u64) -> Result<Vec<Difference>, Error> {
        let history = self.history(name).await?;
        let record = |revision: u64| {
            let missing = Refusal::NoSuchRevision(i64::try_from(revision).unwrap_or(i64::MAX));
            history.get(revision).ok_or(missing)
        };
        let (before, after) = (self.had(record(from)?).await?, self.had(record(to)?).await?);
        let mut all: Vec<&Placed> = after.iter().collect();
        all.extend(before.iter().filter(|one| changes::find(&after, &one.identity).is_none()));
        let object = |list: &[Placed], identity: &Identity| {
            changes::find(list, identity).map(|one| plain(one.object.clone()))
        };
        let compared = all.into_iter().map(|one| Difference {
            identity: one.identity.clone(),
            before: object(&before, &one.identity),
            after: object(&after, &one.identity),
        });
        Ok(compared.filter(|one| one.before != one.after).collect())
    }

    async fn differences(
        &self,
        old: &[Placed],
        wanted: &[Placed],
        method: Method,
    ) -> Result<Vec<Difference>, Error> {
        let mut all = old.to_vec();
        all.extend(wanted.iter().filter(|one| changes::find(old, &one.identity).is_none()).cloned());
        let live = self.cluster.live(&all).await?;
        let mut differences = Vec::new();
        for change in changes::plan(old, wanted, &live, method) {
            let identity = change.identity().clone();
            let before = changes::find(&live, &identity).map(|one| one.object.clone());
            let after = match &change {
                Change::Keep(_) => continue,
                Change::Delete(_) => None,
                Change::Patch(_, patch) => {
                    let tried = self.cluster.try_change(&change).await.unwrap_or_else(|error| {
                        self.say(&warning_line(&chain(&error)));
                        None
                    });
                    // What the server refuses is shown as far as it can be told from here.
                    tried.or_else(|| Some(patched(patch, before.as_ref())))
                }
                Change::Create(one) => Some(one.object.clone()),
                Change::Apply { wanted: one, .. } | Change::Replace(one) if before.is_none() => {
                    Some(one.object.clone())
                }
                Change::Apply { .. } | Change::Replace(_) => self.tried(change).await?,
            };
            let (before, after) = (before.map(plain), after.map(plain));
            if before != after {
                differences.push(Difference { identity, before, after });
            }
        }
        Ok(differences)
    }

    /// What the server would make of an object that is there. Where others manage fields, that is said, and shown as if
    /// they were taken.
    async fn tried(&self, change: Change) -> Result<Option<Value>, Error> {
        match (self.cluster.try_change(&change).await, change) {
            (Err(error), Change::Apply { wanted, force: false, is_new }) if error.is_conflict() => {
                self.say(&warning_line(&chain(&error)));
                Ok(self
                    .cluster
                    .try_change(&Change::Apply { wanted: wanted.clone(), force: true, is_new })
                    .await?)
            }
            (tried, _) => Ok(tried?),
        }
    }
}

fn patched(patch: &Patch, before: Option<&Value>) -> Value {
    let before = before.unwrap_or(&Value::Null);
    patch.apply(before).unwrap_or_else(|_| patch.body().clone())
}

/// An object without what the server writes, and as the server keeps it.
fn plain(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in SERVERS_METADATA {
            metadata.remove(*field);
        }
    }
    if object["kind"] == "Secret"
        && let Some(Value::Object(strings)) = object.as_object_mut().and_then(|all| all.remove("stringData"))
    {
        if !object["data"].is_object() {
            object["data"] = json!({});
        }
        for (key, value) in strings {
            object["data"][key] = json!(STANDARD.encode(value.as_str().unwrap_or_default()));
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_compared_as_the_server_keeps_them() {
        let secret = json!({"kind": "Secret", "metadata": {"name": "a", "uid": "u"}, "stringData": {"k": "v"}, "status": {}});
        assert_eq!(
            plain(secret),
            json!({"kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "dg=="}})
        );
        let map = json!({"kind": "ConfigMap", "data": {"k": "v"}});
        assert_eq!(plain(map.clone()), map);
    }
}
