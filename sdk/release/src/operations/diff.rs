//! What an upgrade would change, object by object, before it does.

use serde_json::Value;

use super::{Error, Operator, Render, upgrade::Prepared};
use crate::{
    objects::Identity,
    plan::{
        changes::{self, Change, Method},
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
        let Prepared { old, wanted, .. } = self.prepare_upgrade(name, chart).await?;
        let mut all = old.clone();
        all.extend(wanted.iter().filter(|one| changes::find(&old, &one.identity).is_none()).cloned());
        let live = self.cluster.live(&all).await?;
        let changes = changes::plan(&old, &wanted, &live, Method::Patch);
        let differences = changes.into_iter().filter_map(|change| {
            let identity = change.identity().clone();
            let before = changes::find(&live, &identity).map(|one| one.object.clone());
            let after = match change {
                Change::Keep(_) => return None,
                Change::Delete(_) => None,
                Change::Patch(_, patch) => Some(patched(&patch, before.as_ref())),
                Change::Create(one) | Change::Apply(one, _) | Change::Replace(one) => Some(one.object),
            };
            let (before, after) = (before.map(plain), after.map(plain));
            (before != after).then_some(Difference { identity, before, after })
        });
        Ok(differences.collect())
    }
}

fn patched(patch: &Patch, before: Option<&Value>) -> Value {
    let before = before.unwrap_or(&Value::Null);
    patch.apply(before).unwrap_or_else(|_| patch.body().clone())
}

/// An object without what the server writes.
fn plain(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in SERVERS_METADATA {
            metadata.remove(*field);
        }
    }
    object
}
