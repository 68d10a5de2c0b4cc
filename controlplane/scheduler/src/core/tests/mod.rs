//! Tests of the core: tables of what is documented, and properties over random clusters.

mod filters;
mod properties;
mod scores;
mod snapshots;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    Decision, Diagnosis, NodeInfo, PodIdentity, PodInfo, Profile, Snapshot,
    object::{NodeSpec, NodeStatus, PodSpec},
    schedule,
};

/// A pod with a spec.
fn pod_named(name: &str, spec: Value) -> Arc<PodInfo> {
    let spec: PodSpec = serde_json::from_value(spec).unwrap();
    let id =
        PodIdentity { uid: format!("uid-{name}").into(), namespace: "default".into(), name: name.into() };
    Arc::new(PodInfo::new(id, &spec).unwrap())
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
