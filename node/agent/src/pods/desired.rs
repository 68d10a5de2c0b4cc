//! What the API wants of a pod, in the few questions that the plan asks.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Container as ContainerSpec, Pod, PodSpec};

use crate::clock::after;

/// Kubernetes' default for `terminationGracePeriodSeconds`.
pub(crate) const DEFAULT_GRACE: Duration = Duration::from_secs(30);
/// The least time between the stop signal and SIGKILL, also for a forced deletion: a program gets a chance.
pub(crate) const LEAST_GRACE: Duration = Duration::from_secs(1);

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Desired {
    /// The API has this pod.
    Pod(Arc<Pod>),
    /// The API does not have it any more; the last that was seen of it, if anything was.
    Gone(Option<Arc<Pod>>),
}

impl Desired {
    /// The pod as it was last seen.
    pub(crate) fn pod(&self) -> Option<&Arc<Pod>> {
        match self {
            Desired::Pod(pod) => Some(pod),
            Desired::Gone(pod) => pod.as_ref(),
        }
    }

    /// Whether the API asks for the pod's end.
    pub(crate) fn deleting(&self) -> bool {
        match self {
            Desired::Pod(pod) => pod.metadata.deletion_timestamp.is_some(),
            Desired::Gone(_) => true,
        }
    }

    /// How long a program may take to stop.
    pub(crate) fn grace(&self) -> Duration {
        let Some(pod) = self.pod() else { return DEFAULT_GRACE };
        grace(pod)
    }
}

/// How long a program of the pod may take to stop.
pub(crate) fn grace(pod: &Pod) -> Duration {
    let asked = pod
        .metadata
        .deletion_grace_period_seconds
        .or_else(|| pod.spec.as_ref()?.termination_grace_period_seconds)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(DEFAULT_GRACE, Duration::from_secs);
    asked.max(LEAST_GRACE)
}

/// When an exited container is run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestartPolicy {
    /// Whatever its exit code.
    Always,
    /// If its exit code is not 0.
    OnFailure,
    /// Never.
    Never,
}

impl RestartPolicy {
    /// The pod's.
    pub(crate) fn of(spec: &PodSpec) -> RestartPolicy {
        match spec.restart_policy.as_deref() {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => RestartPolicy::Always,
        }
    }

    /// Whether a container (or an init container) that exited with `code` is run again.
    pub(crate) fn restarts(self, init: bool, code: i32) -> bool {
        match (self, init, code) {
            (_, true, 0) | (RestartPolicy::Never, _, _) | (RestartPolicy::OnFailure, _, 0) => false,
            (RestartPolicy::Always | RestartPolicy::OnFailure, _, _) => true,
        }
    }
}

/// The pod's spec; an empty one if the object has none.
pub(crate) fn spec(pod: &Pod) -> &PodSpec {
    static EMPTY: std::sync::OnceLock<PodSpec> = std::sync::OnceLock::new();
    pod.spec.as_ref().unwrap_or_else(|| EMPTY.get_or_init(PodSpec::default))
}

/// The init containers, in order.
pub(crate) fn inits(pod: &Pod) -> &[ContainerSpec] {
    spec(pod).init_containers.as_deref().unwrap_or_default()
}

/// The containers, in order.
pub(crate) fn mains(pod: &Pod) -> &[ContainerSpec] {
    &spec(pod).containers
}

/// A container or init container by name, and whether it is an init container.
pub(crate) fn find<'a>(pod: &'a Pod, name: &str) -> Option<(&'a ContainerSpec, bool)> {
    let init = inits(pod).iter().map(|one| (one, true));
    init.chain(mains(pod).iter().map(|one| (one, false))).find(|(one, _)| one.name == name)
}

/// Whether the pod runs in the node's own network.
pub(crate) fn host_network(pod: &Pod) -> bool {
    spec(pod).host_network.unwrap_or(false)
}

/// When `activeDeadlineSeconds` ends.
pub(crate) fn deadline(pod: &Pod, started: Timestamp) -> Option<Timestamp> {
    let seconds = u64::try_from(spec(pod).active_deadline_seconds?).ok()?;
    Some(after(started, Duration::from_secs(seconds)))
}

/// `name_namespace(uid)`: how kubelet names a pod in messages.
pub(crate) fn title(pod: &Pod) -> String {
    let meta = &pod.metadata;
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    format!("{}_{}({})", text(&meta.name), text(&meta.namespace), text(&meta.uid))
}

/// The pod's phase as the API has it, if it is one from which there is no return.
pub(crate) fn terminal_phase(pod: &Pod) -> Option<&str> {
    let phase = pod.status.as_ref()?.phase.as_deref()?;
    matches!(phase, "Succeeded" | "Failed").then_some(phase)
}
