//! The clusters and pods of the benchmark.

use std::sync::Arc;

use naru_scheduler::core::{PodInfo, Snapshot, feed};
use serde_json::{Value, json};

const ZONES: u64 = 3;
/// Pods after which most cases start over.
const PODS_MAX: u64 = 20_000;

/// One benchmark.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) nodes: u64,
    /// Pods that are there before.
    before: u64,
    pub(crate) pod: fn(u64) -> Arc<PodInfo>,
    /// The pods that are there before, if they are others.
    there: fn(u64) -> Arc<PodInfo>,
    /// What becomes of the pods.
    pub(crate) outcome: Outcome,
    /// Pods after which the case starts over with the cluster as it was.
    pub(crate) most: u64,
}

/// What becomes of the pods of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// They find a node.
    Placed,
    /// They find none.
    Refused,
    /// They find one when others have left it.
    Preempts,
    /// They find one until the cluster is full.
    Fills,
}

impl Case {
    /// The cluster without pods.
    pub(crate) fn nodes_only(&self) -> Snapshot {
        let mut cluster = Snapshot::new();
        for number in 0..self.nodes {
            feed::apply(&mut cluster, &node(number)).unwrap();
        }
        cluster
    }

    /// The cluster before the first pod is placed.
    pub(crate) fn cluster(&self) -> Snapshot {
        let mut cluster = self.nodes_only();
        for number in 0..self.before {
            // Numbers that the measured pods do not have.
            cluster.set_pod((self.there)(1 << 32 | number), &format!("node-{}", number % self.nodes));
        }
        cluster
    }
}

/// The cases of the table in the documentation.
pub(crate) fn all() -> Vec<Case> {
    let case = |name, pod: fn(u64) -> Arc<PodInfo>| Case {
        name,
        nodes: 5000,
        before: 1000,
        pod,
        there: pod,
        outcome: Outcome::Placed,
        most: PODS_MAX,
    };
    let mut all = vec![
        case("basic", basic),
        case("anti-affinity", far),
        case("zone-spread", spread),
        case("preferred-affinity", preferred),
        case("mixed", mixed),
        Case { outcome: Outcome::Refused, ..case("unschedulable", large) },
        // Four on each node, of which three leave.
        Case {
            before: 20_000,
            there: lesser,
            outcome: Outcome::Preempts,
            most: 1000,
            ..case("preemption", greater)
        },
    ];
    for nodes in [100, 1000, 20_000, 50_000] {
        let outcome = if nodes > 500 { Outcome::Placed } else { Outcome::Fills };
        all.push(Case { nodes, before: 0, outcome, ..case("basic", basic) });
    }
    all
}

fn node(number: u64) -> Value {
    let name = format!("node-{number}");
    json!({
        "kind": "Node",
        "metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": format!("zone-{}", number % ZONES),
        }},
        "status": {
            "allocatable": {"cpu": "4", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn pod(number: u64, app: &str, cpu: &str, extra: Value) -> Arc<PodInfo> {
    let requests = json!({"cpu": cpu, "memory": "500Mi"});
    let mut spec =
        json!({"containers": [{"image": "registry.k8s.io/pause:3.10", "resources": {"requests": requests}}]});
    for (key, value) in extra.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    let name = format!("{app}-{number}");
    let metadata = json!({"name": name, "namespace": "default", "uid": name, "labels": {"app": app}});
    feed::pod(&json!({"metadata": metadata, "spec": spec})).unwrap()
}

fn basic(number: u64) -> Arc<PodInfo> {
    // More than 100 nodes of the smallest case take.
    pod(number, "basic", "10m", json!({}))
}

fn large(number: u64) -> Arc<PodInfo> {
    pod(number, "large", "9", json!({}))
}

fn lesser(number: u64) -> Arc<PodInfo> {
    pod(number, "lesser", "900m", json!({}))
}

fn greater(number: u64) -> Arc<PodInfo> {
    pod(number, "greater", "3", json!({"priority": 10}))
}

fn near(app: &str, key: &str) -> Value {
    json!({"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key})
}

/// No two of a group on one node; groups of 1,000, so that all find one.
fn far(number: u64) -> Arc<PodInfo> {
    let app = format!("far-{}", (number & 0xffff_ffff) / 1000 + (number >> 32) * 100);
    let term = near(&app, "kubernetes.io/hostname");
    let affinity = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
    pod(number, &app, "10m", json!({"affinity": affinity}))
}

fn spread(number: u64) -> Arc<PodInfo> {
    let constraint = json!({
        "maxSkew": 5, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "spread"}},
    });
    pod(number, "spread", "10m", json!({"topologySpreadConstraints": [constraint]}))
}

fn preferred(number: u64) -> Arc<PodInfo> {
    let term = json!({"weight": 1, "podAffinityTerm": near("preferred", "kubernetes.io/hostname")});
    let affinity = json!({"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [term]}});
    pod(number, "preferred", "10m", json!({"affinity": affinity}))
}

/// All of them by turns, with pods that want a zone.
fn mixed(number: u64) -> Arc<PodInfo> {
    match number % 5 {
        0 => basic(number),
        1 => far(number),
        2 => spread(number),
        3 => preferred(number),
        _ => pod(number, "zoned", "10m", json!({"nodeSelector": {"topology.kubernetes.io/zone": "zone-1"}})),
    }
}
