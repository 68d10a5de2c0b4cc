//! Manifests, indexes and configurations of images, as far as they matter to a node.
//!
//! In: JSON in the forms of the OCI image specification 1.1 and of Docker's distribution v2. Out: checked values: every digest in
//! them is a whole SHA-256 (so that it may name a file), counts are limited. Unknown fields and explicit nulls are fine. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::ImageConfig;
use crate::digest;
use crate::fault::Fault;

pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub(crate) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Annotation of an OCI layout's index: the image's tag or full name.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation by which containerd exports the full name.
pub(crate) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// Layers of one image (overlayfs takes 500, Docker builds at most 127).
const MAX_LAYERS: usize = 200;

/// Points to a piece of content.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) media_type: String,
    pub(crate) digest: String,
    #[serde(default)]
    pub(crate) size: u64,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) platform: Option<Platform>,
}

/// What a manifest of an index is for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Platform {
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) os: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub(crate) architecture: String,
}

/// One image's parts.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
}

/// What a reference may lead to.
#[derive(Clone, Debug)]
pub(crate) enum Document {
    Manifest(Manifest),
    Index(Vec<Descriptor>),
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, rename = "schemaVersion")]
    schema_version: u32,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

impl Document {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let raw: Raw = serde_json::from_slice(bytes).map_err(|e| Fault::invalid(format!("manifest: {e}")))?;
        if raw.schema_version != 2 {
            return Err(Fault::invalid(format!(
                "manifest has schemaVersion {}; only 2 is supported",
                raw.schema_version
            )));
        }
        match raw {
            // One digest must not mean two images (CVE-2021-41190).
            Raw { manifests: Some(_), layers: Some(_), .. }
            | Raw { manifests: Some(_), config: Some(_), .. } => {
                Err(Fault::invalid("manifest is also an index"))
            }
            Raw { manifests: Some(entries), .. } => {
                entries.iter().try_for_each(check)?;
                Ok(Self::Index(entries))
            }
            Raw { config: Some(config), layers, .. } => {
                let layers = layers.unwrap_or_default();
                if layers.len() > MAX_LAYERS {
                    return Err(Fault::invalid(format!(
                        "manifest names {} layers; the limit is {MAX_LAYERS}",
                        layers.len()
                    )));
                }
                layers.iter().chain([&config]).try_for_each(check)?;
                Ok(Self::Manifest(Manifest { config, layers }))
            }
            _ => Err(Fault::invalid("manifest has neither a config nor manifests")),
        }
    }
}

fn check(descriptor: &Descriptor) -> Result<(), Fault> {
    match digest::hex(&descriptor.digest) {
        Some(_) => Ok(()),
        None => Err(Fault::invalid(format!("{:?} is not a SHA-256 digest", descriptor.digest))),
    }
}

/// The manifest of an index that this node runs: its own architecture's for Linux, else one for Wasm, else the only one
/// that names no platform.
pub(crate) fn choose<'a>(entries: &'a [Descriptor], architecture: &str) -> Option<&'a Descriptor> {
    let platform =
        |wanted: &dyn Fn(&Platform) -> bool| entries.iter().find(|e| e.platform.as_ref().is_some_and(wanted));
    let native = |p: &Platform| p.os == "linux" && p.architecture == architecture;
    let unnamed = || {
        let mut unnamed =
            entries.iter().filter(|e| e.platform.as_ref().is_none_or(|p| p.architecture.is_empty()));
        unnamed.next().filter(|_| unnamed.next().is_none())
    };
    platform(&native).or_else(|| platform(&Platform::is_wasm)).or_else(unnamed)
}

impl Platform {
    /// Compared without case: Spin writes `Wasip1`.
    pub(crate) fn is_wasm(&self) -> bool {
        self.architecture.to_ascii_lowercase().starts_with("wasm")
            || self.os.to_ascii_lowercase().starts_with("wasi")
    }
}

/// This machine's architecture in Go's words, which images use.
pub(crate) fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        "loongarch64" => "loong64",
        other => other,
    }
}

/// An image configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfigFile {
    #[serde(flatten)]
    pub(crate) platform: Platform,
    #[serde(deserialize_with = "null_is_default")]
    config: RunConfig,
    #[serde(deserialize_with = "null_is_default")]
    rootfs: RootFs,
}

