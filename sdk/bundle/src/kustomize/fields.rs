//! Paths into objects: `spec/template/spec/containers[]/image`, where `[]` means each item of a list, and `\\/` a slash in a
//! name.

use serde_json::{Map, Value};

/// The kinds that have a pod template, with the path to its spec.
pub(super) const POD_SPECS: &[(&str, &str)] = &[
    ("Pod", "spec"),
    ("Deployment", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ("PodTemplate", "template/spec"),
];

/// Calls `change` with each value at `path`; with `create`, missing objects on the way are made, but never lists.
pub(super) fn each(value: &mut Value, path: &str, create: bool, change: &mut dyn FnMut(&mut Value)) {
    let (step, rest) = split(path);
    let (field, list) = step.strip_suffix("[]").map_or((step, false), |field| (field, true));
    let unescaped;
    let field = if field.contains('\\') {
        unescaped = field.replace("\\/", "/");
        &unescaped
    } else {
        field
    };
    let Value::Object(fields) = value else { return };
    if !fields.contains_key(field) {
        if !create || list {
            return;
        }
        fields.insert(field.into(), if rest.is_some() { Value::Object(Map::new()) } else { Value::Null });
    }
    let Some(inner) = fields.get_mut(field) else { return };
    if create && rest.is_some() && inner.is_null() {
        *inner = Value::Object(Map::new());
    }
    let mut go = |inner: &mut Value| match rest {
        Some(rest) => each(inner, rest, create, change),
        None => change(inner),
    };
    match inner {
        Value::Array(items) if list || rest.is_some() => items.iter_mut().for_each(go),
        inner if !list => go(inner),
        _ => {}
    }
}

/// The first step of a path and the others.
fn split(path: &str) -> (&str, Option<&str>) {
    let is_escaped = |at: usize| path[..at].ends_with('\\');
    match path.match_indices('/').find(|(at, _)| !is_escaped(*at)) {
        Some((at, _)) => (&path[..at], Some(&path[at + 1..])),
        None => (path, None),
    }
}

/// The path to the pod's spec in objects of a kind.
pub(super) fn pod_spec(kind: &str) -> Option<&'static str> {
    POD_SPECS.iter().find(|(known, _)| *known == kind).map(|(_, path)| *path)
}
