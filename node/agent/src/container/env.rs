//! A container's environment: `envFrom`, `env` with its sources and references.
//!
//! Pure: the objects it needs are named by [`needs`], fetched by the caller and given to [`environment`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::api::core::v1::{Container, EnvVarSource, Pod};
use naru_runtime::EnvVar;

use super::{
    expand::expand,
    fields::{self, Facts},
};
use crate::objects::{Content, Key};

/// Objects by key; `None` is an object that does not exist.
pub(crate) type Contents = BTreeMap<Key, Option<Arc<Content>>>;

/// The objects that a container's environment is made from.
pub(crate) fn needs(namespace: &str, container: &Container) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for source in container.env_from.iter().flatten() {
        keys.extend(source.config_map_ref.as_ref().map(|from| Key::config_map(namespace, &from.name)));
        keys.extend(source.secret_ref.as_ref().map(|from| Key::secret(namespace, &from.name)));
    }
    for source in container.env.iter().flatten().filter_map(|var| var.value_from.as_ref()) {
        keys.extend(source.config_map_key_ref.as_ref().map(|from| Key::config_map(namespace, &from.name)));
        keys.extend(source.secret_key_ref.as_ref().map(|from| Key::secret(namespace, &from.name)));
    }
    keys
}

/// The variables of a container in order, without those of its image. An error is for the pod's user, in kubelet's words.
pub(crate) fn environment(
    pod: &Pod,
    container: &Container,
    facts: Facts<'_>,
    contents: &Contents,
) -> Result<Vec<EnvVar>, String> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let mut vars = Vars::default();
    for source in container.env_from.iter().flatten() {
        let (key, optional) = match (&source.config_map_ref, &source.secret_ref) {
            (Some(from), _) => (Key::config_map(namespace, &from.name), from.optional),
            (None, Some(from)) => (Key::secret(namespace, &from.name), from.optional),
            (None, None) => continue,
        };
        let Some(content) = find(contents, &key, optional)? else { continue };
        let prefix = source.prefix.as_deref().unwrap_or_default();
        for (name, bytes) in &content.data {
            let name = format!("{prefix}{name}");
            if valid_name(&name) {
                vars.set(name, String::from_utf8_lossy(bytes).into_owned());
            }
        }
    }
    for var in container.env.iter().flatten() {
        let value = match (&var.value, &var.value_from) {
            (_, Some(source)) => value_from(pod, container, source, facts, contents)?,
            (value, None) => Some(expand(value.as_deref().unwrap_or_default(), |name| vars.get(name))),
        };
        if let Some(value) = value {
            vars.set(var.name.clone(), value);
        }
    }
    Ok(vars.list)
}

/// What may name a variable: anything a process can be given.
fn valid_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

/// Variables in order of their first appearance; the last value counts.
#[derive(Default)]
pub(crate) struct Vars {
    list: Vec<EnvVar>,
    index: BTreeMap<String, usize>,
}

impl Vars {
    /// Sets a variable.
    pub(crate) fn set(&mut self, name: String, value: String) {
        match self.index.get(&name) {
            Some(&at) => self.list[at].value = value,
            None => {
                self.index.insert(name.clone(), self.list.len());
                self.list.push(EnvVar { name, value });
            }
        }
    }

    /// A variable's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.index.get(name).map(|&at| self.list[at].value.as_str())
    }

    /// All of them.
    pub(crate) fn into_list(self) -> Vec<EnvVar> {
        self.list
    }
}

fn find<'a>(
    contents: &'a Contents,
    key: &Key,
    optional: Option<bool>,
) -> Result<Option<&'a Content>, String> {
    match contents.get(key).and_then(Option::as_deref) {
        Some(content) => Ok(Some(content)),
        None if optional == Some(true) => Ok(None),
        None => Err(key.not_found()),
    }
}

