//! Which volumes unbound claims would get on one node.
//!
//! Source: kube-scheduler's `FindPodVolumes` and the volume controller's `FindMatchingVolume`: the smallest free volume of the
//! class that holds enough, that can be mounted as asked, that the selector matches and that the node reaches; the claims
//! in order of their size. For the others, volumes are made if the class says that they can be for this node.

use std::sync::Arc;

use super::{Storage, VolumeStep, claim::Claim, volume::Volume};
use crate::core::node::NodeInfo;

/// What is to be done for claims on a node; `None` if they cannot have volumes there.
pub(crate) fn steps(storage: &Storage, claims: &[&Arc<Claim>], node: &NodeInfo) -> Option<Vec<VolumeStep>> {
    let mut steps = Vec::with_capacity(claims.len());
    let mut to_make = Vec::new();
    for claim in claims {
        match storage.selected_node(claim) {
            Some(selected) if *selected != node.name => return None,
            Some(_) => to_make.push(claim),
            None => match matching(storage, claim, node, &steps) {
                Some(volume) => {
                    steps.push(VolumeStep::Bind { claim: claim.key.clone(), volume: volume.name.clone() });
                }
                None => to_make.push(claim),
            },
        }
    }
    for claim in to_make {
        if !storage.class(&claim.class)?.provides(node) {
            return None;
        }
        steps.push(VolumeStep::Provision { claim: claim.key.clone(), node: node.name.clone() });
    }
    Some(steps)
}

/// The volume that a claim would get, beside what the steps take.
fn matching<'a>(
    storage: &'a Storage,
    claim: &Claim,
    node: &NodeInfo,
    steps: &[VolumeStep],
) -> Option<&'a Volume> {
    let chosen = |volume: &Volume| {
        steps.iter().any(|step| matches!(step, VolumeStep::Bind { volume: name, .. } if *name == volume.name))
    };
    let mut best: Option<&Volume> = None;
    for volume in storage.of_class(&claim.class) {
        if chosen(volume) || !volume.is_large_enough(claim) {
            continue;
        }
        match storage.is_given_to(volume, claim) {
            // The claim's own volume, or none at all.
            Some(true) if volume.is_reachable(node) => return Some(volume),
            Some(true) => return None,
            Some(false) => {}
            None => {
                let smaller = best.is_none_or(|best| volume.size < best.size);
                if smaller && volume.is_free_for(claim) && volume.is_reachable(node) {
                    best = Some(volume);
                }
            }
        }
    }
    best
}
