//! Whether a pod makes the shares of CPU and memory that are taken of a node more even.
//!
//! Source: kube-scheduler's `NodeResourcesBalancedAllocation` since 1.35: evenness is 100 less the standard deviation of
//! the shares in percent, and the score is 75 plus half of what the pod adds to it. A pod that requests neither scores 0.

use super::SCORE_MAX;
use crate::core::{node::NodeInfo, resources::Resources, snapshot::Slot, view::View};

pub(super) fn at(view: &View<'_>, slot: usize) -> i64 {
    let slot = &view.cluster.slots[slot];
    slot.node.as_ref().map_or(0, |node| of(slot, node, &view.plan.load.requests))
}

/// The score of a node on which a pod takes so much more.
pub(crate) fn of(slot: &Slot, node: &NodeInfo, wanted: &Resources) -> i64 {
    if wanted.milli_cpu == 0 && wanted.memory == 0 {
        return 0;
    }
    let taken = &slot.requested;
    let before = evenness(node, taken.milli_cpu, taken.memory);
    let cpu = taken.milli_cpu.saturating_add(wanted.milli_cpu);
    let after = evenness(node, cpu, taken.memory.saturating_add(wanted.memory));
    SCORE_MAX / 2 + (SCORE_MAX / 2 + after - before) / 2
}

fn evenness(node: &NodeInfo, cpu: i64, memory: i64) -> i64 {
    let offered = &node.allocatable;
    if offered.milli_cpu == 0 || offered.memory == 0 {
        // One share alone is even.
        return SCORE_MAX;
    }
    let share = |taken: i64, offered: i64| (taken as f64 / offered as f64).min(1.0);
    let deviation = (share(cpu, offered.milli_cpu) - share(memory, offered.memory)).abs() / 2.0;
    ((1.0 - deviation) * SCORE_MAX as f64) as i64
}
