//! Environment variables, and the references to the pod's own fields that volumes use too.

use naru_api::{names, quantity::Quantity};
use serde_json::Value;

use crate::kinds::{
    fields::{entries, items, text},
    path::{Path, Problems},
};

/// The pod's fields that a variable can hold.
const VARIABLE_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// The container's resources that a variable or a file can hold.
const RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

const CPU_DIVISORS: &[&str] = &["0", "1m", "1"];
const BYTE_DIVISORS: &[&str] =
    &["0", "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

/// `env` and `envFrom` of a container.
pub(super) fn check(container: &Value, path: &Path<'_>, problems: &mut Problems) {
    let list = path.child("env");
    for (index, variable) in items(&container["env"]).iter().enumerate() {
        let path = list.index(index);
        match text(&variable["name"]) {
            "" => problems.required(&path.child("name"), ""),
            name => problems.invalid_all(&path.child("name"), name, names::env_var_name(name)),
        }
        check_value_from(variable, &path.child("valueFrom"), problems);
    }
    let list = path.child("envFrom");
    for (index, source) in items(&container["envFrom"]).iter().enumerate() {
        check_env_from(source, &list, index, problems);
    }
}

fn check_value_from(variable: &Value, path: &Path<'_>, problems: &mut Problems) {
    const ONE_OF: &str =
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
    let source = &variable["valueFrom"];
    if source.is_null() {
        return;
    }
    let mut sources = 0;
    for (kind, reference) in entries(source).filter(|(_, reference)| reference.is_object()) {
        sources += 1;
        let path = path.child(kind);
        match kind.as_str() {
            "fieldRef" => check_field(reference, VARIABLE_FIELDS, &path, problems),
            "resourceFieldRef" => check_resource(reference, false, &path, problems),
            _ => check_key(reference, &path, problems),
        }
    }
    if sources == 0 {
        problems.invalid(path, "", ONE_OF);
    } else if !text(&variable["value"]).is_empty() {
        problems.invalid(path, "", "may not be specified when `value` is not empty");
    } else if sources > 1 {
        problems.invalid(path, "", "may not have more than one field specified at a time");
    }
}

fn check_env_from(source: &Value, list: &Path<'_>, index: usize, problems: &mut Problems) {
    let path = list.index(index);
    let prefix = text(&source["prefix"]);
    if !prefix.is_empty() {
        problems.invalid_all(&path.child("prefix"), prefix, names::env_var_name(prefix));
    }
    let mut sources = 0;
    for kind in ["configMapRef", "secretRef"] {
        let reference = &source[kind];
        if reference.is_object() {
            sources += 1;
            match text(&reference["name"]) {
                "" => problems.required(&path.child(kind).child("name"), ""),
                name => {
                    let path = path.child(kind);
                    problems.invalid_all(&path.child("name"), name, names::dns1123_subdomain(name));
                }
            }
        }
    }
    match sources {
        0 => problems.invalid(list, "", "must specify one of: `configMapRef` or `secretRef`"),
        1 => {}
        _ => problems.invalid(list, "", "may not have more than one field specified at a time"),
    }
}

/// `configMapKeyRef` and `secretKeyRef`.
fn check_key(reference: &Value, path: &Path<'_>, problems: &mut Problems) {
    let name = text(&reference["name"]);
    problems.invalid_all(&path.child("name"), name, names::dns1123_subdomain(name));
    match text(&reference["key"]) {
        "" => problems.required(&path.child("key"), ""),
        key => problems.invalid_all(&path.child("key"), key, names::config_map_key(key)),
    }
}

/// `fieldRef`: a field of the pod, one of `fields` or a label or annotation by name.
pub(super) fn check_field(reference: &Value, fields: &[&str], path: &Path<'_>, problems: &mut Problems) {
    let field = text(&reference["fieldPath"]);
    if text(&reference["apiVersion"]).is_empty() {
        return problems.required(&path.child("apiVersion"), "");
    }
    if field.is_empty() {
        return problems.required(&path.child("fieldPath"), "");
    }
    if reference["apiVersion"] != "v1" {
        let version = text(&reference["apiVersion"]);
        let reason = format!("error converting fieldPath: unsupported pod version: {version}");
        return problems.invalid(&path.child("fieldPath"), field, &reason);
    }
    match field.strip_suffix("']").and_then(|field| field.split_once("['")) {
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            problems.invalid_all(path, key.as_str(), names::qualified_name(&key));
        }
        Some(("metadata.labels", key)) => problems.invalid_all(path, key, names::qualified_name(key)),
        Some((field, _)) => problems.invalid(path, field, "does not support subscript"),
        None if fields.contains(&field) => {}
        None if is_pod_field(field) => problems.not_supported(&path.child("fieldPath"), field, fields),
        None => {
            let reason = format!("error converting fieldPath: field label not supported: {field}");
            problems.invalid(&path.child("fieldPath"), field, &reason);
        }
    }
}

/// Fields that are known, though not everywhere.
fn is_pod_field(field: &str) -> bool {
    const MORE: &[&str] = &["metadata.annotations", "metadata.labels", "spec.host", "spec.restartPolicy"];
    VARIABLE_FIELDS.contains(&field) || MORE.contains(&field) || field == "status.phase"
}

/// `resourceFieldRef`; a file in a volume must name the container.
pub(super) fn check_resource(reference: &Value, in_volume: bool, path: &Path<'_>, problems: &mut Problems) {
    let resource = text(&reference["resource"]);
    if in_volume && text(&reference["containerName"]).is_empty() {
        problems.required(&path.child("containerName"), "");
    } else if resource.is_empty() {
        problems.required(&path.child("resource"), "");
    } else if !RESOURCES.contains(&resource) {
        problems.not_supported(&path.child("resource"), resource, RESOURCES);
    }
    check_divisor(reference, resource, &path.child("divisor"), problems);
}

fn check_divisor(reference: &Value, resource: &str, path: &Path<'_>, problems: &mut Problems) {
    const CPU: &str = "only divisor's values 1m and 1 are supported with the cpu resource";
    const BYTES: &str = "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the";
    let Ok(divisor) = Quantity::parse(text(&reference["divisor"])) else { return };
    let divisor = divisor.to_string();
    let good = |divisors: &[&str]| divisors.contains(&divisor.as_str());
    match resource.split_once('.') {
        Some((_, "cpu")) if !good(CPU_DIVISORS) => problems.invalid(path, resource, CPU),
        Some((_, "memory")) if !good(BYTE_DIVISORS) => {
            problems.invalid(path, resource, &format!("{BYTES} memory resource"));
        }
        Some((_, "ephemeral-storage")) if !good(BYTE_DIVISORS) => {
            problems.invalid(path, resource, &format!("{BYTES} local ephemeral storage resource"));
        }
        _ => {}
    }
}
