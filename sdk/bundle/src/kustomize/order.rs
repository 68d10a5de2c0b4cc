//! The order of the result: by kind, so that what others need comes first; then by group, version, kind, namespace, name.

use super::resource::{Resource, Resources};

/// Kinds that come first, in this order.
const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
/// Kinds that come last: a webhook must not be asked before what serves it is there.
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts the objects.
pub(super) fn sort(resources: &mut Resources) {
    resources.sort_by_cached_key(|resource| (rank(resource.kind()), words(resource)));
}

fn rank(kind: &str) -> isize {
    let place = |table: &[&str]| {
        table.iter().position(|known| *known == kind).and_then(|at| isize::try_from(at).ok())
    };
    let first = place(FIRST).map(|at| at - FIRST.len().cast_signed());
    first.or_else(|| place(LAST).map(|at| at + 1)).unwrap_or(0)
}

/// What stands for an object in the comparison; empty parts come after all others.
fn words(resource: &Resource) -> (String, String) {
    let (group, version) = resource.group_version();
    let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let type_name = [or(group, "~G"), or(version, "~V"), resource.kind().to_owned()].join("_");
    (type_name, [or(resource.namespace(), "~X"), resource.name().to_owned()].join("|"))
}
