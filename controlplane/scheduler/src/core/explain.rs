//! A decision with all its grounds: for every node, the reasons against it or its scores.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    pod::PodInfo, profile::Profile, reason::Reason, refusal::Filters, score::Score, snapshot::Snapshot, view,
};

/// What one node is for a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// The node's name.
    pub node: Arc<str>,
    /// Why the pod does not fit there; empty if it does.
    pub reasons: Vec<Reason>,
    /// Each score from 0 to 100, with its weight; empty if the pod does not fit.
    pub scores: BTreeMap<Score, (i64, i64)>,
    /// The sum of the weighed scores.
    pub total: i64,
}

/// Tells of every node why a pod does not fit there, or how good it is; sorted by name.
pub fn explain(snapshot: &Snapshot, pod: &PodInfo, profile: &Profile) -> Vec<NodeView> {
    view::with(snapshot, pod, profile, |view| {
        let feasible = view.feasible();
        let filters = Filters::of(view);
        let mut nodes = BTreeMap::new();
        for (slot, here, _) in view.cluster.nodes() {
            let mut reasons = Vec::new();
            filters.refusal(view, slot, |reason| reasons.push(reason));
            let node = here.name.clone();
            nodes.insert(slot, NodeView { node, reasons, scores: BTreeMap::new(), total: 0 });
        }
        let mut values = Vec::new();
        for score in Score::ALL {
            let weight = score.weight(view);
            score.write(view, &feasible, &mut values);
            for (slot, value) in feasible.iter().zip(&values) {
                if let Some(node) = nodes.get_mut(&(*slot as usize)) {
                    node.scores.insert(score, (*value, weight));
                    node.total += value * weight;
                }
            }
        }
        let mut nodes: Vec<_> = nodes.into_values().collect();
        nodes.sort_by(|a, b| a.node.cmp(&b.node));
        nodes
    })
}
