//! Tables of the plan: what follows from what.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::pods::{
    backoff::Backoff,
    desired::Desired,
    observed::{Piece, State},
    simulation::{Simulation, pod},
    step::{Class, Signal, Trouble},
};

fn names(steps: &[&Step]) -> Vec<String> {
    let name = |step: &&Step| {
        let text = format!("{step:?}");
        let kind = text.split([' ', '{']).next().unwrap_or_default().to_owned();
        match step {
            Step::Create { container, attempt }
            | Step::Start { container, attempt }
            | Step::PrepareImage { container, attempt, .. }
            | Step::Remove { container, attempt, .. } => format!("{kind} {container}-{attempt}"),
            Step::Signal { container, signal, .. } => format!("{kind} {container} {signal:?}"),
            Step::TellCrash { container, .. }
            | Step::TellPull { container }
            | Step::AbortImage { container } => {
                format!("{kind} {container}")
            }
            _ => kind,
        }
    };
    steps.iter().map(name).collect()
}

fn up(policy: &str, inits: &[&str], mains: &[&str]) -> Simulation {
    let mut simulation = Simulation::new(pod(policy, inits, mains));
    simulation.settle();
    simulation
}

fn trouble(reason: &'static str, class: Class) -> Option<Trouble> {
    Some(Trouble { reason, message: "it failed".into(), class })
}

/// Ends the pending step of this kind with trouble.
fn fail(simulation: &mut Simulation, kind: &str, reason: &'static str, class: Class) {
    let index = simulation.pending.iter().position(|step| format!("{step:?}").starts_with(kind)).unwrap();
    simulation.finish(index, trouble(reason, class));
}

#[test]
fn what_is_independent_begins_at_once() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a", "b"]));
    simulation.turn();
    let expected = ["EnsureNetwork", "EnsureVolumes", "PrepareImage a-0", "PrepareImage b-0"];
    assert_eq!(names(&simulation.since(0)), expected);
}

#[test]
fn programs_start_in_the_order_of_the_spec() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a", "b"]));
    simulation.turn();
    // The image of the second is there long before that of the first.
    while let Some(index) = simulation.pending.iter().position(|step| step.container() != Some("a")) {
        simulation.finish(index, None);
        simulation.turn();
    }
    assert_eq!(names(&simulation.since(4)), ["Create b-0"], "created, but not started");
    simulation.settle();
    assert_eq!(names(&simulation.since(5)), ["Create a-0", "Start a-0", "Start b-0"]);
}

#[test]
fn a_container_in_trouble_does_not_hold_up_those_after_it() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a", "b"]));
    simulation.turn();
    fail(&mut simulation, "PrepareImage", "ErrImagePull", Class::Lasting);
    simulation.settle();
    assert_eq!(names(&simulation.since(4)), ["Create b-0", "Start b-0"]);
}

#[test]
fn init_containers_run_one_after_the_other_and_then_the_rest() {
    let mut simulation = up("Always", &["i", "j"], &["a"]);
    assert_eq!(names(&simulation.since(0))[2..], ["PrepareImage i-0", "Create i-0", "Start i-0"]);
    let mark = simulation.begun.len();
    simulation.exit("i", 0, 0);
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["PrepareImage j-0", "Create j-0", "Start j-0"]);
    let mark = simulation.begun.len();
    simulation.exit("j", 0, 0);
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["PrepareImage a-0", "Create a-0", "Start a-0"]);
}

#[test]
fn restarts_follow_the_policy() {
    let table = [
        ("Always", 0, true),
        ("Always", 1, true),
        ("OnFailure", 0, false),
        ("OnFailure", 1, true),
        ("Never", 0, false),
        ("Never", 1, false),
    ];
    for (policy, code, restarts) in table {
        let mut simulation = up(policy, &[], &["a", "b"]);
        let mark = simulation.begun.len();
        simulation.exit("a", 0, code);
        simulation.settle();
        let expected: &[&str] = if restarts { &["PrepareImage a-1", "Create a-1", "Start a-1"] } else { &[] };
        assert_eq!(names(&simulation.since(mark)), expected, "{policy} {code}");
    }
}

