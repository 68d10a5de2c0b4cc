//! A node's description.

use serde_json::Value;

use super::text::{Text, plain, time};
use crate::client::table::Grid;

pub(super) fn describe(text: &mut Text, node: &Value) {
    let (meta, spec, status) = (&node["metadata"], &node["spec"], &node["status"]);
    text.field(0, "Name", &plain(&meta["name"]));
    text.map(0, "Labels", &meta["labels"]);
    text.map(0, "Annotations", &meta["annotations"]);
    text.field(0, "CreationTimestamp", &time(&plain(&meta["creationTimestamp"])));
    let taints = spec["taints"].as_array().into_iter().flatten();
    text.list(0, "Taints", &taints.map(taint).collect::<Vec<_>>());
    text.field(0, "Unschedulable", if spec["unschedulable"] == true { "true" } else { "false" });
    conditions(text, &status["conditions"]);
    text.line(0, "Addresses:");
    for one in status["addresses"].as_array().into_iter().flatten() {
        text.field(2, &plain(&one["type"]), &plain(&one["address"]));
    }
    for (title, field) in [("Capacity", "capacity"), ("Allocatable", "allocatable")] {
        text.line(0, &format!("{title}:"));
        for (resource, amount) in status[field].as_object().into_iter().flatten() {
            text.field(2, resource, &plain(amount));
        }
    }
    text.line(0, "System Info:");
    for (title, field) in [
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ] {
        text.field(2, title, &plain(&status["nodeInfo"][field]));
    }
    text.optional(0, "PodCIDR", &spec["podCIDR"]);
}

fn taint(taint: &Value) -> String {
    match taint["value"].as_str().filter(|value| !value.is_empty()) {
        Some(value) => format!("{}={value}:{}", plain(&taint["key"]), plain(&taint["effect"])),
        None => format!("{}:{}", plain(&taint["key"]), plain(&taint["effect"])),
    }
}

fn conditions(text: &mut Text, conditions: &Value) {
    text.line(0, "Conditions:");
    let mut grid = Grid::default();
    let row = |cells: [&str; 4]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
    grid.push(row(["Type", "Status", "Reason", "Message"]));
    grid.push(row(["----", "------", "------", "-------"]));
    for one in conditions.as_array().into_iter().flatten() {
        let field = |name: &str| plain(&one[name]);
        grid.push(row([&field("type"), &field("status"), &field("reason"), &field("message")]));
    }
    grid.render().lines().for_each(|line| text.line(2, line));
}
