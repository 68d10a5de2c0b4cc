//! Label selectors as fields of objects: they must be readable before anybody matches with them.
//!
//! Source of the behaviour: apimachinery's `ValidateLabelSelector`.

use naru_api::names;
use serde_json::Value;

use super::{
    fields::{entries, items, text},
    path::{Path, Problems},
};

/// A label selector, which may be missing.
pub(crate) fn check_label_selector(selector: &Value, path: &Path<'_>, problems: &mut Problems) {
    check_labels(&selector["matchLabels"], &path.child("matchLabels"), problems);
    let list = path.child("matchExpressions");
    for (index, requirement) in items(&selector["matchExpressions"]).iter().enumerate() {
        check_requirement(requirement, &list.index(index), problems);
    }
}

/// Labels that something must have.
pub(crate) fn check_labels(labels: &Value, path: &Path<'_>, problems: &mut Problems) {
    for (key, value) in entries(labels) {
        let value = text(value);
        problems.invalid_all(path, key.as_str(), names::qualified_name(key));
        problems.invalid_all(&path.key(key), value, names::label_value(value));
    }
}

fn check_requirement(requirement: &Value, path: &Path<'_>, problems: &mut Problems) {
    let (key, values) = (text(&requirement["key"]), items(&requirement["values"]));
    match text(&requirement["operator"]) {
        "In" | "NotIn" if values.is_empty() => {
            const WHY: &str = "must be specified when `operator` is 'In' or 'NotIn'";
            problems.required(&path.child("values"), WHY);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            const WHY: &str = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            problems.forbidden(&path.child("values"), WHY);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => problems.invalid(&path.child("operator"), other, "not a valid selector operator"),
    }
    problems.invalid_all(&path.child("key"), key, names::qualified_name(key));
    let list = path.child("values");
    for (index, value) in values.iter().enumerate() {
        let value = text(value);
        problems.invalid_all(&list.index(index), value, names::label_value(value));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_are_readable() {
        let found = |selector: Value| {
            let mut problems = Problems::default();
            check_label_selector(&selector, &Path::root("s"), &mut problems);
            problems.into_errors().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let one = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "a", "operator": operator, "values": values}]});
        assert_eq!(found(Value::Null), [""; 0]);
        assert_eq!(found(json!({"matchLabels": {"a": "b"}})), [""; 0]);
        assert_eq!(found(one("In", json!(["b"]))), [""; 0]);
        assert_eq!(found(one("Exists", Value::Null)), [""; 0]);
        let table = [
            (
                one("In", json!([])),
                "s.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            ),
            (
                one("Exists", json!(["b"])),
                "s.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            (
                one("Gt", json!(["1"])),
                "s.matchExpressions[0].operator: Invalid value: \"Gt\": not a valid selector operator",
            ),
        ];
        for (selector, expected) in table {
            assert_eq!(found(selector.clone()), [expected], "{selector}");
        }
        assert!(
            found(one("In", json!(["not good"])))[0]
                .starts_with("s.matchExpressions[0].values[0]: Invalid value")
        );
        assert!(
            found(json!({"matchLabels": {"a": "not good"}}))[0]
                .starts_with("s.matchLabels[a]: Invalid value")
        );
    }
}
