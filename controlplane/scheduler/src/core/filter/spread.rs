//! Topology spread constraints that must hold.
//!
//! Source: kube-scheduler's `PodTopologySpread`: the pods of a domain, with the new one, may be more than those of the
//! domain with the fewest by `maxSkew`; with fewer domains than `minDomains`, the fewest are none.

use crate::core::{
    plan::Plan,
    snapshot::{Index, NO_DOMAIN, Tally},
};

/// How a node's domains stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Skew {
    Fits,
    /// The node lacks the label.
    NoDomain,
    /// The domain has too many pods already.
    TooMany,
}

/// The constraints with what they allow now.
pub(crate) struct Spread<'a>(Vec<Limit<'a>>);

struct Limit<'a> {
    tally: &'a Tally,
    domain_of: &'a [u32],
    /// Pods that a domain may have before the new one comes.
    most: i64,
}

impl<'a> Spread<'a> {
    pub(crate) fn of(index: &'a Index, plan: &Plan) -> Self {
        let limit = |hard: &crate::core::plan::Hard| {
            let tally = &index.tallies[hard.tally];
            let (domains, fewest) = tally
                .domains()
                .fold((0, i64::from(i32::MAX)), |(n, fewest), (_, count)| (n + 1, fewest.min(count.into())));
            let fewest = if domains < hard.min_domains { 0 } else { fewest };
            let domain_of = &index.topologies[tally.key.topology].domain_of[..];
            Limit { tally, domain_of, most: hard.max_skew + fewest - hard.itself }
        };
        Self(plan.hard.iter().map(limit).collect())
    }

    /// Whether every node fits.
    pub(crate) fn is_trivial(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn at(&self, slot: usize) -> Skew {
        for limit in &self.0 {
            let domain = limit.domain_of.get(slot).copied().unwrap_or(NO_DOMAIN);
            if domain == NO_DOMAIN {
                return Skew::NoDomain;
            }
            if i64::from(limit.tally.of(domain)) > limit.most {
                return Skew::TooMany;
            }
        }
        Skew::Fits
    }
}
