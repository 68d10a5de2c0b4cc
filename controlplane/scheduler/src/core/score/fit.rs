//! How much of a node is taken: by default, the less the better.
//!
//! Source: kube-scheduler's `NodeResourcesFit` scoring. CPU and memory of containers that request none count as 100m and
//! 200 MiB; resources that a node does not have, and devices that the pod does not request, do not count.

use super::{SCORE_MAX, percent};
use crate::core::{
    node::NodeInfo,
    profile::{Fit, Strategy},
    requests::Scored,
    resources::Resources,
    snapshot::Slot,
    view::View,
};

pub(super) fn at(view: &View<'_>, slot: usize) -> i64 {
    let load = &view.plan.load;
    let slot = &view.cluster.slots[slot];
    slot.node.as_ref().map_or(0, |node| of(slot, node, &load.requests, load.scored, &load.fit))
}

/// The score of a node on which a pod takes so much more.
pub(crate) fn of(slot: &Slot, node: &NodeInfo, wanted: &Resources, scored: Scored, fit: &Fit) -> i64 {
    let (mut sum, mut weights) = (0, 0);
    for (name, weight) in &fit.resources {
        let (taken, offered) = amounts(slot, node, wanted, scored, name);
        if offered == 0 {
            continue;
        }
        let score = match &fit.strategy {
            Strategy::LeastAllocated if taken > offered => 0,
            Strategy::LeastAllocated => percent(offered - taken, offered),
            Strategy::MostAllocated => percent(taken.min(offered), offered),
            Strategy::RequestedToCapacityRatio(line) => {
                let score = along(line, if taken > offered { 100 } else { percent(taken, offered) });
                if score <= 0 {
                    continue;
                }
                score
            }
        };
        sum += weight * score;
        weights += weight;
    }
    match fit.strategy {
        _ if weights == 0 => 0,
        Strategy::RequestedToCapacityRatio(_) => (sum as f64 / weights as f64).round() as i64,
        _ => sum / weights,
    }
}

/// What is taken with the pod, and what is offered.
fn amounts(slot: &Slot, node: &NodeInfo, wanted: &Resources, scored: Scored, name: &str) -> (i64, i64) {
    let offered = &node.allocatable;
    match name {
        "cpu" => (slot.scored.milli_cpu.saturating_add(scored.milli_cpu), offered.milli_cpu),
        "memory" => (slot.scored.memory.saturating_add(scored.memory), offered.memory),
        "ephemeral-storage" => {
            let taken = slot.requested.ephemeral_storage.saturating_add(wanted.ephemeral_storage);
            (taken, offered.ephemeral_storage)
        }
        _ => match wanted.extended(name) {
            0 => (0, 0),
            amount => (slot.requested.extended(name).saturating_add(amount), offered.extended(name)),
        },
    }
}

/// The height of a line through points at a place. Before the first and after the last point it is flat.
fn along(line: &[(i64, i64)], place: i64) -> i64 {
    let Some(next) = line.iter().position(|(x, _)| place <= *x) else {
        return line.last().map_or(0, |(_, y)| (*y).min(SCORE_MAX));
    };
    let (x1, y1) = line[next];
    let Some(&(x0, y0)) = next.checked_sub(1).map(|before| &line[before]) else { return y1 };
    y0 + (y1 - y0) * (place - x0) / (x1 - x0)
}
