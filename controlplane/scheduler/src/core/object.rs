//! The parts of pods and nodes that scheduling reads, as the API sends them. Everything else is skipped while decoding.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

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
    /// What keeps the pod from being scheduled.
    pub scheduling_gates: Option<Vec<SchedulingGate>>,
    /// What the pod itself costs.
    pub overhead: Option<ResourceList>,
    /// Run at the same time.
    pub containers: Vec<Container>,
    /// Run before, in order.
    pub init_containers: Option<Vec<Container>>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
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

/// A scheduling gate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SchedulingGate {
    /// Its name.
    pub name: String,
}

/// A pod's `affinity`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Affinity {
    /// About nodes.
    pub node_affinity: Option<NodeAffinity>,
}

/// Wishes about nodes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// One of its terms must match.
    pub required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
    /// Each that matches counts.
    pub preferred_during_scheduling_ignored_during_execution: Option<Vec<PreferredTerm>>,
}

/// Terms of which one must match.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// The terms.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// Requirements that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// About labels.
    pub match_expressions: Option<Vec<Requirement>>,
    /// About fields; there is `metadata.name`.
    pub match_fields: Option<Vec<Requirement>>,
}

/// A term that counts `weight` if it matches.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PreferredTerm {
    /// 1 to 100.
    pub weight: i32,
    /// The term.
    pub preference: NodeSelectorTerm,
}

/// One requirement of a term.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Requirement {
    /// The label's or field's name.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`.
    pub operator: String,
    /// What it is compared with.
    pub values: Option<Vec<String>>,
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

/// A pod's `status`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodStatus {
    /// `Succeeded` and `Failed` pods hold nothing.
    pub phase: Option<String>,
}

/// A condition of a node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Which.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False`, `Unknown`.
    pub status: String,
}

/// A node's `spec`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NodeSpec {
    /// Cordoned.
    pub unschedulable: Option<bool>,
    /// What pods must tolerate.
    pub taints: Option<Vec<TaintSpec>>,
}

/// A taint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TaintSpec {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: String,
}

/// A node's `status`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct NodeStatus {
    /// What pods may request in all.
    pub allocatable: Option<ResourceList>,
    /// How the node is.
    pub conditions: Option<Vec<Condition>>,
}
