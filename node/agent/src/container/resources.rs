//! What a pod's and its containers' requests and limits are to the kernel: groups, weights, limits and scores. Pure.
//!
//! Source of the behaviour: the kubelet's `ResourceConfigForPod`, `PodRequests` and `PodLimits`, and its score for the kernel.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, Pod, ResourceRequirements},
    apimachinery::pkg::api::resource,
};
use naru_api::quantity::Quantity;
use naru_runtime::{Resources, SandboxResources, cgroup};

/// Some resources by name.
type Amounts = Option<BTreeMap<String, resource::Quantity>>;
/// One of a container's lists.
type List = fn(&ResourceRequirements) -> &Amounts;

const REQUESTS: List = |all| &all.requests;
const LIMITS: List = |all| &all.limits;

/// The pod's control group, relative to each hierarchy's root.
pub(super) fn group(pod: &Pod, cluster: &str) -> String {
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    match class(pod) {
        Some("Guaranteed") => format!("/naru-{cluster}/pod{uid}"),
        Some("BestEffort") => format!("/naru-{cluster}/{}/pod{uid}", cgroup::BEST_EFFORT),
        _ => format!("/naru-{cluster}/{}/pod{uid}", cgroup::BURSTABLE),
    }
}

/// What the pod's group is given: the weight of all that is requested, and a limit only where every container has one.
pub(super) fn of_pod(pod: &Pod) -> Result<SandboxResources, String> {
    if class(pod) == Some("BestEffort") {
        return Ok(SandboxResources::default());
    }
    let cpu_request_millis = together(pod, REQUESTS, "cpu", Quantity::to_milli)?.0;
    let limit =
        |name, unit| Ok::<_, String>(together(pod, LIMITS, name, unit)?).map(|(sum, all)| all.then_some(sum));
    Ok(SandboxResources {
        cpu_request_millis,
        cpu_millis: limit("cpu", Quantity::to_milli)?,
        memory_bytes: limit("memory", Quantity::to_value)?,
    })
}

/// What the containers' lists hold of a resource together, and whether each of them does. Init containers run one after the
/// other before the others, so that the largest of them counts if it is larger than the sum.
fn together(pod: &Pod, list: List, name: &str, unit: fn(Quantity) -> i128) -> Result<(u64, bool), String> {
    let Some(spec) = &pod.spec else { return Ok((0, false)) };
    let (mut sum, mut largest, mut all) = (0u64, 0u64, true);
    let mut of = |container: &Container| -> Result<u64, String> {
        let amount =
            container.resources.as_ref().map(list).map_or(Ok(None), |list| amount(list, name, unit))?;
        all &= amount.is_some();
        Ok(amount.unwrap_or(0))
    };
    for container in &spec.containers {
        sum = sum.saturating_add(of(container)?);
    }
    for container in spec.init_containers.iter().flatten() {
        largest = largest.max(of(container)?);
    }
    Ok((sum.max(largest), all))
}

/// A resource in its unit; none if it is not named, or zero.
fn amount(list: &Amounts, name: &str, unit: fn(Quantity) -> i128) -> Result<Option<u64>, String> {
    let Some(text) = list.as_ref().and_then(|list| list.get(name)) else { return Ok(None) };
    let quantity =
        Quantity::parse(&text.0).map_err(|error| format!("invalid quantity {:?}: {error}", text.0))?;
    Ok(u64::try_from(unit(quantity)).ok().filter(|value| *value > 0))
}

/// What a container is given, on a machine with so many bytes of memory.
pub(super) fn of_container(pod: &Pod, container: &Container, machine: u64) -> Result<Resources, String> {
    let all = container.resources.clone().unwrap_or_default();
    let request = amount(&all.requests, "cpu", Quantity::to_milli)?;
    let memory = amount(&all.requests, "memory", Quantity::to_value)?;
    Ok(Resources {
        memory_bytes: amount(&all.limits, "memory", Quantity::to_value)?,
        cpu_millis: amount(&all.limits, "cpu", Quantity::to_milli)?,
        // Who asks for nothing gets what others leave.
        cpu_request_millis: Some(request.unwrap_or(0)),
        pids: None,
        oom_score_adjust: oom_score_adjust(pod, memory.unwrap_or(0), machine),
    })
}

fn class(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.qos_class.as_deref()
}

