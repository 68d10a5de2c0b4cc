//! Properties over random clusters: decisions against a naive reference, and snapshots against rebuilt ones.

use std::{collections::BTreeMap, time::Duration};

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use super::*;
use crate::core::{Event, Queue, hint::hint};

/// A node, as plain values.
#[derive(Clone, Debug)]
struct NodePlan {
    cpu: i64,
    memory: i64,
    gpus: i64,
    pods: i64,
    zone: Option<&'static str>,
    taint: Option<(&'static str, &'static str)>,
    cordoned: bool,
    ready: bool,
}

/// A pod, as plain values.
#[derive(Clone, Debug)]
struct PodPlan {
    cpu: i64,
    memory: i64,
    gpus: i64,
    zones: Option<(bool, Vec<&'static str>)>,
    tolerates: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Op {
    Node(usize, NodePlan),
    RemoveNode(usize),
    Schedule(usize, PodPlan, u64),
    Bind(usize, PodPlan, usize),
    Confirm(usize),
    Forget(usize),
    RemovePod(usize),
}

const NODES: usize = 6;
const PODS: usize = 15;
const ZONES: [&str; 3] = ["z1", "z2", "z3"];
const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

fn node_plan() -> impl Strategy<Value = NodePlan> {
    (
        (0..8i64, 0..8i64, 0..3i64, 0..6i64),
        option::of(select(&ZONES[..])),
        option::weighted(0.3, (select(&["a", "b"][..]), select(&EFFECTS[..]))),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.9),
    )
        .prop_map(|((cpu, memory, gpus, pods), zone, taint, cordoned, ready)| NodePlan {
            cpu,
            memory,
            gpus,
            pods,
            zone,
            taint,
            cordoned,
            ready,
        })
}

fn pod_plan() -> impl Strategy<Value = PodPlan> {
    (
        (0..4i64, 0..4i64, 0..2i64),
        option::weighted(0.4, (any::<bool>(), vec(select(&ZONES[..]), 1..3))),
        option::weighted(0.4, select(&["a", "b", "node.kubernetes.io/not-ready"][..])),
    )
        .prop_map(|((cpu, memory, gpus), zones, tolerates)| PodPlan {
            cpu,
            memory,
            gpus,
            zones,
            tolerates,
        })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..NODES, node_plan()).prop_map(|(node, plan)| Op::Node(node, plan)),
        1 => (0..NODES).prop_map(Op::RemoveNode),
        8 => (0..PODS, pod_plan(), any::<u64>()).prop_map(|(pod, plan, seed)| Op::Schedule(pod, plan, seed)),
        2 => (0..PODS, pod_plan(), 0..NODES).prop_map(|(pod, plan, node)| Op::Bind(pod, plan, node)),
        2 => (0..PODS).prop_map(Op::Confirm),
        2 => (0..PODS).prop_map(Op::Forget),
        3 => (0..PODS).prop_map(Op::RemovePod),
    ]
}

fn build_node(index: usize, plan: &NodePlan) -> NodeInfo {
    let taints: Vec<Value> =
        plan.taint.iter().map(|(key, effect)| json!({"key": key, "effect": effect})).collect();
    let labels = plan.zone.map_or(json!({}), |zone| json!({"zone": zone}));
    let ready = if plan.ready { "True" } else { "False" };
    node(
        &format!("n{index}"),
        json!({
            "labels": labels,
            "spec": {"unschedulable": plan.cordoned, "taints": taints},
            "status": {
                "allocatable": {"cpu": plan.cpu, "memory": plan.memory, "example.com/gpu": plan.gpus, "pods": plan.pods},
                "conditions": [{"type": "Ready", "status": ready}],
            },
        }),
    )
}

fn build_pod(index: usize, plan: &PodPlan) -> Arc<PodInfo> {
    let requests = json!({"cpu": plan.cpu, "memory": plan.memory, "example.com/gpu": plan.gpus});
    let mut spec = json!({"containers": [{"resources": {"requests": requests}}]});
    if let Some((wanted, zones)) = &plan.zones {
        let operator = if *wanted { "In" } else { "NotIn" };
        spec["affinity"] = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": operator, "values": zones}]}]}}});
    }
    if let Some(key) = plan.tolerates {
        spec["tolerations"] = json!([{"key": key, "operator": "Exists"}]);
    }
    pod_named(&index.to_string(), spec)
}

/// The cluster as plain values, written for clarity.
#[derive(Clone, Debug, Default)]
struct Reference {
    nodes: BTreeMap<usize, NodePlan>,
    /// Plan, node, whether assumed.
    pods: BTreeMap<usize, (PodPlan, usize, bool)>,
}

