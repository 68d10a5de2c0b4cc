//! Node: a machine that runs pods.

use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta};
use serde_json::Value;

use super::{
    Strategy, age_cell,
    fields::{carry_over, condition, flag, items, text, text_or},
    name_cell,
};

pub(super) struct Rules;

impl Strategy for Rules {
    fn prepare_update(&self, subresource: Option<&str>, object: &mut Object, old: &Object) {
        let kept = if subresource == Some("status") { "spec" } else { "status" };
        carry_over(object, old, kept);
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        let info = &object["status"]["nodeInfo"];
        vec![
            name_cell(object),
            status(object).into(),
            roles(object).into(),
            age_cell(object, now),
            text(&info["kubeletVersion"]).into(),
            address(object, "InternalIP").into(),
            address(object, "ExternalIP").into(),
            text_or(&info["osImage"], "<unknown>").into(),
            text_or(&info["kernelVersion"], "<unknown>").into(),
            text_or(&info["containerRuntimeVersion"], "<unknown>").into(),
        ]
    }
}

/// `Ready`, `NotReady` or `Unknown`, with `SchedulingDisabled` when cordoned.
fn status(object: &Object) -> String {
    let ready = match condition(object, "Ready") {
        Some(ready) if ready["status"] == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    if flag(&object["spec"]["unschedulable"]) { format!("{ready},SchedulingDisabled") } else { ready.into() }
}

/// The roles that labels give, sorted.
fn roles(object: &Object) -> String {
    let mut roles: Vec<&str> = meta::labels(object)
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None => (key == "kubernetes.io/role").then_some(value),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { "<none>".into() } else { roles.join(",") }
}

fn address<'a>(object: &'a Object, kind: &str) -> &'a str {
    items(&object["status"]["addresses"])
        .iter()
        .find(|one| one["type"] == kind)
        .map_or("<none>", |one| text_or(&one["address"], "<none>"))
}
