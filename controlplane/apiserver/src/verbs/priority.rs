//! Priorities of new pods: a pod names a PriorityClass, or gets the one that is everybody's, and its number with it.
//!
//! Source of the behaviour: kube-apiserver's admission step Priority.

use naru_api::{Object, kinds::Kind, meta, status::Status};
use serde_json::{Value, json};

use super::{Call, get, parsed};
use crate::kinds::{
    fields::{flag, int, text, text_or},
    priorityclass::{DEFAULT_POLICY, system_priority},
};

/// What marks a class as everybody's in its stored form, which is compact: within a text the quotes would be escaped.
const DEFAULT_MARK: &[u8] = b"\"globalDefault\":true";

/// What a pod gets from its class.
struct Given {
    /// The class; empty if there is none.
    class: String,
    priority: i64,
    policy: String,
}

fn is_pod(row: &Kind) -> bool {
    row.group.is_empty() && row.kind == "Pod"
}

fn is_class(row: &Kind) -> bool {
    row.group == "scheduling.k8s.io" && row.kind == "PriorityClass"
}

/// Gives a new pod its priority, and keeps a new class from being a second default.
pub(super) async fn admit_new(call: &Call, object: &mut Object) -> Result<(), Status> {
    if is_pod(call.row()) {
        let name = text(&object["spec"]["priorityClassName"]);
        let given =
            if name.is_empty() { default_class(call)? } else { class_named(call, object, name).await? };
        return give(call, object, given);
    }
    admit_default(call, object, None)
}

/// Keeps a changed class from becoming a second default.
pub(super) async fn admit_changed(call: &Call, object: &Object) -> Result<(), Status> {
    admit_default(call, object, Some(call.name()))
}

fn refusal(call: &Call, object: &Object, why: &str) -> Status {
    Status::forbidden(call.row().group, call.row().plural, meta::name(object).unwrap_or_default(), why)
}

/// Sets what the class says. A pod may repeat it, but not say anything else.
fn give(call: &Call, object: &mut Object, given: Given) -> Result<(), Status> {
    let spec = &object["spec"];
    let Given { class, priority, policy } = given;
    if let Some(asked) = spec["priority"].as_i64().filter(|asked| *asked != priority) {
        let why = format!(
            "the integer value of priority ({asked}) must not be provided in pod spec; priority admission controller \
             computed {priority} from the given PriorityClass name"
        );
        return Err(refusal(call, object, &why));
    }
    let asked = text(&spec["preemptionPolicy"]);
    if !asked.is_empty() && asked != policy {
        let why = format!(
            "the string value of PreemptionPolicy ({asked}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        );
        return Err(refusal(call, object, &why));
    }
    let spec = meta::child_mut(object, "spec");
    if !class.is_empty() {
        spec.insert("priorityClassName".into(), class.into());
    }
    spec.insert("priority".into(), json!(priority));
    spec.insert("preemptionPolicy".into(), policy.into());
    Ok(())
}

async fn class_named(call: &Call, pod: &Object, name: &str) -> Result<Given, Status> {
    if let Some(priority) = system_priority(name) {
        return Ok(Given { class: name.into(), priority, policy: DEFAULT_POLICY.into() });
    }
    let cache = call.server.classes();
    let found = match cache {
        Some(cache) => {
            let key = cache.key("", name);
            match cache.get(&key) {
                Some(entry) => Some(entry),
                None => get::newest(call, cache, &key).await?,
            }
        }
        None => None,
    };
    match found {
        Some(entry) => Ok(given_by(&parsed(&entry.bytes)?)),
        None => Err(refusal(call, pod, &format!("no PriorityClass with name {name} was found"))),
    }
}

fn given_by(class: &Value) -> Given {
    Given {
        class: text(&class["metadata"]["name"]).into(),
        priority: int(&class["value"]),
        policy: text_or(&class["preemptionPolicy"], DEFAULT_POLICY).into(),
    }
}

/// The class that is everybody's: of several, the one with the smallest number.
fn default_class(call: &Call) -> Result<Given, Status> {
    let least = defaults(call)?.into_iter().min_by_key(|class| int(&class["value"]));
    let none = || Given { class: String::new(), priority: 0, policy: DEFAULT_POLICY.into() };
    Ok(least.map_or_else(none, |class| given_by(&class)))
}

/// The classes that are marked as everybody's; one, or none.
fn defaults(call: &Call) -> Result<Vec<Value>, Status> {
    let Some(cache) = call.server.classes() else { return Ok(Vec::new()) };
    let snapshot = call.server.cache.snapshot(cache);
    let marked = snapshot
        .tree
        .range(&cache.prefix, None)
        .filter(|entry| entry.bytes.windows(DEFAULT_MARK.len()).any(|window| window == DEFAULT_MARK));
    let mut found = Vec::new();
    for entry in marked {
        let class = parsed(&entry.bytes)?;
        if flag(&class["globalDefault"]) {
            found.push(class);
        }
    }
    Ok(found)
}

fn admit_default(call: &Call, object: &Object, changed: Option<&str>) -> Result<(), Status> {
    if !is_class(call.row()) || !flag(&object["globalDefault"]) {
        return Ok(());
    }
    let other = defaults(call)?.into_iter().find(|class| changed != class["metadata"]["name"].as_str());
    match other {
        Some(other) => {
            let other = text(&other["metadata"]["name"]);
            let why =
                format!("PriorityClass {other} is already marked as default. Only one default can exist");
            Err(refusal(call, object, &why))
        }
        None => Ok(()),
    }
}
