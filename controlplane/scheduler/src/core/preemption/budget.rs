//! Disruption budgets: how many of some pods may still be disturbed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use crate::core::{labels::Selector, object::LabelSelector, pod::PodInfo};

/// A `PodDisruptionBudget`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    selector: Selector,
    allowed: i64,
    /// Names of the pods that are counted in `allowed` already.
    disrupted: HashSet<Arc<str>>,
}

/// The budgets by namespace and name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budgets(HashMap<Arc<str>, BTreeMap<Arc<str>, Budget>>);

impl Budget {
    /// A budget of the pods that a selector matches; `allowed` and `disrupted` are its status' `disruptionsAllowed` and
    /// the names in `disruptedPods`.
    pub fn new(
        selector: Option<&LabelSelector>,
        allowed: i64,
        disrupted: impl IntoIterator<Item = Arc<str>>,
    ) -> Self {
        Self { selector: Selector::of(selector), allowed, disrupted: disrupted.into_iter().collect() }
    }

    fn concerns(&self, pod: &PodInfo) -> bool {
        // Pods without labels are in no budget, even if its selector matches them.
        !self.selector.is_everything()
            && !pod.shape.key.labels.is_empty()
            && self.selector.matches(&pod.shape.key.labels)
            && !self.disrupted.contains(&pod.id.name)
    }
}

impl Budgets {
    /// Adds, replaces or removes a budget. Tells whether anything changed.
    pub(crate) fn set(&mut self, namespace: &str, name: &str, budget: Option<Budget>) -> bool {
        let budgets = self.0.entry(namespace.into()).or_default();
        if budgets.get(name) == budget.as_ref() {
            return false;
        }
        match budget {
            Some(budget) => budgets.insert(name.into(), budget),
            None => budgets.remove(name),
        };
        true
    }

    /// Of pods that leave in this order: whether each breaks a budget.
    pub(crate) fn violations<'a>(&self, pods: impl Iterator<Item = &'a PodInfo>) -> Vec<bool> {
        let mut left: HashMap<(&Arc<str>, &Arc<str>), i64> = HashMap::new();
        let violates = |pod: &PodInfo| {
            let Some((namespace, budgets)) = self.0.get_key_value(&pod.id.namespace) else { return false };
            let mut violated = false;
            for (name, budget) in budgets.iter().filter(|(_, budget)| budget.concerns(pod)) {
                let left = left.entry((namespace, name)).or_insert(budget.allowed);
                *left -= 1;
                violated |= *left < 0;
            }
            violated
        };
        pods.map(violates).collect()
    }
}