/// Go reads the keys without regard to case, and some builders write them in lower case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RunConfig {
    #[serde(alias = "entrypoint", deserialize_with = "null_is_default")]
    entrypoint: Vec<String>,
    #[serde(alias = "cmd", deserialize_with = "null_is_default")]
    cmd: Vec<String>,
    #[serde(alias = "env", deserialize_with = "null_is_default")]
    env: Vec<String>,
    #[serde(alias = "workingDir", deserialize_with = "null_is_default")]
    working_dir: String,
    #[serde(alias = "user", deserialize_with = "null_is_default")]
    user: String,
    #[serde(alias = "stopSignal", deserialize_with = "null_is_default")]
    stop_signal: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RootFs {
    #[serde(deserialize_with = "null_is_default")]
    diff_ids: Vec<String>,
}

impl ConfigFile {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let file: Self =
            serde_json::from_slice(bytes).map_err(|e| Fault::invalid(format!("configuration: {e}")))?;
        match file.rootfs.diff_ids.iter().find(|id| digest::hex(id).is_none()) {
            Some(id) => Err(Fault::invalid(format!("diff id {id:?} is not a SHA-256 digest"))),
            None => Ok(file),
        }
    }

    /// The digests of the layers' tars, lowest first.
    pub(crate) fn diff_ids(&self) -> &[String] {
        &self.rootfs.diff_ids
    }

    /// What a container takes over.
    pub(crate) fn image_config(&self) -> ImageConfig {
        let run = self.config.clone();
        ImageConfig {
            entrypoint: run.entrypoint,
            cmd: run.cmd,
            env: run.env,
            working_dir: run.working_dir,
            user: run.user,
            stop_signal: run.stop_signal,
        }
    }
}

/// Go writes an empty list, map or object as null.
fn null_is_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn descriptor(platform: Option<(&str, &str)>) -> Descriptor {
        Descriptor {
            media_type: OCI_MANIFEST.into(),
            digest: digest::of(format!("{platform:?}").as_bytes()),
            size: 1,
            annotations: BTreeMap::new(),
            platform: platform
                .map(|(os, architecture)| Platform { os: os.into(), architecture: architecture.into() }),
        }
    }

    #[test]
    fn chooses_native_then_wasm_then_the_only_one() {
        let native = Some(("linux", "amd64"));
        let wasm = Some(("wasip1", "wasm"));
        for (entries, expected) in [
            (vec![Some(("linux", "arm64")), wasm, native], Some(native)),
            (vec![Some(("windows", "amd64")), wasm], Some(wasm)),
            (vec![Some(("Wasip1", "Wasm"))], Some(Some(("Wasip1", "Wasm")))),
            (vec![Some(("unknown", "unknown")), native], Some(native)),
            (vec![Some(("unknown", "unknown")), Some(("linux", "arm64"))], None),
            (vec![None], Some(None)),
            (vec![None, None], None),
            (vec![], None),
        ] {
            let descriptors: Vec<_> = entries.iter().map(|p| descriptor(*p)).collect();
            let found = choose(&descriptors, "amd64").map(|d| &d.digest);
            assert_eq!(found, expected.map(|p| descriptor(p).digest).as_ref(), "{entries:?}");
        }
    }

    #[test]
    fn refuses_what_is_no_manifest() {
        let d = json!({"digest": digest::of(b""), "size": 0});
        for (document, message) in [
            (json!({"schemaVersion": 1, "fsLayers": []}), "schemaVersion 1"),
            (json!({"schemaVersion": 2}), "neither a config nor manifests"),
            (json!({"schemaVersion": 2, "config": d, "layers": [], "manifests": []}), "also an index"),
            (json!({"schemaVersion": 2, "config": {"digest": "sha256:../x"}}), "not a SHA-256"),
            (json!({"schemaVersion": 2, "manifests": [{"digest": "x"}]}), "not a SHA-256"),
            (json!({"schemaVersion": 2, "config": d, "layers": vec![d.clone(); 201]}), "201 layers"),
        ] {
            let error = Document::parse(document.to_string().as_bytes()).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        assert!(Document::parse(b"<html>").is_err());
    }

    #[test]
    fn configurations_may_hold_nulls_and_lower_case() {
        let file = ConfigFile::parse(
            json!({"architecture": "wasm", "os": "wasip1", "author": null, "component": null,
                   "config": {"entrypoint": ["a.wasm"], "Env": null, "Cmd": ["x"]}, "rootfs": null})
            .to_string()
            .as_bytes(),
        )
        .unwrap();
        assert!(file.platform.is_wasm());
        let config = file.image_config();
        assert_eq!(
            (config.entrypoint, config.cmd, config.env),
            (vec!["a.wasm".to_owned()], vec!["x".to_owned()], vec![])
        );
        assert!(ConfigFile::parse(br#"{"rootfs":{"diff_ids":["sha256:../../x"]}}"#).is_err());
        assert!(ConfigFile::parse(b"{}").is_ok());
    }
}
