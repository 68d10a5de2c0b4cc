//! Telling the API a pod's status: what to send (pure), when, and the requests.
//!
//! A status goes out as a strategic merge patch of what differs from the API's own object, with the pod's uid, so that a
//! new pod of the same name is never written to.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodCondition, PodStatus};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, Preconditions},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    desired,
    observed::{ImageState, Observed, Piece},
};
use crate::{clock::after, context::Context};

/// How long the first report waits for a pod that is coming up, so that there is only one, and it says Ready.
const HOLD: Duration = Duration::from_secs(1);

/// The patch that turns the status `before` into `next`; `None` if they say the same.
pub(super) fn difference(before: &PodStatus, next: &PodStatus) -> Option<Value> {
    let mut patch = Map::new();
    let old: &[PodCondition] = before.conditions.as_deref().unwrap_or_default();
    let changed = next.conditions.iter().flatten().filter(|one| !old.contains(one));
    let conditions: Vec<Value> = changed.map(|one| condition(old, one)).collect();
    if !conditions.is_empty() {
        patch.insert("conditions".into(), json(&conditions));
    }
    let mut field = |name: &str, old: Value, new: Value| {
        if old != new {
            patch.insert(name.into(), new);
        }
    };
    field("containerStatuses", json(&before.container_statuses), json(&next.container_statuses));
    field(
        "initContainerStatuses",
        json(&before.init_container_statuses),
        json(&next.init_container_statuses),
    );
    field("hostIP", json(&before.host_ip), json(&next.host_ip));
    field("hostIPs", whole(&before.host_ips), whole(&next.host_ips));
    field("podIP", json(&before.pod_ip), json(&next.pod_ip));
    field("podIPs", whole(&before.pod_ips), whole(&next.pod_ips));
    field("message", json(&before.message), json(&next.message));
    field("reason", json(&before.reason), json(&next.reason));
    field("observedGeneration", json(&before.observed_generation), json(&next.observed_generation));
    field("phase", json(&before.phase), json(&next.phase));
    field("startTime", json(&before.start_time), json(&next.start_time));
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// A condition as it is to be; what the one of its type among `old` has besides is null, or the patch would leave it.
fn condition(old: &[PodCondition], next: &PodCondition) -> Value {
    let mut value = json(next);
    let before = old.iter().find(|one| one.type_ == next.type_).map(json);
    if let (Value::Object(value), Some(Value::Object(before))) = (&mut value, before) {
        for (name, _) in before {
            value.entry(name).or_insert(Value::Null);
        }
    }
    value
}

/// A list that the patch would otherwise add to: its items have keys.
fn whole<T: Serialize>(list: &Option<Vec<T>>) -> Value {
    let Some(list) = list else { return Value::Null };
    std::iter::once(json!({"$patch": "replace"})).chain(list.iter().map(json)).collect()
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Until when a report is held back: a pod that is on its straight way up is told once, when it has arrived.
pub(super) fn held_until(pod: &Pod, observed: &Observed) -> Option<Timestamp> {
    if pod.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let unmade = |busy: bool, unknown: bool| busy || unknown;
    let network = unmade(matches!(observed.network, Piece::Making(None)), observed.network == Piece::Unknown);
    let volumes = unmade(matches!(observed.volumes, Piece::Making(None)), observed.volumes == Piece::Unknown);
    let troubled =
        matches!(observed.network, Piece::Failed(..)) || matches!(observed.volumes, Piece::Failed(..));
    let rising = desired::mains(pod).iter().any(|spec| {
        let container = observed.containers.get(&spec.name);
        container.is_none_or(|one| !one.last().is_some_and(|last| last.running() || last.ended().is_some()))
    });
    let failed = observed.containers.values().any(|container| {
        container.trouble.is_some()
            || matches!(container.image, ImageState::Failed { .. })
            || container.last().is_some_and(|last| last.ended().is_some_and(|ended| ended.code != 0))
    });
    let surroundings = network && !desired::host_network(pod) || volumes;
    ((rising || surroundings) && !failed && !troubled).then(|| after(observed.since, HOLD))
}

/// The newer of two objects of one pod, by their resourceVersion.
pub(super) fn newer(one: Arc<Pod>, other: Arc<Pod>) -> Arc<Pod> {
    let version =
        |pod: &Pod| pod.metadata.resource_version.as_ref().and_then(|text| text.parse::<u64>().ok());
    match (version(&one), version(&other)) {
        (Some(first), Some(second)) if first > second => one,
        _ => other,
    }
}

/// Sends a status; the object as it is then.
pub(super) async fn patch(context: &Context, pod: &Pod, status: Value) -> kube::Result<Pod> {
    let api = api(context, pod);
    let body = json!({"metadata": {"uid": pod.metadata.uid}, "status": status});
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let _permit = context.requests.acquire().await;
    api.patch_status(name, &PatchParams::default(), &Patch::Strategic(body)).await
}

/// Deletes the pod from the API for good. Succeeds if it, or the pod of this uid, is not there any more.
pub(super) async fn delete(context: &Context, pod: &Pod) -> kube::Result<()> {
    let api = api(context, pod);
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let preconditions = Preconditions { uid: pod.metadata.uid.clone(), resource_version: None };
    let how = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() }
        .preconditions(preconditions);
    let _permit = context.requests.acquire().await;
    match api.delete(name, &how).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(error),
    }
}

