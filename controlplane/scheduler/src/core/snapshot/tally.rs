//! Counts of pods by domain: of those that a selector matches, and of those that carry a wish about other pods. They are
//! changed with every pod that comes or goes, so that affinity and spreading read them instead of looking at pods.

use std::sync::Arc;

use super::topology::{NO_DOMAIN, Topology};
use crate::core::{
    labels::Labels,
    pod::ShapeKey,
    pod_affinity::{PodSelector, Term},
};

/// Which pods are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// Those that match.
    Selected(PodFilter),
    /// Those that have the wish, however often they have it.
    Carrying(Role, Term),
}

/// Selectors that must all match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PodFilter {
    pub(crate) all: Vec<PodSelector>,
    /// Whether pods that are being deleted are left out.
    pub(crate) live: bool,
}

/// What a wish is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    /// Required affinity.
    Near,
    /// Required anti-affinity.
    Far,
    /// Preferred, with its weight, which is negative for anti-affinity.
    Preferred(i64),
}

/// What tells one tally from another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TallyKey {
    pub(crate) subject: Subject,
    /// Number of the topology.
    pub(crate) topology: usize,
    /// Number of the set of nodes that count, if not all do.
    pub(crate) region: Option<usize>,
}

/// One count by domain.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(crate) key: Arc<TallyKey>,
    /// Pods by domain.
    pub(crate) counts: Vec<u32>,
    /// All of them together.
    pub(crate) total: u64,
    /// Nodes that count, by domain; only kept where not all do.
    pub(crate) nodes: Vec<u32>,
}

impl PodFilter {
    pub(crate) fn matches(&self, pod: &ShapeKey, namespace_labels: &Labels) -> bool {
        let matches = |one: &PodSelector| one.matches(&pod.namespace, namespace_labels, &pod.labels);
        !(self.live && pod.terminating) && self.all.iter().all(matches)
    }
}

impl Subject {
    /// Whose namespaces are concerned.
    pub(crate) fn pods(&self) -> Option<&PodSelector> {
        match self {
            Subject::Selected(filter) => filter.all.first(),
            Subject::Carrying(_, term) => Some(&term.pods),
        }
    }
}

impl Tally {
    pub(crate) fn new(key: Arc<TallyKey>) -> Self {
        Self { key, counts: Vec::new(), total: 0, nodes: Vec::new() }
    }

    /// A pod came (`1`) or went (`-1`) on a slot, which counts.
    pub(crate) fn count(&mut self, topology: &Topology, slot: usize, by: i32) {
        let domain = topology.domain_of.get(slot).copied().unwrap_or(NO_DOMAIN);
        if domain == NO_DOMAIN {
            return;
        }
        let count = at(&mut self.counts, domain);
        *count = count.wrapping_add_signed(by);
        self.total = self.total.wrapping_add_signed(i64::from(by));
    }

    /// A node that counts came or went.
    pub(crate) fn count_node(&mut self, topology: &Topology, slot: usize, by: i32) {
        let domain = topology.domain_of.get(slot).copied().unwrap_or(NO_DOMAIN);
        if domain != NO_DOMAIN {
            let count = at(&mut self.nodes, domain);
            *count = count.wrapping_add_signed(by);
        }
    }

    /// Pods in a domain.
    pub(crate) fn of(&self, domain: u32) -> u32 {
        self.counts.get(domain as usize).copied().unwrap_or(0)
    }

    /// The domains that have nodes that count, with their pods.
    pub(crate) fn domains(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let there = self.nodes.iter().enumerate().filter(|(_, nodes)| **nodes > 0);
        there.map(|(domain, _)| (super::small(domain), self.of(super::small(domain))))
    }
}

fn at(counts: &mut Vec<u32>, domain: u32) -> &mut u32 {
    let domain = domain as usize;
    if counts.len() <= domain {
        counts.resize(domain + 1, 0);
    }
    &mut counts[domain]
}
