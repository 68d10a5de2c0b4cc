//! Node: a machine that runs pods.
//!
//! Source of the behaviour: kube-apiserver's `ValidateNode`, `ValidateNodeUpdate` and its node printer.

use std::collections::HashSet;

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta, status::FieldError};
use serde_json::{Map, Value};

use super::{
    Strategy, age_cell,
    fields::{carry_over, condition, count, entries, flag, items, text, text_or},
    name_cell,
    path::{Path, Problems},
    pod::{defaults::canonicalise, validate::check_amount},
    taints::check_taints,
};

pub(super) struct Rules;

impl Strategy for Rules {
    /// Quantities get their canonical form; without `allocatable` all the capacity is. `podCIDR` is the first of `podCIDRs`; what is
    /// given of the two counts.
    fn default(&self, object: &mut Object) {
        if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
            complete_ranges(spec);
        }
        let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) else { return };
        for list in ["capacity", "allocatable"] {
            if let Some(amounts) = status.get_mut(list).and_then(Value::as_object_mut) {
                amounts.values_mut().for_each(canonicalise);
            }
        }
        if let Some(capacity) = status.get("capacity").cloned().filter(Value::is_object)
            && status.get("allocatable").is_none_or(Value::is_null)
        {
            status.insert("allocatable".into(), capacity);
        }
    }

    fn validate_create(&self, object: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        check_spec_and_resources(object, &mut problems);
        let root = Path::root("spec");
        check_ranges(&object["spec"], &root.child("podCIDRs"), &mut problems);
        problems.into_errors()
    }

    fn validate_update(&self, _subresource: Option<&str>, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        let (spec, old) = (&object["spec"], &old["spec"]);
        let root = Path::root("spec");
        let ranges = root.child("podCIDRs");
        check_ranges(spec, &ranges, &mut problems);
        if count(&old["podCIDRs"]) > 0 && spec["podCIDRs"] != old["podCIDRs"] {
            const WHY: &str = "node updates may not change podCIDR except from \"\" to valid";
            problems.forbidden(&ranges, WHY);
        }
        if !text(&old["providerID"]).is_empty() && spec["providerID"] != old["providerID"] {
            const WHY: &str = "node updates may not change providerID except from \"\" to valid";
            problems.forbidden(&root.child("providerID"), WHY);
        }
        check_spec_and_resources(object, &mut problems);
        check_addresses(object, &mut problems);
        problems.into_errors()
    }

    fn prepare_update(&self, subresource: Option<&str>, object: &mut Object, old: &Object) {
        let kept = if subresource == Some("status") { "spec" } else { "status" };
        carry_over(object, old, kept);
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        let info = &object["status"]["nodeInfo"];
        vec![
            name_cell(object),
            status(object).into(),
            roles(object).into(),
            age_cell(object, now),
            text(&info["kubeletVersion"]).into(),
            address(object, "InternalIP").into(),
            address(object, "ExternalIP").into(),
            text_or(&info["osImage"], "<unknown>").into(),
            text_or(&info["kernelVersion"], "<unknown>").into(),
            text_or(&info["containerRuntimeVersion"], "<unknown>").into(),
        ]
    }
}

/// Makes `podCIDR` and `podCIDRs` agree: the single field wins, as in kube-apiserver's conversion.
fn complete_ranges(spec: &mut Map<String, Value>) {
    let first = spec.get("podCIDRs").and_then(|ranges| ranges.get(0)).cloned();
    match spec.get("podCIDR").filter(|range| !text(range).is_empty()).cloned() {
        Some(single) if first.as_ref() != Some(&single) => {
            spec.insert("podCIDRs".into(), Value::Array(vec![single]));
        }
        Some(_) => {}
        None => {
            if let Some(first) = first {
                spec.insert("podCIDR".into(), first);
            }
        }
    }
}

fn check_ranges(spec: &Value, path: &Path<'_>, problems: &mut Problems) {
    for (index, range) in items(&spec["podCIDRs"]).iter().enumerate() {
        if !is_address_range(text(range)) {
            let why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
            problems.invalid(&path.index(index), range.clone(), why);
        }
    }
}

fn check_spec_and_resources(node: &Object, problems: &mut Problems) {
    // Kubernetes reports taints under `metadata`.
    let metadata = Path::root("metadata");
    check_taints(&node["spec"]["taints"], &metadata.child("taints"), problems);
    let status = Path::root("status");
    for list in ["capacity", "allocatable"] {
        let path = status.child(list);
        for (name, amount) in entries(&node["status"][list]) {
            check_amount(name, amount, &path.child(name), problems);
        }
    }
}

