//! Preferred affinity to pods: the wishes of the pod about those that are there, and theirs about it.
//!
//! Source: kube-scheduler's `InterPodAffinity` scoring: every pod that is wished for (or against) in a node's domain adds
//! (or takes away) the wish's weight; the sums are stretched to 0 to 100.

use super::SCORE_MAX;
use crate::core::{
    snapshot::{NO_DOMAIN, Tally},
    view::View,
};

pub(super) fn write(view: &View<'_>, nodes: &[u32], into: &mut Vec<i64>) -> bool {
    into.resize(nodes.len(), 0);
    let tallies = view.plan.preferred.iter().map(|(tally, weight)| (&view.index.tallies[*tally], *weight));
    let mut wishes: Vec<_> = tallies.filter(|(tally, weight)| tally.total > 0 && *weight != 0).collect();
    if wishes.is_empty() {
        return false;
    }
    wishes.sort_by_key(|(tally, _)| tally.key.topology);
    for wishes in wishes.chunk_by(|a, b| a.0.key.topology == b.0.key.topology) {
        let worth = worth_of_domains(wishes);
        let domain_of = &view.index.topologies[wishes[0].0.key.topology].domain_of;
        for (sum, slot) in into.iter_mut().zip(nodes) {
            let domain = domain_of.get(*slot as usize).copied().unwrap_or(NO_DOMAIN);
            *sum += worth.get(domain as usize).copied().unwrap_or(0);
        }
    }
    let least = into.iter().copied().min().unwrap_or(0);
    let most = into.iter().copied().max().unwrap_or(0);
    for sum in into {
        *sum = if most > least { stretched(*sum - least, most - least) } else { 0 };
    }
    true
}

/// What the pods in each domain of one topology are worth.
fn worth_of_domains(wishes: &[(&Tally, i64)]) -> Vec<i64> {
    let domains = wishes.iter().map(|(tally, _)| tally.counts.len()).max().unwrap_or(0);
    let mut worth = vec![0; domains];
    for (tally, weight) in wishes {
        for (worth, count) in worth.iter_mut().zip(&tally.counts) {
            *worth += weight * i64::from(*count);
        }
    }
    worth
}

/// A share as kube-scheduler computes it: a quotient of doubles, times 100, cut off.
fn stretched(part: i64, whole: i64) -> i64 {
    (SCORE_MAX as f64 * (part as f64 / whole as f64)) as i64
}