fn api(context: &Context, pod: &Pod) -> Api<Pod> {
    Api::namespaced(context.client.clone(), pod.metadata.namespace.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use naru_api::patch::strategic;

    use super::*;

    fn status(value: Value) -> PodStatus {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn only_what_differs_is_sent() {
        let before = status(json!({
            "phase": "Pending", "qosClass": "BestEffort", "podIP": "10.0.0.1",
            "conditions": [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}],
        }));
        let next = status(json!({
            "phase": "Running", "qosClass": "BestEffort", "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}],
        }));
        assert_eq!(difference(&before, &before), None);
        let expected = json!({"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"});
        assert_eq!(difference(&before, &next), Some(expected));
    }

    #[test]
    fn what_a_condition_no_longer_says_is_sent_as_null() {
        let before = status(json!({"conditions": [
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "with unready status: [a]"},
        ]}));
        let next = status(json!({"conditions": [{"type": "Ready", "status": "True"}]}));
        let expected =
            json!({"conditions": [{"type": "Ready", "status": "True", "reason": null, "message": null}]});
        assert_eq!(difference(&before, &next), Some(expected));
    }

    #[test]
    fn addresses_replace_those_before() {
        let before = status(json!({"podIPs": [{"ip": "10.0.0.1"}], "hostIPs": [{"ip": "192.0.2.1"}]}));
        let next = status(json!({"podIPs": [{"ip": "10.0.0.2"}]}));
        let expected = json!({"podIPs": [{"$patch": "replace"}, {"ip": "10.0.0.2"}], "hostIPs": null});
        assert_eq!(difference(&before, &next), Some(expected));
    }

    /// Whatever the status was, the patch leaves the wanted one: else it would be sent for ever.
    #[test]
    fn a_patch_arrives_at_the_status_that_was_wanted() {
        let condition = |status: &str, reason: Option<&str>| json!({"type": "Ready", "status": status, "reason": reason, "message": reason});
        let statuses: Vec<PodStatus> = [
            json!({}),
            json!({"phase": "Pending", "conditions": [condition("False", Some("ContainersNotReady"))]}),
            json!({"phase": "Running", "conditions": [condition("True", None)], "podIP": "10.0.0.1",
                "podIPs": [{"ip": "10.0.0.1"}], "hostIPs": [{"ip": "192.0.2.1"}]}),
            json!({"phase": "Running", "conditions": [condition("True", None)], "podIP": "10.0.0.2",
                "podIPs": [{"ip": "10.0.0.2"}], "hostIPs": [{"ip": "192.0.2.2"}],
                "containerStatuses": [{"name": "a", "image": "i", "imageID": "", "ready": true, "restartCount": 1}]}),
            json!({"phase": "Failed", "reason": "DeadlineExceeded", "message": "too long",
                "conditions": [condition("False", Some("PodFailed"))]}),
        ]
        .map(status)
        .into();
        for (before, next) in statuses.iter().flat_map(|one| statuses.iter().map(move |other| (one, other))) {
            let Some(patch) = difference(before, next) else { continue };
            let object = json!({"status": before});
            let after = strategic("io.k8s.api.core.v1.Pod", &object, &json!({"status": patch})).unwrap();
            let after: PodStatus = serde_json::from_value(after["status"].clone()).unwrap();
            let left = difference(&after, next);
            assert_eq!(left, None, "{before:?} -> {next:?}");
        }
    }

    #[test]
    fn what_is_gone_is_sent_as_null() {
        let before = status(json!({"reason": "X"}));
        assert_eq!(difference(&before, &PodStatus::default()), Some(json!({"reason": null})));
    }

    #[test]
    fn the_newer_object_counts() {
        let pod = |version: &str| -> Arc<Pod> {
            Arc::new(serde_json::from_value(json!({"metadata": {"resourceVersion": version}})).unwrap())
        };
        let version = |pod: Arc<Pod>| pod.metadata.resource_version.clone().unwrap();
        assert_eq!(version(newer(pod("9"), pod("10"))), "10");
        assert_eq!(version(newer(pod("10"), pod("9"))), "10");
        assert_eq!(version(newer(pod("x"), pod("9"))), "9");
    }
}
