//! What is known of an image that is on the node.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a Wasm file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WasmEncoding {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// What an image holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Content {
    /// A file system in unpacked layers.
    Oci {
        /// Directories, lowest layer first.
        layers: Vec<PathBuf>,
    },
    /// A Wasm module or component.
    Wasm {
        /// The `.wasm` file.
        module: PathBuf,
        /// `sha256:<hex>` of that file.
        digest: String,
        /// How it is encoded.
        encoding: WasmEncoding,
    },
}

/// The parts of the OCI image configuration that a container takes over (OCI image-spec, config.md).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageConfig {
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Cmd`.
    pub cmd: Vec<String>,
    /// `Env`, each `NAME=value`.
    pub env: Vec<String>,
    /// `WorkingDir`; empty is `/`.
    pub working_dir: String,
    /// `User`: `uid[:gid]` or names; empty is root.
    pub user: String,
    /// `StopSignal`, a name or a number; empty is SIGTERM.
    pub stop_signal: String,
}

/// An image on the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The manifest's digest, `sha256:<hex>`: the image's identity, a container status' `imageID`.
    pub digest: String,
    /// Normalised references that name it, for example `docker.io/library/busybox:latest`.
    pub names: Vec<String>,
    /// Whether it came by import, so that no registry need know it.
    pub imported: bool,
    /// Bytes of content.
    pub size_bytes: u64,
    /// What the container takes over.
    pub config: ImageConfig,
    /// What it holds.
    pub content: Content,
}
