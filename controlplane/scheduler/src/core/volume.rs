//! The volumes that pods use, as far as they matter for their place.

use std::sync::Arc;

use super::{
    object::{PodSpec, Volume},
    storage::ClaimKey,
};

/// A volume that a pod uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum VolumeUse {
    /// A claim, in the pod's namespace.
    Claim {
        /// The claim's name.
        name: Arc<str>,
        /// Whether it was made for this pod, so that it must be the pod's.
        ephemeral: bool,
    },
    /// A disk that the pod names itself.
    Disk(Disk),
}

/// A disk of a kind that pods cannot always share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Disk {
    /// By which it is known; of a replicated one, one for each of its monitors.
    names: Vec<Box<str>>,
    /// Whether pods that only read can share it, and this one only reads.
    shared: bool,
}

impl Disk {
    /// Whether two pods on one node cannot both have theirs.
    pub(super) fn conflicts(&self, other: &Disk) -> bool {
        !(self.shared && other.shared) && self.names.iter().any(|name| other.names.contains(name))
    }
}

impl VolumeUse {
    /// Whether it is a claim.
    pub(super) fn is_claim(&self) -> bool {
        matches!(self, VolumeUse::Claim { .. })
    }

    /// Whether it is a claim that exists by itself.
    pub(super) fn is_lasting_claim(&self) -> bool {
        matches!(self, VolumeUse::Claim { ephemeral: false, .. })
    }

    /// Namespace and name of the claim.
    pub(super) fn claim_key(&self, namespace: &Arc<str>) -> Option<ClaimKey> {
        match self {
            VolumeUse::Claim { name, .. } => Some((namespace.clone(), name.clone())),
            VolumeUse::Disk(_) => None,
        }
    }

    /// The disk.
    pub(super) fn disk(&self) -> Option<&Disk> {
        match self {
            VolumeUse::Disk(disk) => Some(disk),
            VolumeUse::Claim { .. } => None,
        }
    }
}

/// The claims and disks that a pod of a name uses.
pub(super) fn of_pod(name: &str, spec: &PodSpec) -> Vec<VolumeUse> {
    let volumes = spec.volumes.iter().flatten();
    let uses = volumes.filter_map(|volume| {
        if let Some(claim) = &volume.persistent_volume_claim {
            return Some(VolumeUse::Claim { name: claim.claim_name.as_str().into(), ephemeral: false });
        }
        if volume.ephemeral.is_some() {
            let name = format!("{name}-{}", volume.name).into();
            return Some(VolumeUse::Claim { name, ephemeral: true });
        }
        disk_of(volume).map(VolumeUse::Disk)
    });
    uses.collect()
}

/// Source: kube-scheduler's `VolumeRestrictions`, which knows four kinds of disks.
fn disk_of(volume: &Volume) -> Option<Disk> {
    let one = |kind: &str, name: &str, shared: bool| {
        Some(Disk { names: vec![format!("{kind} {name}").into()], shared })
    };
    if let Some(disk) = &volume.gce_persistent_disk {
        return one("gce", &disk.pd_name, disk.read_only);
    }
    if let Some(disk) = &volume.aws_elastic_block_store {
        return one("aws", &disk.volume_id, false);
    }
    if let Some(disk) = &volume.iscsi {
        return one("iscsi", &disk.iqn, disk.read_only);
    }
    let disk = volume.rbd.as_ref()?;
    let pool = disk.pool.as_deref().unwrap_or("rbd");
    let name = |monitor: &String| format!("rbd {monitor} {pool} {}", disk.image).into();
    Some(Disk { names: disk.monitors.iter().map(name).collect(), shared: disk.read_only })
}
