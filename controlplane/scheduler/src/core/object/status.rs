//! The parts of pods' status that scheduling reads, as the API sends them.

use serde::Deserialize;

use super::{ResourceList, ResourceRequirements};

/// A pod's `status`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Succeeded` and `Failed` pods hold nothing.
    pub phase: Option<String>,
    /// The node that pods are leaving in favour of this one.
    pub nominated_node_name: Option<String>,
    /// When the node took the pod, as RFC 3339.
    pub start_time: Option<String>,
    /// How the pod is.
    pub conditions: Option<Vec<PodCondition>>,
    /// What its containers have.
    pub container_statuses: Option<Vec<ContainerStatus>>,
    /// What its init containers have.
    pub init_container_statuses: Option<Vec<ContainerStatus>>,
    /// What the pod as a whole has.
    pub resources: Option<ResourceRequirements>,
    /// What it was promised.
    pub allocated_resources: Option<ResourceList>,
}

/// A condition of a pod.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodCondition {
    /// Which.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: Option<String>,
}

/// What a container has.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// The container's name.
    pub name: String,
    /// What it has now.
    pub resources: Option<ResourceRequirements>,
    /// What it was promised.
    pub allocated_resources: Option<ResourceList>,
}

impl PodStatus {
    /// The first condition of a type.
    fn condition(&self, type_: &str) -> Option<&PodCondition> {
        self.conditions.iter().flatten().find(|condition| condition.type_ == type_)
    }

    /// Whether the node can never give what the pod wants now.
    pub(crate) fn resize_is_infeasible(&self) -> bool {
        let pending = self.condition("PodResizePending");
        pending.is_some_and(|condition| condition.reason.as_deref() == Some("Infeasible"))
    }

    /// Whether the pod leaves in favour of a more important one.
    pub(crate) fn is_preempted(&self) -> bool {
        self.condition("DisruptionTarget").is_some_and(|condition| {
            condition.status == "True" && condition.reason.as_deref() == Some("PreemptionByScheduler")
        })
    }
}
