//! What a configMap, secret, downwardAPI or projected volume holds: files with modes, made from objects and fields. Pure.
//!
//! Messages are kubelet's, as `FailedMount` events show them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    ConfigMapProjection, ConfigMapVolumeSource, DownwardAPIProjection, DownwardAPIVolumeFile,
    DownwardAPIVolumeSource, KeyToPath, Pod, ProjectedVolumeSource, SecretProjection, SecretVolumeSource,
    Volume,
};

use crate::{
    container::{
        env::Contents,
        fields::{self, Facts},
    },
    objects::{Content, Key},
};

/// The mode of files for which none is asked.
const DEFAULT_MODE: u32 = 0o644;

/// A file of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its content.
    pub(crate) bytes: Vec<u8>,
    /// Its permission bits.
    pub(crate) mode: u32,
}

/// The files of a volume by their path in it.
pub(crate) type Payload = BTreeMap<String, File>;

/// The objects that the pod's volumes are made from.
pub(crate) fn needs(pod: &Pod) -> BTreeSet<Key> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default();
    let mut keys = BTreeSet::new();
    for volume in volumes {
        keys.extend(volume.config_map.iter().map(|source| Key::config_map(namespace, &source.name)));
        let secrets = volume.secret.iter().filter_map(|source| source.secret_name.as_ref());
        keys.extend(secrets.map(|name| Key::secret(namespace, name)));
        let projected = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
        for source in projected {
            keys.extend(source.config_map.iter().map(|source| Key::config_map(namespace, &source.name)));
            keys.extend(source.secret.iter().map(|source| Key::secret(namespace, &source.name)));
        }
    }
    keys
}

/// Whether a volume is made of files, and follows objects of the API.
pub(crate) fn is_payload(volume: &Volume) -> bool {
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.downward_api.is_some()
        || volume.projected.is_some()
}

/// Whether a volume's files must not be written to a disk.
pub(crate) fn is_secret(volume: &Volume) -> bool {
    let projected = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
    volume.secret.is_some() || projected.into_iter().any(|source| source.secret.is_some())
}

/// The files of a volume for which [`is_payload`] holds.
pub(crate) fn payload(
    pod: &Pod,
    volume: &Volume,
    facts: Facts<'_>,
    contents: &Contents,
) -> Result<Payload, String> {
    let builder = Builder { pod, facts, contents };
    let mut files = Payload::new();
    if let Some(source) = &volume.config_map {
        builder.config_map(source, &mut files)?;
    } else if let Some(source) = &volume.secret {
        builder.secret(source, &mut files)?;
    } else if let Some(source) = &volume.downward_api {
        builder.downward(source, &mut files)?;
    } else if let Some(source) = &volume.projected {
        builder.projected(source, &mut files)?;
    }
    Ok(files)
}

struct Builder<'a> {
    pod: &'a Pod,
    facts: Facts<'a>,
    contents: &'a Contents,
}

/// A part of a volume: an object's keys.
struct Part<'a> {
    key: Key,
    items: Option<&'a [KeyToPath]>,
    mode: u32,
    optional: bool,
}

