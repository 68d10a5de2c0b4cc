//! Warnings about limits of what a pod may write to the node's disk: they count where a pod is placed, and nobody enforces them
//! yet. Refusing them would refuse many charts, and saying nothing would let people rely on them.

use serde_json::Value;

use super::ENOUGH;
use crate::kinds::fields::{items, text};

const WHY: &str = "not enforced by naru yet: the pod goes on when it writes more";

/// All of a pod's containers and volumes.
pub(super) fn of(spec: &Value, found: &mut Vec<String>) {
    for list in ["initContainers", "containers"] {
        for (index, container) in items(&spec[list]).iter().enumerate() {
            if !container["resources"]["limits"]["ephemeral-storage"].is_null() && found.len() < ENOUGH {
                found.push(format!("spec.{list}[{index}].resources.limits[ephemeral-storage]: {WHY}"));
            }
        }
    }
    for (index, volume) in items(&spec["volumes"]).iter().enumerate() {
        let directory = &volume["emptyDir"];
        // The size of one in memory is the kernel's business.
        let on_disk = text(&directory["medium"]).is_empty();
        if on_disk && !directory["sizeLimit"].is_null() && found.len() < ENOUGH {
            found.push(format!("spec.volumes[{index}].emptyDir.sizeLimit: {WHY}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_that_nobody_enforces_are_said() {
        let limited = |name: &str| json!({"resources": {"limits": {name: "1Gi"}}});
        let table = [
            (json!({"containers": [limited("memory")], "volumes": [{"emptyDir": {}}]}), vec![]),
            (json!({"volumes": [{"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}]}), vec![]),
            (json!({"containers": [{"resources": {"requests": {"ephemeral-storage": "1Gi"}}}]}), vec![]),
            (
                json!({
                    "initContainers": [limited("ephemeral-storage")],
                    "containers": [{}, limited("ephemeral-storage")],
                    "volumes": [{}, {"emptyDir": {"sizeLimit": "1Mi"}}],
                }),
                vec![
                    "spec.initContainers[0].resources.limits[ephemeral-storage]",
                    "spec.containers[1].resources.limits[ephemeral-storage]",
                    "spec.volumes[1].emptyDir.sizeLimit",
                ],
            ),
        ];
        for (spec, expected) in table {
            let mut found = Vec::new();
            of(&spec, &mut found);
            let expected: Vec<String> = expected.iter().map(|field| format!("{field}: {WHY}")).collect();
            assert_eq!(found, expected, "{spec}");
        }
    }
}
