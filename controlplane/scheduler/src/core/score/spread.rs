//! Topology spread constraints that should hold.
//!
//! Source: kube-scheduler's `PodTopologySpread` scoring: for each constraint, the pods of the node's domain times the
//! logarithm of the number of domains plus two, plus `maxSkew` less one. The smaller the sum, the better.

use super::SCORE_MAX;
use crate::core::{
    snapshot::{NO_DOMAIN, Tally},
    view::View,
};

/// The sum of a node that is left out.
const LEFT_OUT: i64 = -1;

struct Wish<'a> {
    tally: &'a Tally,
    /// Domains of the constraint's label.
    label_of: &'a [u32],
    by_node: bool,
    weight: f64,
    offset: f64,
}

pub(super) fn write(view: &View<'_>, nodes: &[u32], into: &mut Vec<i64>) -> bool {
    into.resize(nodes.len(), 0);
    if view.plan.soft.is_empty() {
        return false;
    }
    let wishes = wishes(view, nodes);
    let left_out =
        |slot: usize| view.plan.soft_needs_all && wishes.iter().any(|wish| wish.domain(slot) == NO_DOMAIN);
    for (sum, slot) in into.iter_mut().zip(nodes) {
        let slot = *slot as usize;
        *sum = if left_out(slot) { LEFT_OUT } else { sum_at(&wishes, slot) };
    }
    normalise(into);
    true
}

fn wishes<'a>(view: &View<'a>, nodes: &[u32]) -> Vec<Wish<'a>> {
    let index = view.index;
    let mut wishes: Vec<Wish<'a>> = Vec::with_capacity(view.plan.soft.len());
    for soft in &view.plan.soft {
        let label_of = &index.topologies[soft.label].domain_of[..];
        let (tally, offset) = (&index.tallies[soft.tally], (soft.max_skew - 1) as f64);
        wishes.push(Wish { tally, label_of, by_node: soft.by_node, weight: 0.0, offset });
    }
    let counted: Vec<u32> = if view.plan.soft_needs_all {
        let has_all = |slot: &u32| wishes.iter().all(|wish| wish.domain(*slot as usize) != NO_DOMAIN);
        nodes.iter().copied().filter(has_all).collect()
    } else {
        nodes.to_vec()
    };
    for wish in &mut wishes {
        let size = if wish.by_node { counted.len() } else { distinct(wish.label_of, &counted) };
        wish.weight = ((size + 2) as f64).ln();
    }
    wishes
}

/// How many domains nodes are in; those without one are one.
fn distinct(domain_of: &[u32], nodes: &[u32]) -> usize {
    let domains = domain_of.iter().filter(|domain| **domain != NO_DOMAIN).max();
    let mut seen = vec![false; domains.map_or(0, |last| *last as usize + 1)];
    let (mut size, mut without) = (0, false);
    for slot in nodes {
        match domain_of.get(*slot as usize).and_then(|domain| seen.get_mut(*domain as usize)) {
            Some(seen) => size += usize::from(!std::mem::replace(seen, true)),
            None => without = true,
        }
    }
    size + usize::from(without)
}

impl Wish<'_> {
    fn domain(&self, slot: usize) -> u32 {
        self.label_of.get(slot).copied().unwrap_or(NO_DOMAIN)
    }
}

fn sum_at(wishes: &[Wish<'_>], slot: usize) -> i64 {
    let mut sum = 0.0;
    for wish in wishes {
        let domain = wish.domain(slot);
        if domain != NO_DOMAIN {
            let count = wish.tally.of(if wish.by_node { slot as u32 } else { domain });
            sum += f64::from(count) * wish.weight + wish.offset;
        }
    }
    sum.round() as i64
}

/// The smallest sum becomes the best score.
fn normalise(sums: &mut [i64]) {
    let counted = || sums.iter().copied().filter(|sum| *sum != LEFT_OUT);
    let (least, most) = (counted().min().unwrap_or(0), counted().max().unwrap_or(0));
    for sum in sums {
        *sum = match *sum {
            LEFT_OUT => 0,
            _ if most == 0 => SCORE_MAX,
            sum => super::percent(most + least - sum, most),
        };
    }
}
