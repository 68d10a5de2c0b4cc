//! Placing many pods in one go: each for itself, or all of them or none.

use std::sync::Arc;

use super::{
    decide::{Decision, Placement, schedule},
    pod::PodInfo,
    profile::Profile,
    snapshot::Snapshot,
};

/// Places pods one after the other and assumes each where it was placed. The decisions are those of [`schedule`] for each
/// pod in turn; `tie_breaker` is asked for each.
///
/// Pods that are equal but for their names (those of one `ReplicaSet`) share what was found out about the nodes: for the
/// second and later ones, only the node that the one before went to is looked at again.
pub fn schedule_each(
    snapshot: &mut Snapshot,
    pods: &[Arc<PodInfo>],
    profile: &Profile,
    tie_breaker: impl Fn(&PodInfo) -> u64,
) -> Vec<Decision> {
    let place = |pod: &Arc<PodInfo>| {
        let decision = schedule(snapshot, pod, profile, tie_breaker(pod));
        if let Decision::Place(placement) = &decision {
            snapshot.assume_placed(pod, placement);
        }
        decision
    };
    pods.iter().map(place).collect()
}

/// Why a gang was not placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// Which of the pods found no node when those before it had theirs.
    pub pod: usize,
    /// What was decided about it.
    pub decision: Decision,
}

/// Places all pods of a gang and assumes them, or none of them: then the snapshot holds the same as before.
///
/// A pod that is on a node already counts as placed there and stays, whatever becomes of the others.
///
/// # Errors
/// The first pod for which no node was left. Which nodes the earlier ones get is not tried out again: a gang may be refused
/// that would fit in another arrangement.
pub fn schedule_gang(
    snapshot: &mut Snapshot,
    pods: &[Arc<PodInfo>],
    profile: &Profile,
    tie_breaker: impl Fn(&PodInfo) -> u64,
) -> Result<Vec<Placement>, Unplaced> {
    let mut placements = Vec::with_capacity(pods.len());
    let mut assumed: Vec<&Arc<PodInfo>> = Vec::with_capacity(pods.len());
    for (number, pod) in pods.iter().enumerate() {
        if let Some(node) = snapshot.node_of(&pod.id.uid) {
            placements.push(Placement {
                node: node.clone(),
                generation: snapshot.generation(),
                volumes: Vec::new(),
            });
            continue;
        }
        match schedule(snapshot, pod, profile, tie_breaker(pod)) {
            Decision::Place(placement) => {
                snapshot.assume_placed(pod, &placement);
                assumed.push(pod);
                placements.push(placement);
            }
            decision => {
                for pod in assumed {
                    snapshot.forget(&pod.id.uid);
                }
                return Err(Unplaced { pod: number, decision });
            }
        }
    }
    Ok(placements)
}
