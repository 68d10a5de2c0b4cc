//! What a pod's status tells, in a word each.

use k8s_openapi::api::core::v1::Pod;

/// The waiting or terminated reason of a pod's container.
pub(crate) fn reason(pod: &Pod, index: usize) -> String {
    let state = || pod.status.as_ref()?.container_statuses.as_ref()?.get(index)?.state.clone();
    let Some(state) = state() else { return String::new() };
    let waiting = state.waiting.and_then(|one| one.reason);
    waiting.or_else(|| state.terminated.and_then(|one| one.reason)).unwrap_or_default()
}

/// The waiting message of a pod's container.
pub(crate) fn message(pod: &Pod, index: usize) -> String {
    let state = || pod.status.as_ref()?.container_statuses.as_ref()?.get(index)?.state.clone();
    state().and_then(|state| state.waiting?.message).unwrap_or_default()
}

pub(crate) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

pub(crate) fn ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|one| one.type_ == "Ready" && one.status == "True")
}

pub(crate) fn restarts(pod: &Pod, index: usize) -> i32 {
    let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    statuses.and_then(|list| list.get(index)).map_or(-1, |status| status.restart_count)
}

pub(crate) fn container_id(pod: &Pod, index: usize) -> String {
    let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    statuses.and_then(|list| list.get(index)?.container_id.clone()).unwrap_or_default()
}
