//! A pod's quality of service class, by which the node decides who goes first when memory runs out.
//!
//! Source of the behaviour: Kubernetes `pkg/apis/core/helper/qos.ComputePodQOS`.

use naru_api::{Object, quantity::Quantity};
use serde_json::Value;

use crate::kinds::fields::{items, text};

/// The resources that count.
const COUNTED: [&str; 2] = ["cpu", "memory"];

/// `Guaranteed`, `Burstable` or `BestEffort`.
pub(super) fn class(pod: &Object) -> &'static str {
    let lists = ["containers", "initContainers"];
    let containers = lists.iter().flat_map(|list| items(&pod["spec"][*list]));
    let mut any = false;
    let mut guaranteed = true;
    for container in containers {
        let resources = &container["resources"];
        for resource in COUNTED {
            let request = amount(&resources["requests"][resource]);
            let limit = amount(&resources["limits"][resource]);
            any |= request > 0 || limit > 0;
            guaranteed &= limit > 0 && request == limit;
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// In thousandths; 0 when it is missing or no quantity.
fn amount(quantity: &Value) -> i128 {
    Quantity::parse(text(quantity)).map_or(0, |quantity| quantity.to_milli())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn classes() {
        let both = json!({"cpu": "1", "memory": "1Gi"});
        let table = [
            (json!([{}]), "BestEffort"),
            (json!([{"requests": {"cpu": "0"}}]), "BestEffort"),
            (json!([{"requests": {"cpu": "1"}}]), "Burstable"),
            (json!([{"limits": {"memory": "1Gi"}, "requests": {"memory": "1Gi"}}]), "Burstable"),
            (json!([{"limits": both, "requests": both}]), "Guaranteed"),
            (json!([{"limits": both, "requests": {"cpu": "1000m", "memory": "1024Mi"}}]), "Guaranteed"),
            (json!([{"limits": both, "requests": both}, {}]), "Burstable"),
        ];
        for (resources, expected) in table {
            let containers: Vec<_> = items(&resources).iter().map(|one| json!({"resources": one})).collect();
            assert_eq!(class(&json!({"spec": {"containers": containers}})), expected, "{resources}");
        }
    }
}
