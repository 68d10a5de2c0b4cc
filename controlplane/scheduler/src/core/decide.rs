//! One decision: filter, score, choose.

use std::sync::Arc;

use super::{
    changes::Changes,
    diagnosis::Diagnosis,
    filter,
    pod::PodInfo,
    score::{self, Profile},
    snapshot::Snapshot,
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
}

/// Decides where a pod runs. The same arguments give the same answer; `tie_breaker` chooses among equally good nodes.
pub fn schedule(snapshot: &Snapshot, pod: &PodInfo, profile: &Profile, tie_breaker: u64) -> Decision {
    if pod.gated {
        return Decision::Gated;
    }
    let feasible: Vec<_> = snapshot.slots().filter(|(slot, node)| filter::fits(slot, node, pod)).collect();
    let best = match feasible[..] {
        [] => return Decision::Unschedulable(Box::new(Diagnosis::of(snapshot, pod))),
        [(only, _)] => only,
        _ => {
            let scores = score::scores(&feasible, pod, &profile.weights);
            let ranked = scores.into_iter().zip(feasible);
            let ranked = ranked.map(|(score, (slot, _))| (score, mix(slot.name_hash ^ tie_breaker), slot));
            // By name last, so that even equal hashes give one answer.
            let best = ranked.max_by(|a, b| (a.0, a.1, &a.2.name).cmp(&(b.0, b.1, &b.2.name)));
            best.expect("there is a feasible node").2
        }
    };
    Decision::Place(Placement { node: best.name.clone(), generation: snapshot.generation() })
}

/// Whether a pod fits on one node; if not, which changes of the node could help.
pub fn fits(snapshot: &Snapshot, pod: &PodInfo, node: &str) -> Result<(), Changes> {
    let Some((slot, node)) = snapshot.slot_of(node) else { return Err(Changes::NODE_ADDED) };
    if pod.gated {
        return Err(Changes::NONE);
    }
    if filter::fits(slot, node, pod) {
        return Ok(());
    }
    let reasons = filter::reasons(slot, node, pod);
    Err(reasons.iter().fold(Changes::NONE, |changes, reason| changes | reason.helped_by()))
}

/// Spreads every bit of the input over the output (the finaliser of splitmix64).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
