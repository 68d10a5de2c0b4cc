//! From the objects of two manifests and the live ones to what is done to each.

use serde_json::Value;

use super::patch::{self, Patch};
use crate::objects::{self, Identity};

/// An object, and what it is called where it lives.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// What it is called.
    pub identity: Identity,
    /// The object.
    pub object: Value,
}

/// How existing objects are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By a patch that the client computes.
    Patch,
    /// By server-side apply; `force` takes fields that others manage.
    Apply {
        /// Whether fields that others manage are taken.
        force: bool,
    },
    /// By putting the wanted object in the live one's place.
    Replace,
}

/// What is done to one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is made.
    Create(Placed),
    /// It is patched.
    Patch(Identity, Patch),
    /// It is applied by the server, be it there or not.
    Apply {
        /// What it shall be.
        wanted: Placed,
        /// Whether fields that others manage are taken.
        force: bool,
        /// Whether it is not there.
        is_new: bool,
    },
    /// It is replaced.
    Replace(Placed),
    /// It is as wanted already.
    Keep(Identity),
    /// It goes.
    Delete(Identity),
}

impl Change {
    /// What is done, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Change::Create(_) => "create",
            Change::Patch(..) => "patch",
            Change::Apply { .. } => "apply",
            Change::Replace(_) => "replace",
            Change::Keep(_) => "keep",
            Change::Delete(_) => "delete",
        }
    }

    /// Whether the object is not there before.
    pub fn makes(&self) -> bool {
        matches!(self, Change::Create(_) | Change::Apply { is_new: true, .. })
    }

    /// Whether the object goes.
    pub fn is_deletion(&self) -> bool {
        matches!(self, Change::Delete(_))
    }

    /// Which object it is about.
    pub fn identity(&self) -> &Identity {
        match self {
            Change::Create(wanted) | Change::Apply { wanted, .. } | Change::Replace(wanted) => {
                &wanted.identity
            }
            Change::Patch(identity, _) | Change::Keep(identity) | Change::Delete(identity) => identity,
        }
    }
}

/// Finds an object by what it is called, in whatever version.
pub fn find<'a>(list: &'a [Placed], identity: &Identity) -> Option<&'a Placed> {
    list.iter().find(|one| one.identity.is_same(identity))
}

/// What leads from the objects that a release had to those it is to have: changes in the order of `wanted`, then
/// deletions in the order of `old`. `live` holds those of both that exist now.
pub fn plan(old: &[Placed], wanted: &[Placed], live: &[Placed], method: Method) -> Vec<Change> {
    let changed = wanted.iter().map(|one| change(old, one, live, method));
    let gone = old.iter().filter(|one| find(wanted, &one.identity).is_none());
    let deleted = gone.filter_map(|one| {
        let found = find(live, &one.identity)?;
        (!objects::is_kept(&found.object)).then(|| Change::Delete(one.identity.clone()))
    });
    changed.chain(deleted).collect()
}

fn change(old: &[Placed], wanted: &Placed, live: &[Placed], method: Method) -> Change {
    // An object whose name the server makes up is new each time.
    let live = if wanted.identity.name.is_empty() { None } else { find(live, &wanted.identity) };
    match (method, live) {
        (Method::Apply { force }, _) if !wanted.identity.name.is_empty() => {
            Change::Apply { wanted: wanted.clone(), force, is_new: live.is_none() }
        }
        (_, None) => Change::Create(wanted.clone()),
        (Method::Replace, Some(_)) => Change::Replace(wanted.clone()),
        (_, Some(live)) => {
            // What no manifest of ours had is taken over as it stands: nothing of it goes.
            let before = find(old, &wanted.identity).map_or(&Value::Null, |one| &one.object);
            let patch = Patch::new(before, &wanted.object);
            match patch.apply(&live.object) {
                Ok(after) if after == live.object => Change::Keep(wanted.identity.clone()),
                _ => Change::Patch(wanted.identity.clone(), patch),
            }
        }
    }
}

/// The objects that an interrupted operation may have left: those of the revision before it and its own, as one.
pub fn left_behind(before: &[Placed], interrupted: &[Placed]) -> Vec<Placed> {
    let mut all = before.to_vec();
    for one in interrupted {
        match all.iter_mut().find(|other| other.identity.is_same(&one.identity)) {
            Some(other) => other.object = patch::union(&other.object, &one.object),
            None => all.push(one.clone()),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn placed(name: &str, data: &str) -> Placed {
        let identity = Identity {
            api_version: "v1".into(),
            kind: "ConfigMap".into(),
            namespace: "d".into(),
            name: name.into(),
        };
        let object =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": data}});
        Placed { identity, object }
    }

    fn words(changes: &[Change]) -> String {
        let word = |change: &Change| {
            let sign = match change {
                Change::Create(_) => '+',
                Change::Patch(..) => '~',
                Change::Apply { .. } => '!',
                Change::Replace(_) => '#',
                Change::Keep(_) => '=',
                Change::Delete(_) => '-',
            };
            format!("{sign}{}", change.identity().name)
        };
        changes.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_object_gets_its_change() {
        let old = [placed("same", "1"), placed("changed", "1"), placed("gone", "1"), placed("lost", "1")];
        let wanted =
            [placed("new", "1"), placed("same", "1"), placed("changed", "2"), placed("adopted", "2")];
        let live = [placed("same", "1"), placed("changed", "1"), placed("gone", "1"), placed("adopted", "1")];
        for (method, expected) in [
            (Method::Patch, "+new =same ~changed ~adopted -gone"),
            (Method::Apply { force: false }, "!new !same !changed !adopted -gone"),
            (Method::Replace, "+new #same #changed #adopted -gone"),
        ] {
            assert_eq!(words(&plan(&old, &wanted, &live, method)), expected);
        }
    }

    #[test]
    fn what_is_applied_is_known_to_be_new() {
        let wanted = [placed("new", "1"), placed("there", "2")];
        for method in [Method::Apply { force: true }, Method::Patch] {
            let changes = plan(&[], &wanted, &[placed("there", "1")], method);
            assert_eq!(changes.iter().map(Change::makes).collect::<Vec<_>>(), [true, false]);
        }
    }

    #[test]
    fn what_asks_to_be_kept_stays() {
        let mut kept = placed("kept", "1");
        kept.object["metadata"]["annotations"] = json!({"helm.sh/resource-policy": "keep"});
        assert!(plan(&[placed("kept", "1")], &[], &[kept], Method::Patch).is_empty());
    }

    #[test]
    fn generated_names_are_always_new() {
        let wanted = [placed("", "1")];
        for method in [Method::Patch, Method::Apply { force: true }, Method::Replace] {
            assert_eq!(words(&plan(&wanted, &wanted, &wanted, method)), "+");
        }
    }

    #[test]
    fn an_interrupted_operation_leaves_both() {
        let mut later = placed("a", "2");
        later.object["data"] = json!({"l": "2"});
        let both = left_behind(&[placed("a", "1"), placed("b", "1")], &[later, placed("c", "1")]);
        assert_eq!(both.len(), 3);
        assert_eq!(both[0].object["data"], json!({"k": "1", "l": "2"}));
        let changes = plan(&both, &[placed("a", "1")], &both, Method::Patch);
        assert_eq!(words(&changes), "~a -b -c");
    }
}
