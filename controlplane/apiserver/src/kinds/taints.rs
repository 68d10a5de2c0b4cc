//! Taints of nodes and tolerations of pods: they must fit together, so their rules do.

use std::collections::HashSet;

use naru_api::names;
use serde_json::Value;

use super::{
    fields::{items, text},
    path::{Path, Problems},
};

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];
const OPERATORS: &[&str] = &["Equal", "Exists"];

/// A list of taints: well formed, and unique by key and effect.
pub(crate) fn check_taints(taints: &Value, path: &Path<'_>, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for (index, taint) in items(taints).iter().enumerate() {
        let path = path.index(index);
        let (key, value, effect) = (text(&taint["key"]), text(&taint["value"]), text(&taint["effect"]));
        problems.invalid_all(&path.child("key"), key, names::qualified_name(key));
        check_label_value(value, &path.child("value"), problems);
        problems.check_one_of(&path.child("effect"), effect, EFFECTS);
        if !seen.insert((key, effect)) {
            problems.duplicate(&path, taint.clone());
        }
    }
}

/// A list of tolerations.
pub(crate) fn check_tolerations(tolerations: &Value, path: &Path<'_>, problems: &mut Problems) {
    for (index, toleration) in items(tolerations).iter().enumerate() {
        check_toleration(toleration, &path.index(index), problems);
    }
}

fn check_toleration(toleration: &Value, path: &Path<'_>, problems: &mut Problems) {
    const NO_KEY: &str =
        "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
    let field = |name: &str| text(&toleration[name]);
    let (key, operator, value, effect) = (field("key"), field("operator"), field("value"), field("effect"));
    if !key.is_empty() {
        problems.invalid_all(&path.child("key"), key, names::qualified_name(key));
    } else if operator != "Exists" {
        problems.invalid(&path.child("operator"), operator, NO_KEY);
    }
    if !toleration["tolerationSeconds"].is_null() && effect != "NoExecute" {
        const WHY: &str = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        problems.invalid(&path.child("effect"), effect, WHY);
    }
    match operator {
        "" | "Equal" => check_label_value(value, &path.child("operator"), problems),
        "Exists" if value.is_empty() => {}
        "Exists" => {
            problems.invalid(
                &path.child("operator"),
                value,
                "value must be empty when `operator` is 'Exists'",
            );
        }
        other => problems.not_supported(&path.child("operator"), other, OPERATORS),
    }
    if !effect.is_empty() {
        problems.check_one_of(&path.child("effect"), effect, EFFECTS);
    }
}

/// Several reasons make one problem here, as in Kubernetes.
fn check_label_value(value: &str, path: &Path<'_>, problems: &mut Problems) {
    let reasons = names::label_value(value);
    if !reasons.is_empty() {
        problems.invalid(path, value, &reasons.join(";"));
    }
}
