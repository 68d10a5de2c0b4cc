//! Names and namespaces, and the references that follow them.

use serde_json::{Value, json};

use super::{
    fields,
    resource::{Resource, Resources},
};

/// Kinds that belong to no namespace.
const CLUSTER_WIDE: &[&str] = &[
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "StorageClass",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// Kinds whose names take no prefix or suffix.
const FIXED: [&str; 3] = ["CustomResourceDefinition", "APIService", "Namespace"];

/// Where a pod's spec names objects: the kind named, the path.
const IN_PODS: &[(&str, &str)] = &[
    ("ConfigMap", "volumes[]/configMap/name"),
    ("ConfigMap", "volumes[]/projected/sources[]/configMap/name"),
    ("ConfigMap", "containers[]/env[]/valueFrom/configMapKeyRef/name"),
    ("ConfigMap", "containers[]/envFrom[]/configMapRef/name"),
    ("ConfigMap", "initContainers[]/env[]/valueFrom/configMapKeyRef/name"),
    ("ConfigMap", "initContainers[]/envFrom[]/configMapRef/name"),
    ("Secret", "volumes[]/secret/secretName"),
    ("Secret", "volumes[]/projected/sources[]/secret/name"),
    ("Secret", "containers[]/env[]/valueFrom/secretKeyRef/name"),
    ("Secret", "containers[]/envFrom[]/secretRef/name"),
    ("Secret", "initContainers[]/env[]/valueFrom/secretKeyRef/name"),
    ("Secret", "initContainers[]/envFrom[]/secretRef/name"),
    ("Secret", "imagePullSecrets[]/name"),
    ("PersistentVolumeClaim", "volumes[]/persistentVolumeClaim/claimName"),
    ("ServiceAccount", "serviceAccountName"),
    ("PriorityClass", "priorityClassName"),
];

/// Where other objects name objects: the kind that names, the kind named, the path.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("StatefulSet", "Service", "spec/serviceName"),
    ("StatefulSet", "StorageClass", "spec/volumeClaimTemplates[]/spec/storageClassName"),
    ("PersistentVolumeClaim", "StorageClass", "spec/storageClassName"),
    ("PersistentVolumeClaim", "PersistentVolume", "spec/volumeName"),
    ("PersistentVolume", "StorageClass", "spec/storageClassName"),
    ("Ingress", "Service", "spec/rules[]/http/paths[]/backend/service/name"),
    ("Ingress", "Service", "spec/rules[]/http/paths[]/backend/serviceName"),
    ("Ingress", "Service", "spec/defaultBackend/service/name"),
    ("Ingress", "Service", "spec/backend/serviceName"),
    ("Ingress", "Secret", "spec/tls[]/secretName"),
    ("Ingress", "IngressClass", "spec/ingressClassName"),
    ("APIService", "Service", "spec/service/name"),
    ("ValidatingWebhookConfiguration", "Service", "webhooks[]/clientConfig/service/name"),
    ("MutatingWebhookConfiguration", "Service", "webhooks[]/clientConfig/service/name"),
    ("CustomResourceDefinition", "Service", "spec/conversion/webhook/clientConfig/service/name"),
    ("ServiceAccount", "Secret", "imagePullSecrets[]/name"),
    ("ServiceAccount", "Secret", "secrets[]/name"),
];

/// Where the kind that is named stands beside the name.
const BY_KIND: &[(&str, &str)] = &[
    ("HorizontalPodAutoscaler", "spec/scaleTargetRef"),
    ("RoleBinding", "roleRef"),
    ("RoleBinding", "subjects[]"),
    ("ClusterRoleBinding", "roleRef"),
    ("ClusterRoleBinding", "subjects[]"),
];

/// Puts everything that can be in a namespace into one.
pub(super) fn set_namespace(resources: &mut Resources, namespace: &str) {
    for resource in resources.iter_mut() {
        match resource.kind() {
            "Namespace" => resource.set_metadata("name", namespace),
            "RoleBinding" | "ClusterRoleBinding" => {
                fields::each(&mut resource.object, "subjects[]", false, &mut |subject| {
                    if subject["kind"] == "ServiceAccount" && subject["name"] == "default" {
                        subject["namespace"] = json!(namespace);
                    }
                });
                if resource.kind() == "RoleBinding" {
                    resource.set_metadata("namespace", namespace);
                }
            }
            kind if CLUSTER_WIDE.contains(&kind) => {}
            _ => resource.set_metadata("namespace", namespace),
        }
        resource.remember();
    }
}

/// Adds the prefix and the suffix.
pub(super) fn add_affixes(resources: &mut Resources, prefix: &str, suffix: &str) {
    if prefix.is_empty() && suffix.is_empty() {
        return;
    }
    for resource in resources.iter_mut().filter(|resource| !FIXED.contains(&resource.kind())) {
        let name = format!("{prefix}{}{suffix}", resource.name());
        resource.set_metadata("name", &name);
        resource.remember();
    }
}

/// One object's names, for those who refer to it.
struct Named {
    kind: String,
    name: String,
    namespace: String,
    former: Vec<(String, String)>,
}

impl Named {
    fn new(resource: &Resource) -> Self {
        Self {
            kind: resource.kind().into(),
            name: resource.name().into(),
            namespace: resource.namespace().into(),
            former: resource.former.clone(),
        }
    }
}

/// Makes every reference follow the object it means.
pub(super) fn follow(resources: &mut Resources) {
    let named: Vec<Named> = resources.iter().map(Named::new).collect();
    for resource in resources.iter_mut() {
        let kind = resource.kind().to_owned();
        let own = resource.former.clone();
        let find = |target: &str, name: &str| find(&named, &own, target, name);
        let mut follow = |path: &str, target: &str| {
            fields::each(&mut resource.object, path, false, &mut |value| {
                if let Some(found) = value.as_str().and_then(|name| find(target, name)) {
                    *value = json!(found.name);
                }
            });
        };
        if let Some(spec) = fields::pod_spec(&kind) {
            IN_PODS.iter().for_each(|(target, path)| follow(&format!("{spec}/{path}"), target));
        }
        for (_, target, path) in ELSEWHERE.iter().filter(|(known, ..)| *known == kind) {
            follow(path, target);
        }
        for (_, path) in BY_KIND.iter().filter(|(known, _)| *known == kind) {
            fields::each(&mut resource.object, path, false, &mut |reference| by_kind(reference, &find));
        }
    }
}

fn by_kind<'a>(reference: &mut Value, find: &dyn Fn(&str, &str) -> Option<&'a Named>) {
    let (Some(kind), Some(name)) = (reference["kind"].as_str(), reference["name"].as_str()) else { return };
    let Some(found) = find(kind, name) else { return };
    reference["name"] = json!(found.name);
    if found.kind == "ServiceAccount" && !found.namespace.is_empty() {
        reference["namespace"] = json!(found.namespace);
    }
}

/// The object that `name` means: of those that are or were called so, one that shared a namespace with who names it,
/// and that went through the same stages.
fn find<'a>(named: &'a [Named], own: &[(String, String)], kind: &str, name: &str) -> Option<&'a Named> {
    let candidates = named.iter().filter(|one| {
        one.kind == kind && (one.name == name || one.former.iter().any(|(former, _)| former == name))
    });
    let space = |stages: &[(String, String)]| stages.last().map(|(_, namespace)| namespace.clone());
    let near = |one: &&Named| Some(one.namespace.clone()) == space(own);
    let candidates: Vec<&Named> = candidates.collect();
    candidates.iter().copied().find(near).or_else(|| candidates.first().copied())
}
