//! PriorityClass: a named priority of pods. The create verb gives pods their class's number.
//!
//! Source of the behaviour: kube-apiserver's `ValidatePriorityClass`, its defaults and its two built-in classes.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta, status::FieldError};
use serde_json::{Value, json};

use super::{
    Strategy, age_cell,
    fields::{carry_over, flag, int, set_default, set_default_text, text},
    name_cell,
    path::{Path, Problems},
};

/// The largest number that a class of one's own may have; those above are the system's.
const OWN_MAX: i64 = 1_000_000_000;
/// Names that begin like this are the system's.
const SYSTEM_PREFIX: &str = "system-";
/// The built-in classes.
const SYSTEM: [(&str, i64); 2] =
    [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
/// What a pod or a class does that does not say.
pub(crate) const DEFAULT_POLICY: &str = "PreemptLowerPriority";
/// All policies.
pub(crate) const POLICIES: &[&str] = &["PreemptLowerPriority", "Never"];

pub(super) struct Rules;

/// The number of a built-in class; its object may not be there yet.
pub(crate) fn system_priority(name: &str) -> Option<i64> {
    SYSTEM.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
}

impl Strategy for Rules {
    fn default(&self, object: &mut Object) {
        let Some(map) = object.as_object_mut() else { return };
        set_default(map, "value", || json!(0));
        set_default_text(map, "preemptionPolicy", DEFAULT_POLICY);
    }

    fn prepare_create(&self, object: &mut Object) {
        meta::metadata_mut(object).insert("generation".into(), 1.into());
    }

    fn prepare_update(&self, _subresource: Option<&str>, object: &mut Object, old: &Object) {
        carry_over(&mut object["metadata"], &old["metadata"], "generation");
    }

    fn validate_create(&self, object: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        check(object, &mut problems);
        problems.into_errors()
    }

    fn validate_update(&self, _subresource: Option<&str>, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        if object["value"] != old["value"] {
            problems.forbidden(&Path::root("value"), "may not be changed in an update.");
        }
        let policy = Path::root("preemptionPolicy");
        problems.check_immutable(&policy, &object["preemptionPolicy"], &old["preemptionPolicy"]);
        problems.into_errors()
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        vec![
            name_cell(object),
            int(&object["value"]).into(),
            flag(&object["globalDefault"]).into(),
            age_cell(object, now),
            text(&object["preemptionPolicy"]).into(),
        ]
    }
}

fn check(object: &Object, problems: &mut Problems) {
    let (name, value) = (meta::name(object).unwrap_or_default(), int(&object["value"]));
    if name.starts_with(SYSTEM_PREFIX) {
        if let Some(why) = not_system(name, value, flag(&object["globalDefault"])) {
            let why = format!(
                "priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {why}"
            );
            problems.forbidden(&Path::root("metadata").child("name"), why);
        }
    } else if value > OWN_MAX {
        let why = format!("maximum allowed value of a user defined priority is {OWN_MAX}");
        problems.forbidden(&Path::root("value"), why);
    }
    let policy = text(&object["preemptionPolicy"]);
    problems.check_one_of(&Path::root("preemptionPolicy"), policy, POLICIES);
}

/// Why a class is none of the built-in ones.
fn not_system(name: &str, value: i64, default: bool) -> Option<String> {
    match system_priority(name) {
        None => Some(format!("{name} is not a known system priority class")),
        Some(number) if number != value => Some(format!("value of {name} PriorityClass must be {number}")),
        Some(_) if default => Some(format!("globalDefault of {name} PriorityClass must be false")),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn class(name: &str, more: Value) -> Object {
        let mut class = json!({"metadata": {"name": name}});
        class.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Rules.default(&mut class);
        class
    }

    fn texts(errors: &[FieldError]) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_and_names_of_the_system_are_its_own() {
        let reserved = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";
        let table = [
            ("a", json!({"value": 1_000_000_000}), String::new()),
            ("a", json!({}), String::new()),
            ("a", json!({"value": -5, "preemptionPolicy": "Never"}), String::new()),
            ("system-node-critical", json!({"value": 2_000_001_000}), String::new()),
            (
                "a",
                json!({"value": 1_000_000_001}),
                "value: Forbidden: maximum allowed value of a user defined priority is 1000000000".into(),
            ),
            ("system-a", json!({}), format!("{reserved}system-a is not a known system priority class")),
            (
                "system-cluster-critical",
                json!({"value": 1}),
                format!("{reserved}value of system-cluster-critical PriorityClass must be 2000000000"),
            ),
            (
                "a",
                json!({"preemptionPolicy": "Always"}),
                "preemptionPolicy: Unsupported value: \"Always\": supported values: \"Never\", \"PreemptLowerPriority\"".into(),
            ),
        ];
        for (name, more, expected) in table {
            let found = texts(&Rules.validate_create(&class(name, more.clone()))).join("\n");
            assert_eq!(found, expected, "{name} {more}");
        }
    }

    #[test]
    fn a_class_keeps_its_number_and_policy() {
        let old = class("a", json!({"value": 1}));
        let same = class("a", json!({"value": 1, "description": "x", "globalDefault": true}));
        assert_eq!(texts(&Rules.validate_update(None, &same, &old)), [""; 0]);
        let new = class("a", json!({"value": 2, "preemptionPolicy": "Never"}));
        let expected = [
            "value: Forbidden: may not be changed in an update.",
            "preemptionPolicy: Invalid value: \"Never\": field is immutable",
        ];
        assert_eq!(texts(&Rules.validate_update(None, &new, &old)), expected);
    }
}
