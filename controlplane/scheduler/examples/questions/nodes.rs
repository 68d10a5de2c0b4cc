//! Random nodes.

use serde_json::{Value, json};

use crate::{dice::Dice, subject::Subject};

pub(crate) const ZONES: [&str; 3] = ["z1", "z2", "z3"];
pub(crate) const IMAGES: [(&str, i64); 5] = [
    ("registry.example/app:v1", 900),
    ("registry.example/app:latest", 40),
    ("registry.example:5000/tool:latest", 2500),
    ("tiny:1", 5),
    ("registry.example/base@sha256:0123", 300),
];
/// Keys of taints, with their values.
pub(crate) const TAINTS: [(&str, &[&str]); 4] =
    [("a", &["", "x"]), ("b", &["x", "y"]), ("load", &["10", "-3", "007", "x", ""]), ("c", &[""])];

/// The name of a node by its number.
pub(crate) fn name(number: usize) -> String {
    format!("n{number}")
}

/// A node.
pub(crate) fn node(dice: &mut Dice, subject: &Subject, number: usize) -> Value {
    let name = name(number);
    let mut labels = json!({});
    if dice.percent(93) {
        labels["kubernetes.io/hostname"] = json!(name);
    }
    if dice.percent(85) {
        labels["topology.kubernetes.io/zone"] = json!(dice.one(&ZONES));
    }
    if dice.percent(60) {
        labels["disk"] = json!(dice.one(&["ssd", "hdd", ""]));
    }
    if dice.percent(60) {
        labels["rank"] = json!(dice.one(&["1", "5", "10", "-2", "x", "010"]));
    }
    let taints = if dice.percent(subject.taints) { dice.several(0, 3, taint) } else { Vec::new() };
    let cordoned = dice.percent(subject.oddities / 5);
    let images = IMAGES.iter().filter(|_| dice.percent(subject.images / 2));
    let images: Vec<_> = images
        .map(|(name, size)| json!({"names": [name, format!("{name}-alias")], "sizeBytes": size << 20}))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "uid": format!("uid-{name}"), "labels": labels},
        "spec": {"taints": unique(taints), "unschedulable": cordoned},
        "status": {
            "allocatable": allocatable(dice, subject), "images": images,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn allocatable(dice: &mut Dice, subject: &Subject) -> Value {
    let small = dice.percent(subject.resources.max(subject.preemption));
    let mut allocatable = if small {
        json!({
            "cpu": dice.one(&["1", "2", "3900m", "500m", "4"]),
            "memory": dice.one(&["1Gi", "2Gi", "1500Mi", "4G", "3Gi", "1000000k"]),
            "ephemeral-storage": dice.one(&["1Gi", "5Gi", "10G"]),
            "pods": dice.one(&["2", "4", "5", "110"]),
        })
    } else {
        json!({
            "cpu": dice.one(&["4", "8", "16"]), "memory": dice.one(&["8Gi", "16Gi", "32Gi"]),
            "ephemeral-storage": "100Gi", "pods": "110",
        })
    };
    if dice.percent(subject.resources / 3) {
        allocatable["example.com/gpu"] = json!(dice.one(&["0", "1", "2", "4"]));
    }
    if dice.percent(subject.resources / 5) {
        allocatable["hugepages-2Mi"] = json!(dice.one(&["0", "4Mi", "16Mi"]));
    }
    if dice.percent(subject.resources / 20) {
        let gone = dice.one(&["cpu", "memory", "ephemeral-storage", "pods"]);
        allocatable[gone] = json!("0");
    }
    allocatable
}

fn taint(dice: &mut Dice) -> Value {
    let (key, values) = dice.one(&TAINTS);
    let mut taint = json!({
        "key": key, "effect": dice.one(&["NoSchedule", "PreferNoSchedule", "PreferNoSchedule", "NoExecute"]),
    });
    let value = dice.one(values);
    if !value.is_empty() {
        taint["value"] = json!(value);
    }
    taint
}

/// Taints of one node differ in key or effect.
fn unique(taints: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::new();
    for taint in taints {
        if !kept.iter().any(|one| one["key"] == taint["key"] && one["effect"] == taint["effect"]) {
            kept.push(taint);
        }
    }
    kept
}
