//! Volumes, claims and what belongs to them, as far as scheduling reads them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LabelSelector, NodeSelector, ResourceList, ResourceRequirements};

/// A `PersistentVolume`'s `spec`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeSpec {
    /// What it holds; `storage` in bytes.
    pub capacity: Option<ResourceList>,
    /// How it can be mounted.
    pub access_modes: Option<Vec<String>>,
    /// The claim that it belongs to.
    pub claim_ref: Option<ClaimReference>,
    /// Its class; none if empty.
    pub storage_class_name: Option<String>,
    /// `Filesystem` or `Block`.
    pub volume_mode: Option<String>,
    /// The nodes that can reach it.
    pub node_affinity: Option<VolumeNodeAffinity>,
    /// The volume of a CSI driver.
    pub csi: Option<CsiSource>,
}

/// The claim that a volume belongs to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClaimReference {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid; empty if any of that name will do.
    pub uid: String,
}

/// The nodes that can reach a volume.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct VolumeNodeAffinity {
    /// One of its terms must match.
    pub required: Option<NodeSelector>,
}

/// The volume of a CSI driver.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CsiSource {
    /// The driver's name.
    pub driver: String,
    /// The driver's name of the volume.
    pub volume_handle: String,
}

/// A `PersistentVolume`'s `status`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct VolumeStatus {
    /// `Available`, `Bound`, ...
    pub phase: Option<String>,
}

/// A `PersistentVolumeClaim`'s `spec`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimSpec {
    /// How it is to be mounted.
    pub access_modes: Option<Vec<String>>,
    /// Labels that the volume must have.
    pub selector: Option<LabelSelector>,
    /// How much it must hold.
    pub resources: Option<ResourceRequirements>,
    /// The volume that it is bound to, or to be bound to.
    pub volume_name: Option<String>,
    /// Its class; none if empty.
    pub storage_class_name: Option<String>,
    /// `Filesystem` or `Block`.
    pub volume_mode: Option<String>,
}

/// A `PersistentVolumeClaim`'s `status`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClaimStatus {
    /// `Pending`, `Bound`, `Lost`.
    pub phase: Option<String>,
}

/// A `StorageClass`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClassFields {
    /// Who makes its volumes.
    pub provisioner: String,
    /// `Immediate` or `WaitForFirstConsumer`.
    pub volume_binding_mode: Option<String>,
    /// Where volumes can be made; everywhere if none is named.
    pub allowed_topologies: Option<Vec<TopologyTerm>>,
}

/// Labels of nodes that must all match.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TopologyTerm {
    /// The labels.
    pub match_label_expressions: Option<Vec<TopologyRequirement>>,
}

/// The values that a label of a node may have.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TopologyRequirement {
    /// The label.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

/// A `CSINode`'s `spec`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CsiNodeSpec {
    /// The drivers on the node.
    pub drivers: Vec<CsiNodeDriver>,
}

/// A CSI driver on a node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CsiNodeDriver {
    /// Its name.
    pub name: String,
    /// What the node takes of its volumes.
    pub allocatable: Option<CsiAllocatable>,
}

/// What a node takes of a driver's volumes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CsiAllocatable {
    /// Volumes at a time; any number if it does not say.
    pub count: Option<i64>,
}

/// The metadata of volumes and claims that matters.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StorageMeta {
    /// The name.
    pub name: String,
    /// The namespace of a claim.
    pub namespace: String,
    /// Unique in time and space.
    pub uid: String,
    /// The labels.
    pub labels: Option<BTreeMap<String, String>>,
    /// What controllers have noted.
    pub annotations: Option<BTreeMap<String, String>>,
    /// When it was deleted, as RFC 3339.
    pub deletion_timestamp: Option<String>,
    /// Whom it belongs to.
    pub owner_references: Option<Vec<StorageOwner>>,
}

/// Whom a claim belongs to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct StorageOwner {
    /// Its uid.
    pub uid: String,
    /// Whether it is the one that manages it.
    pub controller: Option<bool>,
}
