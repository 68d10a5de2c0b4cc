//! How much the images of nodes are worth for pods that run the same.

use std::sync::Arc;

use super::Board;
use crate::core::snapshot::Cluster;

/// The nodes for one list of images.
#[derive(Clone, Debug)]
pub(crate) struct ImageBoard {
    wanted: Vec<Arc<str>>,
    pub(crate) scores: Vec<i64>,
    /// Generation of the images, and number of nodes.
    seen: Option<(u64, usize)>,
}

impl Board<Vec<Arc<str>>> for ImageBoard {
    fn new(wanted: &Vec<Arc<str>>) -> Self {
        Self { wanted: wanted.clone(), scores: Vec::new(), seen: None }
    }

    fn update(&mut self, cluster: &Cluster) {
        let now = (cluster.images.generation, cluster.nodes);
        if self.seen == Some(now) {
            return;
        }
        let score = |slot: &crate::core::snapshot::Slot| {
            let node = slot.node.as_deref();
            node.map_or(0, |node| cluster.images.score(&node.images, &self.wanted, cluster.nodes))
        };
        self.scores = cluster.slots.iter().map(score).collect();
        self.seen = Some(now);
    }
}
