//! Keys and bytes of ConfigMaps and Secrets: they are mounted and limited alike.

use base64::{Engine, prelude::BASE64_STANDARD};
use naru_api::{Object, names};
use serde_json::Value;

use super::{
    fields::{entries, flag, text},
    path::{Path, Problems},
};

/// Most bytes that one ConfigMap or Secret may hold: 1 MiB.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// Checks the keys of `object[field]`.
pub(crate) fn check_keys(object: &Object, field: &str, problems: &mut Problems) {
    let path = Path::root(field);
    for (key, _) in entries(&object[field]) {
        problems.invalid_all(&path.key(key), key.as_str(), names::config_map_key(key));
    }
}

/// Decodes one value; line ends are skipped. The error is Go's, as users know it.
pub(crate) fn decode(value: &Value) -> Result<Vec<u8>, String> {
    let text: String = text(value).chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    BASE64_STANDARD.decode(&text).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            _ => text.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })
}

/// How many bytes the values of `object[field]` hold, decoded; reports those that are not base64.
pub(crate) fn check_base64(object: &Object, field: &str, problems: &mut Problems) -> usize {
    let path = Path::root(field);
    let mut bytes = 0;
    for (key, value) in entries(&object[field]) {
        match decode(value) {
            Ok(decoded) => bytes += decoded.len(),
            Err(why) => problems.invalid(&path.key(key), "<contents redacted>", &why),
        }
    }
    bytes
}

/// What an object with `immutable: true` may not change: that mark and `fields`.
pub(crate) fn check_immutable(object: &Object, old: &Object, fields: &[&str], problems: &mut Problems) {
    const WHY: &str = "field is immutable when `immutable` is set";
    if !flag(&old["immutable"]) {
        return;
    }
    if !flag(&object["immutable"]) {
        problems.forbidden(&Path::root("immutable"), WHY);
    }
    for field in fields {
        // An empty map and none are the same.
        let same = entries(&object[*field]).eq(entries(&old[*field])) || same_entries(object, old, field);
        if !same {
            problems.forbidden(&Path::root(field), WHY);
        }
    }
}

/// Equal whatever the order.
fn same_entries(object: &Object, old: &Object, field: &str) -> bool {
    entries(&object[field]).count() == entries(&old[field]).count()
        && entries(&object[field]).all(|(key, value)| old[field].get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn base64_with_line_ends_is_good_and_other_text_is_not() {
        assert_eq!(decode(&json!("aGVs\nbG8=")), Ok(b"hello".to_vec()));
        assert_eq!(decode(&json!("")), Ok(Vec::new()));
        assert_eq!(decode(&json!("a b")), Err("illegal base64 data at input byte 1".into()));
        assert_eq!(decode(&json!("aGVsb")), Err("illegal base64 data at input byte 4".into()));
    }

    #[test]
    fn immutable_objects_do_not_change() {
        let old = json!({"immutable": true, "data": {"a": "1", "b": "2"}});
        let found = |object: Value| {
            let mut problems = Problems::default();
            check_immutable(&object, &old, &["data", "binaryData"], &mut problems);
            problems.into_errors().into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(
            found(json!({"immutable": true, "data": {"b": "2", "a": "1"}, "binaryData": {}})),
            [""; 0]
        );
        assert_eq!(found(json!({"data": {"a": "1"}})), ["immutable", "data"]);
        assert_eq!(
            found(json!({"immutable": true, "data": {"a": "1", "b": "2"}, "binaryData": {"c": ""}})),
            ["binaryData"]
        );
    }
}
