//! Reading JSON fields without fuss: a missing or wrongly typed field reads as empty.
//!
//! `object["spec"]["nodeName"]` of serde_json gives `Null` for anything missing; these turn that into plain values.

use serde_json::{Map, Value};

/// A string, or `""`.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A string, or `otherwise` when it is missing or empty.
pub(crate) fn text_or<'a>(value: &'a Value, otherwise: &'a str) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise)
}

/// A list's items, or none.
pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A map's entries, or none.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// How many entries a map or a list has.
pub(crate) fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

/// An integer, or 0.
pub(crate) fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// A boolean, or false.
pub(crate) fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}

/// Sets `key` unless it holds something already; `null` counts as missing.
pub(crate) fn set_default(map: &mut Map<String, Value>, key: &str, value: impl FnOnce() -> Value) {
    if map.get(key).is_none_or(Value::is_null) {
        map.insert(key.to_string(), value());
    }
}

/// Sets the string `key` unless it holds a non-empty one already.
pub(crate) fn set_default_text(map: &mut Map<String, Value>, key: &str, value: &str) {
    if map.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
        map.insert(key.to_string(), value.into());
    }
}

/// Makes `object[key]` what it is in `old`, also when it is absent there.
pub(crate) fn carry_over(object: &mut Value, old: &Value, key: &str) {
    let Some(map) = object.as_object_mut() else { return };
    match old.get(key) {
        Some(value) => {
            map.insert(key.to_string(), value.clone());
        }
        None => {
            map.remove(key);
        }
    }
}

/// The condition of type `kind` in `object.status.conditions`.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&object["status"]["conditions"]).iter().find(|one| one["type"] == kind)
}
