//! The objects of a manifest: read from rendered YAML, put in order, marked as a release's own.

pub mod order;
pub mod ownership;

use std::fmt;

use naru_bundle::{json, yaml};
use serde_json::Value;

/// Says with [`KEEP`] that an object stays when its release goes.
const POLICY: &str = "helm.sh/resource-policy";
/// The only policy.
const KEEP: &str = "keep";
/// How deep lists of lists may be.
const LIST_DEPTH_MAX: usize = 8;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not YAML.
    #[error("error parsing the manifest")]
    Parse(#[from] yaml::Error),
    /// Not what JSON can hold.
    #[error("error converting YAML to JSON")]
    Json(#[from] json::Error),
    /// Not an object.
    #[error("unable to decode \"\": Object {field:?} is missing in {excerpt:?}")]
    NoObject {
        /// What is missing.
        field: &'static str,
        /// How the document begins.
        excerpt: String,
    },
    /// Lists in lists without end.
    #[error("lists are nested deeper than {LIST_DEPTH_MAX}")]
    TooDeep,
}

/// One object of a manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The whole of it.
    pub value: Value,
}

/// What tells one object from another, in the namespace that it will live in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// For example `apps/v1`.
    pub api_version: String,
    /// For example `Deployment`.
    pub kind: String,
    /// Empty for kinds without one.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Identity {
    /// The group: objects of two versions of it are the same object.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// `apps/v1, Kind=Deployment` or `/v1, Kind=Pod`, as Helm and Kubernetes' own clients name kinds.
    pub fn kind_of_version(&self) -> String {
        kind_of_version(&self.api_version, &self.kind)
    }

    /// Whether both mean one object, in whatever version.
    pub fn is_same(&self, other: &Identity) -> bool {
        self.kind == other.kind
            && self.name == other.name
            && self.namespace == other.namespace
            && self.group() == other.group()
    }
}

/// The same for a kind of no object.
pub fn kind_of_version(api_version: &str, kind: &str) -> String {
    let core = if api_version.contains('/') { "" } else { "/" };
    format!("{core}{api_version}, Kind={kind}")
}

impl fmt::Display for Identity {
    /// `ConfigMap "web" in namespace "default"`, as Helm names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} in namespace {:?}", self.kind, self.name, self.namespace)
    }
}

impl Object {
    /// Its apiVersion.
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// Its name; empty if the server is to make one up.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The namespace it names; empty if none.
    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    /// One of its annotations.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.value.get("metadata")?.get("annotations")?.get(name)?.as_str()
    }

    /// Whether it has no name of its own, only the beginning of one.
    pub fn has_generated_name(&self) -> bool {
        self.name().is_empty() && !self.text("/metadata/generateName").is_empty()
    }

    /// Whether it stays when its release goes.
    pub fn is_kept(&self) -> bool {
        is_kept(&self.value)
    }

    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Whether an object says that it stays when its release goes.
pub fn is_kept(object: &Value) -> bool {
    let policy = object["metadata"]["annotations"][POLICY].as_str();
    policy.is_some_and(|policy| policy.trim().eq_ignore_ascii_case(KEEP))
}

/// The objects of a manifest in its order, read as Helm reads YAML; lists are taken apart.
pub fn parse(manifest: &str) -> Result<Vec<Object>, Error> {
    let mut objects = Vec::new();
    for document in yaml::documents(manifest.as_bytes()) {
        let value = json::write(&yaml::read_exact(&document?)?, json::Style::Raw)?;
        // What was written as JSON is JSON; serde_json reads fewer levels of it.
        let value: Value = serde_json::from_str(&value).map_err(|_| json::Error::Depth)?;
        if !value.is_null() {
            flatten(value, 0, &mut objects)?;
        }
    }
    Ok(objects)
}

/// A manifest with a remark in the place of each Secret.
pub fn without_secrets(manifest: &str) -> String {
    let remark = "# HIDDEN: The Secret output has been suppressed\n";
    let is_secret = |document: &str| {
        parse(document).is_ok_and(|objects| {
            objects.iter().any(|one| one.kind() == "Secret" && one.api_version() == "v1")
        })
    };
    let mut text = String::new();
    for document in manifest.split_inclusive("---\n").filter(|part| !part.trim().is_empty()) {
        let (body, end) = match document.strip_suffix("---\n") {
            Some(body) => (body, "---\n"),
            None => (document, ""),
        };
        match body.split_once('\n') {
            Some((source, _)) if source.starts_with("# Source: ") && is_secret(body) => {
                text.extend([source, "\n", remark]);
            }
            _ => text.push_str(body),
        }
        text.push_str(end);
    }
    text
}

fn flatten(mut value: Value, depth: usize, objects: &mut Vec<Object>) -> Result<(), Error> {
    for (field, name) in [("apiVersion", "apiVersion"), ("kind", "Kind")] {
        if value.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            let excerpt = value.to_string().chars().take(80).collect();
            return Err(Error::NoObject { field: name, excerpt });
        }
    }
    let is_list =
        value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && value["items"].is_array();
    if !is_list {
        objects.push(Object { value });
        return Ok(());
    }
    if depth == LIST_DEPTH_MAX {
        return Err(Error::TooDeep);
    }
    let Value::Array(items) = value["items"].take() else { return Ok(()) };
    items.into_iter().try_for_each(|item| flatten(item, depth + 1, objects))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn documents_and_lists_become_objects() {
        let text = "---\n# Source: a\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {helm.sh/resource-policy: ' Keep'}\n---\n# nothing\n---\n\
                    apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {generateName: b-, namespace: ns}}\n";
        let objects = parse(text).unwrap();
        let seen: Vec<_> =
            objects.iter().map(|one| (one.kind(), one.name(), one.namespace(), one.is_kept())).collect();
        assert_eq!(seen, [("ConfigMap", "a", "", true), ("Pod", "", "ns", false)]);
        assert!(objects[1].has_generated_name() && !objects[0].has_generated_name());
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn secrets_are_left_out() {
        let text = "---\n# Source: a/s.yaml\napiVersion: v1\nkind: Secret\ndata: {a: b}\n---\n# Source: a/c.yaml\napiVersion: v1\nkind: ConfigMap\n";
        let expected = "---\n# Source: a/s.yaml\n# HIDDEN: The Secret output has been suppressed\n---\n# Source: a/c.yaml\napiVersion: v1\nkind: ConfigMap\n";
        assert_eq!(without_secrets(text), expected);
    }

    #[test]
    fn what_is_no_object_is_named() {
        for (text, expected) in [
            ("kind: Pod\n", "Object \"apiVersion\" is missing in \"{\\\"kind\\\":\\\"Pod\\\"}\""),
            ("apiVersion: v1\n", "Object \"Kind\" is missing"),
            ("a: [\n", "error parsing the manifest"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn versions_of_a_group_are_one_object() {
        let identity = |api_version: &str, name: &str| Identity {
            api_version: api_version.into(),
            kind: "Deployment".into(),
            namespace: "d".into(),
            name: name.into(),
        };
        assert_eq!(identity("apps/v1", "a").kind_of_version(), "apps/v1, Kind=Deployment");
        assert_eq!(identity("v1", "a").kind_of_version(), "/v1, Kind=Deployment");
        assert!(identity("apps/v1", "a").is_same(&identity("apps/v1beta1", "a")));
        assert!(!identity("apps/v1", "a").is_same(&identity("extensions/v1", "a")));
        assert!(!identity("apps/v1", "a").is_same(&identity("apps/v1", "b")));
    }
}
