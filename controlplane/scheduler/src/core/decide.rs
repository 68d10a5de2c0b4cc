//! One decision: filter, score, choose.

use std::sync::Arc;

use super::{
    diagnosis::Diagnosis, pod::PodInfo, preemption, profile::Profile, score, snapshot::Snapshot,
    storage::VolumeStep, view, view::View,
};

/// What is to become of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It runs there.
    Place(Placement),
    /// It fits nowhere.
    Unschedulable(Box<Diagnosis>),
    /// It waits for a scheduling gate.
    Gated,
}

/// A pod's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The node.
    pub node: Arc<str>,
    /// [`Snapshot::generation`] when it was chosen.
    pub generation: u64,
    /// What is to be done with its volumes before it is bound.
    pub volumes: Vec<VolumeStep>,
}

/// Decides where a pod runs. The same arguments give the same answer; `tie_breaker` chooses among equally good nodes.
pub fn schedule(snapshot: &Snapshot, pod: &PodInfo, profile: &Profile, tie_breaker: u64) -> Decision {
    if pod.is_gated() {
        return Decision::Gated;
    }
    view::with(snapshot, pod, profile, |view| match choose(view, tie_breaker) {
        Some(slot) => Decision::Place(Placement {
            node: view.cluster.slots[slot].name.clone(),
            generation: view.cluster.generation,
            volumes: view.steps(slot),
        }),
        None => Decision::Unschedulable(Box::new(Diagnosis::of(view, |slots| {
            preemption::preempt(view, pod, slots, tie_breaker, |a, b| rank(view, a, b, tie_breaker))
        }))),
    })
}

/// The slot of the best node; that of the node which others left in the pod's favour, if it fits there.
fn choose(view: &View<'_>, tie_breaker: u64) -> Option<usize> {
    let nominated = view.asked.nominated_node.as_ref().and_then(|name| view.cluster.node(name));
    if let Some((slot, ..)) = nominated
        && view.fits(slot)
    {
        return Some(slot);
    }
    let feasible = view.feasible();
    if feasible.len() < 2 {
        return feasible.first().map(|slot| *slot as usize);
    }
    let totals = score::totals(view, &feasible);
    let best = totals.iter().copied().max()?;
    let ties = feasible.iter().zip(&totals).filter(|(_, total)| **total == best);
    ties.map(|(slot, _)| *slot as usize).max_by(|a, b| rank(view, *a, *b, tie_breaker))
}

/// The order of equally good nodes: scattered by the tie breaker, by name where even that is equal.
fn rank(view: &View<'_>, a: usize, b: usize, tie_breaker: u64) -> std::cmp::Ordering {
    let slots = &view.cluster.slots;
    let (a, b) = (&slots[a], &slots[b]);
    let scattered = mix(a.name_hash ^ tie_breaker).cmp(&mix(b.name_hash ^ tie_breaker));
    scattered.then_with(|| a.name.cmp(&b.name))
}

/// Spreads every bit of the input over the output (the finaliser of splitmix64).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
