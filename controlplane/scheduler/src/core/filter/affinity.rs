//! Required affinity and anti-affinity to pods.
//!
//! Source: kube-scheduler's `InterPodAffinity`. A pod that has affinity to pods like itself may be the first of them: if
//! no pod matches anywhere, a node only needs the topologies.

use crate::core::{
    plan::Plan,
    snapshot::{Index, NO_DOMAIN, Tally},
};

/// How the pods near a node are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nearness {
    Fits,
    /// A required pod is not near.
    NotNear,
    /// A pod is near that must not be.
    NotFar,
    /// The pod is near one that wants it far.
    KeptFar,
}

/// The counts that decide, with the domain of each node.
pub(crate) struct Affinity<'a> {
    near: Vec<Count<'a>>,
    far: Vec<Count<'a>>,
    kept_far: Vec<Count<'a>>,
    /// Whether the pod may be the first of its kind.
    first: bool,
}

struct Count<'a> {
    tally: &'a Tally,
    domain_of: &'a [u32],
}

impl<'a> Affinity<'a> {
    pub(crate) fn of(index: &'a Index, plan: &Plan) -> Self {
        let count = |number: &usize| {
            let tally = &index.tallies[*number];
            Count { tally, domain_of: &index.topologies[tally.key.topology].domain_of }
        };
        let some = |count: &Count<'_>| count.tally.total > 0;
        Self {
            near: plan.near.iter().map(count).collect(),
            far: plan.far.iter().map(count).filter(some).collect(),
            kept_far: plan.kept_far.iter().map(count).filter(some).collect(),
            first: plan.near_itself && plan.near.iter().all(|number| index.tallies[*number].total == 0),
        }
    }

    /// Whether every node fits.
    pub(crate) fn is_trivial(&self) -> bool {
        self.near.is_empty() && self.far.is_empty() && self.kept_far.is_empty()
    }

    pub(crate) fn at(&self, slot: usize) -> Nearness {
        let missing = |count: &Count<'_>| count.domain(slot) == NO_DOMAIN;
        let near = |count: &Count<'_>| count.at(slot) > 0;
        if self.near.iter().any(missing) || !(self.first || self.near.iter().all(near)) {
            Nearness::NotNear
        } else if self.far.iter().any(near) {
            Nearness::NotFar
        } else if self.kept_far.iter().any(near) {
            Nearness::KeptFar
        } else {
            Nearness::Fits
        }
    }
}

impl Count<'_> {
    fn domain(&self, slot: usize) -> u32 {
        self.domain_of.get(slot).copied().unwrap_or(NO_DOMAIN)
    }

    fn at(&self, slot: usize) -> u32 {
        self.tally.of(self.domain(slot))
    }
}
