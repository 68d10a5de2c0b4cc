//! ConfigMap: small settings, by key.
//!
//! Source of the behaviour: kube-apiserver's `ValidateConfigMap` and `ValidateConfigMapUpdate`.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, status::FieldError};
use serde_json::Value;

use super::{
    Strategy, age_cell,
    data::{self, MAX_BYTES},
    fields::{count, entries, text},
    name_cell,
    path::{Path, Problems},
};

pub(super) struct Rules;

impl Strategy for Rules {
    fn validate_create(&self, object: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        check(object, &mut problems);
        problems.into_errors()
    }

    fn validate_update(&self, _subresource: Option<&str>, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        data::check_immutable(object, old, &["data", "binaryData"], &mut problems);
        check(object, &mut problems);
        problems.into_errors()
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        let keys = count(&object["data"]) + count(&object["binaryData"]);
        vec![name_cell(object), keys.into(), age_cell(object, now)]
    }
}

fn check(object: &Object, problems: &mut Problems) {
    data::check_keys(object, "data", problems);
    let mut bytes = 0;
    let path = Path::root("data");
    for (key, value) in entries(&object["data"]) {
        bytes += text(value).len();
        if object["binaryData"].get(key).is_some() {
            problems.invalid(&path.key(key), key.as_str(), "duplicate of key present in binaryData");
        }
    }
    data::check_keys(object, "binaryData", problems);
    bytes += data::check_base64(object, "binaryData", problems);
    if bytes > MAX_BYTES {
        // The error is about the whole object: it has no path.
        problems.too_long(&Path::root("[]"), MAX_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_sizes_and_twins_are_checked() {
        let table = [
            (json!({"data": {"a": "1"}, "binaryData": {"b": "AA=="}}), vec![]),
            (
                json!({"data": {"a": "1"}, "binaryData": {"a": "AA=="}}),
                vec!["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"],
            ),
            (json!({"data": {"..": "1"}}), vec!["data[..]: Invalid value: \"..\": must not be '..'"]),
            (
                json!({"data": {"a": "x".repeat(MAX_BYTES + 1)}}),
                vec!["[]: Too long: may not be more than 1048576 bytes"],
            ),
        ];
        for (object, expected) in table {
            let found: Vec<_> = Rules.validate_create(&object).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected);
        }
    }
}
