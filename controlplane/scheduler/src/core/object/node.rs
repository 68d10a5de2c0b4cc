//! The parts of nodes that scheduling reads, as the API sends them.

use serde::Deserialize;

use super::ResourceList;

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
    /// The images it holds.
    pub images: Option<Vec<ContainerImage>>,
}

/// An image that a node holds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerImage {
    /// By which names.
    pub names: Option<Vec<String>>,
    /// Its size in bytes.
    pub size_bytes: Option<i64>,
}
