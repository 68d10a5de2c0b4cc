//! Asks the scheduler's core: reads a cluster and a pod as JSON, prints the decision and what every node is for the pod.
//!
//! `decide CLUSTER.json POD.json`: the cluster is a `List` of nodes, pods, namespaces, services, controllers, volumes, claims,
//! storage classes and CSINodes, as `kubectl get -o json` writes it; the pod is one object. Prints one JSON object with
//! `node` (null if none fits), `volumes` (what is to be done with claims first), `message` (why none fits), `helpedBy` and `nodes`: of each the `reasons` against it or its `scores` and their `total`.
#![allow(clippy::print_stdout)]

use std::{error::Error, fs};

use naru_scheduler::core::{Decision, NodeView, Profile, Snapshot, VolumeStep, explain, feed, schedule};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [cluster, pod] = &arguments[..] else { return Err("usage: decide CLUSTER.json POD.json".into()) };
    let read =
        |path: &str| -> Result<Value, Box<dyn Error>> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
    let mut snapshot = Snapshot::new();
    feed::apply(&mut snapshot, &read(cluster)?)?;
    let (pod, profile) = (feed::pod(&read(pod)?)?, Profile::default());
    let mut answer = match schedule(&snapshot, &pod, &profile, 0) {
        Decision::Place(placement) => {
            let volumes: Vec<_> = placement.volumes.iter().map(step).collect();
            json!({"node": &*placement.node, "volumes": volumes})
        }
        Decision::Unschedulable(diagnosis) => {
            let helped_by: Vec<_> = diagnosis.helped_by.names().collect();
            json!({"node": null, "message": diagnosis.to_string(), "helpedBy": helped_by})
        }
        Decision::Gated => json!({"node": null, "message": "the pod waits for its scheduling gates"}),
    };
    answer["nodes"] = explain(&snapshot, &pod, &profile).iter().map(told).collect();
    println!("{}", serde_json::to_string_pretty(&answer)?);
    Ok(())
}

fn step(step: &VolumeStep) -> Value {
    match step {
        VolumeStep::Bind { claim: (namespace, name), volume } => {
            json!({"claim": format!("{namespace}/{name}"), "bindTo": &**volume})
        }
        VolumeStep::Provision { claim: (namespace, name), node } => {
            json!({"claim": format!("{namespace}/{name}"), "selectedNode": &**node})
        }
    }
}

fn told(view: &NodeView) -> Value {
    if !view.reasons.is_empty() {
        let reasons: Vec<_> = view.reasons.iter().map(ToString::to_string).collect();
        return json!({"node": &*view.node, "reasons": reasons});
    }
    let scores: Map<String, Value> = view
        .scores
        .iter()
        .map(|(score, (value, weight))| (score.name().into(), json!({"score": value, "weight": weight})))
        .collect();
    json!({"node": &*view.node, "scores": scores, "total": view.total})
}
