//! Random clusters, and the pod that is to be placed there.

use serde_json::{Value, json};

use crate::{
    affinity::selector,
    dice::Dice,
    nodes::{self, node},
    pods::{NAMESPACES, pod, run},
    subject::Subject,
};

/// A question.
pub(crate) fn question(dice: &mut Dice, subject: &Subject, number: u64) -> Value {
    let nodes = dice.within(1, 9);
    let mut objects: Vec<Value> = ["default", "other", "third"].map(|name| namespace(dice, name)).into();
    objects.extend((0..nodes).map(|number| node(dice, subject, number)));
    let running = dice.within(0, nodes * if subject.preemption > 50 { 5 } else { 3 });
    let mut starts: Vec<usize> = (0..running).collect();
    for at in (1..running).rev() {
        starts.swap(at, dice.below(at + 1));
    }
    for (number, started) in starts.into_iter().enumerate() {
        let mut pod = pod(dice, subject, &format!("p{number}"), nodes);
        let node = dice.below(nodes);
        run(dice, subject, &mut pod, node, started);
        own(dice, subject, &mut pod);
        objects.push(pod);
    }
    let mut asked = pod(dice, subject, "asked", nodes);
    own(dice, subject, &mut asked);
    change(dice, subject, &mut asked, nodes);
    if dice.percent(subject.nominated) {
        for number in 0..dice.within(1, 3) {
            let mut waiting = pod(dice, subject, &format!("w{number}"), nodes);
            waiting["status"]["nominatedNodeName"] = json!(nodes::name(dice.below(nodes)));
            objects.push(waiting);
        }
    }
    if dice.percent(subject.owners) {
        objects.extend(owners(dice));
    }
    if dice.percent(subject.preemption) {
        let budgets = dice.within(0, 3);
        objects.extend((0..budgets).map(|number| budget(dice, number)));
    }
    json!({"id": format!("{}-{number}", subject.name), "objects": objects, "pod": asked})
}

fn namespace(dice: &mut Dice, name: &str) -> Value {
    let mut labels = json!({"kubernetes.io/metadata.name": name});
    if dice.percent(60) {
        labels["team"] = json!(dice.one(&["a", "b"]));
    }
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// What only the pod that is asked about has.
fn change(dice: &mut Dice, subject: &Subject, pod: &mut Value, nodes: usize) {
    if subject.preemption > 50 && dice.percent(80) {
        pod["spec"]["priority"] = json!(dice.one(&[50, 500, 2000]));
    }
    if dice.percent(subject.preemption / 10) {
        pod["spec"]["preemptionPolicy"] = json!("Never");
    }
    if dice.percent(subject.nominated / 2) {
        pod["status"]["nominatedNodeName"] = json!(nodes::name(dice.below(nodes + 1)));
    }
    if dice.percent(subject.oddities / 10) {
        pod["spec"]["schedulingGates"] = json!([{"name": "example.com/wait"}]);
    }
    if dice.percent(subject.oddities / 4) {
        // The pod of a daemon set.
        let name = nodes::name(dice.below(nodes + 1));
        let field = json!({"key": "metadata.name", "operator": "In", "values": [name]});
        pod["spec"]["affinity"] = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchFields": [field]}]}}});
    }
    if dice.percent(subject.oddities / 4) {
        let cordon =
            json!({"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"});
        match pod["spec"]["tolerations"].as_array_mut() {
            Some(known) => known.push(cordon),
            None => pod["spec"]["tolerations"] = json!([cordon]),
        }
    }
}

/// Gives a pod a controller.
fn own(dice: &mut Dice, subject: &Subject, pod: &mut Value) {
    if dice.percent(subject.owners / 2) {
        let (kind, version) = dice.one(&[
            ("ReplicaSet", "apps/v1"),
            ("StatefulSet", "apps/v1"),
            ("ReplicationController", "v1"),
        ]);
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": version, "kind": kind, "name": dice.one(&["one", "two"]), "uid": "uid-owner",
            "controller": dice.percent(90),
        }]);
    }
}

fn owners(dice: &mut Dice) -> Vec<Value> {
    let mut owners = Vec::new();
    for namespace in ["default", "other"] {
        for name in ["one", "two"] {
            let meta = json!({"name": name, "namespace": namespace});
            let labels = if dice.percent(70) {
                json!({"app": dice.one(&["1", "2", "3"])})
            } else {
                json!({"tier": "1"})
            };
            if dice.percent(50) {
                let spec = if dice.percent(90) { json!({"selector": labels}) } else { json!({}) };
                owners.push(json!({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}));
            }
            for kind in ["ReplicaSet", "StatefulSet"] {
                if dice.percent(60) {
                    let spec = json!({"selector": selector(dice), "template": {}});
                    owners
                        .push(json!({"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}));
                }
            }
            if dice.percent(40) {
                let spec = json!({"selector": labels});
                owners.push(
                    json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": meta, "spec": spec}),
                );
            }
        }
    }
    owners
}

fn budget(dice: &mut Dice, number: usize) -> Value {
    let mut status = json!({
        "disruptionsAllowed": dice.one(&[0, 0, 1, 2]), "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1,
    });
    if dice.percent(20) {
        status["disruptedPods"] = json!({format!("p{}", dice.below(6)): "2026-01-02T00:00:00Z"});
    }
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": format!("b{number}"), "namespace": dice.one(&NAMESPACES)},
        "spec": {"selector": selector(dice)}, "status": status,
    })
}
