//! The persistent volumes that pods use.

use std::sync::Arc;

use super::object::PodSpec;

/// A claim that a pod uses, in its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct VolumeUse {
    /// The claim's name.
    pub(super) claim: Arc<str>,
    /// Whether it was made for this pod, so that it must be the pod's.
    pub(super) ephemeral: bool,
}

/// The claims that a pod of a name uses.
pub(super) fn of_pod(name: &str, spec: &PodSpec) -> Vec<VolumeUse> {
    let volumes = spec.volumes.iter().flatten();
    let uses = volumes.filter_map(|volume| {
        if let Some(claim) = &volume.persistent_volume_claim {
            return Some(VolumeUse { claim: claim.claim_name.as_str().into(), ephemeral: false });
        }
        let claim = format!("{name}-{}", volume.name).into();
        volume.ephemeral.as_ref().map(|_| VolumeUse { claim, ephemeral: true })
    });
    uses.collect()
}