impl Builder<'_> {
    fn namespace(&self) -> &str {
        self.pod.metadata.namespace.as_deref().unwrap_or_default()
    }

    fn config_map(&self, source: &ConfigMapVolumeSource, files: &mut Payload) -> Result<(), String> {
        let part = Part {
            key: Key::config_map(self.namespace(), &source.name),
            items: source.items.as_deref(),
            mode: mode(source.default_mode, DEFAULT_MODE),
            optional: source.optional.unwrap_or(false),
        };
        self.part(part, files)
    }

    fn secret(&self, source: &SecretVolumeSource, files: &mut Payload) -> Result<(), String> {
        let part = Part {
            key: Key::secret(self.namespace(), source.secret_name.as_deref().unwrap_or_default()),
            items: source.items.as_deref(),
            mode: mode(source.default_mode, DEFAULT_MODE),
            optional: source.optional.unwrap_or(false),
        };
        self.part(part, files)
    }

    fn downward(&self, source: &DownwardAPIVolumeSource, files: &mut Payload) -> Result<(), String> {
        let default = mode(source.default_mode, DEFAULT_MODE);
        source.items.iter().flatten().try_for_each(|item| self.downward_file(item, default, files))
    }

    fn projected(&self, source: &ProjectedVolumeSource, files: &mut Payload) -> Result<(), String> {
        let default = mode(source.default_mode, DEFAULT_MODE);
        for source in source.sources.iter().flatten() {
            if let Some(map) = &source.config_map {
                self.part(self.map_part(map, default), files)?;
            }
            if let Some(secret) = &source.secret {
                self.part(self.secret_part(secret, default), files)?;
            }
            if let Some(DownwardAPIProjection { items }) = &source.downward_api {
                items.iter().flatten().try_for_each(|item| self.downward_file(item, default, files))?;
            }
        }
        Ok(())
    }

    fn map_part<'a>(&self, source: &'a ConfigMapProjection, mode: u32) -> Part<'a> {
        let key = Key::config_map(self.namespace(), &source.name);
        Part { key, items: source.items.as_deref(), mode, optional: source.optional.unwrap_or(false) }
    }

    fn secret_part<'a>(&self, source: &'a SecretProjection, mode: u32) -> Part<'a> {
        let key = Key::secret(self.namespace(), &source.name);
        Part { key, items: source.items.as_deref(), mode, optional: source.optional.unwrap_or(false) }
    }

    fn part(&self, part: Part<'_>, files: &mut Payload) -> Result<(), String> {
        let content: &Content = match self.contents.get(&part.key).and_then(Option::as_deref) {
            Some(content) => content,
            None if part.optional => return Ok(()),
            None => return Err(part.key.not_found()),
        };
        let Some(items) = part.items.filter(|items| !items.is_empty()) else {
            for (name, bytes) in &content.data {
                add(files, name, bytes.clone(), part.mode)?;
            }
            return Ok(());
        };
        for item in items {
            match content.data.get(&item.key) {
                Some(bytes) => add(files, &item.path, bytes.clone(), mode(item.mode, part.mode))?,
                None if part.optional => {}
                None => {
                    let kind = if part.key.kind_name() == "Secret" { "secret" } else { "config" };
                    return Err(format!("references non-existent {kind} key: {}", item.key));
                }
            }
        }
        Ok(())
    }

    fn downward_file(
        &self,
        item: &DownwardAPIVolumeFile,
        default: u32,
        files: &mut Payload,
    ) -> Result<(), String> {
        let text = if let Some(field) = &item.field_ref {
            fields::field(self.pod, &field.field_path, self.facts)?
        } else if let Some(selector) = &item.resource_field_ref {
            let name = selector.container_name.as_deref().unwrap_or_default();
            let container = crate::pods::container_named(self.pod, name)
                .ok_or_else(|| format!("container {name} not found"))?;
            fields::resource(container, selector, self.facts.capacity)?
        } else {
            String::new()
        };
        add(files, &item.path, text.into_bytes(), mode(item.mode, default))
    }
}

fn mode(asked: Option<i32>, default: u32) -> u32 {
    asked.and_then(|mode| u32::try_from(mode).ok()).map_or(default, |mode| mode & 0o777)
}

