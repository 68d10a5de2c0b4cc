//! The pod's status as the API shall show it: a pure function of the pod, what is observed, and the time.
//!
//! What this module does not know (`PodScheduled`, readiness gates, `qosClass`) it leaves as the API has it. The rules
//! are kubelet's (`generateAPIPodStatus`, `getPhase`).

mod conditions;
mod containers;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Container as ContainerSpec, ContainerStatus, HostIP, Pod, PodIP, PodStatus},
    apimachinery::pkg::apis::meta::v1::Time,
};

use super::{
    desired::{self, Desired, RestartPolicy},
    observed::Observed,
    plan::{Way, up, way},
};

/// kubelet's words for a pod that outlived its `activeDeadlineSeconds`.
pub(crate) const DEADLINE_MESSAGE: &str = "Pod was active on the node longer than the specified deadline";
/// The reason beside it.
pub(crate) const DEADLINE_REASON: &str = "DeadlineExceeded";

/// What a status is made of.
#[derive(Clone, Copy)]
struct Input<'a> {
    pod: &'a Pod,
    observed: &'a Observed,
    way: Way,
    now: Timestamp,
}

/// The status to report for a pod; `None` if nothing is to be reported any more.
pub(crate) fn status(
    desired: &Desired,
    observed: &Observed,
    node_ip: IpAddr,
    now: Timestamp,
) -> Option<PodStatus> {
    let Desired::Pod(pod) = desired else { return None };
    if observed.terminal {
        return None;
    }
    let input = Input { pod, observed, way: way(desired, observed, now), now };
    let before = pod.status.clone().unwrap_or_default();
    let inits =
        containers::statuses(input, desired::inits(pod), true, before.init_container_statuses.as_deref());
    let mains = containers::statuses(input, desired::mains(pod), false, before.container_statuses.as_deref());
    let (phase, overdue) = phase(input, &inits, &mains);
    let conditions = conditions::conditions(input, phase, &inits, &mains, before.conditions.as_deref());
    let ip = pod_ip(input, node_ip).or(before.pod_ip.clone());
    Some(PodStatus {
        conditions: Some(conditions),
        container_statuses: Some(mains),
        host_ip: Some(node_ip.to_string()),
        host_ips: Some(vec![HostIP { ip: node_ip.to_string() }]),
        init_container_statuses: (!inits.is_empty()).then_some(inits),
        message: if overdue { Some(DEADLINE_MESSAGE.into()) } else { before.message },
        observed_generation: pod.metadata.generation,
        phase: Some(phase.into()),
        pod_ips: ip.clone().map(|ip| vec![PodIP { ip }]),
        pod_ip: ip,
        reason: if overdue { Some(DEADLINE_REASON.into()) } else { before.reason },
        start_time: before.start_time.or_else(|| Some(time(observed.started))),
        ..before
    })
}

fn pod_ip(input: Input<'_>, node_ip: IpAddr) -> Option<String> {
    if desired::host_network(input.pod) {
        return Some(node_ip.to_string());
    }
    input.observed.network.standing().map(|attachment| attachment.ip.to_string())
}

/// A time as statuses hold it: whole seconds.
pub(crate) fn time(at: Timestamp) -> Time {
    Time(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// The pod's phase, and whether it is so because of its deadline.
fn phase(input: Input<'_>, inits: &[ContainerStatus], mains: &[ContainerStatus]) -> (&'static str, bool) {
    let before = input.pod.status.as_ref().and_then(|status| status.phase.as_deref());
    match before {
        Some("Succeeded") => return ("Succeeded", false),
        Some("Failed") => return ("Failed", false),
        _ => {}
    }
    let idle = input
        .observed
        .containers
        .values()
        .all(|one| one.busy.is_none() && !one.attempts.iter().any(|one| one.running()));
    if input.way == Way::Overdue && idle {
        return ("Failed", true);
    }
    let policy = RestartPolicy::of(desired::spec(input.pod));
    if input.way != Way::Down
        && let Some(init) = up::pending_init(input.pod, input.observed)
    {
        let failed = up::settled(init, input.observed.containers.get(&init.name), policy, true);
        return (if failed { "Failed" } else { "Pending" }, false);
    }
    // A container between two images has not ended.
    let last = |name: &str| input.observed.containers.get(name).and_then(|container| container.last());
    let replacing = |spec: &ContainerSpec| {
        last(&spec.name).is_some_and(|last| last.ended().is_some() && up::replacing(spec, last))
    };
    if input.way == Way::Up && desired::mains(input.pod).iter().any(replacing) {
        return ("Running", false);
    }
    let ended = input.way == Way::Down && idle;
    (main_phase(policy, ended, inits, mains), false)
}

/// How many containers are in each state.
#[derive(Default)]
struct Tally {
    waiting: usize,
    running: usize,
    stopped: usize,
    succeeded: usize,
}

impl Tally {
    fn of(statuses: &[ContainerStatus]) -> Tally {
        let mut tally = Tally::default();
        for status in statuses {
            let state = status.state.clone().unwrap_or_default();
            let stopped_before = status.last_state.as_ref().is_some_and(|last| last.terminated.is_some());
            if state.running.is_some() {
                tally.running += 1;
            } else if let Some(terminated) = state.terminated {
                tally.stopped += 1;
                tally.succeeded += usize::from(terminated.exit_code == 0);
            } else if stopped_before {
                tally.stopped += 1;
            } else {
                tally.waiting += 1;
            }
        }
        tally
    }
}

fn main_phase(
    policy: RestartPolicy,
    ended: bool,
    inits: &[ContainerStatus],
    mains: &[ContainerStatus],
) -> &'static str {
    let tally = Tally::of(mains);
    let init_failed = Tally::of(inits);
    if ended && tally.running == 0 && tally.stopped + init_failed.stopped > init_failed.succeeded {
        // A deleted pod: what counts is how its containers ended, not what its policy would do.
        let clean = tally.stopped > 0 && tally.stopped == tally.succeeded && tally.waiting == 0;
        return if clean { "Succeeded" } else { "Failed" };
    }
    match tally {
        Tally { waiting, .. } if waiting > 0 => "Pending",
        Tally { running, .. } if running > 0 => "Running",
        Tally { stopped: 0, .. } => "Pending",
        _ if policy == RestartPolicy::Always => "Running",
        Tally { stopped, succeeded, .. } if stopped == succeeded => "Succeeded",
        _ if policy == RestartPolicy::Never => "Failed",
        _ => "Running",
    }
}
