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
    let conditions: Vec<&PodCondition> =
        next.conditions.iter().flatten().filter(|one| !old.contains(one)).collect();
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
    field("hostIPs", json(&before.host_ips), json(&next.host_ips));
    field("podIP", json(&before.pod_ip), json(&next.pod_ip));
    field("podIPs", json(&before.pod_ips), json(&next.pod_ips));
    field("message", json(&before.message), json(&next.message));
    field("reason", json(&before.reason), json(&next.reason));
    field("observedGeneration", json(&before.observed_generation), json(&next.observed_generation));
    field("phase", json(&before.phase), json(&next.phase));
    field("startTime", json(&before.start_time), json(&next.start_time));
    (!patch.is_empty()).then_some(Value::Object(patch))
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