#[test]
fn a_failed_init_container_ends_a_pod_that_never_restarts() {
    let mut simulation = up("Never", &["i"], &["a"]);
    simulation.exit("i", 0, 3);
    let mark = simulation.begun.len();
    simulation.settle();
    // The phase is Failed, so that everything is given back.
    let expected = ["Remove i-0", "DetachNetwork", "RemoveVolumes", "RemoveSandbox"];
    assert_eq!(names(&simulation.since(mark)), expected);
}

#[test]
fn a_crash_loop_is_delayed_and_told_once_each_time() {
    let mut simulation = up("Always", &[], &["a"]);
    simulation.exit("a", 0, 1);
    simulation.settle();
    let mark = simulation.begun.len();
    simulation.exit("a", 1, 1);
    let rest = simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["TellCrash a"]);
    let wake = rest.wake.unwrap();
    simulation.pass(9);
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["TellCrash a"]);
    simulation.now = wake;
    simulation.settle();
    let expected = ["TellCrash a", "PrepareImage a-2", "Create a-2", "Start a-2", "Remove a-0"];
    assert_eq!(names(&simulation.since(mark)), expected, "the newest two attempts are kept");
}

#[test]
fn a_failed_pull_is_tried_again_later() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
    simulation.turn();
    fail(&mut simulation, "PrepareImage", "ErrImagePull", Class::Lasting);
    let mark = simulation.begun.len();
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), Vec::<String>::new());
    simulation.pass(5);
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["TellPull a"]);
    simulation.pass(5);
    simulation.turn();
    assert_eq!(names(&simulation.since(mark)), ["TellPull a", "PrepareImage a-0"]);
}

#[test]
fn a_failed_creation_prepares_the_image_anew() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
    simulation.turn();
    while !simulation.pending.iter().any(|step| matches!(step, Step::Create { .. })) {
        simulation.finish(0, None);
        simulation.turn();
    }
    fail(&mut simulation, "Create", "CreateContainerConfigError", Class::Passing);
    let mark = simulation.begun.len();
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), Vec::<String>::new());
    simulation.pass(1);
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["PrepareImage a-0", "Create a-0", "Start a-0"]);
}

#[test]
fn a_program_that_cannot_start_is_a_crash() {
    let mut simulation = Simulation::new(pod("Never", &[], &["a"]));
    simulation.turn();
    while !simulation.pending.iter().any(|step| matches!(step, Step::Start { .. })) {
        simulation.finish(0, None);
        simulation.turn();
    }
    fail(&mut simulation, "Start", "RunContainerError", Class::Lasting);
    let status = simulation.status();
    assert_eq!(status.phase.as_deref(), Some("Failed"));
    let state = status.container_statuses.unwrap()[0].state.clone().unwrap().terminated.unwrap();
    assert_eq!((state.exit_code, state.reason.as_deref()), (128, Some("StartError")));
}

#[test]
fn a_deletion_stops_kills_and_gives_back_in_order() {
    let mut simulation = up("Always", &[], &["a"]);
    simulation.delete();
    let mark = simulation.begun.len();
    simulation.turn();
    assert_eq!(names(&simulation.since(mark)), ["Signal a Stop"]);
    simulation.pending.clear(); // the program does not listen
    simulation.pass(29);
    simulation.turn();
    assert_eq!(names(&simulation.since(mark)).len(), 1);
    simulation.pass(1);
    let rest = {
        simulation.turn();
        assert_eq!(names(&simulation.since(mark)), ["Signal a Stop", "Signal a Kill"]);
        simulation.settle()
    };
    let expected =
        ["Signal a Stop", "Signal a Kill", "Remove a-0", "DetachNetwork", "RemoveVolumes", "RemoveSandbox"];
    assert_eq!(names(&simulation.since(mark)), expected);
    assert_eq!(rest.end, End::Delete);
}

#[test]
fn a_shorter_grace_period_counts_at_once() {
    let mut simulation = up("Always", &[], &["a"]);
    simulation.delete();
    simulation.turn();
    simulation.pending.clear();
    simulation.pass(5);
    if let Desired::Pod(pod) = &mut simulation.desired {
        Arc::make_mut(pod).metadata.deletion_grace_period_seconds = Some(0);
    }
    let mark = simulation.begun.len();
    simulation.turn();
    assert_eq!(names(&simulation.since(mark)), ["Signal a Kill"]);
}