fn add(files: &mut Payload, path: &str, bytes: Vec<u8>, mode: u32) -> Result<(), String> {
    let path = path.trim_end_matches('/');
    let bad = path.is_empty()
        || path.starts_with('/')
        || path.starts_with("..")
        || path.split('/').any(|part| matches!(part, "" | "." | ".."));
    if bad {
        return Err(format!("invalid path {path:?}: must be a relative path within the volume"));
    }
    files.insert(path.to_owned(), File { bytes, mode });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::node::Capacity;

    fn contents() -> Contents {
        let content = |pairs: &[(&str, &str)]| {
            let data =
                pairs.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect();
            Some(Arc::new(Content { version: "1".into(), data }))
        };
        [
            (Key::config_map("ns", "cfg"), content(&[("a", "1"), ("b", "2")])),
            (Key::secret("ns", "top"), content(&[("pass", "word")])),
        ]
        .into_iter()
        .collect()
    }

    fn make(volume: Value) -> Result<Vec<(String, String, u32)>, String> {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns", "labels": {"x": "y"}},
            "spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}], "volumes": [volume]},
        }))
        .unwrap();
        let capacity =
            Capacity { cpu_millis: 1000, memory_bytes: 1 << 30, storage_bytes: 1 << 30, pods: 110 };
        let facts = Facts { node_ip: [192, 0, 2, 1].into(), pod_ip: None, capacity: &capacity };
        let volume = &pod.spec.as_ref().unwrap().volumes.as_ref().unwrap()[0];
        assert!(is_payload(volume));
        let files = payload(&pod, volume, facts, &contents())?;
        Ok(files
            .into_iter()
            .map(|(path, file)| (path, String::from_utf8(file.bytes).unwrap(), file.mode))
            .collect())
    }

    fn files(list: &[(&str, &str, u32)]) -> Result<Vec<(String, String, u32)>, String> {
        Ok(list.iter().map(|(path, text, mode)| ((*path).into(), (*text).into(), *mode)).collect())
    }

    #[test]
    fn every_source_gives_its_files() {
        let table = [
            (json!({"configMap": {"name": "cfg"}}), files(&[("a", "1", 0o644), ("b", "2", 0o644)])),
            (
                json!({"configMap": {"name": "cfg", "defaultMode": 256, "items": [{"key": "b", "path": "d/e", "mode": 384}]}}),
                files(&[("d/e", "2", 0o600)]),
            ),
            (json!({"secret": {"secretName": "top", "defaultMode": 256}}), files(&[("pass", "word", 0o400)])),
            (json!({"secret": {"secretName": "none", "optional": true}}), files(&[])),
            (
                json!({"configMap": {"name": "cfg", "optional": true, "items": [{"key": "z", "path": "z"}]}}),
                files(&[]),
            ),
            (
                json!({"downwardAPI": {"items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {"path": "cpu", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu"}},
                ]}}),
                files(&[("cpu", "2", 0o644), ("labels", "x=\"y\"", 0o644)]),
            ),
            (
                json!({"projected": {"defaultMode": 288, "sources": [
                    {"configMap": {"name": "cfg", "items": [{"key": "a", "path": "x/a"}]}},
                    {"secret": {"name": "top"}},
                    {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                ]}}),
                files(&[("name", "p", 0o440), ("pass", "word", 0o440), ("x/a", "1", 0o440)]),
            ),
        ];
        for (mut volume, expected) in table {
            volume["name"] = json!("v");
            assert_eq!(make(volume.clone()), expected, "{volume}");
        }
    }

    #[test]
    fn what_is_missing_or_escapes_is_an_error() {
        let table = [
            (json!({"configMap": {"name": "none"}}), "configmap \"none\" not found"),
            (json!({"secret": {"secretName": "none"}}), "secret \"none\" not found"),
            (
                json!({"configMap": {"name": "cfg", "items": [{"key": "z", "path": "z"}]}}),
                "references non-existent config key: z",
            ),
            (
                json!({"secret": {"secretName": "top", "items": [{"key": "z", "path": "z"}]}}),
                "references non-existent secret key: z",
            ),
            (
                json!({"configMap": {"name": "cfg", "items": [{"key": "a", "path": "x/../../y"}]}}),
                "invalid path \"x/../../y\": must be a relative path within the volume",
            ),
        ];
        for (mut volume, expected) in table {
            volume["name"] = json!("v");
            assert_eq!(make(volume), Err(expected.to_owned()));
        }
    }

    #[test]
    fn needed_objects_are_named_once() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns"},
            "spec": {"containers": [], "volumes": [
                {"name": "a", "configMap": {"name": "m"}},
                {"name": "b", "secret": {"secretName": "s"}},
                {"name": "c", "projected": {"sources": [{"configMap": {"name": "m"}}, {"secret": {"name": "t"}}]}},
                {"name": "d", "emptyDir": {}},
            ]},
        }))
        .unwrap();
        let expected = [Key::config_map("ns", "m"), Key::secret("ns", "s"), Key::secret("ns", "t")];
        assert_eq!(needs(&pod), expected.into_iter().collect());
    }
}
