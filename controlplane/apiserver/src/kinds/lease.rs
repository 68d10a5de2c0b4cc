//! Lease: who holds a role, renewed while they live.
//!
//! Source of the behaviour: kube-apiserver's `ValidateLeaseSpec`.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, status::FieldError};
use serde_json::Value;

use super::{
    Strategy, age_cell,
    fields::text,
    name_cell,
    path::{Path, Problems},
};

pub(super) struct Rules;

impl Strategy for Rules {
    fn validate_create(&self, object: &Object) -> Vec<FieldError> {
        check(&object["spec"])
    }

    fn validate_update(&self, _subresource: Option<&str>, object: &Object, _old: &Object) -> Vec<FieldError> {
        check(&object["spec"])
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        vec![name_cell(object), text(&object["spec"]["holderIdentity"]).into(), age_cell(object, now)]
    }
}

fn check(spec: &Value) -> Vec<FieldError> {
    let mut problems = Problems::default();
    let root = Path::root("spec");
    // Coordinated leader election, which is the server's work, is not done yet.
    for field in ["strategy", "preferredHolder"] {
        if !text(&spec[field]).is_empty() {
            problems
                .forbidden(&root.child(field), "coordinated leader election is not supported by naru yet");
        }
    }
    if let Some(seconds) = spec["leaseDurationSeconds"].as_i64().filter(|seconds| *seconds <= 0) {
        problems.invalid(&root.child("leaseDurationSeconds"), seconds, "must be greater than 0");
    }
    if let Some(transitions) = spec["leaseTransitions"].as_i64() {
        problems.check_not_negative(&root.child("leaseTransitions"), transitions);
    }
    problems.into_errors()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_bounds() {
        let found = |spec: Value| check(&spec).iter().map(ToString::to_string).collect::<Vec<_>>();
        let good = json!({"holderIdentity": "", "leaseDurationSeconds": 40, "leaseTransitions": 0});
        assert_eq!(found(good), [""; 0]);
        assert_eq!(found(Value::Null), [""; 0]);
        let bad =
            json!({"strategy": "OldestEmulationVersion", "leaseDurationSeconds": 0, "leaseTransitions": -1});
        let expected = [
            "spec.strategy: Forbidden: coordinated leader election is not supported by naru yet",
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ];
        assert_eq!(found(bad), expected);
    }
}