#[test]
fn a_pull_is_given_up_when_the_pod_goes() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
    simulation.turn();
    simulation.pending.retain(|step| matches!(step, Step::PrepareImage { .. }));
    simulation.observed.network = Piece::Unknown;
    simulation.observed.volumes = Piece::Unknown;
    simulation.delete();
    let mark = simulation.begun.len();
    simulation.settle();
    let expected = ["AbortImage a", "Remove a-0", "DetachNetwork", "RemoveVolumes", "RemoveSandbox"];
    assert_eq!(names(&simulation.since(mark)), expected);
}

#[test]
fn a_pod_that_is_over_keeps_its_files_until_it_is_deleted() {
    let mut simulation = up("Never", &[], &["a"]);
    simulation.exit("a", 0, 0);
    let rest = simulation.settle();
    assert!(simulation.observed.terminal);
    assert_eq!(rest.end, End::None);
    assert!(!simulation.begun.contains(&Step::RemoveFiles));
    simulation.delete();
    assert_eq!(simulation.settle().end, End::Delete);
}

#[test]
fn an_overdue_pod_fails_once_its_containers_have_stopped() {
    let mut one = pod("Always", &[], &["a"]);
    one.spec.as_mut().unwrap().active_deadline_seconds = Some(60);
    let mut simulation = Simulation::new(one);
    let rest = simulation.settle();
    assert_eq!(rest.wake, Some(crate::clock::after(simulation.now, std::time::Duration::from_secs(30))));
    let mark = simulation.begun.len();
    simulation.pass(60);
    simulation.turn();
    assert_eq!(names(&simulation.since(mark)), ["TellDeadline", "Signal a Stop"]);
    assert_eq!(simulation.status().phase.as_deref(), Some("Running"));
    simulation.finish(0, None);
    let status = simulation.status();
    assert_eq!(status.phase.as_deref(), Some("Failed"));
    assert_eq!(status.reason.as_deref(), Some("DeadlineExceeded"));
    simulation.settle();
    assert!(simulation.observed.terminal);
}

#[test]
fn volumes_that_follow_objects_are_refreshed() {
    let mut simulation = up("Always", &[], &["a"]);
    let mark = simulation.begun.len();
    simulation.pass(29);
    simulation.turn();
    assert!(simulation.since(mark).is_empty());
    simulation.pass(1);
    simulation.turn();
    assert_eq!(names(&simulation.since(mark)), ["EnsureVolumes"]);
    fail(&mut simulation, "EnsureVolumes", "ContainerCreating", Class::Passing);
    simulation.turn();
    let status = simulation.status();
    assert_eq!(status.phase.as_deref(), Some("Running"), "a failed refresh disturbs nothing");
}

#[test]
fn what_an_earlier_agent_left_half_done_is_finished() {
    let mut simulation = up("Always", &[], &["a", "b"]);
    // As after a restart: both are created, none is watched.
    for name in ["a", "b"] {
        let attempt = simulation.observed.container(name).attempt_mut(0).unwrap();
        attempt.watched = false;
        attempt.state = State::Created;
    }
    let steps = plan(&simulation.desired, &simulation.observed, simulation.now).steps;
    assert_eq!(names(&steps.iter().collect::<Vec<_>>()), ["Start a-0"]);
}

#[test]
fn what_a_runtime_has_lost_is_removed_before_the_next_attempt() {
    let mut simulation = up("Always", &[], &["a"]);
    simulation.exit("a", 0, 137);
    let attempt = simulation.observed.container("a").attempt_mut(0).unwrap();
    attempt.state = State::Exited(crate::pods::progress::lost(None, simulation.now));
    let mark = simulation.begun.len();
    simulation.settle();
    let expected = ["Remove a-0", "PrepareImage a-1", "Create a-1", "Start a-1"];
    assert_eq!(names(&simulation.since(mark)), expected);
}

