//! The conditions of a pod, in kubelet's words.

use k8s_openapi::api::core::v1::{ContainerStatus, PodCondition};

use super::{Input, time};
use crate::pods::desired;

/// What a condition says.
struct Finding {
    kind: &'static str,
    holds: bool,
    reason: Option<&'static str>,
    message: Option<String>,
}

impl Finding {
    fn yes(kind: &'static str) -> Finding {
        Finding { kind, holds: true, reason: None, message: None }
    }

    fn no(kind: &'static str, reason: &'static str, message: Option<String>) -> Finding {
        Finding { kind, holds: false, reason: Some(reason), message }
    }
}

/// All conditions: the ones found here, and those of others as they are in `before`.
pub(super) fn conditions(
    input: Input<'_>,
    phase: &str,
    inits: &[ContainerStatus],
    mains: &[ContainerStatus],
    before: Option<&[PodCondition]>,
) -> Vec<PodCondition> {
    let before = before.unwrap_or_default();
    let containers = containers_ready("ContainersReady", phase, mains);
    let ready = ready(input, phase, mains, before);
    let found = [sandbox(input), initialized(input, phase, inits), ready, containers];
    let mut all: Vec<PodCondition> = found.into_iter().map(|one| condition(input, one, before)).collect();
    let foreign = before.iter().filter(|old| !all.iter().any(|own| own.type_ == old.type_)).cloned();
    let foreign: Vec<_> = foreign.collect();
    all.extend(foreign);
    all
}

fn condition(input: Input<'_>, found: Finding, before: &[PodCondition]) -> PodCondition {
    let status = if found.holds { "True" } else { "False" };
    let old = before.iter().find(|old| old.type_ == found.kind && old.status == status);
    let since = old.and_then(|old| old.last_transition_time.clone());
    PodCondition {
        last_probe_time: None,
        last_transition_time: Some(since.unwrap_or_else(|| time(input.now))),
        message: found.message,
        observed_generation: input.pod.metadata.generation,
        reason: found.reason.map(Into::into),
        status: status.into(),
        type_: found.kind.into(),
    }
}

fn sandbox(input: Input<'_>) -> Finding {
    const KIND: &str = "PodReadyToStartContainers";
    let host = desired::host_network(input.pod) && input.observed.volumes.standing().is_some();
    let holds = host || input.observed.network.standing().is_some();
    Finding { kind: KIND, holds, reason: None, message: None }
}

fn initialized(input: Input<'_>, phase: &str, inits: &[ContainerStatus]) -> Finding {
    const KIND: &str = "Initialized";
    if phase == "Succeeded" {
        return Finding { reason: Some("PodCompleted"), ..Finding::yes(KIND) };
    }
    // A container that was made proves that the init containers were done.
    let begun = desired::mains(input.pod)
        .iter()
        .any(|spec| input.observed.containers.get(&spec.name).is_some_and(|one| !one.attempts.is_empty()));
    let incomplete = |status: &&ContainerStatus| !status.ready;
    let names: Vec<&str> = inits.iter().filter(incomplete).map(|status| status.name.as_str()).collect();
    if begun || names.is_empty() {
        return Finding::yes(KIND);
    }
    let message = format!("containers with incomplete status: [{}]", names.join(" "));
    Finding::no(KIND, "ContainersNotInitialized", Some(message))
}

fn containers_ready(kind: &'static str, phase: &str, mains: &[ContainerStatus]) -> Finding {
    match phase {
        "Succeeded" => return Finding::no(kind, "PodCompleted", None),
        "Failed" => return Finding::no(kind, "PodFailed", None),
        _ => {}
    }
    let unready = |status: &&ContainerStatus| !status.ready;
    let names: Vec<&str> = mains.iter().filter(unready).map(|status| status.name.as_str()).collect();
    if names.is_empty() {
        return Finding::yes(kind);
    }
    let message = format!("containers with unready status: [{}]", names.join(" "));
    Finding::no(kind, "ContainersNotReady", Some(message))
}

fn ready(input: Input<'_>, phase: &str, mains: &[ContainerStatus], before: &[PodCondition]) -> Finding {
    const KIND: &str = "Ready";
    let containers = containers_ready(KIND, phase, mains);
    if !containers.holds {
        return containers;
    }
    let gates = desired::spec(input.pod).readiness_gates.as_deref().unwrap_or_default();
    let problem = |kind: &str| match before.iter().find(|old| old.type_ == kind) {
        None => Some(format!("corresponding condition of pod readiness gate {kind:?} does not exist.")),
        Some(gate) if gate.status != "True" => {
            Some(format!("the status of pod readiness gate {kind:?} is not \"True\", but {}", gate.status))
        }
        Some(_) => None,
    };
    let problems: Vec<String> = gates.iter().filter_map(|gate| problem(&gate.condition_type)).collect();
    match problems.len() {
        0 => Finding::yes(KIND),
        1 => Finding::no(KIND, "ReadinessGatesNotReady", problems.into_iter().next()),
        _ => Finding::no(KIND, "ReadinessGatesNotReady", Some(format!("[{}]", problems.join(", ")))),
    }
}
