//! Tables of the status: what is told of what.

use k8s_openapi::api::core::v1::{ContainerState, PodCondition};
use serde_json::{Value, json};

use super::*;
use crate::pods::{
    observed::State,
    simulation::{BEGIN, Simulation, pod},
    step::{Class, Step, Trouble},
};

fn up(policy: &str, inits: &[&str], mains: &[&str]) -> Simulation {
    let mut simulation = Simulation::new(pod(policy, inits, mains));
    simulation.settle();
    simulation
}

fn condition(status: &PodStatus, kind: &str) -> PodCondition {
    status.conditions.iter().flatten().find(|one| one.type_ == kind).unwrap().clone()
}

/// `status reason message` of a condition.
fn said(status: &PodStatus, kind: &str) -> String {
    let one = condition(status, kind);
    let text =
        format!("{} {} {}", one.status, one.reason.unwrap_or_default(), one.message.unwrap_or_default());
    text.trim().to_owned()
}

fn state(status: &PodStatus, index: usize) -> ContainerState {
    status.container_statuses.as_ref().unwrap()[index].state.clone().unwrap()
}

fn waiting(state: ContainerState) -> String {
    let waiting = state.waiting.expect("it waits");
    format!("{} {}", waiting.reason.unwrap_or_default(), waiting.message.unwrap_or_default())
        .trim()
        .to_owned()
}

#[test]
fn a_fresh_pod_is_pending() {
    let simulation = Simulation::new(pod("Always", &[], &["a", "b"]));
    let status = simulation.status();
    assert_eq!(status.phase.as_deref(), Some("Pending"));
    assert_eq!(waiting(state(&status, 0)), "ContainerCreating");
    assert_eq!(said(&status, "Initialized"), "True");
    assert_eq!(said(&status, "PodReadyToStartContainers"), "False");
    let unready = "False ContainersNotReady containers with unready status: [a b]";
    assert_eq!(said(&status, "ContainersReady"), unready);
    assert_eq!(said(&status, "Ready"), unready);
    assert_eq!(status.host_ip.as_deref(), Some("192.0.2.1"));
    assert_eq!(status.start_time, Some(time(BEGIN)));
    assert_eq!(status.observed_generation, Some(1));
}

#[test]
fn a_running_pod_is_ready_and_has_its_address() {
    let status = up("Always", &[], &["a"]).status();
    assert_eq!(status.phase.as_deref(), Some("Running"));
    for kind in ["PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"] {
        assert_eq!(said(&status, kind), "True", "{kind}");
    }
    assert_eq!(status.pod_ip.as_deref(), Some("10.0.0.7"));
    assert_eq!(status.pod_ips.as_ref().unwrap()[0].ip, "10.0.0.7");
    let container = &status.container_statuses.as_ref().unwrap()[0];
    let told = serde_json::to_value(container).unwrap();
    let expected = json!({
        "name": "a", "image": "docker.io/library/app:1", "imageID": "sha256:1", "containerID": "naru-oci://u-a-0",
        "ready": true, "started": true, "restartCount": 0, "lastState": {},
        "state": {"running": {"startedAt": "2027-01-15T08:00:00Z"}},
    });
    assert_eq!(told, expected);
}

#[test]
fn init_containers_hold_the_pod_pending() {
    let mut simulation = up("Always", &["i", "j"], &["a"]);
    let status = simulation.status();
    assert_eq!(status.phase.as_deref(), Some("Pending"));
    assert_eq!(waiting(state(&status, 0)), "PodInitializing");
    assert_eq!(
        said(&status, "Initialized"),
        "False ContainersNotInitialized containers with incomplete status: [i j]"
    );
    let inits = status.init_container_statuses.unwrap();
    assert!(inits[0].state.as_ref().unwrap().running.is_some());
    assert_eq!(waiting(inits[1].state.clone().unwrap()), "PodInitializing");
    simulation.exit("i", 0, 0);
    simulation.settle();
    let status = simulation.status();
    assert_eq!(
        said(&status, "Initialized"),
        "False ContainersNotInitialized containers with incomplete status: [j]"
    );
    assert!(status.init_container_statuses.unwrap()[0].ready);
}

