//! `metadata`: what the server sets, what a client may change, and what makes sense. Pure: time and ids are arguments.

use std::collections::HashSet;

use jiff::Timestamp;
use naru_api::{
    Object, meta,
    names::{dns1123_label, dns1123_subdomain, label_key, label_value, qualified_name},
    status::{FieldError, FieldErrorKind},
};
use serde_json::{Map, Value};

use crate::kinds::NameRule;

/// All annotations of an object together.
const ANNOTATIONS_BYTES_MAX: usize = 256 << 10;
/// Finalizers without a domain (core/v1 and meta/v1 constants).
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", ORPHAN, FOREGROUND];
/// Dependents stay when the object goes.
pub(super) const ORPHAN: &str = "orphan";
/// Dependents go before the object.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// What only the server sets, and a client's value of it is ignored.
const SERVER_SET: [&str; 6] =
    ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"];

/// A time as metadata has it: RFC 3339 with whole seconds.
pub(super) fn time(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// Sets what the server sets on a new object.
pub(super) fn prepare_create(object: &mut Object, uid: &str, now: Timestamp, generation: bool) {
    let metadata = meta::metadata_mut(object);
    // Server-side apply will own managedFields; a client's would be wrong.
    for field in SERVER_SET.into_iter().chain(["resourceVersion", "managedFields"]) {
        metadata.shift_remove(field);
    }
    metadata.insert("uid".into(), uid.into());
    metadata.insert("creationTimestamp".into(), time(now).into());
    if generation {
        metadata.insert("generation".into(), 1.into());
    }
}

/// Carries over what an update may not change.
pub(super) fn prepare_update(object: &mut Object, old: &Object) {
    let metadata = meta::metadata_mut(object);
    metadata.shift_remove("managedFields");
    for field in SERVER_SET.into_iter().chain(["name", "namespace", "resourceVersion"]) {
        match old["metadata"].get(field) {
            Some(value) => metadata.insert(field.into(), value.clone()),
            None => metadata.shift_remove(field),
        };
    }
}

/// Counts a change of the spec.
pub(super) fn next_generation(object: &mut Object) {
    let metadata = meta::metadata_mut(object);
    let now = metadata.get("generation").and_then(Value::as_i64).unwrap_or_default();
    metadata.insert("generation".into(), (now + 1).into());
}

/// Marks the beginning of a deletion that takes effect `grace` seconds from now.
pub(super) fn mark_deleting(object: &mut Object, now: Timestamp, grace: u64) {
    let seconds = i64::try_from(grace).unwrap_or(i64::MAX);
    let end = now.as_second().saturating_add(seconds);
    let end = Timestamp::from_second(end).unwrap_or(Timestamp::MAX);
    let metadata = meta::metadata_mut(object);
    metadata.insert("deletionTimestamp".into(), time(end).into());
    metadata.insert("deletionGracePeriodSeconds".into(), grace.into());
}

/// The seconds a deletion that has begun still gives the object; `None` if none has begun.
pub(super) fn deletion_grace(object: &Object) -> Option<u64> {
    meta::deletion_timestamp(object)?;
    Some(object["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or_default())
}

/// Everything wrong with the metadata of a new object.
pub(super) fn validate_create(object: &Object, namespaced: bool, rule: NameRule) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let metadata = &object["metadata"];
    if let Some(prefix) = meta::text(object, "generateName") {
        let why = name_problems(rule, &masked(prefix));
        wrong.extend(why.into_iter().map(|why| FieldError::invalid("metadata.generateName", prefix, why)));
    }
    match meta::name(object) {
        Some(name) => {
            let why = name_problems(rule, name);
            wrong.extend(why.into_iter().map(|why| FieldError::invalid("metadata.name", name, why)));
        }
        None => wrong.push(FieldError::required("metadata.name", "name or generateName is required")),
    }
    match meta::namespace(object) {
        Some(namespace) if namespaced => {
            let why = dns1123_label(namespace);
            wrong
                .extend(why.into_iter().map(|why| FieldError::invalid("metadata.namespace", namespace, why)));
        }
        Some(_) => wrong.push(FieldError::forbidden("metadata.namespace", "not allowed on this type")),
        None if namespaced => wrong.push(FieldError::required("metadata.namespace", "")),
        None => {}
    }
    common(metadata, &mut wrong);
    wrong
}

/// What the server has set and a change has other values for: leaving these out is fine, changing them is not. (Another
/// creationTimestamp is ignored, as kube-apiserver does.)
pub(super) fn changed_marks(object: &Object, old: &Object) -> Vec<FieldError> {
    const FIELDS: [&str; 3] = ["uid", "deletionTimestamp", "deletionGracePeriodSeconds"];
    let (new, old) = (&object["metadata"], &old["metadata"]);
    let changed = FIELDS.into_iter().filter(|field| {
        let value = new.get(field).unwrap_or(&Value::Null);
        !value.is_null() && value != "" && Some(value) != old.get(field)
    });
    changed
        .map(|field| {
            FieldError::invalid(format!("metadata.{field}"), new[field].clone(), "field is immutable")
        })
        .collect()
}

/// Everything wrong with a change of metadata.
pub(super) fn validate_update(object: &Object, old: &Object) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    common(&object["metadata"], &mut wrong);
    if meta::deletion_timestamp(old).is_some() {
        let had: HashSet<&str> = meta::finalizers(old).collect();
        let new: Vec<&str> = meta::finalizers(object).filter(|one| !had.contains(one)).collect();
        if !new.is_empty() {
            let list: Vec<String> = new.iter().map(|one| format!("{one:?}")).collect();
            let why = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            wrong.push(FieldError::forbidden("metadata.finalizers", why));
        }
    }
    wrong
}

fn name_problems(rule: NameRule, name: &str) -> Vec<String> {
    match rule {
        NameRule::Subdomain => dns1123_subdomain(name),
        NameRule::Label => dns1123_label(name),
        NameRule::PathSegment => path_segment(name),
    }
}

fn path_segment(name: &str) -> Vec<String> {
    if matches!(name, "." | "..") {
        return vec![format!("may not be '{name}'")];
    }
    let held = ['/', '%'].into_iter().filter(|one| name.contains(*one));
    held.map(|one| format!("may not contain '{one}'")).collect()
}

/// A prefix may end in a dash, because a suffix follows.
fn masked(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(start) if !start.is_empty() => format!("{start}a"),
        _ => prefix.to_string(),
    }
}

