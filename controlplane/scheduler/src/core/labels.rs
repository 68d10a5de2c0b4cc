//! Labels, and the selectors that match them.
//!
//! Source: Kubernetes' "Labels and Selectors". `NotIn` and `DoesNotExist` hold where the label is absent; a requirement
//! that cannot be read never holds.

use std::{collections::BTreeMap, sync::Arc};

use super::object::{LabelSelector, Requirement};

/// The labels of an object, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Labels(Box<[(Box<str>, Arc<str>)]>);

/// Requirements of labels that must all hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Selector(Option<Vec<(Box<str>, Operator)>>);

/// What is required of one label or field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Operator {
    In(Vec<Box<str>>),
    NotIn(Vec<Box<str>>),
    Exists,
    DoesNotExist,
    Greater(i64),
    Less(i64),
    /// Not readable.
    Never,
}

impl Labels {
    pub(super) fn new(labels: &BTreeMap<String, String>) -> Self {
        // A map of strings is sorted already.
        Self(labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect())
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a label.
    pub(super) fn get(&self, key: &str) -> Option<&Arc<str>> {
        let at = self.0.binary_search_by(|(other, _)| (**other).cmp(key)).ok()?;
        Some(&self.0[at].1)
    }
}

impl Selector {
    /// Matches nothing.
    pub(super) const NOTHING: Selector = Selector(None);

    /// Reads a selector: absent, it matches nothing; empty, everything.
    pub(super) fn of(selector: Option<&LabelSelector>) -> Self {
        let Some(selector) = selector else { return Self::NOTHING };
        let labels = selector.match_labels.iter().flatten();
        let labels = labels.map(|(key, value)| (key.as_str().into(), equals(value)));
        let expressions = selector.match_expressions.iter().flatten();
        let expressions = expressions.map(|one| (one.key.as_str().into(), Operator::of_labels(one)));
        Self(Some(labels.chain(expressions).collect())).sorted()
    }

    /// Matches the labels that have all these values.
    pub(super) fn of_map(labels: &BTreeMap<String, String>) -> Self {
        Self(Some(labels.iter().map(|(key, value)| (key.as_str().into(), equals(value))).collect()))
    }

    /// Whether nothing is required, so that everything matches.
    pub(super) fn is_everything(&self) -> bool {
        self.0.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether it can match anything.
    pub(super) fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// The selector with further requirements. One that matches nothing stays so.
    pub(super) fn and(self, more: impl IntoIterator<Item = (Box<str>, Operator)>) -> Self {
        let Some(mut requirements) = self.0 else { return self };
        requirements.extend(more);
        Self(Some(requirements)).sorted()
    }

    /// Both selectors' requirements.
    pub(super) fn and_all_of(self, other: Selector) -> Self {
        match other.0 {
            Some(requirements) => self.and(requirements),
            None => Self::NOTHING,
        }
    }

    /// The selector with the values of `labels` required (`wanted`) or refused for those of `keys` that are there.
    pub(super) fn and_keys(self, keys: Option<&[String]>, labels: &Labels, wanted: bool) -> Self {
        let found = keys.unwrap_or_default().iter().filter_map(|key| {
            let values = vec![Box::from(&**labels.get(key)?)];
            Some((key.as_str().into(), if wanted { Operator::In(values) } else { Operator::NotIn(values) }))
        });
        self.and(found)
    }

    pub(super) fn matches(&self, labels: &Labels) -> bool {
        let all = |requirements: &Vec<(Box<str>, Operator)>| {
            requirements.iter().all(|(key, operator)| operator.holds(labels.get(key).map(|value| &**value)))
        };
        self.0.as_ref().is_some_and(all)
    }

    /// Equal selectors should be equal values, in whatever order they were written.
    fn sorted(mut self) -> Self {
        if let Some(requirements) = &mut self.0 {
            requirements.sort_unstable();
            requirements.dedup();
        }
        self
    }
}

fn equals(value: &str) -> Operator {
    Operator::In(vec![value.into()])
}

impl Operator {
    /// Reads a requirement of a node.
    pub(super) fn of(requirement: &Requirement) -> Self {
        let values = requirement.values.as_deref().unwrap_or_default();
        let number = |make: fn(i64) -> Operator| match values {
            [value] => value.parse().map_or(Operator::Never, make),
            _ => Operator::Never,
        };
        match requirement.operator.as_str() {
            "Gt" => number(Operator::Greater),
            "Lt" => number(Operator::Less),
            _ => Self::of_labels(requirement),
        }
    }

    /// Reads a requirement of a label selector, which does not compare.
    fn of_labels(requirement: &Requirement) -> Self {
        let values = || {
            let mut values: Vec<Box<str>> =
                requirement.values.iter().flatten().map(|value| value.as_str().into()).collect();
            values.sort_unstable();
            values
        };
        match requirement.operator.as_str() {
            "In" => Operator::In(values()),
            "NotIn" => Operator::NotIn(values()),
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => Operator::Never,
        }
    }

    pub(super) fn holds(&self, found: Option<&str>) -> bool {
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
