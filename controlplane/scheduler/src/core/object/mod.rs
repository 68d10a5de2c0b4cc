//! The parts of pods and nodes that scheduling reads, as the API sends them. Everything else is skipped while decoding.

mod affinity;
mod node;
mod status;
mod storage;
mod volume;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

pub use affinity::{
    Affinity, LabelSelector, NodeAffinity, NodeSelector, NodeSelectorTerm, PodAffinity, PodAffinityTerm,
    PreferredTerm, Requirement, TopologySpreadConstraint, WeightedPodAffinityTerm,
};
pub use node::{Condition, ContainerImage, NodeSpec, NodeStatus, TaintSpec};
pub use status::{ContainerStatus, PodCondition, PodStatus};
pub use storage::{
    ClaimReference, ClaimSpec, ClaimStatus, ClassFields, CsiAllocatable, CsiNodeDriver, CsiNodeSpec,
    CsiSource, StorageMeta, StorageOwner, TopologyRequirement, TopologyTerm, VolumeNodeAffinity, VolumeSpec,
    VolumeStatus,
};
pub use volume::{AwsDisk, ClaimRef, EphemeralVolume, GceDisk, IscsiDisk, RbdDisk, Volume};

/// Quantities by resource name.
pub type ResourceList = BTreeMap<String, Value>;

/// A pod's `spec`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Which scheduler places the pod.
    pub scheduler_name: Option<String>,
    /// Where the pod runs.
    pub node_name: Option<String>,
    /// Labels that the node must have.
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Wishes about nodes.
    pub affinity: Option<Affinity>,
    /// Taints that do not matter.
    pub tolerations: Option<Vec<TolerationSpec>>,
    /// Larger goes first.
    pub priority: Option<i32>,
    /// `Never` or `PreemptLowerPriority`.
    pub preemption_policy: Option<String>,
    /// How the pod spreads over the cluster.
    pub topology_spread_constraints: Option<Vec<TopologySpreadConstraint>>,
    /// What keeps the pod from being scheduled.
    pub scheduling_gates: Option<Vec<SchedulingGate>>,
    /// What the pod itself costs.
    pub overhead: Option<ResourceList>,
    /// Run at the same time.
    pub containers: Vec<Container>,
    /// Run before, in order.
    pub init_containers: Option<Vec<Container>>,
    /// The pod's volumes.
    pub volumes: Option<Vec<Volume>>,
    /// Requests of the pod as a whole, which stand in for those of its containers.
    pub resources: Option<ResourceRequirements>,
    /// Whether it runs in the host's network, so that all its ports are the host's.
    pub host_network: Option<bool>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// What it runs.
    pub image: Option<String>,
    /// Where it listens.
    pub ports: Option<Vec<ContainerPort>>,
    /// What it needs.
    pub resources: Option<ResourceRequirements>,
    /// `Always` makes an init container a sidecar.
    pub restart_policy: Option<String>,
}

/// A container's `resources`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ResourceRequirements {
    /// What is set aside for it.
    pub requests: Option<ResourceList>,
}

/// A port of a container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// The port in the container.
    pub container_port: i32,
    /// The port of the host that leads to it; none if 0 or absent.
    pub host_port: Option<i32>,
    /// The host's address; all if absent.
    #[serde(rename = "hostIP")]
    pub host_ip: Option<String>,
    /// `TCP`, `UDP`, `SCTP`; `TCP` if absent.
    pub protocol: Option<String>,
}

/// A scheduling gate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SchedulingGate {
    /// Its name.
    pub name: String,
}

/// A toleration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TolerationSpec {
    /// The taint's key; all if absent.
    pub key: Option<String>,
    /// `Exists` or `Equal`, which is the default.
    pub operator: Option<String>,
    /// The taint's value.
    pub value: Option<String>,
    /// The taint's effect; all if absent.
    pub effect: Option<String>,
}
