//! Names and namespaces, and the references that follow them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    fields,
    model::FieldSpec,
    places::Referred,
    resource::{CLUSTER_WIDE, Resource, Resources, effective},
};

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
    ("APIService", "Service", "spec/service/name"),
    ("ValidatingWebhookConfiguration", "Service", "webhooks[]/clientConfig/service/name"),
    ("MutatingWebhookConfiguration", "Service", "webhooks[]/clientConfig/service/name"),
    ("ServiceAccount", "Secret", "imagePullSecrets[]/name"),
    ("Ingress", "Secret", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret"),
    ("Ingress", "Secret", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret"),
    ("Ingress", "ConfigMap", r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap"),
    ("Role", "ConfigMap", "rules[]/resourceNames[]"),
    ("Role", "Secret", "rules[]/resourceNames[]"),
    ("ClusterRole", "ConfigMap", "rules[]/resourceNames[]"),
    ("ClusterRole", "Secret", "rules[]/resourceNames[]"),
    ("ClusterRole", "PersistentVolume", "rules[]/resourceNames[]"),
    ("ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy", "spec/policyName"),
];

/// Where the kind that is named stands beside the name.
const BY_KIND: &[(&str, &str)] = &[
    ("HorizontalPodAutoscaler", "spec/scaleTargetRef"),
    ("RoleBinding", "roleRef"),
    ("ClusterRoleBinding", "roleRef"),
];

/// Kinds whose subjects are service accounts.
const BINDINGS: [&str; 2] = ["RoleBinding", "ClusterRoleBinding"];

/// Where objects name the namespace of a service.
const SERVICES: &[(&str, &str)] = &[
    ("APIService", "spec/service/namespace"),
    ("CustomResourceDefinition", "spec/conversion/webhook/clientConfig/service/namespace"),
    ("MutatingWebhookConfiguration", "webhooks[]/clientConfig/service/namespace"),
    ("ValidatingWebhookConfiguration", "webhooks[]/clientConfig/service/namespace"),
];

/// Puts everything that can be in a namespace into one.
pub(super) fn set_namespace(resources: &mut Resources, namespace: &str) {
    for resource in resources.iter_mut() {
        match resource.kind() {
            "Namespace" => resource.set_metadata("name", namespace),
            "RoleBinding" | "ClusterRoleBinding" => {
                fields::each(&mut resource.object, "subjects[]", false, &mut |subject| {
                    if subject["name"] == "default" {
                        subject["namespace"] = json!(namespace);
                    }
                });
                if resource.kind() == "RoleBinding" {
                    resource.set_metadata("namespace", namespace);
                }
            }
            kind if CLUSTER_WIDE.contains(&kind) => {
                let create = kind == "APIService";
                if let Some((_, path)) = SERVICES.iter().find(|(known, _)| *known == kind) {
                    fields::each(&mut resource.object, path, create, &mut |own| *own = json!(namespace));
                }
            }
            _ => resource.set_metadata("namespace", namespace),
        }
        resource.remember();
    }
    for spec in resources.places.namespace.clone() {
        for resource in resources.iter_mut().filter(|one| spec.means(one)) {
            fields::each(&mut resource.object, &spec.path, spec.create, &mut |own| *own = json!(namespace));
        }
    }
}

/// `NamespaceTransformer`: which fields take a namespace.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Namespace {
    field_specs: Vec<FieldSpec>,
    /// Whether what has a namespace keeps it.
    unset_only: bool,
    set_role_binding_subjects: String,
}

impl Namespace {
    /// Puts objects into a namespace.
    ///
    /// # Errors
    /// Something wanted that does not exist.
    pub(super) fn set(&self, namespace: &str, resources: &mut Resources) -> Result<(), String> {
        let is_meant: fn(&Value) -> bool = match self.set_role_binding_subjects.as_str() {
            "" | "defaultOnly" => |subject| subject["name"] == "default",
            "allServiceAccounts" => |subject| subject["kind"] == "ServiceAccount",
            "none" => |_| false,
            other => {
                return Err(format!(
                    "setRoleBindingSubjects {other:?} must be one of defaultOnly, none, allServiceAccounts"
                ));
            }
        };
        let put = |field: &mut Value| {
            if !self.unset_only || field.as_str().is_none_or(str::is_empty) {
                *field = json!(namespace);
            }
        };
        for resource in resources.iter_mut().filter(|_| !namespace.is_empty()) {
            let binds = BINDINGS.contains(&resource.kind());
            if !CLUSTER_WIDE.contains(&resource.kind()) {
                fields::each(&mut resource.object, "metadata/namespace", true, &mut |field| put(field));
            }
            if binds {
                fields::each(&mut resource.object, "subjects[]", false, &mut |subject| {
                    if is_meant(subject) {
                        fields::each(subject, "namespace", true, &mut |field| put(field));
                    }
                });
            }
            for spec in self.field_specs.iter().filter(|spec| !(binds && spec.path == "subjects/namespace")) {
                let is_core = resource.group_version() == ("", "v1");
                let known = spec.path == "metadata/namespace" || spec.path == "metadata/name" && !is_core;
                if !known && spec.means(resource) {
                    fields::each(&mut resource.object, &spec.path, spec.create, &mut |field| put(field));
                }
            }
            resource.remember();
        }
        Ok(())
    }
}

/// Adds the prefix and the suffix, and remembers them: they tell apart what came by different ways.
pub(super) fn add_affixes(resources: &mut Resources, prefix: &str, suffix: &str) {
    if prefix.is_empty() && suffix.is_empty() {
        return;
    }
    let (before, behind) = (resources.places.name_prefix.clone(), resources.places.name_suffix.clone());
    for resource in resources.iter_mut().filter(|resource| !is_fixed(resource)) {
        for (specs, prefix, suffix) in [(&before, prefix, ""), (&behind, "", suffix)] {
            let meant: Vec<&FieldSpec> = specs.iter().filter(|spec| spec.means(resource)).collect();
            meant.into_iter().for_each(|spec| put_around(resource, spec, prefix, suffix));
        }
        add_affix(resource, prefix, suffix);
    }
}

/// Puts a prefix and a suffix around the text at a place that is no name.
pub(super) fn put_around(resource: &mut Resource, spec: &FieldSpec, prefix: &str, suffix: &str) {
    fields::each(&mut resource.object, &spec.path, spec.create, &mut |field| {
        let own = field.as_str().map(str::to_owned).or_else(|| field.is_null().then(String::new));
        if let Some(own) = own {
            *field = format!("{prefix}{own}{suffix}").into();
        }
    });
}

/// Whether a name takes no prefix or suffix.
pub(super) fn is_fixed(resource: &Resource) -> bool {
    FIXED.contains(&resource.kind())
}

/// The same to one object's name.
pub(super) fn add_affix(resource: &mut Resource, prefix: &str, suffix: &str) {
    resource.prefixes.extend((!prefix.is_empty()).then(|| prefix.into()));
    resource.suffixes.extend((!suffix.is_empty()).then(|| suffix.into()));
    let name = format!("{prefix}{}{suffix}", resource.name());
    resource.set_metadata("name", &name);
    resource.remember();
}

/// One object's names, for those who refer to it.
struct Named {
    group: String,
    version: String,
    kind: String,
    name: String,
    namespace: String,
    original_namespace: String,
    previous: Vec<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Named {
    fn new(resource: &Resource) -> Self {
        let (group, version) = resource.group_version();
        Self {
            group: group.into(),
            version: version.into(),
            kind: resource.kind().into(),
            name: resource.name().into(),
            namespace: resource.namespace().into(),
            original_namespace: resource.original_namespace().into(),
            previous: resource.previous().iter().map(|(name, _)| name.clone()).collect(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }

    fn is_cluster_wide(&self) -> bool {
        CLUSTER_WIDE.contains(&self.kind.as_str())
    }

    /// Whether somebody who names this namespace, by its name now or before, may mean this object.
    fn is_in(&self, namespace: &str) -> bool {
        effective(&self.kind, &self.namespace) == namespace || self.original_namespace == namespace
    }
}

/// What a reference may mean.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// Empty for any.
    group: &'a str,
    version: &'a str,
    kind: &'a str,
}

impl<'a> From<&'a str> for Wanted<'a> {
    fn from(kind: &'a str) -> Self {
        Self { group: "", version: "", kind }
    }
}

impl<'a> From<&'a Referred> for Wanted<'a> {
    fn from(one: &'a Referred) -> Self {
        Self { group: &one.group, version: &one.version, kind: &one.kind }
    }
}

impl Wanted<'_> {
    fn means(&self, one: &Named) -> bool {
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        one.kind == self.kind && fits(self.group, &one.group) && fits(self.version, &one.version)
    }
}