fn common(metadata: &Value, wrong: &mut Vec<FieldError>) {
    let map = |field: &str| metadata.get(field).and_then(Value::as_object);
    if let Some(labels) = map("labels") {
        validate_labels(labels, wrong);
    }
    if let Some(annotations) = map("annotations") {
        validate_annotations(annotations, wrong);
    }
    for (index, finalizer) in items(metadata, "finalizers").enumerate() {
        const LIST: &str = "metadata.finalizers";
        let name = finalizer.as_str().unwrap_or_default();
        let field = format!("{LIST}[{index}]");
        wrong.extend(qualified_name(name).into_iter().map(|why| FieldError::invalid(LIST, name, why)));
        if !name.contains('/') && !STANDARD_FINALIZERS.contains(&name) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            wrong.push(FieldError::invalid(&field, name, why));
        }
    }
    validate_owners(metadata, wrong);
}

fn items<'a>(metadata: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    metadata.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn validate_labels(labels: &Map<String, Value>, wrong: &mut Vec<FieldError>) {
    const FIELD: &str = "metadata.labels";
    for (key, value) in labels {
        wrong.extend(label_key(key).into_iter().map(|why| FieldError::invalid(FIELD, key.as_str(), why)));
        let value = value.as_str().unwrap_or_default();
        wrong.extend(label_value(value).into_iter().map(|why| FieldError::invalid(FIELD, value, why)));
    }
}

fn validate_annotations(annotations: &Map<String, Value>, wrong: &mut Vec<FieldError>) {
    const FIELD: &str = "metadata.annotations";
    let mut total = 0;
    for (key, value) in annotations {
        // Capitals are let through in annotation keys, as they always have been.
        let why = qualified_name(&key.to_lowercase());
        wrong.extend(why.into_iter().map(|why| FieldError::invalid(FIELD, key.as_str(), why)));
        total += key.len() + value.as_str().map_or(0, str::len);
    }
    if total > ANNOTATIONS_BYTES_MAX {
        let kind = FieldErrorKind::TooLong(ANNOTATIONS_BYTES_MAX);
        wrong.push(FieldError { field: FIELD.into(), kind });
    }
}

