//! Warnings about containers: variables that hide others, ports that are there twice, fractions of a byte.

use std::collections::{HashMap, HashSet};

use naru_api::quantity::Quantity;
use serde_json::Value;

use super::ENOUGH;
use crate::kinds::fields::{items, text, text_or};

/// All of a pod's containers.
pub(super) fn of(spec: &Value, found: &mut Vec<String>) {
    let mut ports = Ports::new();
    for list in ["initContainers", "containers"] {
        for (index, container) in items(&spec[list]).iter().enumerate() {
            let path = format!("spec.{list}[{index}]");
            fractions(container, &path, found);
            variables(items(&container["env"]), &path, found);
            for (index, port) in items(&container["ports"]).iter().enumerate() {
                repeated_port(port, format!("{path}.ports[{index}]"), &mut ports, found);
            }
        }
    }
}

/// Thousandths are the only part of a byte that a quantity can name.
fn fractions(container: &Value, path: &str, found: &mut Vec<String>) {
    for resource in ["memory", "ephemeral-storage"] {
        let (limit, request) =
            (&container["resources"]["limits"][resource], &container["resources"]["requests"][resource]);
        // What is limited and not requested is requested, too.
        let request = if request.is_null() { limit } else { request };
        for (list, amount) in [("limits", limit), ("requests", request)] {
            let amount = match amount {
                Value::Number(number) => number.to_string(),
                other => text(other).to_string(),
            };
            let amount = Quantity::parse(&amount).map(|amount| amount.to_string()).unwrap_or_default();
            if amount.ends_with('m') {
                found.push(format!(
                    "{path}.resources.{list}[{resource}]: fractional byte value {amount:?} is invalid, must be an integer"
                ));
            }
        }
    }
}

fn variables(env: &[Value], path: &str, found: &mut Vec<String>) {
    let mut seen = HashSet::new();
    for (index, var) in env.iter().enumerate() {
        let name = text(&var["name"]);
        // A value that refers to the earlier one of the same name means both.
        if !seen.insert(name) && !text(&var["value"]).contains(&format!("$({name})")) {
            found.push(format!(
                "{path}.env[{index}]: hides previous definition of {name:?}, which may be dropped when using apply"
            ));
        }
    }
}

/// The ports that containers name, by number, number on the host and protocol: where each stands.
type Ports<'a> = HashMap<(Option<i64>, Option<i64>, &'a str), Vec<String>>;

/// All containers of a pod share its ports.
fn repeated_port<'a>(port: &'a Value, path: String, seen: &mut Ports<'a>, found: &mut Vec<String>) {
    let protocol = text_or(&port["protocol"], "TCP");
    let like = seen.entry((port["containerPort"].as_i64(), port["hostPort"].as_i64(), protocol)).or_default();
    let free = ENOUGH.saturating_sub(found.len());
    let twice =
        like.iter().take(free).map(|earlier| format!("{path}: duplicate port definition with {earlier}"));
    found.extend(twice);
    like.push(path);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_containers_are_warned_about() {
        let table = [
            (json!([{"env": [{"name": "A"}, {"name": "B"}], "ports": [{"containerPort": 1}]}]), vec![]),
            (
                json!([{"env": [{"name": "A"}, {"name": "A", "value": "x"}, {"name": "A", "value": "$(A):x"}]}]),
                vec![
                    r#"spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply"#,
                ],
            ),
            (
                json!([
                    {"ports": [{"containerPort": 1}, {"containerPort": 1, "protocol": "UDP"}, {"containerPort": 1, "protocol": "TCP"}]},
                    {"ports": [{"containerPort": 1, "protocol": "UDP"}]}]),
                vec![
                    "spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[0]",
                    "spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[1]",
                ],
            ),
            (
                json!([{"resources": {"limits": {"memory": "1m", "cpu": "1m"}, "requests": {"memory": "1000m"}}}]),
                vec![
                    r#"spec.containers[0].resources.limits[memory]: fractional byte value "1m" is invalid, must be an integer"#,
                ],
            ),
            (
                json!([{"resources": {"limits": {"ephemeral-storage": 1.5}}}]),
                vec![
                    r#"spec.containers[0].resources.limits[ephemeral-storage]: fractional byte value "1500m" is invalid, must be an integer"#,
                    r#"spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value "1500m" is invalid, must be an integer"#,
                ],
            ),
        ];
        for (containers, expected) in table {
            let mut found = Vec::new();
            of(&json!({ "containers": containers }), &mut found);
            assert_eq!(found, expected, "{containers}");
        }
    }
}