/// Makes every reference follow the object it means.
///
/// # Errors
/// A name that may mean several objects.
pub(super) fn follow(resources: &mut Resources) -> Result<(), String> {
    let named: Vec<Named> = resources.iter().map(Named::new).collect();
    let referred = resources.places.name_reference.clone();
    let mut ambiguous = None;
    for (resource, own) in resources.iter_mut().zip(&named) {
        let kind = resource.kind().to_owned();
        let mut find = |target: Wanted<'_>, name: &str, namespace: Option<&str>| {
            find(&named, own, target, name, namespace).unwrap_or_else(|problem| {
                ambiguous.get_or_insert(problem);
                None
            })
        };
        let further: Vec<(&Referred, &str)> = referred.iter().flat_map(|one| one.by(resource)).collect();
        let object = &mut resource.object;
        let mut follow = |path: &str, target: Wanted<'_>| {
            fields::each(object, path, false, &mut |value| {
                let names = match value {
                    Value::Array(items) => items.as_mut_slice(),
                    one => std::slice::from_mut(one),
                };
                for value in names {
                    if let Some(found) = value.as_str().and_then(|name| find(target, name, None)) {
                        *value = json!(found.name);
                    }
                }
            });
        };
        if let Some(spec) = fields::pod_spec(&kind) {
            IN_PODS.iter().for_each(|(target, path)| follow(&format!("{spec}/{path}"), (*target).into()));
        }
        for (_, target, path) in ELSEWHERE.iter().filter(|(known, ..)| *known == kind) {
            follow(path, (*target).into());
        }
        for (target, path) in further {
            follow(path, target.into());
        }
        for (_, path) in BY_KIND.iter().filter(|(known, _)| *known == kind) {
            fields::each(object, path, false, &mut |reference| {
                let text = |field: &str| reference[field].as_str().unwrap_or_default();
                if let Some(found) = find(text("kind").into(), text("name"), None) {
                    reference["name"] = json!(found.name);
                }
            });
        }
        if BINDINGS.contains(&kind.as_str()) {
            fields::each(object, "subjects[]", false, &mut |subject| {
                let Some(name) = subject["name"].as_str() else { return };
                let Some(found) = find("ServiceAccount".into(), name, subject["namespace"].as_str()) else {
                    return;
                };
                subject["name"] = json!(found.name);
                if !found.namespace.is_empty() {
                    subject["namespace"] = json!(found.namespace);
                }
            });
        }
    }
    ambiguous.map_or(Ok(()), Err)
}

