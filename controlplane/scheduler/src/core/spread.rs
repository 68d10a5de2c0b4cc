//! Topology spread constraints, prepared for counting.
//!
//! Source: Kubernetes' "Pod Topology Spread Constraints": a missing `minDomains` is 1, `nodeAffinityPolicy` honours and
//! `nodeTaintsPolicy` ignores unless said otherwise.

use std::sync::Arc;

use super::{
    labels::{Labels, Selector},
    object::{PodSpec, TopologySpreadConstraint},
};

/// One constraint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Constraint {
    /// Whether it must hold, or should.
    pub(super) hard: bool,
    pub(super) max_skew: i64,
    pub(super) min_domains: i64,
    pub(super) topology_key: Arc<str>,
    /// The pods of the same namespace that are counted.
    pub(super) selector: Selector,
    /// Whether nodes that the pod's node affinity excludes are left out.
    pub(super) honours_affinity: bool,
    /// Whether nodes with taints that the pod does not tolerate are left out.
    pub(super) honours_taints: bool,
}

impl Constraint {
    /// The pods that are counted. A selector that matches everything counts none, though the pod itself is one of them:
    /// kube-scheduler's, not the documentation's.
    pub(super) fn counted(&self) -> Selector {
        if self.selector.is_everything() { Selector::NOTHING } else { self.selector.clone() }
    }

    /// Reads the constraints of a pod with labels.
    pub(super) fn all(spec: &PodSpec, labels: &Labels) -> Vec<Self> {
        spec.topology_spread_constraints.iter().flatten().map(|one| Self::of(one, labels)).collect()
    }

    /// A wish of a scheduler for the pods that a selector matches.
    pub(super) fn wish(topology_key: &str, max_skew: i64, selector: Selector) -> Self {
        Self {
            hard: false,
            max_skew,
            min_domains: 1,
            topology_key: topology_key.into(),
            selector,
            honours_affinity: true,
            honours_taints: false,
        }
    }

    fn of(constraint: &TopologySpreadConstraint, labels: &Labels) -> Self {
        Self {
            hard: constraint.when_unsatisfiable == "DoNotSchedule",
            max_skew: i64::from(constraint.max_skew),
            min_domains: i64::from(constraint.min_domains.unwrap_or(1)),
            topology_key: constraint.topology_key.as_str().into(),
            selector: Selector::of(constraint.label_selector.as_ref()).and_keys(
                constraint.match_label_keys.as_deref(),
                labels,
                true,
            ),
            honours_affinity: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
            honours_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
        }
    }
}
