//! The way down: containers, then the address, the volumes, the sandbox; at last the status, the API, the files.

use std::time::Duration;

use jiff::Timestamp;

use super::{End, Plan, up};
use crate::{
    clock::after,
    pods::{
        desired::Desired,
        observed::{Attempt, Container, ImageState, Observed, Piece},
        step::{Signal, Step},
    },
};

/// How long after a SIGKILL the next one is sent.
const KILL_AGAIN: Duration = Duration::from_secs(5);

/// Plans a pod that is being deleted, or that the API does not have any more.
pub(super) fn plan(plan: &mut Plan, desired: &Desired, observed: &Observed, now: Timestamp) {
    stop(plan, desired.grace(), observed, now);
    if !release(plan, observed, now) {
        return;
    }
    if matches!(desired, Desired::Pod(_)) {
        plan.end = End::Delete;
        return;
    }
    match observed.files {
        Piece::Gone => plan.end = End::Forget,
        Piece::Removing => {}
        _ => remove(plan, observed, Step::RemoveFiles, now),
    }
}

/// Plans a pod whose phase is final: all is given back but its directory and its logs.
pub(super) fn over(plan: &mut Plan, grace: Duration, observed: &Observed, now: Timestamp) {
    stop(plan, grace, observed, now);
    release(plan, observed, now);
}

/// Stops every container.
pub(super) fn stop(plan: &mut Plan, grace: Duration, observed: &Observed, now: Timestamp) {
    for (name, container) in &observed.containers {
        up::watch(plan, name, container, now);
        for attempt in container.attempts.iter().filter(|attempt| attempt.running()) {
            if let Some(signal) = signal(plan, attempt, grace, now) {
                plan.push(Step::Signal { container: name.clone(), attempt: attempt.number, signal });
            }
        }
        if matches!(container.image, ImageState::Preparing { .. }) {
            plan.push(Step::AbortImage { container: name.clone() });
        }
    }
}

/// The signal that a running container gets now.
pub(super) fn signal(plan: &mut Plan, attempt: &Attempt, grace: Duration, now: Timestamp) -> Option<Signal> {
    let Some(stopping) = attempt.stopping else { return Some(Signal::Stop) };
    let deadline = attempt.killed.map_or(after(stopping, grace), |killed| after(killed, KILL_AGAIN));
    plan.ready(Some(deadline), now).then_some(Signal::Kill)
}

/// Removes stopped containers, then what the pod holds beside them; whether all of it is gone.
fn release(plan: &mut Plan, observed: &Observed, now: Timestamp) -> bool {
    for (name, container) in &observed.containers {
        if let Some(attempt) = removable(container)
            && container.busy.is_none()
            && plan.ready(container.retry.due(), now)
        {
            plan.push(Step::Remove { container: name.clone(), attempt, log: false });
        }
    }
    if !observed.containers.values().all(Container::cleared)
        || observed.volumes.busy()
        || observed.network.busy()
    {
        return false;
    }
    if observed.network != Piece::Gone {
        remove(plan, observed, Step::DetachNetwork, now);
    } else if observed.volumes != Piece::Gone {
        remove(plan, observed, Step::RemoveVolumes, now);
    } else if observed.sandbox.busy() {
        return false;
    } else if observed.sandbox != Piece::Gone {
        remove(plan, observed, Step::RemoveSandbox, now);
    } else {
        return true;
    }
    false
}

/// An attempt that can be removed now, or an image that was prepared in vain.
fn removable(container: &Container) -> Option<u32> {
    let prepared = match container.image {
        ImageState::Ready { attempt, .. } => Some(attempt),
        _ => None,
    };
    let stopped = container.attempts.iter().find(|one| one.held && !one.running()).map(|one| one.number);
    stopped.or(prepared).or(container.leftover)
}

fn remove(plan: &mut Plan, observed: &Observed, step: Step, now: Timestamp) {
    if plan.ready(observed.removal_retry.due(), now) {
        plan.push(step);
    }
}
