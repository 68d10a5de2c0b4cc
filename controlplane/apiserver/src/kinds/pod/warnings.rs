//! What a pod's sender should be told though the pod is accepted.
//!
//! Source of the behaviour: kube-apiserver's `WarningsForPod` and the pod strategy's `WarningsOnCreate`.

use naru_api::{Object, meta, quantity::Quantity};
use serde_json::Value;

use crate::kinds::fields::{entries, items, text, text_or};

/// The most letters of a DNS label.
const LABEL_MAX: usize = 63;

/// The warnings about a new pod, which may lack its defaults.
pub(super) fn of(pod: &Object) -> Vec<String> {
    let mut found = Vec::new();
    name(meta::name(pod).unwrap_or_default(), &mut found);
    let spec = &pod["spec"];
    for volume in items(&spec["volumes"]) {
        let projected = &volume["projected"];
        let sources = items(&projected["sources"]);
        if projected.is_object() && sources.iter().any(|one| entries(one).next().is_none()) {
            let volume = text(&volume["name"]);
            found.push(format!("volume {volume:?} (Projected) has no sources provided"));
        }
    }
    for list in ["initContainers", "containers"] {
        for (index, container) in items(&spec[list]).iter().enumerate() {
            of_container(container, &format!("spec.{list}[{index}]"), &mut found);
        }
    }
    found
}

/// A pod's name becomes its hostname.
fn name(name: &str, found: &mut Vec<String>) {
    let why = if name.contains('.') {
        "must not contain dots"
    } else if name.len() > LABEL_MAX {
        "must be no more than 63 characters"
    } else {
        return;
    };
    found.push(format!(
        "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{why}]"
    ));
}

fn of_container(container: &Value, path: &str, found: &mut Vec<String>) {
    let env = items(&container["env"]);
    for (index, var) in env.iter().enumerate() {
        let name = text(&var["name"]);
        // A value that refers to the earlier one of the same name means both.
        let refers = text(&var["value"]).contains(&format!("$({name})"));
        if !refers && env[..index].iter().any(|earlier| earlier["name"] == var["name"]) {
            found.push(format!(
                "{path}.env[{index}]: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
    let ports = items(&container["ports"]);
    let key = |port: &Value| {
        (
            port["containerPort"].as_i64(),
            text_or(&port["protocol"], "TCP").to_owned(),
            port["hostPort"].as_i64(),
        )
    };
    for (index, port) in ports.iter().enumerate() {
        if let Some(earlier) = ports[..index].iter().position(|earlier| key(earlier) == key(port)) {
            found.push(format!(
                "{path}.ports[{index}]: duplicate port definition with {path}.ports[{earlier}]"
            ));
        }
    }
    for list in ["limits", "requests"] {
        let amount = text(&container["resources"][list]["memory"]);
        // Thousandths are the only part of a byte that a quantity can name without a fraction.
        if amount.ends_with('m')
            && Quantity::parse(amount).is_ok_and(|amount| amount.to_string().ends_with('m'))
        {
            found.push(format!(
                "{path}.resources.{list}[memory]: fractional byte value {amount:?} is invalid, must be an integer"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_but_accepted_pods_are_warned_about() {
        let pod = |name: &str, container: Value| json!({"metadata": {"name": name}, "spec": {"containers": [container]}});
        let table = [
            (
                pod("a", json!({"env": [{"name": "A"}, {"name": "B"}], "ports": [{"containerPort": 1}]})),
                vec![],
            ),
            (
                pod("a.b", json!({})),
                vec![
                    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
                ],
            ),
            (
                pod(
                    "a",
                    json!({"env": [{"name": "A"}, {"name": "A", "value": "x"}, {"name": "A", "value": "$(A):x"}]}),
                ),
                vec![
                    r#"spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply"#,
                ],
            ),
            (
                pod(
                    "a",
                    json!({"ports": [{"containerPort": 1}, {"containerPort": 1, "protocol": "UDP"}, {"containerPort": 1, "protocol": "TCP"}]}),
                ),
                vec![
                    "spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[0]",
                ],
            ),
            (
                pod(
                    "a",
                    json!({"resources": {"limits": {"memory": "1m", "cpu": "1m"}, "requests": {"memory": "1000m"}}}),
                ),
                vec![
                    r#"spec.containers[0].resources.limits[memory]: fractional byte value "1m" is invalid, must be an integer"#,
                ],
            ),
        ];
        for (pod, expected) in table {
            assert_eq!(of(&pod), expected, "{pod}");
        }
        let empty = json!({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{}]}}]}});
        assert_eq!(of(&empty), [r#"volume "v" (Projected) has no sources provided"#]);
    }
}
