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
