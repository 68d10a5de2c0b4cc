//! Node selectors and node affinity, prepared for matching.
//!
//! Source: Kubernetes' "Assigning Pods to Nodes". A selector without terms and a term without requirements match
//! nothing; a requirement that cannot be read never holds.

use super::{
    node::NodeInfo,
    object::{NodeAffinity, NodeSelectorTerm, PodSpec, Requirement},
};

const NAME_FIELD: &str = "metadata.name";

/// What a pod requires of its node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Required {
    /// `nodeSelector`: labels that the node must have.
    labels: Vec<(Box<str>, Box<str>)>,
    /// Terms of which one must match, if there are any.
    terms: Option<Vec<Term>>,
}

/// What a pod prefers: terms with their weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Preferred(Vec<(i64, Term)>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    labels: Vec<(Box<str>, Operator)>,
    names: Vec<Operator>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    In(Vec<Box<str>>),
    NotIn(Vec<Box<str>>),
    Exists,
    DoesNotExist,
    Greater(i64),
    Less(i64),
    /// Not readable.
    Never,
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

    pub(super) fn matches(&self, node: &NodeInfo) -> bool {
        self.labels.iter().all(|(key, value)| node.label(key) == Some(value))
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

    fn matches(&self, node: &NodeInfo) -> bool {
        let empty = self.labels.is_empty() && self.names.is_empty();
        !empty
            && self.labels.iter().all(|(key, operator)| operator.holds(node.label(key)))
            && self.names.iter().all(|operator| operator.holds(Some(&node.name)))
    }
}

impl Operator {
    fn of(requirement: &Requirement) -> Self {
        let values = requirement.values.as_deref().unwrap_or_default();
        let all = || values.iter().map(|value| value.as_str().into()).collect();
        let number = |make: fn(i64) -> Operator| match values {
            [value] => value.parse().map_or(Operator::Never, make),
            _ => Operator::Never,
        };
        match requirement.operator.as_str() {
            "In" => Operator::In(all()),
            "NotIn" => Operator::NotIn(all()),
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            "Gt" => number(Operator::Greater),
            "Lt" => number(Operator::Less),
            _ => Operator::Never,
        }
    }

    fn holds(&self, found: Option<&str>) -> bool {
        let contains =
            |values: &[Box<str>]| found.is_some_and(|found| values.iter().any(|one| **one == *found));
        let number = || found.and_then(|found| found.parse::<i64>().ok());
        match self {
            Operator::In(values) => contains(values),
            Operator::NotIn(values) => !contains(values),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::Greater(than) => number().is_some_and(|number| number > *than),
            Operator::Less(than) => number().is_some_and(|number| number < *than),
            Operator::Never => false,
        }
    }
}