impl Reference {
    fn fits(&self, pod: &PodPlan, node: usize) -> bool {
        let Some(plan) = self.nodes.get(&node) else { return false };
        let there: Vec<_> =
            self.pods.values().filter(|(_, at, _)| *at == node).map(|(pod, ..)| pod).collect();
        let enough = |wanted: i64, taken: i64, offered: i64| wanted == 0 || taken + wanted <= offered;
        let tolerated = |key: &str| pod.tolerates == Some(key);
        let taint = plan.taint.is_none_or(|(key, effect)| effect == "PreferNoSchedule" || tolerated(key));
        let zone = pod
            .zones
            .as_ref()
            .is_none_or(|(wanted, zones)| plan.zone.is_some_and(|zone| zones.contains(&zone)) == *wanted);
        !plan.cordoned
            && (plan.ready || tolerated("node.kubernetes.io/not-ready"))
            && taint
            && zone
            && (there.len() as i64) < plan.pods
            && enough(pod.cpu, there.iter().map(|pod| pod.cpu).sum(), plan.cpu)
            && enough(pod.memory, there.iter().map(|pod| pod.memory).sum(), plan.memory)
            && enough(pod.gpus, there.iter().map(|pod| pod.gpus).sum(), plan.gpus)
    }

    /// The snapshot that this cluster has when it is built at once.
    fn rebuilt(&self) -> Snapshot {
        let mut snapshot = cluster(self.nodes.iter().map(|(index, plan)| build_node(*index, plan)));
        for (index, (plan, node, assumed)) in &self.pods {
            let (pod, node) = (build_pod(*index, plan), format!("n{node}"));
            if *assumed {
                snapshot.assume(&pod, &node);
            } else {
                snapshot.set_pod(pod, &node);
            }
        }
        snapshot
    }
}

/// Both, changed together.
#[derive(Default)]
struct Pair {
    snapshot: Snapshot,
    reference: Reference,
}

impl Pair {
    fn run(&mut self, op: &Op) {
        let uid = |pod: &usize| format!("uid-{pod}");
        match op {
            Op::Node(index, plan) => {
                self.snapshot.set_node(build_node(*index, plan));
                self.reference.nodes.insert(*index, plan.clone());
            }
            Op::RemoveNode(index) => {
                self.snapshot.remove_node(&format!("n{index}"));
                self.reference.nodes.remove(index);
            }
            Op::Schedule(index, plan, seed) => self.schedule(*index, plan, *seed),
            Op::Bind(index, plan, node) => {
                self.snapshot.set_pod(build_pod(*index, plan), &format!("n{node}"));
                self.reference.pods.insert(*index, (plan.clone(), *node, false));
            }
            Op::Confirm(index) => {
                if let Some((plan, node, assumed)) = self.reference.pods.get_mut(index) {
                    self.snapshot.set_pod(build_pod(*index, plan), &format!("n{node}"));
                    *assumed = false;
                }
            }
            Op::Forget(index) => {
                self.snapshot.forget(&uid(index));
                if self.reference.pods.get(index).is_some_and(|(.., assumed)| *assumed) {
                    self.reference.pods.remove(index);
                }
            }
            Op::RemovePod(index) => {
                self.snapshot.remove_pod(&uid(index));
                self.reference.pods.remove(index);
            }
        }
    }

