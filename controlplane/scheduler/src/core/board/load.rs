//! What is left of nodes for pods that take the same, and how good that is.

use std::sync::Arc;

use super::Board;
use crate::core::{
    filter,
    pod::ShapeKey,
    ports::HostPort,
    profile::{Fit, Profile},
    requests::Scored,
    resources::Resources,
    score,
    snapshot::Cluster,
};

/// The score of a node without room.
pub(crate) const NO_ROOM: i64 = -1;

/// What is taken, and how that is scored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LoadKey {
    pub(crate) requests: Resources,
    pub(crate) scored: Scored,
    pub(crate) ports: Vec<HostPort>,
    pub(crate) fit: Fit,
    fit_weight: i64,
    balance_weight: i64,
}

/// The nodes for one kind of load.
#[derive(Clone, Debug)]
pub(crate) struct LoadBoard {
    key: Arc<LoadKey>,
    /// The weighed scores of fit and balance, or [`NO_ROOM`].
    pub(crate) scores: Vec<i64>,
    /// Why there is no room, as [`filter::shortage`] says it, for loads that are [plain](LoadKey::is_plain).
    pub(crate) shortages: Vec<u8>,
    seen: Option<u64>,
}

impl LoadKey {
    /// Whether [`filter::shortage`] says everything that there is to say: no ports and no devices are asked for.
    pub(crate) fn is_plain(&self) -> bool {
        self.ports.is_empty() && self.requests.extended.is_empty()
    }

    pub(crate) fn of(pod: &ShapeKey, profile: &Profile) -> Self {
        Self {
            requests: pod.taken.requests.clone(),
            scored: pod.taken.asked,
            ports: pod.ports.clone(),
            fit: profile.fit.clone(),
            fit_weight: profile.weights.fit,
            balance_weight: profile.weights.balanced_allocation,
        }
    }
}

impl Board<Arc<LoadKey>> for LoadBoard {
    fn new(key: &Arc<LoadKey>) -> Self {
        Self { key: key.clone(), scores: Vec::new(), shortages: Vec::new(), seen: None }
    }

    fn update(&mut self, cluster: &Cluster) {
        let end = cluster.load_changes.end();
        if self.seen == Some(end) {
            return;
        }
        self.scores.resize(cluster.slots.len(), NO_ROOM);
        self.shortages.resize(cluster.slots.len(), 0);
        match self.seen.and_then(|seen| cluster.load_changes.since(seen)) {
            Some(changed) => changed.for_each(|slot| self.look(cluster, slot)),
            None => (0..cluster.slots.len()).for_each(|slot| self.look(cluster, slot)),
        }
        self.seen = Some(end);
    }
}

impl LoadBoard {
    fn look(&mut self, cluster: &Cluster, slot: usize) {
        let short = &mut self.shortages[slot];
        let (slot, score) = (&cluster.slots[slot], &mut self.scores[slot]);
        let key = &*self.key;
        *score = match &slot.node {
            Some(node) if filter::has_room(slot, node, &key.requests, &key.ports) => {
                key.fit_weight * score::fit::of(slot, node, &key.requests, key.scored, &key.fit)
                    + key.balance_weight * score::balance::of(slot, node, &key.requests)
            }
            _ => NO_ROOM,
        };
        *short = match &slot.node {
            Some(node) if *score == NO_ROOM && key.is_plain() => filter::shortage(slot, node, &key.requests),
            _ => 0,
        };
    }
}
