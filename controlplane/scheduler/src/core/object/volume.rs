//! The volumes of pods that scheduling reads, as the API sends them.

use serde::Deserialize;
use serde_json::Value;

/// A pod's volume.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// Its name in the pod.
    pub name: String,
    /// A claim that exists by itself.
    pub persistent_volume_claim: Option<ClaimRef>,
    /// A claim that is made for the pod.
    pub ephemeral: Option<EphemeralVolume>,
    /// A disk of Google's.
    pub gce_persistent_disk: Option<GceDisk>,
    /// A disk of Amazon's.
    pub aws_elastic_block_store: Option<AwsDisk>,
    /// A disk over the network.
    pub iscsi: Option<IscsiDisk>,
    /// A disk of Ceph's.
    pub rbd: Option<RbdDisk>,
}

/// A disk of Google's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GceDisk {
    /// Its name.
    pub pd_name: String,
    /// Whether the pod only reads.
    pub read_only: bool,
}

/// A disk of Amazon's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AwsDisk {
    /// Its name.
    #[serde(rename = "volumeID")]
    pub volume_id: String,
}

/// A disk over the network.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IscsiDisk {
    /// Its name.
    pub iqn: String,
    /// Whether the pod only reads.
    pub read_only: bool,
}

/// A disk of Ceph's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RbdDisk {
    /// Who knows where it is.
    pub monitors: Vec<String>,
    /// Its pool.
    pub pool: Option<String>,
    /// Its name there.
    pub image: String,
    /// Whether the pod only reads.
    pub read_only: bool,
}

/// Which claim.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimRef {
    /// Its name.
    pub claim_name: String,
    /// Whether the pod only reads.
    pub read_only: Option<bool>,
}

/// A claim that is made for the pod, named after it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EphemeralVolume {
    /// What it is made from.
    pub volume_claim_template: Option<Value>,
}
