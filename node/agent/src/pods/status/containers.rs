//! The statuses of a pod's containers.

use k8s_openapi::api::core::v1::{
    Container as ContainerSpec, ContainerState, ContainerStateRunning, ContainerStateTerminated,
    ContainerStateWaiting, ContainerStatus,
};

use super::{Input, time};
use crate::pods::{
    desired::{self, RestartPolicy},
    ids,
    observed::{Attempt, Container, ImageState, State},
    plan::{Way, up},
};

/// Bytes of the termination messages of all containers of a pod.
const MESSAGES_MAX: usize = 12 << 10;

/// The statuses of `specs`, in their order. `before` is what the API has.
pub(super) fn statuses(
    input: Input<'_>,
    specs: &[ContainerSpec],
    init: bool,
    before: Option<&[ContainerStatus]>,
) -> Vec<ContainerStatus> {
    let before = before.unwrap_or_default();
    let old = |name: &str| before.iter().find(|status| status.name == name);
    specs.iter().map(|spec| status(input, spec, init, old(&spec.name))).collect()
}

fn status(
    input: Input<'_>,
    spec: &ContainerSpec,
    init: bool,
    before: Option<&ContainerStatus>,
) -> ContainerStatus {
    let empty = Container::default();
    let container = input.observed.containers.get(&spec.name).unwrap_or(&empty);
    let last = container.last();
    let (state, earlier) = state(input, spec, container, init);
    let kept = || before.and_then(|status| status.last_state.clone());
    let room = message_room(input);
    let last_state = earlier.map(|earlier| terminated(earlier, room)).or_else(kept).unwrap_or_default();
    let running = last.is_some_and(Attempt::running);
    let image = last.map(|last| &last.image);
    ContainerStatus {
        container_id: last.map(|last| ids::status_id(last.engine, &last.id)),
        image: image.map_or_else(|| spec.image.clone().unwrap_or_default(), |image| image.name.clone()),
        image_id: image.map_or_else(String::new, |image| image.digest.clone()),
        last_state: Some(last_state),
        name: spec.name.clone(),
        ready: if init { done(container) } else { running },
        restart_count: i32::try_from(last.map_or(0, |last| last.number)).unwrap_or(i32::MAX),
        started: Some(running),
        state: Some(state),
        ..ContainerStatus::default()
    }
}

fn done(container: &Container) -> bool {
    container.last().and_then(Attempt::ended).is_some_and(|ended| ended.code == 0)
}

/// The present state, and the attempt that `lastState` tells about.
fn state<'a>(
    input: Input<'_>,
    spec: &ContainerSpec,
    container: &'a Container,
    init: bool,
) -> (ContainerState, Option<&'a Attempt>) {
    let Some(last) = container.last() else { return (waiting(input, spec, container, init), None) };
    match &last.state {
        State::Running { since } => {
            let running = ContainerStateRunning { started_at: Some(time(*since)) };
            (ContainerState { running: Some(running), ..Default::default() }, container.previous())
        }
        State::Created => (waiting(input, spec, container, init), container.previous()),
        State::Exited(_) => match delayed(input, spec, container, last, init) {
            Some(state) => (state, Some(last)),
            None => (terminated(last, message_room(input)), container.previous()),
        },
    }
}

/// The waiting state of a container that has exited and shall run again, once there is a reason to wait.
fn delayed(
    input: Input<'_>,
    spec: &ContainerSpec,
    container: &Container,
    last: &Attempt,
    init: bool,
) -> Option<ContainerState> {
    let policy = RestartPolicy::of(desired::spec(input.pod));
    if input.way != Way::Up || !up::restarts(spec, last, policy, init) {
        return None;
    }
    if up::restart_due(spec, container).is_some_and(|due| due > input.now) {
        let message = format!(
            "back-off {} restarting failed container={} pod={}",
            go_duration(container.crash.delay()),
            spec.name,
            desired::title(input.pod)
        );
        return Some(wait("CrashLoopBackOff", Some(message)));
    }
    let replacing = !init && up::replacing(spec, last);
    // Told as terminated, it could never be told as running again where the policy does not restart it.
    failure(input, spec, container).or_else(|| replacing.then(|| wait("ContainerCreating", None)))
}

/// Why the next attempt cannot be made or started.
fn failure(input: Input<'_>, spec: &ContainerSpec, container: &Container) -> Option<ContainerState> {
    if let ImageState::Failed { trouble, at, .. } = &container.image {
        let shown = up::pull_delay_shown(container, *at);
        if trouble.reason != "ErrImagePull" || input.now < shown {
            return Some(wait(trouble.reason, Some(trouble.message.clone())));
        }
        let image = spec.image.as_deref().unwrap_or_default();
        let message = format!("Back-off pulling image {image:?}: ErrImagePull: {}", trouble.message);
        return Some(wait("ImagePullBackOff", Some(message)));
    }
    let trouble = container.trouble.as_ref()?;
    Some(wait(trouble.reason, Some(trouble.message.clone())))
}

fn waiting(input: Input<'_>, spec: &ContainerSpec, container: &Container, init: bool) -> ContainerState {
    if let Some(state) = failure(input, spec, container) {
        return state;
    }
    let initialising =
        !desired::inits(input.pod).is_empty() && up::pending_init(input.pod, input.observed).is_some();
    wait(if init || initialising { "PodInitializing" } else { "ContainerCreating" }, None)
}

fn wait(reason: &str, message: Option<String>) -> ContainerState {
    let waiting = ContainerStateWaiting { message, reason: Some(reason.into()) };
    ContainerState { waiting: Some(waiting), ..Default::default() }
}

/// How many bytes of its termination message each container tells: together they have a bound, too (kubelet's).
fn message_room(input: Input<'_>) -> usize {
    MESSAGES_MAX / (desired::inits(input.pod).len() + desired::mains(input.pod).len()).max(1)
}

fn terminated(attempt: &Attempt, room: usize) -> ContainerState {
    let Some(ended) = attempt.ended() else { return ContainerState::default() };
    let message = ended.message.as_deref().filter(|message| !message.is_empty());
    let terminated = ContainerStateTerminated {
        container_id: Some(ids::status_id(attempt.engine, &attempt.id)),
        exit_code: ended.code,
        finished_at: Some(time(ended.finished)),
        message: message.map(|message| message[..message.floor_char_boundary(room)].to_owned()),
        reason: Some(ended.reason.clone()),
        signal: None,
        started_at: Some(time(ended.started.unwrap_or(ended.finished))),
    };
    ContainerState { terminated: Some(terminated), ..Default::default() }
}

/// A duration as Go prints it: `10s`, `1m20s`, `5m0s`.
pub(crate) fn go_duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}
