//! What a namespace that is being deleted says of what keeps it. Pure.
//!
//! Source of the behaviour: kube-controller-manager's namespace controller, whose five conditions people read when a
//! namespace does not go.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::NamespaceCondition, apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp,
};

/// What is still in a namespace after everything in it has been deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remains {
    /// How many objects there are of a kind, by its plural and group.
    pub(super) kinds: BTreeMap<(String, String), usize>,
    /// How many objects have a finalizer.
    pub(super) finalizers: BTreeMap<String, usize>,
}

impl Remains {
    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    fn content(&self) -> Option<(&'static str, String)> {
        let parts: Vec<String> = self
            .kinds
            .iter()
            .map(|((plural, group), count)| format!("{plural}.{group} has {count} resource instances"))
            .collect();
        let message = format!("Some resources are remaining: {}", parts.join(", "));
        (!parts.is_empty()).then_some(("SomeResourcesRemain", message))
    }

    fn held(&self) -> Option<(&'static str, String)> {
        let parts: Vec<String> = self
            .finalizers
            .iter()
            .map(|(finalizer, count)| format!("{finalizer} in {count} resource instances"))
            .collect();
        let message = format!("Some content in the namespace has finalizers remaining: {}", parts.join(", "));
        (!parts.is_empty()).then_some(("SomeFinalizersRemain", message))
    }
}

/// The conditions of a namespace in which `remains` is left, or whose emptying failed; `None` if it says so already.
pub(super) fn conditions(
    remains: &Remains,
    failure: Option<&str>,
    old: &[NamespaceCondition],
    now: Timestamp,
) -> Option<Vec<NamespaceCondition>> {
    let failed =
        |why| ("ContentDeletionFailed", format!("Failed to delete all resource types, 1 remaining: {why}"));
    let all = [
        (
            "NamespaceDeletionDiscoveryFailure",
            None,
            ("ResourcesDiscovered", "All resources successfully discovered"),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            None,
            ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ),
        (
            "NamespaceDeletionContentFailure",
            failure.map(failed),
            ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
        ),
        (
            "NamespaceContentRemaining",
            remains.content(),
            ("ContentRemoved", "All content successfully removed"),
        ),
        (
            "NamespaceFinalizersRemaining",
            remains.held(),
            ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
        ),
    ];
    let new: Vec<_> = all
        .into_iter()
        .map(|(kind, bad, good)| {
            let status = if bad.is_some() { "True" } else { "False" };
            let (reason, message) = bad.unwrap_or_else(|| (good.0, good.1.to_string()));
            let before = old.iter().find(|one| one.type_ == kind && one.status == status);
            NamespaceCondition {
                type_: kind.into(),
                status: status.into(),
                reason: Some(reason.into()),
                message: Some(message),
                last_transition_time: before
                    .and_then(|one| one.last_transition_time.clone())
                    .or(Some(Time(now))),
            }
        })
        .collect();
    (!new.iter().all(|one| old.contains(one))).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(conditions: &[NamespaceCondition]) -> Vec<(&str, &str)> {
        let bad = conditions.iter().filter(|one| one.status == "True");
        bad.map(|one| (one.type_.as_str(), one.message.as_deref().unwrap_or_default())).collect()
    }

    #[test]
    fn what_is_left_is_counted_and_said_once() {
        let kind = |plural: &str, group: &str| (plural.to_string(), group.to_string());
        let now = Timestamp::UNIX_EPOCH;
        let later = Timestamp::MAX;
        let remains = Remains {
            kinds: [(kind("pods", ""), 2), (kind("leases", "coordination.k8s.io"), 1)].into(),
            finalizers: [("example.com/a".to_string(), 2)].into(),
        };
        let first = conditions(&remains, None, &[], now).expect("nothing was said before");
        let content = "Some resources are remaining: leases.coordination.k8s.io has 1 resource instances, \
                       pods. has 2 resource instances";
        let held =
            "Some content in the namespace has finalizers remaining: example.com/a in 2 resource instances";
        assert_eq!(first.len(), 5);
        assert_eq!(
            bad(&first),
            [("NamespaceContentRemaining", content), ("NamespaceFinalizersRemaining", held)]
        );
        assert_eq!(conditions(&remains, None, &first, later), None);

        let second = conditions(&Remains::default(), Some("no"), &first, later).expect("something changes");
        let failed = "Failed to delete all resource types, 1 remaining: no";
        assert_eq!(bad(&second), [("NamespaceDeletionContentFailure", failed)]);
        let since = |index: usize| second[index].last_transition_time.clone().map(|time| time.0);
        assert_eq!((since(0), since(2), since(3)), (Some(now), Some(later), Some(later)));
    }
}
