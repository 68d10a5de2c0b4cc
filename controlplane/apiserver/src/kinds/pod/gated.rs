//! What else may change while a pod waits at a scheduling gate: its choice of nodes may become narrower.
//!
//! Source of the behaviour: kube-apiserver's `ValidatePodUpdate` for pods with scheduling gates.

use serde_json::{Map, Value};

use super::update::is_empty;
use crate::kinds::{
    fields::items,
    path::{Path, Problems},
};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const TERMS: &str = "nodeSelectorTerms";

/// Checks that the choice of nodes only became narrower.
pub(super) fn check(spec: &Value, old: &Value, root: &Path<'_>, problems: &mut Problems) {
    let selected = old["nodeSelector"].as_object().into_iter().flatten();
    if selected.clone().any(|(key, value)| spec["nodeSelector"][key.as_str()] != *value) {
        const WHY: &str = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        problems.invalid(&root.child("nodeSelector"), spec["nodeSelector"].clone(), WHY);
    }
    let terms = |spec: &Value| spec["affinity"]["nodeAffinity"][REQUIRED][TERMS].clone();
    let (new, old) = (terms(spec), terms(old));
    let (new_terms, old_terms) = (items(&new), items(&old));
    let path = root.child("affinity");
    let path = path.child("nodeAffinity");
    let path = path.child(REQUIRED);
    let path = path.child(TERMS);
    if !old_terms.is_empty() && new_terms.len() != old_terms.len() {
        const WHY: &str = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        return problems.invalid(&path, new.clone(), WHY);
    }
    for (index, (new, old)) in new_terms.iter().zip(old_terms).enumerate() {
        if !is_narrower(new, old) {
            const WHY: &str = "only additions are allowed (no mutations or deletions)";
            problems.invalid(&path.index(index), new.clone(), WHY);
        }
    }
}

/// Whether a term has all requirements that it had, in their places. One without any matches nothing and stays so.
fn is_narrower(new: &Value, old: &Value) -> bool {
    let lists = ["matchExpressions", "matchFields"];
    let all = |term: &Value| lists.iter().map(|list| items(&term[*list]).len()).sum::<usize>();
    let kept = |list: &str| items(&new[list]).starts_with(items(&old[list]));
    (all(old) > 0 || all(new) == 0) && lists.iter().all(|list| kept(list))
}

/// Sets what may change in `affinity` back to what it was: node affinity, as long as nothing else comes with it.
pub(super) fn restore_affinity(spec: &mut Map<String, Value>, old: &Value) {
    match spec.get_mut("affinity") {
        None | Some(Value::Null) => {
            if !old.is_null() {
                spec.insert("affinity".into(), old.clone());
            }
        }
        Some(new) if old.is_null() => {
            if ["podAffinity", "podAntiAffinity"].iter().all(|side| is_empty(&new[*side])) {
                spec.remove("affinity");
            }
        }
        Some(new) => {
            if let Some(new) = new.as_object_mut() {
                match &old["nodeAffinity"] {
                    Value::Null => new.remove("nodeAffinity"),
                    affinity => new.insert("nodeAffinity".into(), affinity.clone()),
                };
            }
        }
    }
}
