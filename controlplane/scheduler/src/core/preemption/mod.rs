//! Making room for a pod: which pods would have to leave which node, if any may.
//!
//! Source: kube-scheduler's `DefaultPreemption`. On each node where it may help, all pods of lower priority are taken away
//! in thought; if the pod fits then, as many as possible are put back, the more important first and those whose leaving
//! breaks a disruption budget before all others. Among the nodes, the one whose victims are missed least is chosen.

mod budget;
mod choice;
mod trial;
mod victims;

use std::{collections::BTreeMap, sync::Arc};

pub use budget::Budget;
pub(super) use budget::Budgets;
pub(super) use trial::Trial;
use victims::{Candidate, Refusal};

use super::{pod::PodInfo, snapshot::Placed, view::View};

/// Nodes on which victims are looked for until enough are found: this many, ...
const CANDIDATES_MIN: usize = 100;
/// ... or this many percent of those where it may help, if that is more.
const CANDIDATES_PERCENT: usize = 10;

/// Whether room can be made for a pod that fits nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preemption {
    /// The pod does not push others away.
    Never,
    /// Pods are leaving the pod's nominated node already.
    UnderWay,
    /// No node can be made to fit: why, by number of nodes.
    Impossible(BTreeMap<String, usize>),
    /// These pods are to leave this node.
    Victims(Box<Victims>),
}

/// Pods that are to leave, so that another one can come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victims {
    /// The node.
    pub node: Arc<str>,
    /// The pods, the most important first. Never one of the same or a higher priority.
    pub pods: Vec<Arc<PodInfo>>,
    /// How many of them break a disruption budget by leaving.
    pub violations: usize,
    /// Pods of lower priority that were to have this node, and now are not.
    pub displaced: Vec<Arc<PodInfo>>,
}

/// Looks for victims on nodes that refuse the pod for reasons that others' leaving may remove.
pub(super) fn preempt(
    view: &View<'_>,
    pod: &PodInfo,
    resolvable: &[u32],
    tie_breaker: u64,
    rank: impl Fn(usize, usize) -> std::cmp::Ordering,
) -> Preemption {
    if !view.pod.preempts {
        return Preemption::Never;
    }
    if is_under_way(view, pod, resolvable) {
        return Preemption::UnderWay;
    }
    let mut refusals = Refusals::default();
    let candidates = candidates(view, pod, resolvable, tie_breaker, &mut refusals);
    let Some(best) = choice::best(candidates, rank) else {
        refusals.unhelpful += view.cluster.nodes - resolvable.len();
        return Preemption::Impossible(refusals.counted());
    };
    let slot = best.slot as usize;
    let displaced = view.cluster.nominated_on(slot).filter(|(other, _)| other.priority() < pod.priority());
    Preemption::Victims(Box::new(Victims {
        node: view.cluster.slots[slot].name.clone(),
        displaced: displaced.map(|(other, _)| other.clone()).collect(),
        violations: best.violations,
        pods: best.victims.iter().map(|number| view.cluster.pod(*number).pod.clone()).collect(),
    }))
}

/// Whether a pod of lower priority was told to leave the pod's nominated node already.
fn is_under_way(view: &View<'_>, pod: &PodInfo, resolvable: &[u32]) -> bool {
    let nominated = pod.nominated_node.as_ref().and_then(|name| view.cluster.node(name));
    let Some((slot, here, _)) = nominated else { return false };
    let leaving = |placed: &Placed| placed.pod.preempted && placed.pod.priority() < pod.priority();
    resolvable.iter().any(|other| *other as usize == slot)
        && here.pods.iter().any(|number| leaving(view.cluster.pod(*number)))
}

/// Why nodes cannot be made to fit.
#[derive(Default)]
struct Refusals {
    /// Nodes where others' leaving does not matter.
    unhelpful: usize,
    /// Nodes without pods of lower priority.
    without_victims: usize,
    /// Nodes that refuse the pod even then.
    reasons: BTreeMap<String, usize>,
}

impl Refusals {
    fn counted(self) -> BTreeMap<String, usize> {
        let mut counted = self.reasons;
        let fixed = [
            ("Preemption is not helpful for scheduling", self.unhelpful),
            ("No preemption victims found for incoming pod", self.without_victims),
        ];
        for (words, count) in fixed.into_iter().filter(|(_, count)| *count > 0) {
            counted.insert(words.into(), count);
        }
        counted
    }
}

/// The nodes that can be made to fit, with their victims; not all of them if there are many.
fn candidates(
    view: &View<'_>,
    pod: &PodInfo,
    resolvable: &[u32],
    tie_breaker: u64,
    refusals: &mut Refusals,
) -> Vec<Candidate> {
    let enough = (resolvable.len() * CANDIDATES_PERCENT / 100).max(CANDIDATES_MIN);
    let mut found = Vec::new();
    let mut unviolated = false;
    let offset = (tie_breaker % resolvable.len().max(1) as u64) as usize;
    let (after, before) = resolvable.split_at(offset.min(resolvable.len()));
    for slot in before.iter().chain(after) {
        match victims::of(view, pod, *slot) {
            Ok(candidate) => {
                unviolated |= candidate.violations == 0;
                found.push(candidate);
            }
            Err(Refusal::NoVictims) => refusals.without_victims += 1,
            Err(Refusal::Reasons(reasons)) => {
                for reason in reasons {
                    *refusals.reasons.entry(reason.to_string()).or_default() += 1;
                }
            }
        }
        if unviolated && found.len() >= enough {
            break;
        }
    }
    found
}