#[test]
fn a_failed_init_container_fails_a_pod_that_never_restarts() {
    let mut simulation = up("Never", &["i"], &["a"]);
    simulation.exit("i", 0, 1);
    let status = simulation.status();
    assert_eq!(status.phase.as_deref(), Some("Failed"));
    assert_eq!(said(&status, "Ready"), "False PodFailed");
    assert_eq!(waiting(state(&status, 0)), "PodInitializing");
}

#[test]
fn phases_follow_the_exits_and_the_policy() {
    let table = [
        ("Never", [0, 0], "Succeeded"),
        ("Never", [0, 1], "Failed"),
        ("OnFailure", [0, 0], "Succeeded"),
        ("OnFailure", [0, 1], "Running"),
        ("Always", [0, 0], "Running"),
    ];
    for (policy, codes, phase) in table {
        let mut simulation = up(policy, &[], &["a", "b"]);
        simulation.exit("a", 0, codes[0]);
        assert_eq!(simulation.status().phase.as_deref(), Some("Running"), "{policy}: one still runs");
        simulation.exit("b", 0, codes[1]);
        assert_eq!(simulation.status().phase.as_deref(), Some(phase), "{policy} {codes:?}");
    }
}

#[test]
fn a_completed_pod_says_so() {
    let mut simulation = up("Never", &["i"], &["a"]);
    simulation.exit("i", 0, 0);
    simulation.settle();
    simulation.exit("a", 0, 0);
    let status = simulation.status();
    assert_eq!(said(&status, "Initialized"), "True PodCompleted");
    assert_eq!(said(&status, "Ready"), "False PodCompleted");
    assert_eq!(said(&status, "ContainersReady"), "False PodCompleted");
    let terminated = state(&status, 0).terminated.unwrap();
    assert_eq!((terminated.exit_code, terminated.reason.as_deref()), (0, Some("Completed")));
}

#[test]
fn a_crash_loop_tells_its_delay_and_the_last_exit() {
    let mut simulation = up("Always", &[], &["a"]);
    simulation.exit("a", 0, 7);
    simulation.settle();
    simulation.exit("a", 1, 8);
    simulation.settle();
    let status = simulation.status();
    assert_eq!(
        waiting(state(&status, 0)),
        "CrashLoopBackOff back-off 10s restarting failed container=a pod=p_ns(u)"
    );
    let container = &status.container_statuses.as_ref().unwrap()[0];
    assert_eq!(container.restart_count, 1);
    assert_eq!(container.container_id.as_deref(), Some("naru-oci://u-a-1"));
    let last = container.last_state.as_ref().unwrap().terminated.as_ref().unwrap();
    assert_eq!((last.exit_code, last.container_id.as_deref()), (8, Some("naru-oci://u-a-1")));
    assert_eq!(status.phase.as_deref(), Some("Running"));
    simulation.pass(10);
    simulation.settle();
    let status = simulation.status();
    let container = &status.container_statuses.as_ref().unwrap()[0];
    assert_eq!(container.restart_count, 2);
    assert!(container.ready);
    assert_eq!(container.last_state.as_ref().unwrap().terminated.as_ref().unwrap().exit_code, 8);
}

#[test]
fn a_failed_pull_is_an_error_first_and_a_back_off_then() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
    simulation.turn();
    let index = simulation.pending.iter().position(|step| matches!(step, Step::PrepareImage { .. })).unwrap();
    let trouble = Trouble { reason: "ErrImagePull", message: "no such image".into(), class: Class::Lasting };
    simulation.finish(index, Some(trouble));
    assert_eq!(waiting(state(&simulation.status(), 0)), "ErrImagePull no such image");
    simulation.pass(5);
    let expected = "ImagePullBackOff Back-off pulling image \"app:1\": ErrImagePull: no such image";
    assert_eq!(waiting(state(&simulation.status(), 0)), expected);
}

