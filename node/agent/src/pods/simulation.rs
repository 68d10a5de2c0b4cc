//! A simulated node for the plan: steps are carried out in any order, fail at times, containers exit by themselves, time
//! passes, and whatever happens the plan must come to rest at the right place.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use naru_image::{Content, Image, ImageConfig};
use naru_network::Attachment;
use proptest::prelude::*;
use serde_json::json;

use super::{
    desired::Desired,
    ids::Engine,
    observed::{Ended, Observed, State},
    plan::{End, Plan, plan},
    status,
    step::{Class, Done, Prepared, Step, Trouble},
};
use crate::clock::after;

/// The time at which simulations begin.
pub(super) const BEGIN: Timestamp = Timestamp::constant(1_800_000_000, 0);
/// Turns in which a pod must come to rest when nothing fails.
const TURNS: usize = 2000;

/// A pod with containers of these names.
pub(super) fn pod(policy: &str, inits: &[&str], mains: &[&str]) -> Pod {
    let list = |names: &[&str]| -> Vec<_> {
        names.iter().map(|name| json!({"name": name, "image": "app:1"})).collect()
    };
    serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "ns", "uid": "u", "generation": 1},
        "spec": {
            "restartPolicy": policy, "terminationGracePeriodSeconds": 30,
            "initContainers": list(inits), "containers": list(mains),
        },
    }))
    .unwrap()
}

/// An image that is ready.
pub(super) fn prepared() -> Prepared {
    let image = Image {
        digest: "sha256:1".into(),
        names: vec!["docker.io/library/app:1".into()],
        imported: true,
        size_bytes: 1,
        config: ImageConfig::default(),
        content: Content::Oci { layers: vec![] },
    };
    Prepared {
        image: Arc::new(image),
        asked: "app:1".into(),
        name: "docker.io/library/app:1".into(),
        engine: Engine::Oci,
        rootfs: Some("/rootfs".into()),
    }
}

/// How a container ended.
pub(super) fn ended(code: i32, finished: Timestamp) -> Ended {
    let reason = if code == 0 { "Completed" } else { "Error" };
    Ended { code, reason: reason.into(), message: None, started: None, finished }
}

/// A node with one pod.
pub(super) struct Simulation {
    pub(super) desired: Desired,
    pub(super) observed: Observed,
    pub(super) now: Timestamp,
    /// Steps that have begun and not ended, without watches.
    pub(super) pending: Vec<Step>,
    watches: Vec<Step>,
    /// Containers that the runtime holds, and those that run.
    held: BTreeSet<(String, u32)>,
    running: BTreeSet<(String, u32)>,
    /// Address, volumes.
    network: bool,
    volumes: bool,
    /// Every step that was ever begun.
    pub(super) begun: Vec<Step>,
}

impl Simulation {
    pub(super) fn new(pod: Pod) -> Simulation {
        Simulation {
            desired: Desired::Pod(Arc::new(pod)),
            observed: Observed::new("u", BEGIN),
            now: BEGIN,
            pending: Vec::new(),
            watches: Vec::new(),
            held: BTreeSet::new(),
            running: BTreeSet::new(),
            network: false,
            volumes: false,
            begun: Vec::new(),
        }
    }

    pub(super) fn status(&self) -> PodStatus {
        status::status(&self.desired, &self.observed, [192, 0, 2, 1].into(), self.now).unwrap()
    }

    /// The API has the pod's present status; a final phase is noted.
    fn report(&mut self) {
        let Some(status) = status::status(&self.desired, &self.observed, [192, 0, 2, 1].into(), self.now)
        else {
            return;
        };
        let Desired::Pod(pod) = &mut self.desired else { return };
        self.observed.terminal |= matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
        Arc::make_mut(pod).status = Some(status);
    }

    /// Plans until the plan rests; what is left of the last one.
    pub(super) fn turn(&mut self) -> Plan {
        for _ in 0..64 {
            let next = plan(&self.desired, &self.observed, self.now);
            assert_eq!(next, plan(&self.desired, &self.observed, self.now), "the plan is a function");
            if next.steps.is_empty() {
                let before = self.observed.terminal;
                self.report();
                if before == self.observed.terminal {
                    return next;
                }
                continue;
            }
            for step in next.steps {
                self.observed.begin(&step, self.now);
                self.begun.push(step.clone());
                match step {
                    Step::Watch { .. } => self.watches.push(step),
                    Step::TellCrash { .. } | Step::TellPull { .. } | Step::TellDeadline => {}
                    Step::AbortImage { container } => self.pending.retain(
                        |step| !matches!(step, Step::PrepareImage { container: other, .. } if *other == container),
                    ),
                    step => {
                        assert!(!self.pending.contains(&step), "begun twice: {step:?}");
                        self.pending.push(step);
                    }
                }
            }
        }
        panic!("the plan does not rest: {:?}", self.begun);
    }

