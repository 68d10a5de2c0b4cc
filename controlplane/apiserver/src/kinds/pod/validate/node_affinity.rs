//! Which nodes a pod may go to: node affinity.

use naru_api::names;
use serde_json::Value;

use crate::kinds::{
    fields::{int, items, text},
    path::{Path, Problems},
};

const NOT_AN_OPERATOR: &str = "not a valid selector operator";

/// `affinity.nodeAffinity`.
pub(super) fn check_node_affinity(node: &Value, path: &Path<'_>, problems: &mut Problems) {
    let required = &node["requiredDuringSchedulingIgnoredDuringExecution"];
    if required.is_object() {
        let path = path.child("requiredDuringSchedulingIgnoredDuringExecution");
        let path = path.child("nodeSelectorTerms");
        let terms = items(&required["nodeSelectorTerms"]);
        if terms.is_empty() {
            problems.required(&path, "must have at least one node selector term");
        }
        for (index, term) in terms.iter().enumerate() {
            check_term(term, &path.index(index), true, problems);
        }
    }
    let path = path.child("preferredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in items(&node["preferredDuringSchedulingIgnoredDuringExecution"]).iter().enumerate() {
        let path = path.index(index);
        let weight = int(&term["weight"]);
        if !(1..=100).contains(&weight) {
            problems.invalid(&path.child("weight"), weight, "must be in the range 1-100");
        }
        check_term(&term["preference"], &path.child("preference"), false, problems);
    }
}

/// The values of a preference may be such that no label has them; its sender is only warned.
fn check_term(term: &Value, path: &Path<'_>, required: bool, problems: &mut Problems) {
    let list = path.child("matchExpressions");
    for (index, requirement) in items(&term["matchExpressions"]).iter().enumerate() {
        check_expression(requirement, &list.index(index), required, problems);
    }
    let list = path.child("matchFields");
    for (index, requirement) in items(&term["matchFields"]).iter().enumerate() {
        check_field(requirement, &list.index(index), problems);
    }
}

fn check_expression(requirement: &Value, path: &Path<'_>, required: bool, problems: &mut Problems) {
    let (key, operator) = (text(&requirement["key"]), text(&requirement["operator"]));
    let values = items(&requirement["values"]);
    match operator {
        "In" | "NotIn" if values.is_empty() => {
            const WHY: &str = "must be specified when `operator` is 'In' or 'NotIn'";
            problems.required(&path.child("values"), WHY);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            const WHY: &str = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            problems.forbidden(&path.child("values"), WHY);
        }
        "Gt" | "Lt" if values.len() != 1 => {
            const WHY: &str = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            problems.required(&path.child("values"), WHY);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => problems.invalid(&path.child("operator"), other, NOT_AN_OPERATOR),
    }
    problems.invalid_all(&path.child("key"), key, names::qualified_name(key));
    let list = path.child("values");
    for (index, value) in values.iter().enumerate().filter(|_| required) {
        let value = text(value);
        problems.invalid_all(&list.index(index), value, names::label_value(value));
    }
}

fn check_field(requirement: &Value, path: &Path<'_>, problems: &mut Problems) {
    let values = items(&requirement["values"]);
    match text(&requirement["operator"]) {
        "In" | "NotIn" if values.len() == 1 => {}
        "In" | "NotIn" => {
            const WHY: &str =
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            problems.required(&path.child("values"), WHY);
        }
        other => problems.invalid(&path.child("operator"), other, NOT_AN_OPERATOR),
    }
    let key = text(&requirement["key"]);
    if key != "metadata.name" {
        return problems.invalid(&path.child("key"), key, "not a valid field selector key");
    }
    let list = path.child("values");
    for (index, value) in values.iter().enumerate() {
        let value = text(value);
        problems.invalid_all(&list.index(index), value, names::dns1123_subdomain(value));
    }
}
