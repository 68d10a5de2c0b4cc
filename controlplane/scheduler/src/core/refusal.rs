//! Why one node refuses a pod: the reasons of the first filter that does, in kube-scheduler's order.

use super::{
    board::Verdict,
    filter::{self, Affinity, Nearness, Skew, Spread},
    preemption::Trial,
    reason::Reason,
    view::View,
};

/// What the filters that look at other pods say, made once for all nodes.
pub(super) struct Filters<'a> {
    spread: Spread<'a>,
    affinity: Affinity<'a>,
}

impl<'a> Filters<'a> {
    pub(super) fn of(view: &View<'a>) -> Self {
        Self { spread: view.spread(), affinity: view.affinity() }
    }

    /// Calls `tell` with every reason of the first filter that refuses the node of a slot.
    pub(super) fn refusal(&self, view: &View<'a>, slot: usize, mut tell: impl FnMut(Reason)) {
        if let Some(why) = view.nowhere() {
            return tell(Reason::Everywhere(why.into()));
        }
        if let Some(reason) = of_verdict(view, view.nodes.verdicts[slot]) {
            return tell(reason);
        }
        if view.cluster.nominated.contains_key(&(slot as u32)) {
            // The pods to come count first.
            return Trial::new(view, view.asked, slot).reasons().into_iter().for_each(tell);
        }
        let here = &view.cluster.slots[slot];
        let Some(node) = &here.node else { return };
        let load = &view.plan.load;
        if !filter::ports_free(here, &load.ports) {
            return tell(Reason::Ports);
        }
        let mut room = true;
        if here.pods.len() as i64 >= node.pods_max {
            room = false;
            tell(Reason::TooManyPods);
        }
        filter::each_shortage(&here.requested, node, &load.requests, |resource, for_good| {
            room = false;
            tell(Reason::Insufficient { resource, for_good });
        });
        if !room {
            return;
        }
        let volumes = view.volumes_at(slot);
        if !volumes.is_empty() {
            return volumes.into_iter().for_each(tell);
        }
        match self.spread.at(slot) {
            Skew::Fits => {}
            Skew::NoDomain => return tell(Reason::NoSpreadDomain),
            Skew::TooMany => return tell(Reason::Spread),
        }
        match self.affinity.at(slot) {
            Nearness::Fits => {}
            Nearness::NotNear => tell(Reason::PodAffinity),
            Nearness::NotFar => tell(Reason::PodAntiAffinity),
            Nearness::KeptFar => tell(Reason::KeptFar),
        }
    }
}

/// The reason that a verdict stands for.
pub(super) fn of_verdict(view: &View<'_>, verdict: Verdict) -> Option<Reason> {
    if let Some(taint) = verdict.taint() {
        let taint = view.nodes.taints.get(taint)?;
        return Some(Reason::Taint { key: taint.key.clone(), value: taint.value.clone() });
    }
    match verdict {
        Verdict::UNSCHEDULABLE => Some(Reason::Unschedulable),
        Verdict::NODE_NAME => Some(Reason::NodeName),
        Verdict::AFFINITY => Some(Reason::Affinity),
        Verdict::NOT_NAMED => Some(Reason::NotNamed),
        _ => None,
    }
}
