//! Random pods.

use serde_json::{Value, json};

use crate::{
    affinity::{affinity, constraint, labels},
    dice::Dice,
    nodes::{self, IMAGES, TAINTS},
    subject::Subject,
};

/// The namespaces of pods.
pub(crate) const NAMESPACES: [&str; 3] = ["default", "default", "other"];

/// A pod that has no node yet.
pub(crate) fn pod(dice: &mut Dice, subject: &Subject, name: &str, nodes: usize) -> Value {
    let labels = labels(dice);
    let mut spec = json!({
        "schedulerName": "default-scheduler",
        "containers": dice.several(1, 2, |dice| container(dice, subject)),
    });
    if dice.percent(subject.resources / 3) {
        let init = |dice: &mut Dice| {
            let mut container = container(dice, subject);
            if dice.percent(50) {
                container["restartPolicy"] = json!("Always");
            }
            container
        };
        spec["initContainers"] = dice.several(1, 3, init).into();
    }
    name_containers(&mut spec);
    if dice.percent(subject.resources / 6) {
        spec["overhead"] = json!({"cpu": dice.one(&["10m", "250m"]), "memory": dice.one(&["16Mi", "120Mi"])});
    }
    if dice.percent(subject.resources / 5) {
        let mut whole = requests(dice, &Subject { resources: 0, ..*subject });
        if dice.percent(20) {
            whole["hugepages-2Mi"] = json!("4Mi");
        }
        spec["resources"] = json!({"requests": whole});
    }
    if dice.percent(subject.taints) {
        spec["tolerations"] = dice.several(0, 3, toleration).into();
    }
    if dice.percent(subject.node_affinity / 3) {
        spec["nodeSelector"] = json!({"disk": dice.one(&["ssd", "hdd"])});
    }
    if let Some(affinity) = affinity(dice, subject, &labels, nodes) {
        spec["affinity"] = affinity;
    }
    if dice.percent(subject.spread) {
        spec["topologySpreadConstraints"] = constraints(dice, &labels);
    }
    if dice.percent(subject.preemption) {
        spec["priority"] = json!(dice.one(&[0, 0, 10, 100, -5, 1000]));
    } else {
        spec["priority"] = json!(0);
    }
    spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": dice.one(&NAMESPACES), "uid": format!("uid-{name}"), "labels": labels,
        },
        "spec": spec,
        "status": {"phase": "Pending"},
    })
}

/// Constraints of one pod differ in key or in what happens if they do not hold.
fn constraints(dice: &mut Dice, labels: &Value) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for one in dice.several(1, 3, |dice| constraint(dice, labels)) {
        let same = |other: &Value| {
            ["topologyKey", "whenUnsatisfiable"].iter().all(|field| other[field] == one[field])
        };
        if !kept.iter().any(same) {
            kept.push(one);
        }
    }
    kept.into()
}

fn name_containers(spec: &mut Value) {
    for field in ["containers", "initContainers"] {
        for (number, container) in spec[field].as_array_mut().into_iter().flatten().enumerate() {
            container["name"] = json!(format!("{}{number}", &field[..1]));
        }
    }
    if spec["initContainers"].is_null() {
        spec.as_object_mut().into_iter().for_each(|spec| drop(spec.remove("initContainers")));
    }
}

fn container(dice: &mut Dice, subject: &Subject) -> Value {
    let mut container = json!({"resources": {"requests": requests(dice, subject)}});
    if dice.percent(subject.images) {
        let (image, _) = dice.one(&IMAGES);
        let short = image.strip_suffix(":latest").filter(|_| dice.percent(50));
        container["image"] = json!(short.unwrap_or(image));
    }
    if dice.percent(subject.ports / 2) {
        container["ports"] = dice.several(1, 2, port).into();
    }
    container
}

