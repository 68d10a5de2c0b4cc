//! What a pod wishes of the pods near by, prepared for matching.
//!
//! Source: Kubernetes' "Inter-pod affinity and anti-affinity" and the fields of `PodAffinityTerm`. The API server merges
//! `matchLabelKeys` and `mismatchLabelKeys` into the selector of a new pod; doing it again changes nothing, and older
//! pods are covered.

use std::sync::Arc;

use super::{
    labels::{Labels, Selector},
    object::{PodAffinityTerm, PodSpec},
};

/// Which pods, by namespace and label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PodSelector {
    /// By name, sorted.
    pub(super) namespaces: Vec<Arc<str>>,
    /// By label, besides those named.
    pub(super) namespace_selector: Selector,
    selector: Selector,
}

/// A wish: such pods, and near or far by what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Term {
    pub(super) pods: PodSelector,
    pub(super) topology_key: Arc<str>,
}

/// A pod's wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct PodAffinity {
    /// Such pods must be near, each.
    pub(super) near: Vec<Term>,
    /// No such pods may be near.
    pub(super) far: Vec<Term>,
    /// What counts for a node (weight above 0) or against it (below).
    pub(super) preferred: Vec<(Term, i64)>,
}

impl PodSelector {
    /// The pods of one namespace that a selector matches.
    pub(super) fn in_namespace(namespace: Arc<str>, selector: Selector) -> Self {
        Self { namespaces: vec![namespace], namespace_selector: Selector::NOTHING, selector }
    }

    /// Whether it matches a pod; `namespace_labels` are those of the pod's namespace.
    pub(super) fn matches(&self, namespace: &str, namespace_labels: &Labels, labels: &Labels) -> bool {
        (self.namespaces.iter().any(|one| **one == *namespace)
            || self.namespace_selector.matches(namespace_labels))
            && self.selector.matches(labels)
    }
}

impl Term {
    fn of(term: &PodAffinityTerm, namespace: &Arc<str>, labels: &Labels) -> Self {
        let selector = Selector::of(term.label_selector.as_ref())
            .and_keys(term.match_label_keys.as_deref(), labels, true)
            .and_keys(term.mismatch_label_keys.as_deref(), labels, false);
        let mut namespaces: Vec<Arc<str>> =
            term.namespaces.iter().flatten().map(|name| name.as_str().into()).collect();
        if namespaces.is_empty() && term.namespace_selector.is_none() {
            namespaces.push(namespace.clone());
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        let namespace_selector = Selector::of(term.namespace_selector.as_ref());
        let pods = PodSelector { namespaces, namespace_selector, selector };
        Self { pods, topology_key: term.topology_key.as_str().into() }
    }
}

impl PodAffinity {
    /// Reads the wishes of a pod of a namespace with labels.
    pub(super) fn of(spec: &PodSpec, namespace: &Arc<str>, labels: &Labels) -> Self {
        let mut wishes = Self::default();
        let Some(affinity) = &spec.affinity else { return wishes };
        let sides = [(&affinity.pod_affinity, 1), (&affinity.pod_anti_affinity, -1)];
        for (affinity, sign) in sides {
            let Some(affinity) = affinity else { continue };
            let required = affinity.required_during_scheduling_ignored_during_execution.iter().flatten();
            let required = required.map(|term| Term::of(term, namespace, labels));
            if sign > 0 { &mut wishes.near } else { &mut wishes.far }.extend(required);
            for weighted in affinity.preferred_during_scheduling_ignored_during_execution.iter().flatten() {
                let term = Term::of(&weighted.pod_affinity_term, namespace, labels);
                wishes.preferred.push((term, sign * i64::from(weighted.weight)));
            }
        }
        wishes
    }
}