#[test]
fn an_orphan_is_stopped_and_removed_without_the_api() {
    let mut simulation = up("Always", &[], &["a"]);
    simulation.desired = Desired::Gone(None);
    let mark = simulation.begun.len();
    let rest = simulation.settle();
    let expected =
        ["Signal a Stop", "Remove a-0", "DetachNetwork", "RemoveVolumes", "RemoveSandbox", "RemoveFiles"];
    assert_eq!(names(&simulation.since(mark)), expected);
    assert_eq!(rest.end, End::Forget);
    assert!(simulation.begun.iter().any(|step| matches!(step, Step::Signal { signal: Signal::Stop, .. })));
}

#[test]
fn a_host_network_pod_needs_no_address() {
    let mut one = pod("Always", &[], &["a"]);
    one.spec.as_mut().unwrap().host_network = Some(true);
    one.metadata.annotations = Some(serde_json::from_value(json!({})).unwrap());
    let mut simulation = Simulation::new(one);
    simulation.turn();
    assert_eq!(names(&simulation.since(0)), ["EnsureVolumes", "PrepareImage a-0"]);
}

#[test]
fn another_image_replaces_a_running_container_whatever_the_policy() {
    for policy in ["Always", "OnFailure", "Never"] {
        let mut simulation = up(policy, &[], &["a", "b"]);
        let mark = simulation.begun.len();
        simulation.set_image("a", "app:2");
        simulation.turn();
        simulation.finish(0, None);
        let between = simulation.status();
        assert_eq!(between.phase.as_deref(), Some("Running"), "{policy}");
        assert!(between.container_statuses.unwrap()[0].state.as_ref().unwrap().waiting.is_some(), "{policy}");
        simulation.settle();
        let expected = ["Signal a Stop", "PrepareImage a-1", "Create a-1", "Start a-1"];
        assert_eq!(names(&simulation.since(mark)), expected, "{policy}");
        let status = simulation.status();
        assert_eq!(status.phase.as_deref(), Some("Running"), "{policy}");
        assert_eq!(status.container_statuses.unwrap()[0].restart_count, 1);
        // It is no crash: the first crash of the new image is not delayed.
        assert_eq!(simulation.observed.containers["a"].crash, Backoff::default());
    }
    // One that has ended for good stays so.
    let mut simulation = up("Never", &[], &["a", "b"]);
    simulation.exit("a", 0, 0);
    simulation.settle();
    let mark = simulation.begun.len();
    simulation.set_image("a", "app:2");
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), Vec::<String>::new());
}

#[test]
fn another_image_ends_the_delays_of_the_one_before_it() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
    simulation.turn();
    fail(&mut simulation, "PrepareImage", "ErrImagePull", Class::Lasting);
    simulation.settle();
    let mark = simulation.begun.len();
    simulation.set_image("a", "app:2");
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["PrepareImage a-0", "Create a-0", "Start a-0"]);

    simulation.exit("a", 0, 1);
    simulation.settle();
    simulation.exit("a", 1, 1);
    simulation.settle();
    let mark = simulation.begun.len();
    simulation.set_image("a", "app:3");
    simulation.settle();
    let expected = ["PrepareImage a-2", "Create a-2", "Start a-2", "Remove a-0"];
    assert_eq!(names(&simulation.since(mark)), expected);
}

#[test]
fn an_image_that_was_prepared_in_vain_is_given_back() {
    let mut simulation = Simulation::new(pod("Always", &[], &["a"]));
    simulation.turn();
    let image = |step: &Step| matches!(step, Step::PrepareImage { .. });
    let index = simulation.pending.iter().position(image).unwrap();
    simulation.finish(index, None);
    simulation.set_image("a", "app:2");
    let mark = simulation.begun.len();
    simulation.settle();
    let expected = ["Remove a-0", "PrepareImage a-0", "Create a-0", "Start a-0"];
    assert_eq!(names(&simulation.since(mark)), expected);
}

#[test]
fn volumes_show_the_pods_new_labels_at_once() {
    let mut simulation = up("Always", &[], &["a"]);
    let mark = simulation.begun.len();
    simulation.set_label("a", "b");
    simulation.settle();
    assert_eq!(names(&simulation.since(mark)), ["EnsureVolumes"]);
}
