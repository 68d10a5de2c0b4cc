//! The way up: address and volumes, init containers one after the other, then the containers; restarts.
//!
//! What is independent happens at the same time; programs start in the order of the spec.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container as ContainerSpec, Pod};

use super::Plan;
use crate::{
    clock::after,
    pods::{
        backoff,
        desired::{self, RestartPolicy},
        ids::Engine,
        observed::{Attempt, Busy, Container, ImageState, Observed, Piece, State},
        progress::LOST_REASON,
        step::Step,
    },
};

/// How often volumes that follow objects of the API are brought up to date.
pub(crate) const REFRESH: Duration = Duration::from_secs(30);
/// How long a failed pull is told as `ErrImagePull` before it is `ImagePullBackOff`; at most half the delay.
pub(crate) const PULL_ERROR_SHOWN: Duration = Duration::from_secs(5);
/// Attempts of each container that are kept: the newest and the one before it.
const KEPT_ATTEMPTS: u32 = 2;

/// Plans a pod that shall run.
pub(super) fn plan(plan: &mut Plan, pod: &Pod, observed: &Observed, now: Timestamp) {
    if let Some(deadline) = desired::deadline(pod, observed.started) {
        plan.wake_at(deadline);
    }
    for (name, container) in &observed.containers {
        watch(plan, name, container, now);
    }
    let policy = RestartPolicy::of(desired::spec(pod));
    let (wanted, init) = match pending_init(pod, observed) {
        Some(init) => (std::slice::from_ref(init), true),
        None => (desired::mains(pod), false),
    };
    if wanted.iter().all(|spec| settled(spec, observed.containers.get(&spec.name), policy, init)) {
        return; // what is left of the pod is its status
    }
    let ready = surroundings(plan, pod, observed, now);
    for (index, spec) in wanted.iter().enumerate() {
        let first = wanted[..index].iter().all(|earlier| rests(observed.containers.get(&earlier.name)));
        let grace = desired::grace(pod);
        drive(plan, observed, spec, Drive { policy, init, ready, first, grace }, now);
    }
    for (name, container) in &observed.containers {
        prune(plan, name, container, now);
    }
}

/// The first init container that has not succeeded; none if the containers may run.
pub(crate) fn pending_init<'a>(pod: &'a Pod, observed: &Observed) -> Option<&'a ContainerSpec> {
    // A container that was ever made proves that the init containers were done, even if all trace of them is lost.
    let begun = |spec: &ContainerSpec| {
        observed.containers.get(&spec.name).is_some_and(|container| !container.attempts.is_empty())
    };
    if desired::mains(pod).iter().any(begun) {
        return None;
    }
    desired::inits(pod).iter().find(|spec| {
        let last = observed.containers.get(&spec.name).and_then(Container::last);
        last.and_then(|last| last.ended()).is_none_or(|ended| ended.code != 0)
    })
}

/// Whether a container has ended for good.
pub(crate) fn settled(
    spec: &ContainerSpec,
    container: Option<&Container>,
    policy: RestartPolicy,
    init: bool,
) -> bool {
    let last = container.and_then(Container::last).filter(|last| last.ended().is_some());
    last.is_some_and(|last| !restarts(spec, last, policy, init))
}

/// Whether an attempt that has ended is followed by another one.
pub(crate) fn restarts(spec: &ContainerSpec, last: &Attempt, policy: RestartPolicy, init: bool) -> bool {
    let by_policy = last.ended().is_some_and(|ended| policy.restarts(init, ended.code));
    by_policy || (!init && replacing(spec, last))
}

/// Whether the pod has come to ask for another image than this attempt was made from.
fn outdated(spec: &ContainerSpec, last: &Attempt) -> bool {
    last.image.replaced_by(spec.image.as_deref().unwrap_or_default())
}

/// Whether an attempt was stopped in favour of another image: it is followed by one, whatever the policy.
pub(crate) fn replacing(spec: &ContainerSpec, last: &Attempt) -> bool {
    outdated(spec, last) && last.stopping.is_some()
}

