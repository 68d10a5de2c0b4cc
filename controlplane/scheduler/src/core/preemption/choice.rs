//! Which node's victims are missed least.
//!
//! Source: kube-scheduler's `pickOneNodeForPreemption`, six steps: the fewest broken budgets; the lowest of the highest
//! priorities; the smallest sum of priorities; the fewest victims; the latest start of the most important victims (of
//! several, the earliest); and among those equal in all that, any.

use std::cmp::{Ordering, Reverse};

use super::victims::Candidate;

/// What each step compares; less is better.
type Cost = (usize, i32, i64, usize, Reverse<i64>);

pub(super) fn best(candidates: Vec<Candidate>, rank: impl Fn(usize, usize) -> Ordering) -> Option<Candidate> {
    let key = |candidate: &Candidate| -> Cost {
        let Candidate { violations, highest, sum, victims, started, .. } = candidate;
        (*violations, *highest, *sum, victims.len(), Reverse(*started))
    };
    // Of equal nodes, the one that equally good nodes are chosen by, too.
    let order = |a: &Candidate, b: &Candidate| {
        key(a).cmp(&key(b)).then_with(|| rank(b.slot as usize, a.slot as usize))
    };
    candidates.into_iter().min_by(order)
}
