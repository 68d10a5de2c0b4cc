//! Node selectors and node affinity, prepared for matching.
//!
//! Source: Kubernetes' "Assigning Pods to Nodes". A selector without terms and a term without requirements match
//! nothing; a requirement that cannot be read never holds.

use super::{
    labels::Operator,
    node::NodeInfo,
    object::{NodeAffinity, NodeSelector, NodeSelectorTerm, PodSpec},
};

const NAME_FIELD: &str = "metadata.name";

/// What a pod requires of its node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Required {
    /// `nodeSelector`: labels that the node must have.
    labels: Vec<(Box<str>, Box<str>)>,
    /// Terms of which one must match, if there are any.
    terms: Option<Vec<Term>>,
}

/// What a pod prefers: terms with their weights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Preferred(Vec<(i64, Term)>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Term {
    labels: Vec<(Box<str>, Operator)>,
    names: Vec<Operator>,
}

impl Required {
    pub(super) fn of(spec: &PodSpec) -> Self {
        let labels = spec.node_selector.iter().flatten();
        let labels = labels.map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
        let selector = node_affinity(spec)
            .and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution.as_ref());
        let terms = selector.map(|selector| selector.node_selector_terms.iter().map(Term::of).collect());
        Self { labels, terms }
    }

    /// What a selector that stands by itself requires.
    pub(super) fn of_selector(selector: &NodeSelector) -> Self {
        Self { labels: Vec::new(), terms: Some(selector.node_selector_terms.iter().map(Term::of).collect()) }
    }

    pub(super) fn is_trivial(&self) -> bool {
        self.labels.is_empty() && self.terms.is_none()
    }

    /// The only nodes that can match, if every term names its nodes; sorted.
    pub(super) fn named(&self) -> Option<Vec<&str>> {
        let mut names = Vec::new();
        let terms = self.terms.as_deref().filter(|terms| !terms.is_empty())?;
        for term in terms {
            names.extend(term.named()?);
        }
        names.sort_unstable();
        names.dedup();
        Some(names)
    }

    pub(super) fn matches(&self, node: &NodeInfo) -> bool {
        self.labels.iter().all(|(key, value)| node.label(key).is_some_and(|found| **found == **value))
            && self.terms.as_ref().is_none_or(|terms| terms.iter().any(|term| term.matches(node)))
    }
}

impl Preferred {
    pub(super) fn of(spec: &PodSpec) -> Self {
        let preferred = node_affinity(spec)
            .and_then(|affinity| affinity.preferred_during_scheduling_ignored_during_execution.as_deref());
        let terms = preferred.unwrap_or_default().iter().filter(|term| term.weight != 0);
        Self(terms.map(|term| (i64::from(term.weight), Term::of(&term.preference))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sum of the weights of the terms that match.
    pub(super) fn weight(&self, node: &NodeInfo) -> i64 {
        self.0.iter().filter(|(_, term)| term.matches(node)).map(|(weight, _)| weight).sum()
    }
}

fn node_affinity(spec: &PodSpec) -> Option<&NodeAffinity> {
    spec.affinity.as_ref()?.node_affinity.as_ref()
}

impl Term {
    fn of(term: &NodeSelectorTerm) -> Self {
        let labels = term.match_expressions.iter().flatten();
        let labels = labels.map(|requirement| (requirement.key.as_str().into(), Operator::of(requirement)));
        let names = term.match_fields.iter().flatten().map(|requirement| match requirement.key.as_str() {
            NAME_FIELD => Operator::of(requirement),
            _ => Operator::Never,
        });
        Self { labels: labels.collect(), names: names.collect() }
    }

    /// The nodes that the term's fields name, if they do.
    fn named(&self) -> Option<Vec<&str>> {
        let mut sets = self.names.iter().filter_map(|operator| match operator {
            Operator::In(names) => Some(names.iter().map(|name| &**name).collect::<Vec<_>>()),
            _ => None,
        });
        let first = sets.next()?;
        Some(sets.fold(first, |names, more| names.into_iter().filter(|name| more.contains(name)).collect()))
    }

    fn matches(&self, node: &NodeInfo) -> bool {
        let empty = self.labels.is_empty() && self.names.is_empty();
        !empty
            && self.labels.iter().all(|(key, operator)| operator.holds(node.label(key).map(|value| &**value)))
            && self.names.iter().all(|operator| operator.holds(Some(&node.name)))
    }
}