fn value_from(
    pod: &Pod,
    container: &Container,
    source: &EnvVarSource,
    facts: Facts<'_>,
    contents: &Contents,
) -> Result<Option<String>, String> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    if let Some(from) = &source.field_ref {
        return fields::field(pod, &from.field_path, facts).map(Some);
    }
    if let Some(from) = &source.resource_field_ref {
        let named = from.container_name.as_deref().filter(|name| !name.is_empty());
        let target = named.and_then(|name| crate::pods::container_named(pod, name)).unwrap_or(container);
        return fields::resource(target, from, facts.capacity).map(Some);
    }
    let (object, key, optional) = match (&source.config_map_key_ref, &source.secret_key_ref) {
        (Some(from), _) => (Key::config_map(namespace, &from.name), &from.key, from.optional),
        (None, Some(from)) => (Key::secret(namespace, &from.name), &from.key, from.optional),
        (None, None) => return Ok(Some(String::new())),
    };
    let Some(content) = find(contents, &object, optional)? else { return Ok(None) };
    match content.data.get(key) {
        Some(bytes) => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
        None if optional == Some(true) => Ok(None),
        None => Err(format!("couldn't find key {key} in {} {namespace}/{}", object.kind_name(), object.name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::node::Capacity;

    fn build(container: Value, contents: &Contents) -> Result<Vec<(String, String)>, String> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns"},
            "spec": {"containers": [container]},
        }))
        .unwrap();
        let capacity =
            Capacity { cpu_millis: 1000, memory_bytes: 1 << 30, storage_bytes: 1 << 30, pods: 110 };
        let facts =
            Facts { node_ip: [192, 0, 2, 1].into(), pod_ip: Some([10, 0, 0, 7].into()), capacity: &capacity };
        let container = &pod.spec.as_ref().unwrap().containers[0];
        let vars = environment(&pod, container, facts, contents)?;
        Ok(vars.into_iter().map(|var| (var.name, var.value)).collect())
    }

    fn contents() -> Contents {
        let content = |pairs: &[(&str, &str)]| {
            let data =
                pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect();
            Some(Arc::new(Content { version: "1".into(), data }))
        };
        [
            (Key::config_map("ns", "cfg"), content(&[("A", "a"), ("B", "b"), ("x=y", "no")])),
            (Key::secret("ns", "top"), content(&[("PASS", "word")])),
            (Key::config_map("ns", "gone"), None),
        ]
        .into_iter()
        .collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn values_sources_and_references_come_in_order() {
        let container = json!({
            "name": "c",
            "envFrom": [
                {"configMapRef": {"name": "cfg"}},
                {"prefix": "S_", "secretRef": {"name": "top"}},
                {"configMapRef": {"name": "gone", "optional": true}},
            ],
            "env": [
                {"name": "B", "value": "over"},
                {"name": "C", "value": "$(A)-$(B)-$(D)-$$(A)"},
                {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "E", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "A"}}},
                {"name": "F", "valueFrom": {"secretKeyRef": {"name": "top", "key": "none", "optional": true}}},
                {"name": "G"},
            ],
        });
        let expected = [
            ("A", "a"),
            ("B", "over"),
            ("S_PASS", "word"),
            ("C", "a-over-$(D)-$(A)"),
            ("D", "10.0.0.7"),
            ("E", "a"),
            ("G", ""),
        ];
        assert_eq!(build(container, &contents()), Ok(pairs(&expected)));
    }

    #[test]
    fn what_is_missing_is_told_in_kubelets_words() {
        let table = [
            (json!({"envFrom": [{"configMapRef": {"name": "gone"}}]}), "configmap \"gone\" not found"),
            (json!({"envFrom": [{"secretRef": {"name": "none"}}]}), "secret \"none\" not found"),
            (
                json!({"env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "k"}}}]}),
                "couldn't find key k in ConfigMap ns/cfg",
            ),
            (
                json!({"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "top", "key": "k"}}}]}),
                "couldn't find key k in Secret ns/top",
            ),
        ];
        for (mut container, expected) in table {
            container["name"] = json!("c");
            assert_eq!(build(container, &contents()), Err(expected.to_owned()));
        }
    }

    #[test]
    fn every_needed_object_is_named() {
        let container: Container = serde_json::from_value(json!({
            "name": "c",
            "envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "b"}}],
            "env": [
                {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
                {"name": "Y", "valueFrom": {"secretKeyRef": {"name": "b", "key": "k"}}},
            ],
        }))
        .unwrap();
        let expected = [Key::config_map("ns", "a"), Key::config_map("ns", "c"), Key::secret("ns", "b")];
        assert_eq!(needs("ns", &container), expected.into_iter().collect());
    }
}
