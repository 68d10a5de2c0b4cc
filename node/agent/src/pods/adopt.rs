//! Finding again what an earlier run of the agent left: containers in the runtimes, and what the API was last told.
//!
//! In: a pod (or none), the runtimes' lists. Out: the [`Observed`] a worker starts from. Attempts known only from the
//! API's status are containers that no runtime holds any more, for example after the machine's restart.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Pod};
use naru_runtime::{State as RuntimeState, TaskStatus};

use super::{
    apply, desired, ids,
    ids::Engine,
    observed::{Attempt, Ended, ImageName, Observed, State},
    progress::lost,
    record::Record,
};
use crate::{pods::container_named, volumes::PodDir};

/// A container as a runtime lists it, with the runtime it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its runtime.
    pub(super) engine: Engine,
    /// What the runtime says.
    pub(super) status: TaskStatus,
}

/// What is known of a pod. Blocking: reads the attempts' records.
pub(super) fn observed(
    uid: &str,
    pod: Option<&Pod>,
    found: Vec<Found>,
    dir: &PodDir,
    now: Timestamp,
) -> Observed {
    let mut observed = Observed::new(uid, now);
    for found in found {
        if let Some((name, number)) = ids::parse(uid, &found.status.id) {
            let attempt = attempt(name, number, &found, pod, dir);
            let name = name.to_owned();
            observed.container(&name).attempts.push(attempt);
        }
    }
    if let Some(status) = pod.and_then(|pod| pod.status.as_ref()) {
        observed.started = status.start_time.as_ref().map_or(now, |time| time.0);
        let statuses = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
        for status in statuses {
            remember(&mut observed, uid, status, now);
        }
    }
    observed.terminal = pod.is_some_and(|pod| desired::terminal_phase(pod).is_some());
    for container in observed.containers.values_mut() {
        container.attempts.sort_by_key(|attempt| attempt.number);
    }
    observed
}

fn attempt(name: &str, number: u32, found: &Found, pod: Option<&Pod>, dir: &PodDir) -> Attempt {
    let container = pod.and_then(|pod| container_named(pod, name));
    let state = match &found.status.state {
        RuntimeState::Created => State::Created,
        RuntimeState::Running { started_at, .. } => State::Running { since: *started_at },
        RuntimeState::Exited(exit) => {
            State::Exited(apply::ended(exit.clone(), dir, name, number, container, None))
        }
    };
    Attempt {
        number,
        id: found.status.id.clone(),
        engine: found.engine,
        image: Record::read(dir, name, number).image_name(),
        state,
        held: true,
        watched: false,
        stopping: None,
        killed: None,
    }
}

/// Adds what the API was told about a container and no runtime knows any more.
fn remember(observed: &mut Observed, uid: &str, status: &ContainerStatus, now: Timestamp) {
    let told = status.container_id.as_deref().and_then(ids::from_status);
    let Some((engine, id)) = told else { return };
    let Some((name, number)) = ids::parse(uid, &id) else { return };
    if name != status.name {
        return;
    }
    let image =
        ImageName { name: status.image.clone(), digest: status.image_id.clone(), asked: String::new() };
    let container = observed.container(&status.name);
    container.next = container.next.max(number + 1);
    let gone = |id, number, engine, ended| Attempt {
        number,
        id,
        engine,
        image: image.clone(),
        state: State::Exited(ended),
        held: false,
        watched: false,
        stopping: None,
        killed: None,
    };
    for terminated in [&status.last_state, &status.state].into_iter().flatten().filter_map(terminated) {
        let Some((engine, id)) = terminated.container_id.as_deref().and_then(ids::from_status) else {
            continue;
        };
        let Some((_, number)) = ids::parse(uid, &id) else { continue };
        if container.attempt(number).is_none() {
            container.attempts.push(gone(id, number, engine, ended(terminated, now)));
        }
    }
    // The API was told of a container that is neither in a runtime nor known to have ended.
    if container.attempt(number).is_none() {
        let running = status.state.as_ref().and_then(|state| state.running.as_ref());
        let started = running.and_then(|running| running.started_at.as_ref()).map(|time| time.0);
        container.attempts.push(gone(id, number, engine, lost(started, now)));
    }
}