#[test]
fn reasons_of_failed_creations_pass_through() {
    for reason in
        ["CreateContainerConfigError", "CreateContainerError", "InvalidImageName", "ErrImageNeverPull"]
    {
        let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
        simulation.turn();
        let wanted = if reason.starts_with("Create") { "Create" } else { "Prepare" };
        let index = loop {
            let found = simulation.pending.iter().position(|step| format!("{step:?}").starts_with(wanted));
            match found {
                Some(index) => break index,
                None => {
                    simulation.finish(0, None);
                    simulation.turn();
                }
            }
        };
        simulation.finish(index, Some(Trouble::lasting(reason, "why")));
        simulation.turn();
        simulation.pass(6);
        assert_eq!(waiting(state(&simulation.status(), 0)), format!("{reason} why"));
    }
}

#[test]
fn a_deleted_pod_ends_as_its_containers_did() {
    for (code, phase) in [(0, "Succeeded"), (143, "Failed")] {
        let mut simulation = up("Always", &[], &["a"]);
        simulation.delete();
        simulation.turn();
        assert_eq!(simulation.status().phase.as_deref(), Some("Running"));
        simulation.exit("a", 0, code);
        simulation.pending.clear();
        assert_eq!(simulation.status().phase.as_deref(), Some(phase));
    }
}

#[test]
fn a_pod_that_never_started_stays_pending_to_its_end() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
    simulation.delete();
    simulation.settle();
    assert_eq!(simulation.status().phase.as_deref(), Some("Pending"));
}

#[test]
fn what_others_wrote_is_kept() {
    let mut one = pod("Always", &[], &["a"]);
    one.status = serde_json::from_value(json!({
        "qosClass": "Burstable", "startTime": "2026-01-01T00:00:00Z",
        "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"},
            {"type": "Initialized", "status": "True", "lastTransitionTime": "2026-01-02T00:00:00Z"},
        ],
    }))
    .unwrap();
    let mut simulation = Simulation::new(one);
    simulation.settle();
    let status = simulation.status();
    assert_eq!(status.qos_class.as_deref(), Some("Burstable"));
    let told: Value = serde_json::to_value(&status).unwrap();
    assert_eq!(told["startTime"], "2026-01-01T00:00:00Z");
    assert_eq!(said(&status, "PodScheduled"), "True");
    let kept = condition(&status, "Initialized").last_transition_time.unwrap();
    assert_eq!(kept.0, "2026-01-02T00:00:00Z".parse::<Timestamp>().unwrap());
}

#[test]
fn readiness_gates_have_a_say() {
    let mut one = pod("Always", &[], &["a"]);
    one.spec.as_mut().unwrap().readiness_gates =
        Some(serde_json::from_value(json!([{"conditionType": "x.y/gate"}])).unwrap());
    let mut simulation = Simulation::new(one.clone());
    simulation.settle();
    let expected = "False ReadinessGatesNotReady corresponding condition of pod readiness gate \"x.y/gate\" does not exist.";
    assert_eq!(said(&simulation.status(), "Ready"), expected);
    assert_eq!(said(&simulation.status(), "ContainersReady"), "True");
    one.status =
        serde_json::from_value(json!({"conditions": [{"type": "x.y/gate", "status": "True"}]})).unwrap();
    let mut simulation = Simulation::new(one);
    simulation.settle();
    assert_eq!(said(&simulation.status(), "Ready"), "True");
}

#[test]
fn durations_look_like_gos() {
    let table = [(10, "10s"), (80, "1m20s"), (300, "5m0s"), (3600, "1h0m0s")];
    for (seconds, text) in table {
        assert_eq!(containers::go_duration(std::time::Duration::from_secs(seconds)), text);
    }
}

#[test]
fn termination_messages_share_their_room() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let mut simulation = up("Never", &[], &names);
    for name in names {
        simulation.exit(name, 0, 1);
        let one = simulation.observed.container(name).attempt_mut(0).unwrap();
        let State::Exited(ended) = &mut one.state else { panic!("it has ended") };
        ended.message = Some("é".repeat(2000));
    }
    for index in 0..names.len() {
        let message = state(&simulation.status(), index).terminated.unwrap().message.unwrap();
        assert_eq!(message.len(), 2048);
    }
}