/// When a container that has exited is due to run again; `None` is at once, as for one that gets another image.
pub(crate) fn restart_due(spec: &ContainerSpec, container: &Container) -> Option<Timestamp> {
    let last = container.last().filter(|last| !outdated(spec, last))?;
    container.crash.due_after(backoff::CRASH, last.ended()?.finished)
}

/// Waits for the exit of what runs.
pub(super) fn watch(plan: &mut Plan, name: &str, container: &Container, now: Timestamp) {
    for attempt in &container.attempts {
        if attempt.running() && !attempt.watched && plan.ready(container.retry.due(), now) {
            plan.push(Step::Watch { container: name.to_owned(), attempt: attempt.number });
        }
    }
}

/// Removes attempts that nobody asks about any more, once a newer one runs: nothing else waits for that.
fn prune(plan: &mut Plan, name: &str, container: &Container, now: Timestamp) {
    let Some(last) = container.last().filter(|last| last.running()) else { return };
    let old = container.attempts.iter().find(|one| {
        one.held && one.number + KEPT_ATTEMPTS <= last.number && !one.running() && one.ended().is_some()
    });
    if let Some(old) = old
        && container.busy.is_none()
        && plan.ready(container.retry.due(), now)
    {
        plan.push(Step::Remove { container: name.to_owned(), attempt: old.number, log: true });
    }
}

/// Address and volumes; whether both stand.
fn surroundings(plan: &mut Plan, pod: &Pod, observed: &Observed, now: Timestamp) -> bool {
    let network = desired::host_network(pod) || network(plan, observed, now);
    volumes(plan, pod, observed, now) && network
}

fn network(plan: &mut Plan, observed: &Observed, now: Timestamp) -> bool {
    match &observed.network {
        Piece::Ready(_) => return true,
        Piece::Making(_) | Piece::Removing => {}
        Piece::Unknown | Piece::Gone => plan.push(Step::EnsureNetwork),
        Piece::Failed(..) => {
            if plan.ready(observed.network_retry.due(), now) {
                plan.push(Step::EnsureNetwork);
            }
        }
    }
    observed.network.standing().is_some()
}

fn volumes(plan: &mut Plan, pod: &Pod, observed: &Observed, now: Timestamp) -> bool {
    match &observed.volumes {
        Piece::Ready(volumes) if volumes.live => {
            // What is known of the pod itself is shown at once; what others know is asked for now and then.
            let changed = volumes.shown != crate::volumes::shown(pod);
            if changed || plan.ready(Some(after(volumes.fresh, REFRESH)), now) {
                plan.push(Step::EnsureVolumes);
            }
        }
        Piece::Ready(_) | Piece::Making(_) | Piece::Removing => {}
        Piece::Unknown | Piece::Gone => plan.push(Step::EnsureVolumes),
        Piece::Failed(..) => {
            if plan.ready(observed.volumes_retry.due(), now) {
                plan.push(Step::EnsureVolumes);
            }
        }
    }
    observed.volumes.standing().is_some()
}

/// What holds for all containers of a plan.
#[derive(Clone, Copy)]
struct Drive {
    policy: RestartPolicy,
    init: bool,
    /// Address and volumes stand.
    ready: bool,
    /// No container before this one in the spec is on its way up.
    first: bool,
    /// How long a program may take to stop.
    grace: Duration,
}

/// Whether a container is not on its way from an image to a running program.
fn rests(container: Option<&Container>) -> bool {
    let Some(container) = container else { return true };
    let created = container.last().is_some_and(|last| last.held && last.state == State::Created);
    let image = matches!(container.image, ImageState::Preparing { .. } | ImageState::Ready { .. });
    !created && !image && !matches!(container.busy, Some(Busy::Creating | Busy::Starting))
}

