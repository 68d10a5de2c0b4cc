//! The order of the result, unless `sortOptions` want that of the files: by kind, so that what others need comes first; then by group, version, kind, namespace, name.

use super::{
    model::{LegacySortOptions, SortOptions},
    resource::{Resource, Resources},
};

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
///
/// # Errors
/// An order that does not exist.
pub(super) fn sort(resources: &mut Resources, options: Option<&SortOptions>) -> Result<(), String> {
    let usual = || LegacySortOptions {
        order_first: FIRST.iter().map(ToString::to_string).collect(),
        order_last: LAST.iter().map(ToString::to_string).collect(),
    };
    let kinds = match options.map(|options| (options.order.as_str(), &options.legacy_sort_options)) {
        None | Some(("legacy", None)) => usual(),
        Some(("legacy", Some(own))) => own.clone(),
        Some(("fifo", None)) => return Ok(()),
        Some(("fifo", Some(_))) => return Err("legacySortOptions go with the order legacy only".into()),
        Some((other, _)) => return Err(format!("order {other:?} must be legacy or fifo")),
    };
    resources.sort_by_cached_key(|resource| (rank(&kinds, resource.kind()), words(resource)));
    Ok(())
}

fn rank(kinds: &LegacySortOptions, kind: &str) -> isize {
    let place = |table: &[String]| table.iter().position(|known| known == kind).map(usize::cast_signed);
    let first = place(&kinds.order_first).map(|at| at - kinds.order_first.len().cast_signed());
    first.or_else(|| place(&kinds.order_last).map(|at| at + 1)).unwrap_or(0)
}

/// What stands for an object in the comparison; empty parts come after all others.
fn words(resource: &Resource) -> (String, String) {
    let (group, version) = resource.group_version();
    let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let type_name = [or(group, "~G"), or(version, "~V"), resource.kind().to_owned()].join("_");
    (type_name, [or(resource.namespace(), "~X"), resource.name().to_owned()].join("|"))
}
