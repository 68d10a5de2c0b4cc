//! Tests of the core: tables of what is documented, and properties over random clusters.

mod agreement;
mod compared;
mod filters;
mod preemption;
mod properties;
mod purity;
mod reference;
mod scores;
mod snapshots;
mod strategies;
mod together;
mod volumes;
mod worlds;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    Changes, Decision, Diagnosis, NodeInfo, PodIdentity, PodInfo, PodMeta, Profile, Snapshot, hint,
    object::{NodeSpec, NodeStatus, PodSpec, PodStatus},
    schedule,
};

/// A pod with a spec.
fn pod_named(name: &str, spec: Value) -> Arc<PodInfo> {
    labelled(name, json!({}), spec)
}

/// A pod with labels and a spec.
fn labelled(name: &str, labels: Value, spec: Value) -> Arc<PodInfo> {
    in_namespace("default", name, labels, spec)
}

fn in_namespace(namespace: &str, name: &str, labels: Value, spec: Value) -> Arc<PodInfo> {
    let spec: PodSpec = serde_json::from_value(spec).unwrap();
    let id =
        PodIdentity { uid: format!("uid-{name}").into(), namespace: namespace.into(), name: name.into() };
    let labels: BTreeMap<String, String> = serde_json::from_value(labels).unwrap();
    let meta = PodMeta { id, labels: &labels, terminating: false, owner: None };
    Arc::new(PodInfo::new(meta, &spec, &PodStatus::default()).unwrap())
}

/// Whether a pod fits on one node; if not, which changes could help.
fn fits(snapshot: &Snapshot, pod: &PodInfo, node: &str) -> Result<(), Changes> {
    hint::fits(snapshot, pod, &Profile::default(), node)
}

fn pod(spec: Value) -> Arc<PodInfo> {
    pod_named("pod", spec)
}

/// A pod with one container that requests these resources.
fn requesting(name: &str, requests: Value) -> Arc<PodInfo> {
    pod_named(name, json!({"containers": [{"resources": {"requests": requests}}]}))
}

/// A ready node of 4 CPUs, 8 GiB and 10 pods; `change` replaces parts of `labels`, `spec` and `status`.
fn node(name: &str, change: Value) -> NodeInfo {
    let part = |name: &str, default: Value| match change.get(name) {
        Some(part) => {
            let mut merged = default;
            for (key, value) in part.as_object().unwrap() {
                merged[key] = value.clone();
            }
            merged
        }
        None => default,
    };
    let labels: BTreeMap<String, String> =
        serde_json::from_value(part("labels", json!({"kubernetes.io/hostname": name}))).unwrap();
    let spec: NodeSpec = serde_json::from_value(part("spec", json!({}))).unwrap();
    let status = json!({
        "allocatable": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "10Gi", "pods": "10"},
        "conditions": [{"type": "Ready", "status": "True"}],
    });
    let status: NodeStatus = serde_json::from_value(part("status", status)).unwrap();
    NodeInfo::new(name, &labels, &spec, &status).unwrap()
}

fn cluster(nodes: impl IntoIterator<Item = NodeInfo>) -> Snapshot {
    let mut snapshot = Snapshot::new();
    for node in nodes {
        snapshot.set_node(node);
    }
    snapshot
}

fn decide(snapshot: &Snapshot, pod: &PodInfo) -> Decision {
    schedule(snapshot, pod, &Profile::default(), 1)
}

fn chosen(snapshot: &Snapshot, pod: &PodInfo) -> String {
    match decide(snapshot, pod) {
        Decision::Place(placement) => placement.node.to_string(),
        other => panic!("{other:?}"),
    }
}

fn refused(snapshot: &Snapshot, pod: &PodInfo) -> Diagnosis {
    match decide(snapshot, pod) {
        Decision::Unschedulable(diagnosis) => *diagnosis,
        other => panic!("{other:?}"),
    }
}

fn message(snapshot: &Snapshot, pod: &PodInfo) -> String {
    refused(snapshot, pod).to_string()
}