    fn schedule(&mut self, index: usize, plan: &PodPlan, seed: u64) {
        if self.reference.pods.contains_key(&index) {
            return;
        }
        let pod = build_pod(index, plan);
        let feasible: Vec<_> = (0..NODES).filter(|node| self.reference.fits(plan, *node)).collect();
        let found: Vec<_> =
            (0..NODES).filter(|node| fits(&self.snapshot, &pod, &format!("n{node}")).is_ok()).collect();
        assert_eq!(found, feasible, "the nodes that fit");
        let decide = |snapshot: &Snapshot| schedule(snapshot, &pod, &Profile::default(), seed);
        let rebuilt = decide(&self.reference.rebuilt());
        match (decide(&self.snapshot), rebuilt) {
            (Decision::Place(placement), Decision::Place(rebuilt)) => {
                assert_eq!(placement.node, rebuilt.node, "a rebuilt snapshot decides alike");
                let node = placement.node[1..].parse().unwrap();
                assert!(feasible.contains(&node));
                self.snapshot.assume(&pod, &placement.node);
                self.reference.pods.insert(index, (plan.clone(), node, true));
            }
            (Decision::Unschedulable(diagnosis), rebuilt) => {
                assert!(feasible.is_empty());
                assert_eq!(diagnosis.nodes, self.reference.nodes.len());
                assert_eq!(Decision::Unschedulable(diagnosis), rebuilt);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Pods that wait beside a cluster that changes, as the loop keeps them.
#[derive(Default)]
struct Waiting {
    snapshot: Snapshot,
    queue: Queue,
    parked: BTreeMap<String, Arc<PodInfo>>,
    now: Duration,
}

impl Waiting {
    fn run(&mut self, op: &Op) {
        self.now += Duration::from_secs(60);
        for (changes, node, pod) in self.change(op) {
            let (snapshot, profile) = (&self.snapshot, Profile::default());
            let event = Event { changes, node: Some(&node), pod: pod.as_deref() };
            self.queue.wake(changes, self.now, |pod| hint(snapshot, pod, &profile, &event));
        }
        while let Some(pod) = self.queue.pop() {
            self.place(pod);
        }
        for pod in self.parked.values() {
            let fitting = (0..NODES).find(|node| fits(&self.snapshot, pod, &format!("n{node}")).is_ok());
            assert_eq!(fitting, None, "{} waits and could run", pod.id.name);
        }
    }

    /// Applies a change; tells what happened where, and to which pod.
    fn change(&mut self, op: &Op) -> Vec<(Changes, String, Option<Arc<PodInfo>>)> {
        let uid = |pod: &usize| format!("uid-{pod}");
        match op {
            Op::Node(index, plan) => {
                vec![(self.snapshot.set_node(build_node(*index, plan)), format!("n{index}"), None)]
            }
            Op::RemoveNode(index) => {
                let node = format!("n{index}");
                vec![(self.snapshot.remove_node(&node), node, None)]
            }
            Op::Schedule(index, plan, _) => {
                if self.snapshot.node_of(&uid(index)).is_none() {
                    self.queue.set(build_pod(*index, plan));
                }
                Vec::new()
            }
            Op::Bind(index, plan, node) => {
                self.forget_waiting(&uid(index));
                let left = self.there(&uid(index));
                let (pod, node) = (build_pod(*index, plan), format!("n{node}"));
                let changes = self.snapshot.set_pod(pod.clone(), &node);
                let left = left.map(|(node, pod)| (changes, node, Some(pod)));
                left.into_iter().chain([(changes, node, Some(pod))]).collect()
            }
            Op::Confirm(_) => Vec::new(),
            Op::Forget(index) | Op::RemovePod(index) => {
                self.forget_waiting(&uid(index));
                let left = self.there(&uid(index));
                let changes = self.snapshot.remove_pod(&uid(index));
                left.map(|(node, pod)| (changes, node, Some(pod))).into_iter().collect()
            }
        }
    }

    fn there(&self, uid: &str) -> Option<(String, Arc<PodInfo>)> {
        Some((self.snapshot.node_of(uid)?.to_string(), self.snapshot.pod(uid)?.clone()))
    }

    fn forget_waiting(&mut self, uid: &str) {
        self.queue.remove(uid);
        self.parked.remove(uid);
    }

    fn place(&mut self, pod: Arc<PodInfo>) {
        let uid = pod.id.uid.to_string();
        match schedule(&self.snapshot, &pod, &Profile::default(), 1) {
            Decision::Place(placement) => {
                self.forget_waiting(&uid);
                self.snapshot.assume(&pod, &placement.node);
            }
            Decision::Unschedulable(diagnosis) => {
                self.queue.park(&uid, diagnosis.helped_by, self.now);
                self.parked.insert(uid, pod);
            }
            Decision::Gated => unreachable!("no pod has gates"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_those_of_the_reference_after_any_changes(ops in vec(op(), 1..80)) {
        let mut pair = Pair::default();
        for op in &ops {
            pair.run(op);
        }
        // Once all is gone, nothing is left behind.
        for pod in 0..PODS {
            pair.snapshot.remove_pod(&format!("uid-{pod}"));
        }
        for node in 0..NODES {
            pair.snapshot.remove_node(&format!("n{node}"));
        }
        prop_assert!(pair.snapshot.is_blank());
    }

    #[test]
    fn no_pod_waits_that_could_run(ops in vec(op(), 1..80)) {
        let mut waiting = Waiting::default();
        for op in &ops {
            waiting.run(op);
        }
    }

    #[test]
    fn what_is_placed_one_after_the_other_never_overcommits(
        nodes in vec(node_plan(), 1..NODES),
        pods in vec(pod_plan(), 1..PODS),
        seed: u64,
    ) {
        let mut pair = Pair::default();
        for (index, plan) in nodes.iter().enumerate() {
            pair.run(&Op::Node(index, plan.clone()));
        }
        for (index, plan) in pods.iter().enumerate() {
            pair.run(&Op::Schedule(index, plan.clone(), seed));
        }
        for (index, plan) in nodes.iter().enumerate() {
            let there = || pair.reference.pods.values().filter(|(_, node, _)| *node == index).map(|(pod, ..)| pod);
            prop_assert!(there().map(|pod| pod.cpu).sum::<i64>() <= plan.cpu);
            prop_assert!(there().map(|pod| pod.memory).sum::<i64>() <= plan.memory);
            prop_assert!(there().map(|pod| pod.gpus).sum::<i64>() <= plan.gpus);
            prop_assert!(there().count() as i64 <= plan.pods);
        }
    }
}
