//! What a pod's volumes ask of nodes.
//!
//! Source: the plugins `VolumeRestrictions`, `NodeVolumeLimits`, `VolumeBinding` and `VolumeZone` of kube-scheduler, in this
//! order. What they find before they look at nodes keeps the pod from all of them.

use std::sync::Arc;

use super::{Storage, VolumeStep, attach, claim::Claim, claim::ClaimKey, find, volume::Volume};
use crate::core::{
    changes::Changes,
    node::NodeInfo,
    pod::{PodInfo, ShapeKey},
    reason::Reason,
    snapshot::Slot,
    volume::{Disk, VolumeUse},
};

/// The claims of a pod by what they need.
pub(crate) struct Needs<'a> {
    storage: &'a Storage,
    pod: &'a ShapeKey,
    /// Volumes that the pod has.
    bound: Vec<&'a Volume>,
    /// Claims for which a volume is chosen or made where the pod goes; the smallest first.
    unbound: Vec<&'a Arc<Claim>>,
    /// Claims that only one pod may use, and others do.
    for_one: Vec<ClaimKey>,
}

/// The pods beside which a pod is to fit on a node.
pub(crate) trait Beside<'a> {
    /// Those on the node.
    fn pods(&self) -> Box<dyn Iterator<Item = &'a ShapeKey> + '_>;
    /// How many pods of the node use a claim less than is counted.
    fn fewer_users(&self, claim: &ClaimKey) -> u32;
}

/// What a pod's volumes need, or why no node will do.
pub(crate) fn of<'a>(storage: &'a Storage, pod: &'a PodInfo) -> Result<Needs<'a>, String> {
    let key = &pod.shape.key;
    let mut needs = Needs { storage, pod: key, bound: Vec::new(), unbound: Vec::new(), for_one: Vec::new() };
    needs.find_for_one()?;
    let mut immediate = false;
    for one in &key.volumes {
        let Some(claim_key) = one.claim_key(&key.namespace) else { continue };
        let claim = needs.usable(pod, one, &claim_key)?;
        let class = storage.class(&claim.class);
        match &claim.volume {
            Some(_) if claim.bound => {}
            None if class.is_some_and(|class| class.waits) => needs.unbound.push(claim),
            _ => immediate = true,
        }
    }
    if immediate {
        return Err("pod has unbound immediate PersistentVolumeClaims".into());
    }
    needs.find_bound()?;
    needs.unbound.sort_by_key(|claim| claim.size);
    Ok(needs)
}

impl<'a> Needs<'a> {
    /// `VolumeRestrictions` before it looks at nodes.
    fn find_for_one(&mut self) -> Result<(), String> {
        for one in self.pod.volumes.iter().filter(|one| one.is_lasting_claim()) {
            let Some(key) = one.claim_key(&self.pod.namespace) else { continue };
            let Some(claim) = self.storage.claim(&key) else { return Err(missing("claim", &key.1)) };
            if claim.modes.is_for_one_pod() && self.storage.users(&key) > 0 {
                self.for_one.push(key);
            }
        }
        Ok(())
    }

    /// `VolumeBinding` before it looks at nodes: a claim that is there and is the pod's.
    fn usable(&self, pod: &PodInfo, one: &VolumeUse, key: &ClaimKey) -> Result<&'a Arc<Claim>, String> {
        let (namespace, name) = key;
        let ephemeral = !one.is_lasting_claim();
        let Some(claim) = self.storage.claim(key) else {
            return Err(if ephemeral {
                format!(
                    "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                )
            } else {
                missing("claim", name)
            });
        };
        if claim.lost {
            let volume = claim.volume.as_deref().unwrap_or_default();
            return Err(format!(
                "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
            ));
        }
        if claim.deleting {
            return Err(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        if ephemeral && claim.controller.as_deref() != Some(&*pod.id.uid) {
            let pod = &pod.id.name;
            return Err(format!(
                "PVC {namespace}/{name} was not created for pod {namespace}/{pod} (pod is not owner)"
            ));
        }
        Ok(claim)
    }

    /// `VolumeZone` before it looks at nodes: the volumes of bound claims.
    fn find_bound(&mut self) -> Result<(), String> {
        for key in self.pod.volumes.iter().filter_map(|one| one.claim_key(&self.pod.namespace)) {
            let claim = self.storage.claim(&key).filter(|claim| claim.bound);
            let Some(name) = claim.and_then(|claim| claim.volume.as_ref()) else { continue };
            let Some(volume) = self.storage.volume(name) else { return Err(missing("", name)) };
            self.bound.push(volume);
        }
        Ok(())
    }

    /// The reasons of the first filter that refuses a node.
    pub(crate) fn refusal(&self, slot: &Slot, node: &NodeInfo, beside: &dyn Beside<'a>) -> Vec<Reason> {
        if self.clashes(beside) {
            return vec![Reason::DiskConflict];
        }
        if self.for_one.iter().any(|claim| self.storage.users(claim) > beside.fewer_users(claim)) {
            return vec![Reason::ClaimInUse];
        }
        if !attach::fits(self.storage, slot, self.pod, beside.pods()) {
            return vec![Reason::TooManyVolumes];
        }
        let mut reasons = Vec::new();
        if !self.bound.iter().all(|volume| volume.is_reachable(node)) {
            reasons.push(Reason::VolumeElsewhere);
        }
        if !self.unbound.is_empty() && self.steps(node).is_none() {
            reasons.push(Reason::NoVolume);
        }
        if reasons.is_empty() && !self.bound.iter().all(|volume| volume.is_placed_with(node)) {
            reasons.push(Reason::VolumeZone);
        }
        reasons
    }

    fn clashes(&self, beside: &dyn Beside<'a>) -> bool {
        let mut own = self.pod.volumes.iter().filter_map(VolumeUse::disk).peekable();
        if own.peek().is_none() {
            return false;
        }
        let own: Vec<&Disk> = own.collect();
        let taken = |pod: &ShapeKey| {
            pod.volumes
                .iter()
                .filter_map(VolumeUse::disk)
                .any(|disk| own.iter().any(|own| own.conflicts(disk)))
        };
        beside.pods().any(taken)
    }

    /// What is to be done with the pod's volumes if it goes to a node.
    pub(crate) fn steps(&self, node: &NodeInfo) -> Option<Vec<VolumeStep>> {
        find::steps(self.storage, &self.unbound, node)
    }

    /// Which changes may matter anywhere, not only on the node that changed.
    pub(crate) fn helped_by(&self) -> Changes {
        if self.for_one.is_empty() { Changes::STORAGE } else { Changes::STORAGE | Changes::POD_LEFT }
    }

    /// Whether a pod that left was one that kept this one from all nodes.
    pub(crate) fn waits_for(&self, pod: &ShapeKey) -> bool {
        let own = |one: &VolumeUse| one.claim_key(&self.pod.namespace);
        let shared = |key: &ClaimKey| {
            pod.volumes.iter().any(|one| one.claim_key(&pod.namespace).as_ref() == Some(key))
        };
        self.pod.volumes.iter().filter_map(own).any(|key| shared(&key))
    }
}

/// As the API says it: of a claim, or of a volume.
fn missing(claim: &str, name: &str) -> String {
    format!("persistentvolume{claim} \"{name}\" not found")
}