/// Brings one container nearer to running.
fn drive(plan: &mut Plan, observed: &Observed, spec: &ContainerSpec, drive: Drive, now: Timestamp) {
    static NONE: std::sync::LazyLock<Container> = std::sync::LazyLock::new(Container::default);
    let container = observed.containers.get(&spec.name).unwrap_or(&NONE);
    if container.busy.is_some() {
        return;
    }
    match container.last() {
        Some(last) if last.running() => {
            if !drive.init
                && outdated(spec, last)
                && let Some(signal) = super::down::signal(plan, last, drive.grace, now)
            {
                plan.push(Step::Signal { container: spec.name.clone(), attempt: last.number, signal });
            }
        }
        Some(last) if last.held && last.state == State::Created => {
            // Containers start in the order of the spec.
            if drive.ready && drive.first {
                plan.push(Step::Start { container: spec.name.clone(), attempt: last.number });
            }
        }
        Some(last) if last.ended().is_some() && !restarts(spec, last, drive.policy, drive.init) => {}
        // Its runtime has lost it, but something of it may still run: that goes first.
        Some(last) if last.held && last.ended().is_some_and(|ended| ended.reason == LOST_REASON) => {
            if plan.ready(container.retry.due(), now) {
                plan.push(Step::Remove { container: spec.name.clone(), attempt: last.number, log: false });
            }
        }
        Some(last) => {
            let due = restart_due(spec, container);
            if plan.ready(due, now) {
                next_attempt(plan, observed, spec, container, drive.ready, now);
            } else if container.told != Some(last.number) {
                plan.push(Step::TellCrash { container: spec.name.clone(), attempt: last.number });
            }
        }
        None => next_attempt(plan, observed, spec, container, drive.ready, now),
    }
}

/// Image, then creation.
fn next_attempt(
    plan: &mut Plan,
    observed: &Observed,
    spec: &ContainerSpec,
    container: &Container,
    ready: bool,
    now: Timestamp,
) {
    if container.trouble.is_some() && !plan.ready(container.retry.due(), now) {
        return;
    }
    let attempt = container.next_attempt();
    let asked = spec.image.clone().unwrap_or_default();
    let prepare = Step::PrepareImage { container: spec.name.clone(), attempt, asked: asked.clone() };
    match &container.image {
        ImageState::Unknown => plan.push(prepare),
        ImageState::Preparing { .. } => {}
        ImageState::Failed { asked: before, .. } if *before != asked => plan.push(prepare),
        ImageState::Failed { trouble, at, told, .. } => {
            if plan.ready(container.pull.due(), now) {
                plan.push(prepare);
            } else if !told
                && trouble.reason == "ErrImagePull"
                && plan.ready(Some(pull_delay_shown(container, *at)), now)
            {
                plan.push(Step::TellPull { container: spec.name.clone() });
            }
        }
        ImageState::Ready { attempt, prepared } if prepared.asked != asked => {
            plan.push(Step::Remove { container: spec.name.clone(), attempt: *attempt, log: false });
        }
        ImageState::Ready { attempt, prepared } => {
            if ready && free(plan, observed, prepared.engine) {
                plan.push(Step::Create { container: spec.name.clone(), attempt: *attempt });
            }
        }
    }
}

/// From when on a failed pull is told as `ImagePullBackOff`.
pub(crate) fn pull_delay_shown(container: &Container, failed: Timestamp) -> Timestamp {
    after(failed, PULL_ERROR_SHOWN.min(container.pull.delay() / 2))
}

/// Whether the runtime `engine` is not creating another container of this pod, nor will by this plan.
fn free(plan: &Plan, observed: &Observed, engine: Engine) -> bool {
    let same = |container: &Container| match &container.image {
        ImageState::Ready { prepared, .. } => prepared.engine == engine,
        _ => false,
    };
    let planned = plan.steps.iter().filter(|step| matches!(step, Step::Create { .. }));
    let mut planned = planned.filter_map(|step| observed.containers.get(step.container()?));
    let creating = |container: &Container| container.busy == Some(Busy::Creating) && same(container);
    !planned.any(same) && !observed.containers.values().any(creating)
}
