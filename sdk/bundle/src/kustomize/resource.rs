//! One object during a build, and the set of all, in order.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::places::Places;

/// Kinds that belong to no namespace.
pub(super) const CLUSTER_WIDE: &[&str] = &[
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

/// An object with what it was called before.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// As it is now.
    pub(super) object: Value,
    /// Name and namespace at each stage until now, the first first.
    pub(super) former: Vec<(String, String)>,
    /// Whether its name gets a hash of its content.
    pub(super) hashed: bool,
    /// The prefixes that it got, the innermost first.
    pub(super) prefixes: Vec<String>,
    /// The suffixes that it got, the innermost first.
    pub(super) suffixes: Vec<String>,
    /// The variables that take their values from it.
    pub(super) vars: Vec<String>,
    /// Where it comes from, as `buildMetadata` tells it.
    pub(super) origin: String,
}

impl Resource {
    /// Takes an object with `apiVersion`, `kind` and `metadata.name`.
    pub(super) fn new(object: Value) -> Result<Self, String> {
        check(&object)?;
        let object = with_texts(object);
        let mut resource = Self {
            object,
            former: Vec::new(),
            hashed: false,
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            vars: Vec::new(),
            origin: String::new(),
        };
        resource.remember();
        Ok(resource)
    }

    /// Puts what a patch has made of the object in its place; it must still be one.
    pub(super) fn replace(&mut self, object: Value) -> Result<(), String> {
        check(&object)?;
        self.object = object;
        Ok(())
    }

    fn text(&self, pointer: &str) -> &str {
        self.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The namespace; empty for none.
    pub(super) fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// The namespace in which it ends up when it names none.
    pub(super) fn effective_namespace(&self) -> &str {
        effective(self.kind(), self.namespace())
    }

    /// The same of the namespace as manifests had it.
    pub(super) fn original_namespace(&self) -> &str {
        let first = self.former.first().map_or_else(|| self.namespace(), |(_, namespace)| namespace);
        effective(self.kind(), first)
    }

    /// Group and version; the core group is empty.
    pub(super) fn group_version(&self) -> (&str, &str) {
        let api_version = self.text("/apiVersion");
        api_version.split_once('/').unwrap_or(("", api_version))
    }

    /// Sets a field of the metadata.
    pub(super) fn set_metadata(&mut self, field: &str, value: &str) {
        self.object["metadata"][field] = value.into();
    }

    /// Keeps the present name and namespace, by which references and patches may mean it later.
    pub(super) fn remember(&mut self) {
        let present = (self.name().to_owned(), self.namespace().to_owned());
        if self.former.last() != Some(&present) {
            self.former.push(present);
        }
    }

    /// Whether it has, or had, this name.
    pub(super) fn was_named(&self, name: &str) -> bool {
        self.name() == name || self.former.iter().any(|(former, _)| former == name)
    }

    /// The name as manifests had it.
    pub(super) fn original_name(&self) -> &str {
        self.former.first().map_or_else(|| self.name(), |(name, _)| name)
    }

    /// The names it had before the present one, with their namespaces.
    pub(super) fn previous(&self) -> &[(String, String)] {
        match self.former.split_last() {
            Some(((name, namespace), before)) if name == self.name() && namespace == self.namespace() => {
                before
            }
            _ => &self.former,
        }
    }

    fn same_id(&self, other: &Self) -> bool {
        self.kind() == other.kind()
            && self.group_version() == other.group_version()
            && self.name() == other.name()
            && self.namespace() == other.namespace()
    }
}

/// The namespace that an object of a kind is in when it names this one.
pub(super) fn effective<'a>(kind: &str, namespace: &'a str) -> &'a str {
    match namespace {
        _ if CLUSTER_WIDE.contains(&kind) => "",
        "" => "default",
        own => own,
    }
}

/// All objects, in order.
#[derive(Debug, Default)]
pub(super) struct Resources {
    all: Vec<Resource>,
    /// The variables, and the field that each takes its value from.
    vars: BTreeMap<String, String>,
    /// Places that take names, labels and the like, besides the usual ones.
    pub(super) places: Places,
}

impl Resources {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.all.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Resource> {
        self.all.iter_mut()
    }

    /// Adds an object that is not there yet.
    pub(super) fn add(&mut self, resource: Resource) -> Result<(), String> {
        if self.all.iter().any(|known| known.same_id(&resource)) {
            return Err(format!("{} {:?} is there twice", resource.kind(), resource.name()));
        }
        self.all.push(resource);
        Ok(())
    }

    /// Adds a variable that nobody has defined yet.
    pub(super) fn define(&mut self, name: &str, field: &str) -> Result<(), String> {
        match self.vars.insert(name.into(), field.into()) {
            None => Ok(()),
            Some(_) => Err(format!("the variable {name:?} is there twice")),
        }
    }

    /// The variables, and the field that each takes its value from.
    pub(super) fn vars(&self) -> &BTreeMap<String, String> {
        &self.vars
    }

    /// Adds all of another set.
    pub(super) fn append(&mut self, other: Self) -> Result<(), String> {
        self.places.merge(other.places);
        other.vars.iter().try_for_each(|(name, field)| self.define(name, field))?;
        other.all.into_iter().try_for_each(|resource| self.add(resource))
    }

    /// Keeps what `keep` wants.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        self.all.retain(keep);
    }

    /// Sorts stably.
    pub(super) fn sort_by_cached_key<K: Ord>(&mut self, key: impl FnMut(&Resource) -> K) {
        self.all.sort_by_cached_key(key);
    }

    pub(super) fn into_objects(self) -> Vec<Value> {
        self.all.into_iter().map(|resource| resource.object).collect()
    }
}

/// Whether it has all that each object has.
fn check(object: &Value) -> Result<(), String> {
    for pointer in ["/apiVersion", "/kind", "/metadata/name"] {
        let given = object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        if given.is_empty() {
            return Err(format!("an object without {}", pointer[1..].replace('/', ".")));
        }
    }
    Ok(())
}

/// The object with annotations that are texts; without any if there are none.
fn with_texts(mut object: Value) -> Value {
    let Some(metadata) = object["metadata"].as_object_mut() else { return object };
    match metadata.get_mut("annotations") {
        Some(Value::Object(annotations)) if !annotations.is_empty() => {
            for value in annotations.values_mut().filter(|value| !value.is_string()) {
                *value = value.to_string().into();
            }
        }
        Some(Value::Object(_) | Value::Null) => drop(metadata.remove("annotations")),
        _ => {}
    }
    object
}

/// Whether an object is meant for tools only, never for a cluster.
pub(super) fn is_local(object: &Value) -> bool {
    let mark = object.pointer("/metadata/annotations/config.kubernetes.io~1local-config");
    mark.is_some_and(|mark| mark != "false")
}

/// The objects of a `List`, and of those in it, else the object itself.
pub(super) fn taken_apart(mut object: Value) -> Vec<Value> {
    let is_list = object["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match object.get_mut("items").map(Value::take) {
        // JSON is not nested so deep that this would be.
        Some(Value::Array(items)) if is_list => items.into_iter().flat_map(taken_apart).collect(),
        Some(items) => {
            object["items"] = items;
            vec![object]
        }
        None => vec![object],
    }
}

/// The object at `field` of `parent`, made if it is missing or null; `None` if something else is there.
pub(super) fn made<'a>(parent: &'a mut Value, field: &str) -> Option<&'a mut Map<String, Value>> {
    let parent = parent.as_object_mut()?;
    let value = parent.entry(field).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}
