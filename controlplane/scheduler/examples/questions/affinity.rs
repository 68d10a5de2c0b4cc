//! Random wishes of pods about nodes and other pods.

use serde_json::{Value, json};

use crate::{dice::Dice, nodes::ZONES, subject::Subject};

const TOPOLOGIES: [&str; 3] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone", "disk"];

/// Labels of a pod.
pub(crate) fn labels(dice: &mut Dice) -> Value {
    let mut labels = json!({});
    for (key, share) in [("app", 85), ("tier", 50)] {
        if dice.percent(share) {
            labels[key] = json!(dice.one(&["1", "2", "3"]));
        }
    }
    labels
}

/// A selector of pods.
pub(crate) fn selector(dice: &mut Dice) -> Value {
    let key = dice.one(&["app", "app", "tier"]);
    match dice.below(12) {
        0..=6 => json!({"matchLabels": {key: dice.one(&["1", "2", "3"])}}),
        7 => json!({"matchExpressions": [{"key": key, "operator": dice.one(&["Exists", "DoesNotExist"])}]}),
        8 | 9 => json!({"matchExpressions": [
            {"key": key, "operator": dice.one(&["In", "NotIn"]), "values": dice.one(&[["1", "2"], ["2", "3"]])}
        ]}),
        10 => {
            json!({"matchLabels": {"app": "1"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]})
        }
        _ => json!({}),
    }
}

/// The affinity of a pod with labels.
pub(crate) fn affinity(dice: &mut Dice, subject: &Subject, labels: &Value, nodes: usize) -> Option<Value> {
    let mut affinity = json!({});
    if dice.percent(subject.node_affinity / 2) {
        affinity["nodeAffinity"] = about_nodes(dice, nodes);
    }
    for side in ["podAffinity", "podAntiAffinity"] {
        let mut wishes = json!({});
        if dice.percent(subject.required / 2) {
            let most = if dice.percent(70) { 1 } else { 2 };
            wishes["requiredDuringSchedulingIgnoredDuringExecution"] =
                dice.several(1, most, |dice| term(dice, labels)).into();
        }
        if dice.percent(subject.preferred / 2) {
            let weighted = |dice: &mut Dice| json!({"weight": dice.one(&[1, 10, 33, 50, 100]), "podAffinityTerm": term(dice, labels)});
            wishes["preferredDuringSchedulingIgnoredDuringExecution"] = dice.several(1, 2, weighted).into();
        }
        if wishes != json!({}) {
            affinity[side] = wishes;
        }
    }
    (affinity != json!({})).then_some(affinity)
}

fn about_nodes(dice: &mut Dice, nodes: usize) -> Value {
    let mut wishes = json!({});
    if dice.percent(60) {
        let terms = dice.several(1, 2, |dice| node_term(dice, nodes));
        wishes["requiredDuringSchedulingIgnoredDuringExecution"] = json!({"nodeSelectorTerms": terms});
    }
    if dice.percent(60) {
        let weighted = |dice: &mut Dice| json!({"weight": dice.one(&[1, 7, 50, 100]), "preference": node_term(dice, nodes)});
        wishes["preferredDuringSchedulingIgnoredDuringExecution"] = dice.several(1, 3, weighted).into();
    }
    wishes
}

fn node_term(dice: &mut Dice, nodes: usize) -> Value {
    let mut term = json!({});
    if dice.percent(85) {
        term["matchExpressions"] = dice.several(1, 2, requirement).into();
    }
    if dice.percent(20) {
        let name = crate::nodes::name(dice.below(nodes + 1));
        let operator = if dice.percent(60) { "In" } else { "NotIn" };
        term["matchFields"] = json!([{"key": "metadata.name", "operator": operator, "values": [name]}]);
    }
    term
}

fn requirement(dice: &mut Dice) -> Value {
    let zone = "topology.kubernetes.io/zone";
    match dice.below(6) {
        0 | 1 => {
            let operator = dice.one(&["In", "NotIn"]);
            json!({"key": zone, "operator": operator, "values": [dice.one(&ZONES), dice.one(&ZONES)]})
        }
        2 => {
            json!({"key": "disk", "operator": dice.one(&["In", "NotIn"]), "values": [dice.one(&["ssd", "hdd", ""])]})
        }
        3 => {
            json!({"key": dice.one(&["disk", "rank", zone]), "operator": dice.one(&["Exists", "DoesNotExist"])})
        }
        _ => json!({
            "key": dice.one(&["rank", "rank", "disk"]), "operator": dice.one(&["Gt", "Lt"]),
            "values": [dice.one(&["1", "4", "9", "010"])],
        }),
    }
}

fn term(dice: &mut Dice, labels: &Value) -> Value {
    let mut term = json!({"topologyKey": dice.one(&TOPOLOGIES), "labelSelector": selector(dice)});
    match dice.below(10) {
        0 => term["namespaces"] = json!(["other"]),
        1 => term["namespaces"] = json!(["default", "other"]),
        2 => term["namespaceSelector"] = json!({}),
        3 => term["namespaceSelector"] = json!({"matchLabels": {"team": dice.one(&["a", "b"])}}),
        4 => {
            term["namespaces"] = json!(["third"]);
            term["namespaceSelector"] = json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]});
        }
        _ => {}
    }
    if dice.percent(12) {
        // One of the kinds, as a key may not be in both nor in the selector.
        let (field, operator) = dice.one(&[("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")]);
        term[field] = json!(["tier"]);
        merge(&mut term["labelSelector"], labels, operator);
    }
    if dice.percent(4) {
        term["labelSelector"] = Value::Null;
        for field in ["matchLabelKeys", "mismatchLabelKeys"] {
            term.as_object_mut().into_iter().for_each(|term| drop(term.remove(field)));
        }
    }
    term
}

/// Merges the value of the label `tier` into a selector, as the API server does.
fn merge(selector: &mut Value, labels: &Value, operator: &str) {
    let Some(value) = labels["tier"].as_str() else { return };
    let requirement = json!({"key": "tier", "operator": operator, "values": [value]});
    match selector["matchExpressions"].as_array_mut() {
        Some(known) => known.push(requirement),
        None => selector["matchExpressions"] = json!([requirement]),
    }
}

/// A topology spread constraint of a pod with labels.
pub(crate) fn constraint(dice: &mut Dice, labels: &Value) -> Value {
    let hard = dice.percent(55);
    let mut constraint = json!({
        "maxSkew": dice.one(&[1, 1, 2, 3]), "topologyKey": dice.one(&TOPOLOGIES),
        "whenUnsatisfiable": if hard { "DoNotSchedule" } else { "ScheduleAnyway" },
        "labelSelector": selector(dice),
    });
    if hard && dice.percent(35) {
        constraint["minDomains"] = json!(dice.within(1, 4));
    }
    for (field, share) in [("nodeAffinityPolicy", 40), ("nodeTaintsPolicy", 50)] {
        if dice.percent(share) {
            constraint[field] = json!(dice.one(&["Honor", "Ignore"]));
        }
    }
    if dice.percent(15) {
        constraint["matchLabelKeys"] = json!(["tier"]);
        merge(&mut constraint["labelSelector"], labels, "In");
    }
    if dice.percent(3) {
        constraint["labelSelector"] = Value::Null;
    }
    constraint
}
