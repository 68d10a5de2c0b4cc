//! The downward API: what a pod may know of itself, as environment values and as files.
//!
//! Pure. Paths that the API server's validation refuses are errors here too.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};
use naru_api::quantity::Quantity;

use crate::node::Capacity;

/// What is known of a pod beside its object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// The node's address.
    pub(crate) node_ip: IpAddr,
    /// The pod's address, once it has one.
    pub(crate) pod_ip: Option<IpAddr>,
    /// What the node has: the default of limits.
    pub(crate) capacity: &'a Capacity,
}

/// The value of a `fieldRef`.
pub(crate) fn field(pod: &Pod, path: &str, facts: Facts<'_>) -> Result<String, String> {
    let meta = &pod.metadata;
    let spec = pod.spec.as_ref();
    let text = |value: Option<&String>| Ok(value.cloned().unwrap_or_default());
    if let Some((list, key)) = path.strip_suffix("']").and_then(|path| path.split_once("['")) {
        let map = match list {
            "metadata.labels" => &meta.labels,
            "metadata.annotations" => &meta.annotations,
            _ => return Err(format!("unsupported fieldPath: {path}")),
        };
        return text(map.as_ref().and_then(|map| map.get(key)));
    }
    let ip = |ip: Option<IpAddr>| Ok(ip.map_or_else(String::new, |ip| ip.to_string()));
    match path {
        "metadata.name" => text(meta.name.as_ref()),
        "metadata.namespace" => text(meta.namespace.as_ref()),
        "metadata.uid" => text(meta.uid.as_ref()),
        "metadata.labels" => Ok(lines(meta.labels.iter().flatten())),
        "metadata.annotations" => Ok(lines(meta.annotations.iter().flatten())),
        "spec.nodeName" => text(spec.and_then(|spec| spec.node_name.as_ref())),
        "spec.serviceAccountName" => text(spec.and_then(|spec| spec.service_account_name.as_ref())),
        "status.hostIP" | "status.hostIPs" => ip(Some(facts.node_ip)),
        "status.podIP" | "status.podIPs" => ip(facts.pod_ip),
        _ => Err(format!("unsupported fieldPath: {path}")),
    }
}

/// A map as the downward API writes it: `key="value"` lines, sorted, the value quoted as Go does it.
fn lines<'a>(map: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let lines: Vec<String> = map.map(|(key, value)| format!("{key}={}", quoted(value))).collect();
    lines.join("\n")
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            char if char.is_control() && (char as u32) < 0x80 => {
                out.push_str(&format!("\\x{:02x}", char as u32))
            }
            char => out.push(char),
        }
    }
    out.push('"');
    out
}

/// The value of a `resourceFieldRef` of `container`.
pub(crate) fn resource(
    container: &Container,
    selector: &ResourceFieldSelector,
    capacity: &Capacity,
) -> Result<String, String> {
    let resources = container.resources.clone().unwrap_or_default();
    let unsupported = || format!("unsupported container resource: {}", selector.resource);
    let (kind, name) = selector.resource.split_once('.').ok_or_else(unsupported)?;
    let (set, default) = match kind {
        "limits" => (resources.limits, capacity.default_limit(name)),
        "requests" => (resources.requests, 0),
        _ => return Err(unsupported()),
    };
    if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !name.starts_with("hugepages-") {
        return Err(unsupported());
    }
    let milli = |text: &str| {
        Quantity::parse(text)
            .map(Quantity::to_milli)
            .map_err(|error| format!("invalid quantity {text:?}: {error}"))
    };
    let value = match set.as_ref().and_then(|set| set.get(name)) {
        Some(quantity) => milli(&quantity.0)?,
        None => default,
    };
    let divisor = match selector.divisor.as_ref().map(|divisor| milli(&divisor.0)).transpose()? {
        None | Some(0) => 1000,
        Some(divisor) => divisor,
    };
    Ok(value.div_euclid(divisor).saturating_add(i128::from(value.rem_euclid(divisor) != 0)).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(capacity: &Capacity) -> Facts<'_> {
        Facts { node_ip: [192, 0, 2, 1].into(), pod_ip: Some([10, 0, 0, 7].into()), capacity }
    }

    fn capacity() -> Capacity {
        Capacity { cpu_millis: 2000, memory_bytes: 4 << 30, storage_bytes: 10 << 30, pods: 110 }
    }

    fn pod() -> Pod {
        serde_json::from_value(json!({
            "metadata": {
                "name": "p", "namespace": "ns", "uid": "u",
                "labels": {"b": "2", "a": "1"},
                "annotations": {"note": "two \"words\"\nand a line", "x.y/z": "q"},
            },
            "spec": {"nodeName": "n1", "serviceAccountName": "default", "containers": []},
        }))
        .unwrap()
    }

    #[test]
    fn fields_of_a_pod() {
        let capacity = capacity();
        let table = [
            ("metadata.name", "p"),
            ("metadata.namespace", "ns"),
            ("metadata.uid", "u"),
            ("metadata.labels", "a=\"1\"\nb=\"2\""),
            ("metadata.labels['a']", "1"),
            ("metadata.labels['none']", ""),
            ("metadata.annotations['x.y/z']", "q"),
            ("metadata.annotations", "note=\"two \\\"words\\\"\\nand a line\"\nx.y/z=\"q\""),
            ("spec.nodeName", "n1"),
            ("spec.serviceAccountName", "default"),
            ("status.hostIP", "192.0.2.1"),
            ("status.podIP", "10.0.0.7"),
            ("status.podIPs", "10.0.0.7"),
        ];
        for (path, expected) in table {
            assert_eq!(field(&pod(), path, facts(&capacity)).as_deref(), Ok(expected), "{path}");
        }
        assert!(field(&pod(), "spec.foo", facts(&capacity)).is_err());
    }

    #[test]
    fn resources_are_divided_and_rounded_up() {
        let container: Container = serde_json::from_value(json!({
            "name": "c",
            "resources": {"limits": {"cpu": "250m", "memory": "64Mi"}, "requests": {"memory": "100"}},
        }))
        .unwrap();
        let table = [
            ("limits.cpu", "", "1"),
            ("limits.cpu", "1m", "250"),
            ("limits.memory", "", "67108864"),
            ("limits.memory", "1Mi", "64"),
            ("requests.memory", "1Ki", "1"),
            ("requests.cpu", "", "0"),
            ("limits.ephemeral-storage", "1Gi", "10"),
        ];
        for (name, divisor, expected) in table {
            let selector: ResourceFieldSelector = serde_json::from_value(match divisor {
                "" => json!({"resource": name}),
                divisor => json!({"resource": name, "divisor": divisor}),
            })
            .unwrap();
            assert_eq!(
                resource(&container, &selector, &capacity()).as_deref(),
                Ok(expected),
                "{name} {divisor}"
            );
        }
        let none: ResourceFieldSelector = serde_json::from_value(json!({"resource": "limits.gpu"})).unwrap();
        assert!(resource(&container, &none, &capacity()).is_err());
    }
}
