//! How good a node is for a pod: each score from 0 to 100, weighed and added, as kube-scheduler's default profile does.

use super::{
    node::NodeInfo,
    pod::PodInfo,
    snapshot::Slot,
    taint::{Effect, Taint},
};

/// The largest score.
const SCORE_MAX: i64 = 100;

/// What matters how much to a scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The `schedulerName` it serves.
    pub name: String,
    /// The weights of its scores.
    pub weights: Weights,
}

/// The weight of each score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Nodes of which less CPU and memory is taken.
    pub least_allocated: i64,
    /// Nodes of which CPU and memory are taken evenly.
    pub balanced_allocation: i64,
    /// Nodes that preferred node affinity names.
    pub node_affinity: i64,
    /// Nodes with fewer `PreferNoSchedule` taints that the pod does not tolerate.
    pub taint_toleration: i64,
}

impl Default for Profile {
    /// kube-scheduler's.
    fn default() -> Self {
        let weights =
            Weights { least_allocated: 1, balanced_allocation: 1, node_affinity: 2, taint_toleration: 3 };
        Self { name: "default-scheduler".into(), weights }
    }
}

/// The weighed scores of nodes that a pod fits on, in their order.
pub(super) fn scores(nodes: &[(&Slot, &NodeInfo)], pod: &PodInfo, weights: &Weights) -> Vec<i64> {
    let mut scores: Vec<i64> = nodes
        .iter()
        .map(|(slot, node)| {
            weights.least_allocated * least_allocated(slot, node, pod)
                + weights.balanced_allocation * balanced_allocation(slot, node, pod)
        })
        .collect();
    if !pod.preferred.is_empty() {
        let raw: Vec<_> = nodes.iter().map(|(_, node)| pod.preferred.weight(node)).collect();
        add_normalised(&mut scores, &raw, weights.node_affinity, |share| share);
    }
    if nodes.iter().any(|(_, node)| node.taints.iter().any(avoidable)) {
        let raw: Vec<_> = nodes.iter().map(|(_, node)| avoided(node, pod)).collect();
        add_normalised(&mut scores, &raw, weights.taint_toleration, |share| SCORE_MAX - share);
    }
    scores
}

/// Adds raw values as shares of the largest, turned by `turn`.
fn add_normalised(scores: &mut [i64], raw: &[i64], weight: i64, turn: impl Fn(i64) -> i64) {
    let largest = raw.iter().copied().max().unwrap_or(0);
    for (score, value) in scores.iter_mut().zip(raw) {
        let share = if largest > 0 { value * SCORE_MAX / largest } else { 0 };
        *score += weight * turn(share);
    }
}

/// The mean of the free shares of CPU and memory.
fn least_allocated(slot: &Slot, node: &NodeInfo, pod: &PodInfo) -> i64 {
    let free = |taken: i64, capacity: i64| {
        if taken > capacity { 0 } else { percent(capacity - taken, capacity) }
    };
    let taken = (slot.scored.0 + pod.scored.0, slot.scored.1 + pod.scored.1);
    let resources = [(taken.0, node.allocatable.milli_cpu), (taken.1, node.allocatable.memory)];
    let offered = resources.into_iter().filter(|(_, capacity)| *capacity > 0);
    let (sum, count) =
        offered.fold((0, 0), |(sum, count), (taken, capacity)| (sum + free(taken, capacity), count + 1));
    if count == 0 { 0 } else { sum / count }
}

/// 100 less the standard deviation of the taken shares of CPU and memory. A pod without requests changes none.
fn balanced_allocation(slot: &Slot, node: &NodeInfo, pod: &PodInfo) -> i64 {
    let share = |taken: i64, capacity: i64| (taken as f64 / capacity as f64).min(1.0);
    let (wanted, offered) = (&pod.requests, &node.allocatable);
    if wanted.milli_cpu == 0 && wanted.memory == 0 {
        return 0;
    }
    if offered.milli_cpu <= 0 || offered.memory <= 0 {
        return SCORE_MAX;
    }
    let cpu = share(slot.requested.milli_cpu + wanted.milli_cpu, offered.milli_cpu);
    let memory = share(slot.requested.memory + wanted.memory, offered.memory);
    let deviation = (cpu - memory).abs() / 2.0;
    ((1.0 - deviation) * SCORE_MAX as f64) as i64
}

fn percent(part: i64, whole: i64) -> i64 {
    i64::try_from(i128::from(part) * i128::from(SCORE_MAX) / i128::from(whole)).unwrap_or(0)
}

fn avoidable(taint: &Taint) -> bool {
    taint.effect == Effect::PreferNoSchedule
}

/// How many taints ask the pod to go elsewhere.
fn avoided(node: &NodeInfo, pod: &PodInfo) -> i64 {
    let tolerations = || pod.tolerations.iter().filter(|one| one.is_about(Effect::PreferNoSchedule));
    let intolerable = |taint: &&Taint| avoidable(taint) && !tolerations().any(|one| one.tolerates(taint));
    node.taints.iter().filter(intolerable).count() as i64
}