/// The object, one of those `wanted`, that `own` means by a name that the object had: one in a namespace it can mean; if there are
/// several, one that went through the same kustomizations.
fn find<'a>(
    named: &'a [Named],
    own: &Named,
    wanted: Wanted<'_>,
    name: &str,
    namespace: Option<&str>,
) -> Result<Option<&'a Named>, String> {
    let kind = wanted.kind;
    let near = |one: &&Named| {
        own.is_cluster_wide()
            || one.is_cluster_wide()
            || kind == "ServiceAccount"
            || effective(&own.kind, &own.namespace) == effective(kind, &one.namespace)
    };
    let candidates =
        named.iter().filter(|one| wanted.means(one) && one.previous.iter().any(|before| before == name));
    let candidates = candidates.filter(|one| namespace.is_none_or(|namespace| one.is_in(namespace)));
    let candidates: Vec<&Named> = candidates.filter(near).collect();
    if let [one] = candidates.as_slice() {
        return Ok(Some(one));
    }
    let same_way =
        |one: &&Named| end_alike(&one.prefixes, &own.prefixes) && end_alike(&one.suffixes, &own.suffixes);
    let candidates: Vec<&Named> = candidates.into_iter().filter(same_way).collect();
    match candidates.as_slice() {
        [] => Ok(None),
        [first, others @ ..] if others.iter().all(|other| other.name == first.name) => Ok(Some(first)),
        several => Err(format!(
            "{} {:?} refers to {kind} {name:?}, which may be any of {}",
            own.kind,
            own.name,
            several.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
        )),
    }
}

/// Whether the shorter row is the end of the longer; nothing is the end of nothing only.
fn end_alike(one: &[String], other: &[String]) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}
