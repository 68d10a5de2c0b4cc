//! How many volumes of CSI drivers pods have on a node.
//!
//! Source: kube-scheduler's `NodeVolumeLimits`. A claim without a volume counts as one of its class's driver.

use std::borrow::Cow;

use super::{Attached, Storage};
use crate::core::{pod::ShapeKey, snapshot::Slot, volume::VolumeUse};

/// Adds a pod's volumes to a set.
fn add<'a>(storage: &'a Storage, pod: &'a ShapeKey, to: &mut Attached<'a>) {
    for key in pod.volumes.iter().filter_map(|one| one.claim_key(&pod.namespace)) {
        let Some(claim) = storage.claim(&key) else { continue };
        let found = match &claim.volume {
            Some(name) => storage
                .volume(name)
                .and_then(|volume| volume.csi.as_ref())
                .map(|(driver, handle)| (&**driver, Cow::Borrowed(&**handle))),
            None => storage.class(&claim.class).map(|class| {
                let (namespace, name) = &claim.key;
                (&*class.provisioner, Cow::Owned(format!("\0{namespace}/{name}")))
            }),
        };
        to.extend(found);
    }
}

/// Whether a node takes a pod's volumes beside those of the pods that are there.
pub(crate) fn fits<'a>(
    storage: &'a Storage,
    node: &Slot,
    pod: &'a ShapeKey,
    others: impl Iterator<Item = &'a ShapeKey>,
) -> bool {
    let Some(limits) = storage.limits.get(&*node.name) else { return true };
    let mut new = Attached::new();
    add(storage, pod, &mut new);
    new.retain(|(driver, _)| limits.contains_key(*driver));
    if new.is_empty() {
        return true;
    }
    let mut there = Attached::new();
    for other in others.filter(|other| other.volumes.iter().any(VolumeUse::is_claim)) {
        add(storage, other, &mut there);
    }
    new.retain(|one| !there.contains(one));
    let count =
        |all: &Attached<'_>, driver: &str| all.iter().filter(|(other, _)| *other == driver).count() as i64;
    new.iter().all(|(driver, _)| {
        let most = limits.get(*driver).copied().unwrap_or(i64::MAX);
        count(&new, driver) + count(&there, driver) <= most
    })
}
