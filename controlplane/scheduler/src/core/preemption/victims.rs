//! The victims on one node.

use std::cmp::Reverse;

use super::Trial;
use crate::core::{pod::PodInfo, reason::Reason, view::View};

/// A node that fits when its victims have left.
pub(super) struct Candidate {
    pub(super) slot: u32,
    /// Numbers of the pods, the most important first.
    pub(super) victims: Vec<u32>,
    /// How many of them break a budget.
    pub(super) violations: usize,
    /// The highest of their priorities.
    pub(super) highest: i32,
    /// The sum of their priorities, each counted from the lowest there is.
    pub(super) sum: i64,
    /// The earliest start among those of the highest priority.
    pub(super) started: i64,
}

/// Why a node cannot be made to fit.
pub(super) enum Refusal {
    /// It has no pods of lower priority.
    NoVictims,
    /// It refuses the pod even without them.
    Reasons(Vec<Reason>),
}

/// Finds out which pods must leave a node.
pub(super) fn of(view: &View<'_>, pod: &PodInfo, slot: u32) -> Result<Candidate, Refusal> {
    let here = &view.cluster.slots[slot as usize];
    if here.lowest_priority().is_none_or(|lowest| lowest >= pod.priority()) {
        return Err(Refusal::NoVictims);
    }
    let lower = |number: &u32| view.cluster.pod(*number).pod.priority() < pod.priority();
    let mut potential: Vec<u32> = here.pods.iter().copied().filter(lower).collect();
    let mut trial = Trial::new(view, pod, slot as usize);
    for number in &potential {
        trial.remove(view.cluster.pod(*number));
    }
    let reasons = trial.reasons();
    if !reasons.is_empty() {
        return Err(Refusal::Reasons(reasons));
    }
    potential.sort_by_key(|number| importance(&view.cluster.pod(*number).pod));
    let pods = potential.iter().map(|number| &*view.cluster.pod(*number).pod);
    let violating = view.cluster.budgets.violations(pods);
    let (mut victims, mut violations) = (Vec::new(), 0);
    // Those that break a budget are put back first.
    for turn in [true, false] {
        for (number, violates) in potential.iter().zip(&violating).filter(|(_, one)| **one == turn) {
            let placed = view.cluster.pod(*number);
            trial.put_back(placed);
            if !trial.fits() {
                trial.remove(placed);
                victims.push(*number);
                violations += usize::from(*violates);
            }
        }
    }
    victims.sort_by_key(|number| importance(&view.cluster.pod(*number).pod));
    Ok(Candidate::new(view, slot, victims, violations))
}

/// The more important pod is the smaller one: by priority, then the one that started earlier.
fn importance(pod: &PodInfo) -> (Reverse<i32>, i64) {
    (Reverse(pod.priority()), pod.started)
}

impl Candidate {
    fn new(view: &View<'_>, slot: u32, victims: Vec<u32>, violations: usize) -> Self {
        let pods = || victims.iter().map(|number| &view.cluster.pod(*number).pod);
        let highest = pods().map(|pod| pod.priority()).max().unwrap_or(i32::MIN);
        let from_lowest = |pod: &std::sync::Arc<PodInfo>| i64::from(pod.priority()) - i64::from(i32::MIN);
        let of_highest = pods().filter(|pod| pod.priority() == highest);
        Self {
            slot,
            violations,
            highest,
            sum: pods().map(from_lowest).sum(),
            started: of_highest.map(|pod| pod.started).min().unwrap_or(i64::MAX),
            victims,
        }
    }
}
