//! `matchLabelKeys` and `mismatchLabelKeys`: the pod's own values of these labels become part of the selectors when it is
//! created, so that later changes of its labels do not matter.
//!
//! Source of the behaviour: the pod strategy of kube-apiserver 1.34 and later, for affinity to pods and for spreading.

use naru_api::{Object, meta};
use serde_json::{Map, Value, json};

use crate::kinds::fields::items;

/// Merges the keys into the selectors of a new pod.
pub(super) fn merge(pod: &mut Object) {
    let spec = &pod["spec"];
    if spec["affinity"].is_null() && spec["topologySpreadConstraints"].is_null() {
        return;
    }
    let labels = pod["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    let spec = meta::child_mut(pod, "spec");
    for side in ["podAffinity", "podAntiAffinity"] {
        let side = spec.get_mut("affinity").and_then(|affinity| affinity.get_mut(side));
        let Some(side) = side else { continue };
        for term in list_mut(side.get_mut("requiredDuringSchedulingIgnoredDuringExecution")) {
            merge_into(term, &labels);
        }
        for weighted in list_mut(side.get_mut("preferredDuringSchedulingIgnoredDuringExecution")) {
            if let Some(term) = weighted.get_mut("podAffinityTerm") {
                merge_into(term, &labels);
            }
        }
    }
    for constraint in list_mut(spec.get_mut("topologySpreadConstraints")) {
        merge_into(constraint, &labels);
    }
}

fn list_mut(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// A missing selector matches nothing, so that there is nothing to add to.
fn merge_into(holder: &mut Value, labels: &Map<String, Value>) {
    let mut more = Vec::new();
    for (keys, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        let found = items(&holder[keys]).iter().filter_map(|key| Some((key, labels.get(key.as_str()?)?)));
        more.extend(found.map(|(key, value)| json!({"key": key, "operator": operator, "values": [value]})));
    }
    let Some(selector) = holder.get_mut("labelSelector").and_then(Value::as_object_mut) else { return };
    if more.is_empty() {
        return;
    }
    match selector.get_mut("matchExpressions").and_then(Value::as_array_mut) {
        Some(list) => list.extend(more),
        None => {
            selector.insert("matchExpressions".into(), more.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pods_own_values_are_added() {
        let with = |selector: Value| json!({"labelSelector": selector, "matchLabelKeys": ["v", "none"], "mismatchLabelKeys": ["t"]});
        let spec = |selector: Value| {
            let term = with(selector);
            json!({
                "affinity": {
                    "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
                    "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]},
                },
                "topologySpreadConstraints": [term],
            })
        };
        let merged = |selector: Value| {
            let mut pod = json!({"metadata": {"labels": {"v": "1", "t": "2"}}, "spec": spec(selector)});
            merge(&mut pod);
            pod["spec"].take()
        };
        let added = json!([{"key": "v", "operator": "In", "values": ["1"]}, {"key": "t", "operator": "NotIn", "values": ["2"]}]);
        assert_eq!(merged(json!({})), spec(json!({"matchExpressions": added})));
        assert_eq!(merged(Value::Null), spec(Value::Null));
    }
}
