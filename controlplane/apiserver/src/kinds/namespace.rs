//! Namespace: where other objects live; it goes when its content is gone.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta, status::FieldError};
use serde_json::{Value, json};

use super::{
    NameRule, Strategy, age_cell,
    fields::{carry_over, items, text},
    name_cell,
    path::{Path, Problems},
};

/// Namespaces that are always there.
pub const BUILTIN: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// Those that cannot be deleted (as in kube-apiserver's NamespaceLifecycle admission).
pub const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// The label by which a namespace can be selected by its name.
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The finalizer the namespace controller clears when the content is gone.
pub const FINALIZER: &str = "kubernetes";

pub(super) struct Rules;

impl Strategy for Rules {
    fn default(&self, object: &mut Object) {
        let Some(name) = meta::name(object).map(str::to_string) else { return };
        meta::child_mut(&mut object["metadata"], "labels").insert(NAME_LABEL.into(), name.into());
    }

    fn prepare_create(&self, object: &mut Object) {
        let finalizers = meta::child_mut(object, "spec").entry("finalizers").or_insert_with(|| json!([]));
        if let Value::Array(list) = finalizers
            && !list.iter().any(|one| one == FINALIZER)
        {
            list.push(FINALIZER.into());
        }
        object["status"] = json!({"phase": "Active"});
    }

    fn prepare_update(&self, subresource: Option<&str>, object: &mut Object, old: &Object) {
        match subresource {
            Some("status") => carry_over(object, old, "spec"),
            Some("finalize") => carry_over(object, old, "status"),
            _ => {
                carry_over(object, old, "spec");
                carry_over(object, old, "status");
            }
        }
    }

    fn validate_update(&self, subresource: Option<&str>, object: &Object, _old: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        match subresource {
            Some("status") => check_phase(object, &mut problems),
            Some("finalize") => check_finalizers(object, &mut problems),
            _ => {}
        }
        problems.into_errors()
    }

    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn mark_deleting(&self, object: &mut Object) {
        meta::child_mut(object, "status").insert("phase".into(), "Terminating".into());
    }

    fn is_held(&self, object: &Object) -> bool {
        !items(&object["spec"]["finalizers"]).is_empty()
    }

    fn immortal(&self, name: &str) -> bool {
        IMMORTAL.contains(&name)
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        vec![name_cell(object), text(&object["status"]["phase"]).into(), age_cell(object, now)]
    }
}

/// The phase follows the deletion (kube-apiserver's `ValidateNamespaceStatusUpdate`).
fn check_phase(namespace: &Object, problems: &mut Problems) {
    let deleting = meta::deletion_timestamp(namespace).is_some();
    let (phase, why) = if deleting {
        ("Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty")
    } else {
        ("Active", "may only be 'Active' if `deletionTimestamp` is empty")
    };
    let given = text(&namespace["status"]["phase"]);
    if given != phase {
        problems.invalid(&Path::root("status").child("Phase"), given, why);
    }
}

fn check_finalizers(namespace: &Object, problems: &mut Problems) {
    const WHY: &str = "name is neither a standard finalizer name nor is it fully qualified";
    let spec = Path::root("spec");
    let list = spec.child("finalizers");
    for (index, finalizer) in items(&namespace["spec"]["finalizers"]).iter().enumerate() {
        let (name, path) = (text(finalizer), list.index(index));
        problems.invalid_all(&path, name, naru_api::names::qualified_name(name));
        if !name.contains('/') && name != FINALIZER {
            problems.invalid(&path, name, WHY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_and_finalizers_that_make_no_sense_are_refused() {
        let active = json!({"metadata": {"name": "n"}, "spec": {"finalizers": ["kubernetes", "a.io/b"]}, "status": {"phase": "Active"}});
        let mut dying = active.clone();
        dying["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let mut odd = active.clone();
        odd["spec"] = json!({"finalizers": ["odd"]});
        for (part, object, expected) in [
            (Some("status"), &active, ""),
            (
                Some("status"),
                &dying,
                "status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty",
            ),
            (Some("finalize"), &active, ""),
            (
                Some("finalize"),
                &odd,
                "spec.finalizers[0]: Invalid value: \"odd\": name is neither a standard finalizer name nor is it fully qualified",
            ),
            (None, &odd, ""),
        ] {
            let found: Vec<String> =
                Rules.validate_update(part, object, &active).iter().map(ToString::to_string).collect();
            assert_eq!(found.join(", "), expected, "{part:?} {object}");
        }
    }
}