fn check_addresses(node: &Object, problems: &mut Problems) {
    let status = Path::root("status");
    let list = status.child("addresses");
    let mut seen = HashSet::new();
    for (index, address) in items(&node["status"]["addresses"]).iter().enumerate() {
        if !seen.insert((text(&address["type"]), text(&address["address"]))) {
            problems.duplicate(&list.index(index), address.clone());
        }
    }
}

/// `10.0.0.0/24` or `2001:db8::/64`.
fn is_address_range(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let bits: Option<u8> = bits.parse().ok();
    match address.parse() {
        Ok(std::net::IpAddr::V4(_)) => bits.is_some_and(|bits| bits <= 32),
        Ok(std::net::IpAddr::V6(_)) => bits.is_some_and(|bits| bits <= 128),
        Err(_) => false,
    }
}

/// `Ready`, `NotReady` or `Unknown`, with `SchedulingDisabled` when cordoned.
fn status(object: &Object) -> String {
    let ready = match condition(object, "Ready") {
        Some(ready) if ready["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if flag(&object["spec"]["unschedulable"]) { format!("{ready},SchedulingDisabled") } else { ready.into() }
}

/// The roles that labels give, sorted.
fn roles(object: &Object) -> String {
    let mut roles: Vec<&str> = meta::labels(object)
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None => (key == "kubernetes.io/role").then_some(value),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "<none>".into() } else { roles.join(",") }
}

fn address<'a>(object: &'a Object, kind: &str) -> &'a str {
    items(&object["status"]["addresses"])
        .iter()
        .find(|one| one["type"] == kind)
        .map_or("<none>", |one| text_or(&one["address"], "<none>"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_of_kubectl_get_nodes() {
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().expect("a timestamp");
        let kind = naru_api::kinds::by_kind("v1", "Node").expect("a built-in kind");
        let mut node = json!({
            "metadata": {"name": "n", "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": ""}},
            "spec": {"unschedulable": true},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": "n"}],
                "nodeInfo": {"kubeletVersion": "v1.37.0+naru.0.1.0", "osImage": "Debian", "kernelVersion": "6.1",
                    "containerRuntimeVersion": "naru://0.1.0"},
            },
        });
        let expected = json!([
            "n",
            "Ready,SchedulingDisabled",
            "control-plane,worker",
            "10m",
            "v1.37.0+naru.0.1.0",
            "10.0.0.1",
            "<none>",
            "Debian",
            "6.1",
            "naru://0.1.0",
        ]);
        assert_eq!(Value::from(Rules.cells(kind, &node, now)), expected);
        node["status"] = json!({"conditions": [{"type": "Ready", "status": "Unknown"}]});
        node["spec"] = json!({});
        node["metadata"]["labels"] = json!({});
        let expected = json!([
            "n",
            "NotReady",
            "<none>",
            "10m",
            "",
            "<none>",
            "<none>",
            "<unknown>",
            "<unknown>",
            "<unknown>"
        ]);
        assert_eq!(Value::from(Rules.cells(kind, &node, now)), expected);
    }

    #[test]
    fn amounts_are_canonical_and_allocatable_follows() {
        let mut node = json!({"status": {"capacity": {"cpu": 2, "memory": "2048Mi"}}});
        Rules.default(&mut node);
        let amounts = json!({"cpu": "2", "memory": "2Gi"});
        assert_eq!(node, json!({"status": {"capacity": amounts, "allocatable": amounts}}));
    }

    #[test]
    fn what_is_wrong_with_nodes() {
        let found = |new: Value, old: Value| {
            let errors = Rules.validate_update(None, &new, &old);
            errors.iter().map(|error| error.field.clone()).collect::<Vec<_>>()
        };
        let taint = json!({"key": "a", "effect": "NoSchedule"});
        let taints = json!({"spec": {"taints": [taint, taint, {"key": "b", "effect": "Never"}]}});
        assert_eq!(found(taints, json!({})), ["metadata.taints[1]", "metadata.taints[2].effect"]);
        let old = json!({"spec": {"podCIDRs": ["10.0.0.0/24"], "providerID": "x"}});
        assert_eq!(found(json!({"spec": {}}), old), ["spec.podCIDRs", "spec.providerID"]);
        let status = json!({"status": {"capacity": {"cpu": "-1"}}});
        assert_eq!(found(status, json!({})), ["status.capacity.cpu"]);
        let errors = Rules.validate_create(&json!({"spec": {"podCIDRs": ["10.0.0.0/24", "x"]}}));
        assert_eq!(errors[0].field, "spec.podCIDRs[1]");
    }
}