/// Whom the kernel kills first when the machine has no memory left (kubelet's rule): who asked for nothing, then who uses more than
/// he asked for, and last who has all he may use.
fn oom_score_adjust(pod: &Pod, request_bytes: u64, machine_bytes: u64) -> i32 {
    const CRITICAL_PRIORITY: i32 = 2_000_000_000;
    const LAST: i32 = -997;
    const FIRST: i32 = 1000;
    let critical =
        pod.spec.as_ref().and_then(|spec| spec.priority).is_some_and(|one| one >= CRITICAL_PRIORITY);
    match class(pod) {
        _ if critical => LAST,
        Some("Guaranteed") => LAST,
        Some("BestEffort") => FIRST,
        _ => {
            let asked = u128::from(request_bytes) * 1000 / u128::from(machine_bytes.max(1));
            let left = FIRST - i32::try_from(asked).unwrap_or(FIRST).min(FIRST);
            left.clamp(FIRST + LAST, FIRST - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(class: &str, containers: Value, init: Value) -> Pod {
        let named = |list: &Value| -> Vec<Value> {
            let list = list.as_array().expect("a list");
            list.iter().map(|resources| json!({"name": "c", "resources": resources})).collect()
        };
        serde_json::from_value(json!({
            "metadata": {"uid": "u"},
            "spec": {"containers": named(&containers), "initContainers": named(&init)},
            "status": {"qosClass": class},
        }))
        .expect("a pod")
    }

    #[test]
    fn pods_weigh_and_are_limited_as_the_kubelet_has_it() {
        let whole = |cpu: &str, memory: &str| {
            let both = json!({"cpu": cpu, "memory": memory});
            json!({"requests": both, "limits": both})
        };
        let asks = |cpu: &str| json!({"requests": {"cpu": cpu}});
        /// Class, containers, init containers, and then request, CPU limit and memory limit.
        type Row = (&'static str, Value, Value, (u64, Option<u64>, Option<u64>));
        let table: [Row; 10] = [
            ("Guaranteed", json!([whole("1", "1Mi")]), json!([]), (1000, Some(1000), Some(1 << 20))),
            (
                "Guaranteed",
                json!([whole("100m", "1Mi"), whole("0.2", "3Mi")]),
                json!([whole("250m", "8Mi")]),
                (300, Some(300), Some(8 << 20)),
            ),
            ("BestEffort", json!([{}, {"limits": {"ephemeral-storage": "1Gi"}}]), json!([]), (0, None, None)),
            ("Burstable", json!([asks("100m"), asks("1"), {}]), json!([]), (1100, None, None)),
            ("Burstable", json!([asks("100m")]), json!([asks("2"), asks("3")]), (3000, None, None)),
            ("Burstable", json!([asks("100m"), {"limits": {"cpu": "1"}}]), json!([]), (100, None, None)),
            ("Burstable", json!([{"limits": {"cpu": "1"}}]), json!([]), (0, Some(1000), None)),
            ("Burstable", json!([{"limits": {"cpu": "0"}}]), json!([]), (0, None, None)),
            // An init container without a limit leaves the pod without one.
            ("Burstable", json!([{"limits": {"cpu": "1", "memory": "1Mi"}}]), json!([{}]), (0, None, None)),
            (
                "Burstable",
                json!([{"limits": {"memory": "1Mi"}}, {"limits": {"memory": "1500k", "cpu": "1"}}]),
                json!([{"limits": {"memory": "1"}}]),
                (0, None, Some((1 << 20) + 1_500_000)),
            ),
        ];
        for (class, containers, init, (cpu_request_millis, cpu_millis, memory_bytes)) in table {
            let pod = pod(class, containers.clone(), init.clone());
            let expected = SandboxResources { cpu_request_millis, cpu_millis, memory_bytes };
            assert_eq!(of_pod(&pod), Ok(expected), "{containers} {init}");
        }
    }

    #[test]
    fn the_class_says_where_the_group_is() {
        for (class, expected) in [
            ("Guaranteed", "/naru-x/podu"),
            ("Burstable", "/naru-x/burstable/podu"),
            ("BestEffort", "/naru-x/besteffort/podu"),
        ] {
            assert_eq!(group(&pod(class, json!([]), json!([])), "x"), expected);
        }
    }

    #[test]
    fn the_kernel_kills_those_first_who_asked_for_least() {
        let machine = 4 << 30;
        for (class, priority, request, expected) in [
            ("BestEffort", 0, 0, 1000),
            ("Guaranteed", 0, 1 << 30, -997),
            ("BestEffort", 2_000_001_000, 0, -997),
            ("Burstable", 0, 0, 999),
            ("Burstable", 0, 1 << 30, 750),
            ("Burstable", 0, machine, 3),
            ("Burstable", 0, u64::MAX, 3),
        ] {
            let pod: Pod = serde_json::from_value(json!({
                "metadata": {}, "spec": {"containers": [], "priority": priority}, "status": {"qosClass": class},
            }))
            .unwrap();
            assert_eq!(oom_score_adjust(&pod, request, machine), expected, "{class} {request}");
        }
    }
}