fn requests(dice: &mut Dice, subject: &Subject) -> Value {
    let mut requests = json!({});
    let much = dice.percent(subject.resources.max(subject.preemption));
    if dice.percent(75) {
        let amounts: &[&str] =
            if much { &["100m", "400m", "1", "1500m", "2", "0"] } else { &["50m", "100m", "500m"] };
        requests["cpu"] = json!(dice.one(amounts));
    }
    if dice.percent(75) {
        let amounts: &[&str] =
            if much { &["100Mi", "512Mi", "1Gi", "700M", "0", "1234567"] } else { &["64Mi", "200Mi"] };
        requests["memory"] = json!(dice.one(amounts));
    }
    if dice.percent(subject.resources / 4) {
        requests["ephemeral-storage"] = json!(dice.one(&["100Mi", "1Gi", "4Gi", "0"]));
    }
    if dice.percent(subject.resources / 6) {
        requests["example.com/gpu"] = json!(dice.one(&["1", "2", "0"]));
    }
    if dice.percent(subject.resources / 10) {
        requests["hugepages-2Mi"] = json!(dice.one(&["2Mi", "8Mi"]));
    }
    requests
}

fn port(dice: &mut Dice) -> Value {
    let number = dice.one(&[80, 81]);
    let mut port = json!({
        "containerPort": number, "hostPort": number, "protocol": dice.one(&["TCP", "TCP", "UDP", "SCTP"]),
    });
    if let Some(ip) = dice.maybe(50, |dice| dice.one(&["0.0.0.0", "10.0.0.1", "10.0.0.2", "127.0.0.1"])) {
        port["hostIP"] = json!(ip);
    }
    port
}

fn toleration(dice: &mut Dice) -> Value {
    let mut toleration = json!({});
    let (key, values) = dice.one(&TAINTS);
    match dice.below(8) {
        0 => toleration["operator"] = json!("Exists"),
        1 | 2 => toleration = json!({"key": key, "operator": "Exists"}),
        3 | 4 => {
            toleration = json!({
                "key": "load", "operator": dice.one(&["Gt", "Lt"]), "value": dice.one(&["5", "-10", "10", "0"]),
            });
        }
        5 => toleration = json!({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}),
        _ => {
            toleration["key"] = json!(key);
            if dice.percent(50) {
                toleration["operator"] = json!("Equal");
            }
            toleration["value"] = json!(dice.one(values));
        }
    }
    if dice.percent(50) {
        toleration["effect"] = json!(dice.one(&["NoSchedule", "PreferNoSchedule", "NoExecute"]));
    }
    toleration
}

/// Puts a pod on a node. `started` tells pods apart that are equally important otherwise.
pub(crate) fn run(dice: &mut Dice, subject: &Subject, pod: &mut Value, node: usize, started: usize) {
    pod["spec"]["nodeName"] = json!(nodes::name(node));
    pod["status"] = json!({
        "phase": "Running",
        "startTime": format!("2026-01-01T{:02}:{:02}:00Z", started / 60, started % 60),
    });
    if dice.percent(subject.resources / 5) {
        resize(dice, pod);
    }
    let leaves = 8 + subject.preemption / 10;
    if dice.percent(leaves) {
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-02T00:00:00Z");
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
        if dice.percent(60) {
            let reason =
                dice.one(&["PreemptionByScheduler", "PreemptionByScheduler", "EvictionByEvictionAPI"]);
            let condition = json!({"type": "DisruptionTarget", "status": "True", "reason": reason});
            match pod["status"]["conditions"].as_array_mut() {
                Some(known) => known.push(condition),
                None => pod["status"]["conditions"] = json!([condition]),
            }
        }
    }
}

/// Tells what the containers of a pod have while they are resized.
fn resize(dice: &mut Dice, pod: &mut Value) {
    for (containers, statuses) in
        [("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")]
    {
        let names: Vec<Value> =
            pod["spec"][containers].as_array().into_iter().flatten().map(|one| one["name"].clone()).collect();
        let status = |dice: &mut Dice, name: Value| {
            let mut status = json!({"name": name});
            if dice.percent(80) {
                status["resources"] = json!({"requests": {"cpu": dice.one(&["100m", "1", "1500m"])}});
                status["allocatedResources"] =
                    json!({"cpu": dice.one(&["100m", "700m"]), "memory": dice.one(&["64Mi", "1Gi"])});
            }
            status
        };
        if !names.is_empty() {
            pod["status"][statuses] = names.into_iter().map(|name| status(dice, name)).collect();
        }
    }
    if dice.percent(50) {
        let reason = dice.one(&["Infeasible", "Deferred"]);
        pod["status"]["conditions"] =
            json!([{"type": "PodResizePending", "status": "True", "reason": reason}]);
    }
}