fn terminated(state: &ContainerState) -> Option<&ContainerStateTerminated> {
    state.terminated.as_ref()
}

fn ended(terminated: &ContainerStateTerminated, now: Timestamp) -> Ended {
    Ended {
        code: terminated.exit_code,
        reason: terminated.reason.clone().unwrap_or_else(|| "Error".into()),
        message: terminated.message.clone(),
        started: terminated.started_at.as_ref().map(|time| time.0),
        finished: terminated.finished_at.as_ref().map_or(now, |time| time.0),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use naru_runtime::{Exit, SandboxId};
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn found(name: &str, number: u32, state: RuntimeState) -> Found {
        let id = ids::container_id("u", name, number);
        Found { engine: Engine::Oci, status: TaskStatus { id, sandbox: SandboxId("u".into()), state } }
    }

    fn exited(code: i32) -> RuntimeState {
        RuntimeState::Exited(Exit {
            code,
            signal: None,
            oom_killed: false,
            message: None,
            started_at: None,
            finished_at: NOW,
        })
    }

    fn pod(statuses: serde_json::Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
            "spec": {"containers": [{"name": "a"}]},
            "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z", "containerStatuses": statuses},
        }))
        .unwrap()
    }

    fn adopt(pod: Option<&Pod>, list: Vec<Found>) -> Observed {
        observed("u", pod, list, &PodDir::new(Path::new("/nonexistent"), "u"), NOW)
    }

    #[test]
    fn attempts_come_from_the_runtimes() {
        let list = vec![
            found("a", 4, RuntimeState::Running { started_at: NOW, pid: None }),
            found("a", 3, exited(1)),
            found("b", 0, RuntimeState::Created),
        ];
        let observed = adopt(None, list);
        let numbers: Vec<u32> = observed.containers["a"].attempts.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [3, 4]);
        assert!(observed.containers["a"].last().unwrap().running());
        assert_eq!(observed.containers["a"].next_attempt(), 5);
        assert_eq!(observed.containers["b"].last().unwrap().state, State::Created);
    }

    #[test]
    fn what_no_runtime_holds_is_lost_but_counted() {
        let pod = pod(json!([{
            "name": "a", "containerID": "naru-oci://u-a-7", "image": "i", "imageID": "sha256:1", "ready": true,
            "restartCount": 7, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
            "lastState": {"terminated": {"exitCode": 3, "containerID": "naru-oci://u-a-6"}},
        }]));
        let observed = adopt(Some(&pod), vec![]);
        let container = &observed.containers["a"];
        let codes: Vec<i32> = container.attempts.iter().map(|one| one.ended().unwrap().code).collect();
        assert_eq!(codes, [3, 137]);
        assert_eq!(container.last().unwrap().ended().unwrap().reason, "ContainerStatusUnknown");
        assert_eq!(container.next_attempt(), 8);
        assert!(container.attempts.iter().all(|one| !one.held));
        assert_eq!(observed.started, "2026-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn the_runtime_is_believed_before_the_status() {
        let pod = pod(json!([{
            "name": "a", "containerID": "naru-oci://u-a-1", "image": "i", "imageID": "x", "ready": true,
            "restartCount": 1, "state": {"running": {}}, "lastState": {},
        }]));
        let observed = adopt(Some(&pod), vec![found("a", 1, exited(0)), found("a", 2, exited(5))]);
        let codes: Vec<i32> =
            observed.containers["a"].attempts.iter().map(|one| one.ended().unwrap().code).collect();
        assert_eq!(codes, [0, 5]);
        assert_eq!(observed.containers["a"].next_attempt(), 3);
    }
}
