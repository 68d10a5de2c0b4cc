//! What may change in a pod, and what a node may report of it.
//!
//! Source of the behaviour: kube-apiserver's `ValidatePodUpdate` and `ValidatePodStatusUpdate`.

use std::collections::HashSet;

use naru_api::{Object, names};
use serde_json::Value;

use super::gated;
use crate::kinds::{
    fields::{count, int, items, text},
    path::{Path, Problems},
    words,
};

/// What is said when anything else changes; the changes follow.
const MUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,\
    `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

/// Changes reported in a message, at most.
const MAX_REPORTED: usize = 10;

/// Checks a change of the pod itself; both have their defaults filled in.
pub(super) fn check(pod: &Object, old: &Object, problems: &mut Problems) {
    let (spec, old) = (&pod["spec"], &old["spec"]);
    let root = Path::root("spec");
    for list in ["containers", "initContainers"] {
        if count(&spec[list]) != count(&old[list]) {
            return problems.forbidden(&root.child(list), "pod updates may not add or remove containers");
        }
    }
    check_deadline(spec, old, &root.child("activeDeadlineSeconds"), problems);
    check_tolerations(spec, old, &root.child("tolerations"), problems);
    check_gates(spec, old, &root.child("schedulingGates"), problems);
    if is_gated(old) {
        gated::check(spec, old, &root, problems);
    }
    let mut changes = Vec::new();
    differences(&frozen(spec, old), old, "spec", &mut changes);
    if !changes.is_empty() {
        let more = changes.len().saturating_sub(MAX_REPORTED);
        changes.truncate(MAX_REPORTED);
        if more > 0 {
            changes.push(format!("and {more} more"));
        }
        problems.forbidden(&root, format!("{MUTABLE}{}", changes.join("\n")));
    }
}

fn check_deadline(spec: &Value, old: &Value, path: &Path<'_>, problems: &mut Problems) {
    let old = old["activeDeadlineSeconds"].as_i64();
    match (spec["activeDeadlineSeconds"].as_i64(), old) {
        (Some(new), Some(old)) if new > old => {
            problems.invalid(path, new, "must be less than or equal to previous value");
        }
        (None, Some(_)) => {
            problems.invalid(path, Value::Null, "must not update from a positive integer to nil value");
        }
        _ => {}
    }
}

/// Tolerations may be added; those that are there may change in their seconds only.
fn check_tolerations(spec: &Value, old: &Value, path: &Path<'_>, problems: &mut Problems) {
    const WHY: &str = "existing toleration can not be modified except its tolerationSeconds";
    fn fixed(toleration: &Value) -> [&str; 4] {
        ["key", "operator", "value", "effect"].map(|field| text(&toleration[field]))
    }
    let new: HashSet<_> = items(&spec["tolerations"]).iter().map(fixed).collect();
    if !items(&old["tolerations"]).iter().all(|old| new.contains(&fixed(old))) {
        problems.forbidden(path, WHY);
    }
}

fn is_gated(spec: &Value) -> bool {
    count(&spec["schedulingGates"]) > 0
}

/// Scheduling gates may only go.
fn check_gates(spec: &Value, old: &Value, path: &Path<'_>, problems: &mut Problems) {
    let old: HashSet<&str> = items(&old["schedulingGates"]).iter().map(|gate| text(&gate["name"])).collect();
    for (index, gate) in items(&spec["schedulingGates"]).iter().enumerate() {
        let name = text(&gate["name"]);
        if !old.contains(name) {
            let why = format!("only deletion is allowed, but found new scheduling gate '{name}'");
            problems.forbidden(&path.index(index).child("name"), why);
        }
    }
}

/// `spec` with all fields that may change set back to what they were.
fn frozen(spec: &Value, old: &Value) -> Value {
    let mut frozen = spec.clone();
    let Some(map) = frozen.as_object_mut() else { return frozen };
    for list in ["containers", "initContainers"] {
        let containers = map.get_mut(list).and_then(Value::as_array_mut);
        for (container, old) in containers.into_iter().flatten().zip(items(&old[list])) {
            set(container, "image", &old["image"]);
        }
    }
    let mut free = vec!["activeDeadlineSeconds", "tolerations", "schedulingGates"];
    let grace = "terminationGracePeriodSeconds";
    if int(&old[grace]) < 0 && map.get(grace).is_some_and(|seconds| seconds == 1) {
        free.push(grace);
    }
    if is_gated(old) {
        free.push("nodeSelector");
        gated::restore_affinity(map, &old["affinity"]);
    }
    for field in free {
        set(&mut frozen, field, &old[field]);
    }
    frozen
}

fn set(holder: &mut Value, field: &str, value: &Value) {
    if let Some(map) = holder.as_object_mut() {
        match value {
            Value::Null => map.remove(field),
            value => map.insert(field.into(), value.clone()),
        };
    }
}

/// Nothing, as Kubernetes' types see it: they do not tell an empty list from a missing one.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(true) => false,
    }
}

/// Adds a line for each field in which the two differ.
fn differences(new: &Value, old: &Value, path: &str, found: &mut Vec<String>) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            for (key, value) in old {
                differences(new.get(key).unwrap_or(&Value::Null), value, &format!("{path}.{key}"), found);
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                differences(value, &Value::Null, &format!("{path}.{key}"), found);
            }
        }
        (Value::Array(new), Value::Array(old)) if new.len() == old.len() => {
            for (index, (new, old)) in new.iter().zip(old).enumerate() {
                differences(new, old, &format!("{path}[{index}]"), found);
            }
        }
        (new, old) if new == old || is_empty(new) && is_empty(old) => {}
        (new, old) => found.push(format!("  {path}: {old} -> {new}")),
    }
}

/// Checks what a node reports; beyond this, a status is free.
pub(super) fn check_status(pod: &Object, old: &Object, problems: &mut Problems) {
    let root = Path::root("status");
    let (status, old_status) = (&pod["status"], &old["status"]);
    if !old_status["qosClass"].is_null() {
        problems.check_immutable(&root.child("qosClass"), &status["qosClass"], &old_status["qosClass"]);
    }
    for list in ["containerStatuses", "initContainerStatuses"] {
        check_transitions(pod, old, list, &root.child(list), problems);
    }
    let list = root.child("podIPs");
    for (index, ip) in items(&status["podIPs"]).iter().enumerate() {
        let ip = text(&ip["ip"]);
        problems.invalid_all(&list.index(index), ip, words::ip_address(ip));
    }
    let list = root.child("conditions");
    for (index, condition) in items(&status["conditions"]).iter().enumerate() {
        let kind = text(&condition["type"]);
        problems.invalid_all(&list.index(index).child("Type"), kind, names::qualified_name(kind));
    }
}

/// A container that ended and may not be restarted stays ended.
fn check_transitions(pod: &Object, old: &Object, list: &str, path: &Path<'_>, problems: &mut Problems) {
    let policy = text(&old["spec"]["restartPolicy"]);
    if policy == "Always" {
        return;
    }
    let running = items(&pod["status"][list]).iter().filter(|new| !new["state"]["terminated"].is_object());
    let running: HashSet<&str> = running.map(|new| text(&new["name"])).collect();
    for (index, old) in items(&old["status"][list]).iter().enumerate() {
        let ended = &old["state"]["terminated"];
        if !ended.is_object() || (policy == "OnFailure" && int(&ended["exitCode"]) != 0) {
            continue;
        }
        if running.contains(text(&old["name"])) {
            let path = path.index(index);
            problems.forbidden(&path.child("state"), "may not be transitioned to non-terminated state");
        }
    }
}