fn validate_owners(metadata: &Value, wrong: &mut Vec<FieldError>) {
    const LIST: &str = "metadata.ownerReferences";
    let mut controller: Option<String> = None;
    for owner in items(metadata, "ownerReferences") {
        let text = |field: &str| owner.get(field).and_then(Value::as_str).unwrap_or_default();
        for (field, why, good) in [
            ("apiVersion", "version must not be empty", has_version(text("apiVersion"))),
            ("kind", "must not be empty", !text("kind").is_empty()),
            ("name", "must not be empty", !text("name").is_empty()),
            ("uid", "must not be empty", !text("uid").is_empty()),
        ] {
            if !good {
                wrong.push(FieldError::invalid(format!("{LIST}.{field}"), text(field), why));
            }
        }
        // Events go by themselves, and would take what they own with them.
        if (text("apiVersion"), text("kind")) == ("v1", "Event") {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            wrong.push(FieldError::invalid(LIST, owner.clone(), why));
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            let name = format!("{}/{}", text("kind"), text("name"));
            if let Some(first) = controller.replace(name.clone()) {
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
                );
                let all = metadata["ownerReferences"].clone();
                wrong.push(FieldError::invalid(LIST, all, why));
            }
        }
    }
}

/// Whether it is `version` or `group/version`.
fn has_version(api_version: &str) -> bool {
    let version = api_version.split_once('/').map_or(api_version, |(_, version)| version);
    !version.is_empty() && !version.contains('/')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn fields(wrong: &[FieldError]) -> Vec<&str> {
        wrong.iter().map(|error| error.field.as_str()).collect()
    }

    #[test]
    fn what_a_client_sends_of_server_fields_is_ignored() {
        let now: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let mut object = json!({"metadata": {"name": "a", "uid": "mine", "generation": 9, "resourceVersion": "4",
            "selfLink": "x", "managedFields": [{}], "deletionTimestamp": "x", "labels": {"a": "b"}}});
        prepare_create(&mut object, "u1", now, true);
        assert_eq!(
            object["metadata"],
            json!({"name": "a", "uid": "u1", "generation": 1, "creationTimestamp": "2026-01-02T03:04:05Z", "labels": {"a": "b"}})
        );
        let mut update =
            json!({"metadata": {"name": "a", "uid": "other", "labels": {"c": "d"}, "resourceVersion": "1"}});
        prepare_update(&mut update, &object);
        assert_eq!(
            update["metadata"],
            json!({"name": "a", "uid": "u1", "generation": 1, "creationTimestamp": "2026-01-02T03:04:05Z", "labels": {"c": "d"}})
        );
    }

    #[test]
    fn deletion_marks() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let mut object = json!({"metadata": {"name": "a"}});
        assert_eq!(deletion_grace(&object), None);
        mark_deleting(&mut object, now, 30);
        assert_eq!(object["metadata"]["deletionTimestamp"], "2026-01-02T03:04:35Z");
        assert_eq!(deletion_grace(&object), Some(30));
        mark_deleting(&mut object, now, u64::MAX);
        assert!(deletion_grace(&object).is_some());
    }

    #[test]
    fn bad_metadata_is_named() {
        let cases = [
            (json!({"name": "ok", "namespace": "ns"}), true, vec![]),
            (json!({"namespace": "ns"}), true, vec!["metadata.name"]),
            (json!({"name": "Bad_Name", "namespace": "ns"}), true, vec!["metadata.name"]),
            (json!({"name": "x", "generateName": "x-", "namespace": "ns"}), true, vec![]),
            (
                json!({"name": "x", "generateName": "-", "namespace": "ns"}),
                true,
                vec!["metadata.generateName"],
            ),
            (json!({"name": "ok"}), true, vec!["metadata.namespace"]),
            (json!({"name": "ok", "namespace": "ns"}), false, vec!["metadata.namespace"]),
            (
                json!({"name": "ok", "labels": {"a b": "c", "d": "e f"}}),
                false,
                vec!["metadata.labels", "metadata.labels"],
            ),
            (
                json!({"name": "ok", "annotations": {"A/b": "any thing", "bad key": ""}}),
                false,
                vec!["metadata.annotations"],
            ),
            (
                json!({"name": "ok", "annotations": {"a": "x".repeat(ANNOTATIONS_BYTES_MAX)}}),
                false,
                vec!["metadata.annotations"],
            ),
            (
                json!({"name": "ok", "finalizers": ["a.io/b", "orphan", "odd"]}),
                false,
                vec!["metadata.finalizers[2]"],
            ),
            (
                json!({"name": "ok", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "a"}]}),
                false,
                vec!["metadata.ownerReferences.uid"],
            ),
            (
                json!({"name": "ok", "ownerReferences": [
                    {"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1", "controller": true},
                    {"apiVersion": "v1", "kind": "B", "name": "b", "uid": "2", "controller": true}]}),
                false,
                vec!["metadata.ownerReferences"],
            ),
        ];
        for (metadata, namespaced, expected) in cases {
            let object = json!({ "metadata": metadata });
            let wrong = validate_create(&object, namespaced, NameRule::Subdomain);
            assert_eq!(fields(&wrong), expected, "{object}");
        }
        let label = validate_create(&json!({"metadata": {"name": "a.b"}}), false, NameRule::Label);
        assert_eq!(fields(&label), ["metadata.name"]);
        let segment =
            validate_create(&json!({"metadata": {"name": "system:a"}}), false, NameRule::PathSegment);
        assert_eq!(fields(&segment), [""; 0]);
    }

    #[test]
    fn owners_are_real_kinds_and_no_events() {
        for (owner, expected) in [
            (json!({"apiVersion": "apps/v1", "kind": "A", "name": "a", "uid": "1"}), vec![]),
            (
                json!({"apiVersion": "a/b/c", "kind": "A", "name": "a", "uid": "1"}),
                vec!["metadata.ownerReferences.apiVersion"],
            ),
            (
                json!({"apiVersion": "v1", "kind": "Event", "name": "a", "uid": "1"}),
                vec!["metadata.ownerReferences"],
            ),
            (
                json!({"apiVersion": "a/", "kind": "A", "name": "a", "uid": "1"}),
                vec!["metadata.ownerReferences.apiVersion"],
            ),
        ] {
            let object = json!({"metadata": {"name": "ok", "ownerReferences": [owner]}});
            assert_eq!(fields(&validate_create(&object, false, NameRule::Subdomain)), expected, "{object}");
        }
        let empty = json!({"metadata": {"name": "ok", "finalizers": [""]}});
        let found = validate_create(&empty, false, NameRule::Subdomain);
        assert_eq!(fields(&found)[0], "metadata.finalizers");
    }

    #[test]
    fn marks_of_the_server_do_not_change() {
        let old = json!({"metadata": {"creationTimestamp": "2026-01-02T03:04:05Z", "uid": "x"}});
        for (metadata, expected) in [
            (json!({}), vec![]),
            (json!({"uid": null, "creationTimestamp": null, "deletionTimestamp": null}), vec![]),
            (json!({"creationTimestamp": "2026-01-02T03:04:06Z", "uid": "x", "generation": 7}), vec![]),
            (json!({"uid": ""}), vec![]),
            (json!({"uid": "y"}), vec!["metadata.uid"]),
            (
                json!({"deletionTimestamp": "2026-01-02T03:04:05Z", "deletionGracePeriodSeconds": 0}),
                vec!["metadata.deletionTimestamp", "metadata.deletionGracePeriodSeconds"],
            ),
        ] {
            let object = json!({ "metadata": metadata });
            assert_eq!(fields(&changed_marks(&object, &old)), expected, "{object}");
        }
    }

    #[test]
    fn dying_objects_get_no_new_finalizers() {
        let old = json!({"metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z", "finalizers": ["a/b"]}});
        assert!(validate_update(&json!({"metadata": {"finalizers": ["a/b"]}}), &old).is_empty());
        assert!(validate_update(&json!({"metadata": {}}), &old).is_empty());
        let wrong = validate_update(&json!({"metadata": {"finalizers": ["a/b", "c/d"]}}), &old);
        assert_eq!(fields(&wrong), ["metadata.finalizers"]);
    }
}
