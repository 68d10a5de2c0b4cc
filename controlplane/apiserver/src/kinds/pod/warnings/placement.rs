//! Warnings about where a pod may go: labels of nodes under their old names, and selectors of pods that select none.

use naru_api::names;
use serde_json::Value;

use crate::kinds::fields::{entries, items, text};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Labels of nodes that have got new names: the old one, since when, the new one.
const OLD_LABELS: &[(&str, &str, &str)] = &[
    ("beta.kubernetes.io/arch", "v1.14", "kubernetes.io/arch"),
    ("beta.kubernetes.io/os", "v1.14", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "v1.17", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "v1.17", "topology.kubernetes.io/zone"),
    ("beta.kubernetes.io/instance-type", "v1.17", "node.kubernetes.io/instance-type"),
];

/// Node selector, node affinity and spreading.
pub(super) fn of_nodes(spec: &Value, found: &mut Vec<String>) {
    for (label, _) in entries(&spec["nodeSelector"]) {
        if let Some(why) = old(label) {
            found.push(format!("spec.nodeSelector[{label}]: {why}"));
        }
    }
    let nodes = &spec["affinity"]["nodeAffinity"];
    let path = "spec.affinity.nodeAffinity";
    for (index, term) in items(&nodes[REQUIRED]["nodeSelectorTerms"]).iter().enumerate() {
        of_term(term, &format!("{path}.{REQUIRED}.nodeSelectorTerms[{index}]"), false, found);
    }
    for (index, term) in items(&nodes[PREFERRED]).iter().enumerate() {
        of_term(&term["preference"], &format!("{path}.{PREFERRED}[{index}].preference"), true, found);
    }
    for (index, constraint) in items(&spec["topologySpreadConstraints"]).iter().enumerate() {
        let path = format!("spec.topologySpreadConstraints[{index}]");
        let key = text(&constraint["topologyKey"]);
        if let Some(why) = old(key) {
            found.push(format!("{path}.topologyKey: {key} is {why}"));
        }
        of_selector(constraint, &path, found);
    }
}

/// Affinity to pods.
pub(super) fn of_pods(spec: &Value, found: &mut Vec<String>) {
    for side in ["podAffinity", "podAntiAffinity"] {
        let (terms, path) = (&spec["affinity"][side], format!("spec.affinity.{side}"));
        for (index, term) in items(&terms[REQUIRED]).iter().enumerate() {
            of_selector(term, &format!("{path}.{REQUIRED}[{index}]"), found);
        }
        for (index, term) in items(&terms[PREFERRED]).iter().enumerate() {
            let path = format!("{path}.{PREFERRED}[{index}].podAffinityTerm");
            of_selector(&term["podAffinityTerm"], &path, found);
        }
    }
}

fn old(label: &str) -> Option<String> {
    let (_, since, new) = OLD_LABELS.iter().find(|(old, ..)| *old == label)?;
    Some(format!("deprecated since {since}; use {new:?} instead"))
}

/// A preference may name values that no label can have.
fn of_term(term: &Value, path: &str, preferred: bool, found: &mut Vec<String>) {
    for (index, expression) in items(&term["matchExpressions"]).iter().enumerate() {
        let path = format!("{path}.matchExpressions[{index}]");
        let key = text(&expression["key"]);
        if let Some(why) = old(key) {
            found.push(format!("{path}.key: {key} is {why}"));
        }
        for (index, value) in items(&expression["values"]).iter().enumerate().filter(|_| preferred) {
            let value = text(value);
            let why = names::label_value(value);
            found.extend(
                why.into_iter().map(|why| format!("{path}.values[{index}]: {value} is invalid, {why}")),
            );
        }
    }
}

fn of_selector(holder: &Value, path: &str, found: &mut Vec<String>) {
    if holder["labelSelector"].is_null() {
        found.push(format!("{path}.labelSelector: a null labelSelector results in matching no pod"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_placements_are_warned_about() {
        let table = [
            (json!({"nodeSelector": {"kubernetes.io/os": "a"}, "affinity": {}}), vec![]),
            (
                json!({"nodeSelector": {"beta.kubernetes.io/os": "a"}}),
                vec![
                    r#"spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead"#,
                ],
            ),
            (
                json!({"affinity": {"nodeAffinity": {
                    REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "beta.kubernetes.io/arch"}]}]},
                    PREFERRED: [{"preference": {"matchExpressions": [{"key": "a", "values": ["ok", "-"]}]}}]}}}),
                vec![
                    r#"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead"#,
                    "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[1]: - is invalid, \
                     a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                     alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
                     '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
                ],
            ),
            (
                json!({"topologySpreadConstraints": [
                    {"topologyKey": "failure-domain.beta.kubernetes.io/zone"}, {"topologyKey": "a", "labelSelector": {}}]}),
                vec![
                    r#"spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead"#,
                    "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
                ],
            ),
            (
                json!({"affinity": {"podAntiAffinity": {
                    REQUIRED: [{"labelSelector": {}}, {}], PREFERRED: [{"podAffinityTerm": {}}]}}}),
                vec![
                    "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[1].labelSelector: \
                     a null labelSelector results in matching no pod",
                    "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: \
                     a null labelSelector results in matching no pod",
                ],
            ),
        ];
        for (spec, expected) in table {
            let mut found = Vec::new();
            of_nodes(&spec, &mut found);
            of_pods(&spec, &mut found);
            assert_eq!(found, expected, "{spec}");
        }
    }
}
