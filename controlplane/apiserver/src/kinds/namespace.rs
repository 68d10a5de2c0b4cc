//! Namespace: where other objects live; it goes when its content is gone.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta};
use serde_json::{Value, json};

use super::{
    NameRule, Strategy, age_cell,
    fields::{carry_over, items, text},
    name_cell,
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