    /// Ends a pending step, well or with `trouble`.
    pub(super) fn finish(&mut self, index: usize, trouble: Option<Trouble>) {
        let step = self.pending.remove(index);
        let result = match trouble {
            Some(trouble) => Err(trouble),
            None => Ok(self.carry_out(&step)),
        };
        self.observed.finish(&step, result, self.now);
    }

    fn carry_out(&mut self, step: &Step) -> Done {
        match step.clone() {
            Step::EnsureNetwork => {
                self.network = true;
                Done::Network(Attachment {
                    pod: "u".into(),
                    ip: [10, 0, 0, 7].into(),
                    namespace: "/ns".into(),
                })
            }
            Step::EnsureVolumes => {
                self.volumes = true;
                let pod = self.desired.pod().expect("it is there while its volumes are made");
                Done::Volumes { live: true, shown: crate::volumes::shown(pod) }
            }
            Step::PrepareImage { asked, .. } => Done::Image(Prepared { asked, ..prepared() }),
            Step::Create { container, attempt } => {
                assert!(self.network && self.volumes, "created without its surroundings");
                assert!(self.held.insert((container, attempt)), "created twice");
                Done::Nothing
            }
            Step::Start { container, attempt } => {
                assert!(
                    !self.running.iter().any(|(other, _)| *other == container),
                    "two attempts run at once"
                );
                assert!(self.held.contains(&(container.clone(), attempt)));
                self.running.insert((container, attempt));
                Done::Started(self.now)
            }
            Step::Remove { container, attempt, .. } => {
                assert!(!self.running.contains(&(container.clone(), attempt)), "removed while it runs");
                self.held.remove(&(container, attempt));
                Done::Nothing
            }
            Step::Signal { container, attempt, .. } => {
                self.exit(&container, attempt, 143);
                Done::Nothing
            }
            Step::DetachNetwork => {
                assert!(self.held.is_empty(), "the network goes after the containers");
                self.network = false;
                Done::Nothing
            }
            Step::RemoveVolumes => {
                assert!(!self.network, "the volumes go after the network");
                self.volumes = false;
                Done::Nothing
            }
            Step::RemoveSandbox => {
                assert!(!self.volumes, "the sandbox goes after the volumes");
                Done::Nothing
            }
            _ => Done::Nothing,
        }
    }

    /// The API has the pod with another image for a container.
    pub(super) fn set_image(&mut self, name: &str, image: &str) {
        let Desired::Pod(pod) = &mut self.desired else { return };
        let spec = Arc::make_mut(pod).spec.as_mut().expect("simulated pods have one");
        let container = spec.containers.iter_mut().find(|one| one.name == name).expect("it is in the pod");
        container.image = Some(image.into());
    }

    /// The API has the pod with a label.
    pub(super) fn set_label(&mut self, name: &str, value: &str) {
        let Desired::Pod(pod) = &mut self.desired else { return };
        let labels = Arc::make_mut(pod).metadata.labels.get_or_insert_default();
        labels.insert(name.into(), value.into());
    }

    /// A running container ends.
    pub(super) fn exit(&mut self, name: &str, attempt: u32, code: i32) {
        if !self.running.remove(&(name.to_owned(), attempt)) {
            return;
        }
        let watch = Step::Watch { container: name.into(), attempt };
        if let Some(index) = self.watches.iter().position(|other| *other == watch) {
            self.watches.remove(index);
            self.observed.finish(&watch, Ok(Done::Exited(ended(code, self.now))), self.now);
        } else if let Some(one) = self.observed.container(name).attempt_mut(attempt) {
            one.state = State::Exited(ended(code, self.now));
        }
    }

    /// Ends every step well until only time could change anything; the last plan.
    pub(super) fn settle(&mut self) -> Plan {
        for _ in 0..TURNS {
            let rest = self.turn();
            if self.pending.is_empty() {
                return rest;
            }
            self.finish(0, None);
        }
        panic!("no rest: {:?}", self.begun);
    }

    /// The same, and lets time pass until the pod has come to its end.
    fn settle_end(&mut self, end: End) {
        for _ in 0..TURNS {
            let rest = self.settle();
            if rest.end == end {
                return;
            }
            self.now = rest.wake.expect("something must happen by itself").max(self.now);
        }
        panic!("no end: {:?}", self.observed);
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now = after(self.now, Duration::from_secs(seconds));
    }

    pub(super) fn delete(&mut self) {
        if let Desired::Pod(pod) = &mut self.desired {
            let meta = &mut Arc::make_mut(pod).metadata;
            meta.deletion_timestamp = Some(status::time(self.now));
            meta.deletion_grace_period_seconds = Some(30);
        }
    }

    fn assert_nothing_is_left(&self) {
        assert!(self.held.is_empty() && self.running.is_empty(), "containers are left");
        assert!(!self.network && !self.volumes, "network or volumes are left");
    }

