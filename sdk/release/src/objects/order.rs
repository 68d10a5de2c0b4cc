//! In which order objects are made and removed: Helm's lists of kinds.

use std::cmp::Ordering;

use naru_bundle::render::INSTALL_ORDER;

use super::Object;

/// Where removing differs from making backwards: services go before what they lead to.
const UNINSTALL: &[&str] = &[
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "Ingress",
    "IngressClass",
    "Service",
    "CronJob",
    "Job",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "DaemonSet",
    "RoleBindingList",
    "RoleBinding",
    "RoleList",
    "Role",
    "ClusterRoleBindingList",
    "ClusterRoleBinding",
    "ClusterRoleList",
    "ClusterRole",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ConfigMap",
    "SecretList",
    "Secret",
    "ServiceAccount",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Namespace",
    "PriorityClass",
];

/// Puts objects in the order in which they are made; equals stay as they are.
pub fn for_install(objects: &mut [Object]) {
    objects.sort_by(|a, b| by_kind(&INSTALL_ORDER, a.kind(), b.kind()));
}

/// Puts objects in the order in which they are removed; equals stay as they are.
pub fn for_uninstall(objects: &mut [Object]) {
    objects.sort_by(|a, b| by_kind(UNINSTALL, a.kind(), b.kind()));
}

fn by_kind(order: &[&str], a: &str, b: &str) -> Ordering {
    let place = |kind: &str| order.iter().position(|one| *one == kind).unwrap_or(order.len());
    match (place(a), place(b)) {
        (first, second) if first == second && first == order.len() => a.cmp(b),
        (first, second) => first.cmp(&second),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_orders() {
        let object = |kind: &str, name: &str| Object {
            value: json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}),
        };
        let mut objects = [
            object("Widget", "w"),
            object("Pod", "b"),
            object("Gadget", "g"),
            object("Service", "s"),
            object("Pod", "a"),
            object("Namespace", "n"),
        ];
        let names = |objects: &[Object]| objects.iter().map(Object::name).collect::<String>();
        for_install(&mut objects);
        assert_eq!(names(&objects), "nsbagw");
        for_uninstall(&mut objects);
        assert_eq!(names(&objects), "sbangw");
    }

    #[test]
    fn both_lists_have_the_same_kinds() {
        let sorted = |order: &[&'static str]| {
            let mut order = order.to_vec();
            order.sort_unstable();
            order
        };
        assert_eq!(sorted(&INSTALL_ORDER), sorted(UNINSTALL));
    }
}
