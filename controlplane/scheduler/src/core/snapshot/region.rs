//! Sets of nodes that count for the spreading of a pod: those with all its topology keys and, as its constraint says,
//! those that its node affinity allows and whose taints it tolerates.

use std::sync::Arc;

use crate::core::{filter, node::NodeInfo, pod::NodeWants};

/// What tells one set from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RegionKey {
    /// Labels that the nodes have.
    pub(crate) labels: Vec<Arc<str>>,
    /// The pod whose wishes are honoured.
    pub(crate) wants: Arc<NodeWants>,
    pub(crate) honours_affinity: bool,
    pub(crate) honours_taints: bool,
}

/// A set of nodes.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) key: Arc<RegionKey>,
    /// Whether each slot is in it.
    pub(crate) holds: Vec<bool>,
}

impl Region {
    pub(crate) fn new(key: Arc<RegionKey>) -> Self {
        Self { key, holds: Vec::new() }
    }

    pub(crate) fn has(&self, slot: usize) -> bool {
        self.holds.get(slot).copied().unwrap_or(false)
    }

    /// A slot's node came, went or changed.
    pub(crate) fn update(&mut self, slot: usize, node: Option<&NodeInfo>) {
        if self.holds.len() <= slot {
            self.holds.resize(slot + 1, false);
        }
        self.holds[slot] = node.is_some_and(|node| self.key.includes(node));
    }
}

impl RegionKey {
    fn includes(&self, node: &NodeInfo) -> bool {
        self.labels.iter().all(|key| node.label(key).is_some())
            && (!self.honours_affinity || self.wants.required.matches(node))
            && (!self.honours_taints || filter::untolerated(node, &self.wants).is_none())
    }
}
