//! How good a node is for a pod: each score from 0 to 100, weighed and added, as kube-scheduler's default plugins do.
//!
//! A score gets the nodes that fit and writes one number for each; most are relative to the others (normalised).

pub(super) mod affinity;
pub(super) mod balance;
pub(super) mod fit;
pub(super) mod spread;

use super::view::View;

/// The largest score.
pub(super) const SCORE_MAX: i64 = 100;

/// A score by its plugin's name in kube-scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Score {
    /// `NodeResourcesFit`.
    Fit,
    /// `NodeResourcesBalancedAllocation`.
    BalancedAllocation,
    /// `TaintToleration`.
    TaintToleration,
    /// `NodeAffinity`.
    NodeAffinity,
    /// `PodTopologySpread`.
    Spread,
    /// `InterPodAffinity`.
    PodAffinity,
    /// `ImageLocality`.
    ImageLocality,
    /// Compiled code of the pod's images; not in kube-scheduler.
    CompiledLocality,
}

impl Score {
    /// All of them.
    pub const ALL: [Score; 8] = [
        Score::Fit,
        Score::BalancedAllocation,
        Score::TaintToleration,
        Score::NodeAffinity,
        Score::Spread,
        Score::PodAffinity,
        Score::ImageLocality,
        Score::CompiledLocality,
    ];

    /// The name of kube-scheduler's plugin.
    pub fn name(self) -> &'static str {
        match self {
            Score::Fit => "NodeResourcesFit",
            Score::BalancedAllocation => "NodeResourcesBalancedAllocation",
            Score::TaintToleration => "TaintToleration",
            Score::NodeAffinity => "NodeAffinity",
            Score::Spread => "PodTopologySpread",
            Score::PodAffinity => "InterPodAffinity",
            Score::ImageLocality => "ImageLocality",
            Score::CompiledLocality => "CompiledLocality",
        }
    }

    /// Its weight in a view's profile.
    pub(super) fn weight(self, view: &View<'_>) -> i64 {
        let weights = &view.profile.weights;
        match self {
            Score::Fit => weights.fit,
            Score::BalancedAllocation => weights.balanced_allocation,
            Score::TaintToleration => weights.taint_toleration,
            Score::NodeAffinity => weights.node_affinity,
            Score::Spread => weights.spread,
            Score::PodAffinity => weights.pod_affinity,
            Score::ImageLocality => weights.image_locality,
            Score::CompiledLocality => weights.compiled_locality,
        }
    }

    /// Writes the score of each of the nodes, from 0 to 100. False if it is the same for all of them, as it is where a pod
    /// says nothing of its subject; what is written is then that.
    pub(super) fn write(self, view: &View<'_>, nodes: &[u32], into: &mut Vec<i64>) -> bool {
        into.clear();
        let slots = || nodes.iter().map(|slot| *slot as usize);
        match self {
            Score::Fit => into.extend(slots().map(|slot| fit::at(view, slot))),
            Score::BalancedAllocation => into.extend(slots().map(|slot| balance::at(view, slot))),
            Score::TaintToleration => {
                if view.nodes.avoiding == 0 {
                    into.resize(nodes.len(), SCORE_MAX);
                    return false;
                }
                into.extend(slots().map(|slot| view.nodes.avoided[slot]));
                shares(into, |share| SCORE_MAX - share);
            }
            Score::NodeAffinity => {
                if view.pod.wants.preferred.is_empty() {
                    into.resize(nodes.len(), 0);
                    return false;
                }
                into.extend(slots().map(|slot| view.nodes.preferred[slot]));
                shares(into, |share| share);
            }
            Score::Spread => return spread::write(view, nodes, into),
            Score::PodAffinity => return affinity::write(view, nodes, into),
            Score::ImageLocality => match view.images {
                Some(board) => into.extend(slots().map(|slot| board.scores[slot])),
                None => {
                    into.resize(nodes.len(), 0);
                    return false;
                }
            },
            Score::CompiledLocality => {
                into.extend(slots().map(|slot| view.compiled(slot)));
            }
        }
        true
    }
}

/// The weighed sums of the nodes that fit.
pub(super) fn totals(view: &View<'_>, nodes: &[u32]) -> Vec<i64> {
    let mut totals: Vec<i64> = nodes.iter().map(|slot| view.load.scores[*slot as usize]).collect();
    let mut scratch = Vec::new();
    // Fit and balance are on the board already.
    for score in &Score::ALL[2..] {
        let weight = score.weight(view);
        if weight != 0 && score.write(view, nodes, &mut scratch) {
            totals.iter_mut().zip(&scratch).for_each(|(total, score)| *total += weight * score);
        }
    }
    totals
}

/// Turns values into shares of the largest in percent, and these by `turn`. Source: kube-scheduler's
/// `DefaultNormalizeScore`.
fn shares(values: &mut [i64], turn: impl Fn(i64) -> i64) {
    let largest = values.iter().copied().max().unwrap_or(0);
    for value in values {
        *value = turn(if largest > 0 { percent(*value, largest) } else { 0 });
    }
}

/// `part` of `whole` in whole percents, cut off.
pub(super) fn percent(part: i64, whole: i64) -> i64 {
    /// Below this, a product with 100 is exact in a double, and so is the cut-off quotient.
    const EXACT: i64 = (1 << 53) / SCORE_MAX;
    if (0..EXACT).contains(&part) && whole < EXACT {
        // Several times as quick as dividing whole numbers.
        return ((part * SCORE_MAX) as f64 / whole as f64) as i64;
    }
    i64::try_from(i128::from(part) * i128::from(SCORE_MAX) / i128::from(whole)).unwrap_or(0)
}