    /// The steps begun since `mark` that are not watches.
    pub(super) fn since(&self, mark: usize) -> Vec<&Step> {
        self.begun[mark..].iter().filter(|step| !matches!(step, Step::Watch { .. })).collect()
    }
}

/// Something that happens to a node.
#[derive(Clone, Debug)]
enum Happening {
    /// A pending step ends well.
    Finish(prop::sample::Index),
    /// A pending step fails.
    Fail(prop::sample::Index, Class),
    /// A running container ends.
    Exit(prop::sample::Index, i32),
    /// Time passes.
    Pass(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let class = prop_oneof![Just(Class::Passing), Just(Class::Lasting), Just(Class::Lost)];
    prop_oneof![
        6 => any::<prop::sample::Index>().prop_map(Happening::Finish),
        1 => (any::<prop::sample::Index>(), class).prop_map(|(index, class)| Happening::Fail(index, class)),
        1 => (any::<prop::sample::Index>(), 0..2).prop_map(|(index, code)| Happening::Exit(index, code)),
        1 => (0_u64..400).prop_map(Happening::Pass),
    ]
}

fn happen(simulation: &mut Simulation, happening: Happening) {
    match happening {
        Happening::Finish(index) if !simulation.pending.is_empty() => {
            simulation.finish(index.index(simulation.pending.len()), None);
        }
        Happening::Fail(index, class) if !simulation.pending.is_empty() => {
            let index = index.index(simulation.pending.len());
            // A runtime that does not know a container does not run it either.
            let class = match simulation.pending[index] {
                Step::Start { .. } => Class::Passing,
                _ => class,
            };
            let trouble = Trouble { reason: "ErrImagePull", message: "failed".into(), class };
            simulation.finish(index, Some(trouble));
        }
        Happening::Exit(index, code) if !simulation.running.is_empty() => {
            let running: Vec<_> = simulation.running.iter().cloned().collect();
            let (name, attempt) = running[index.index(running.len())].clone();
            simulation.exit(&name, attempt, code);
        }
        Happening::Pass(seconds) => simulation.pass(seconds),
        _ => {}
    }
    simulation.turn();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever happens, a pod that is deleted leaves nothing, in the right order, and never runs a container twice.
    #[test]
    fn a_deleted_pod_leaves_nothing(
        policy in prop_oneof![Just("Always"), Just("OnFailure"), Just("Never")],
        inits in 0_usize..3,
        mains in 1_usize..4,
        happenings in prop::collection::vec(happening(), 0..80),
        forced in any::<bool>(),
    ) {
        let pod = pod(policy, &["i0", "i1"][..inits], &["m0", "m1", "m2"][..mains]);
        let mut simulation = Simulation::new(pod);
        simulation.turn();
        for one in happenings {
            happen(&mut simulation, one);
        }
        if forced {
            let last = simulation.desired.pod().cloned();
            simulation.desired = Desired::Gone(last);
        } else {
            simulation.delete();
            simulation.settle_end(End::Delete);
            simulation.assert_nothing_is_left();
            simulation.desired = Desired::Gone(simulation.desired.pod().cloned());
        }
        simulation.settle_end(End::Forget);
        simulation.assert_nothing_is_left();
        prop_assert!(matches!(simulation.begun.last(), Some(Step::RemoveFiles)));
    }

    /// Whatever happened before, a pod that may run does run once nothing fails any more.
    #[test]
    fn a_pod_comes_up_in_the_end(
        inits in 0_usize..3,
        mains in 1_usize..4,
        happenings in prop::collection::vec(happening(), 0..80),
    ) {
        let names = &["m0", "m1", "m2"][..mains];
        let mut simulation = Simulation::new(pod("Always", &["i0", "i1"][..inits], names));
        simulation.turn();
        for one in happenings {
            happen(&mut simulation, one);
        }
        for _ in 0..TURNS {
            let rest = simulation.settle();
            let inits: Vec<_> =
                simulation.running.iter().filter(|(name, _)| name.starts_with('i')).cloned().collect();
            if simulation.running.iter().filter(|(name, _)| name.starts_with('m')).count() == mains {
                break;
            }
            if let Some((name, attempt)) = inits.first() {
                simulation.exit(name, *attempt, 0);
            } else {
                simulation.now = rest.wake.expect("something must happen by itself").max(simulation.now);
            }
        }
        let up: BTreeSet<&str> = simulation.running.iter().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(up, names.iter().copied().collect());
        let status = simulation.status();
        prop_assert_eq!(status.phase.as_deref(), Some("Running"));
        let not_true: Vec<_> = status.conditions.unwrap().into_iter().filter(|one| one.status != "True").collect();
        prop_assert!(not_true.is_empty(), "{:?}", not_true);
    }
}
