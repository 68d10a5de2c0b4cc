//! Images on one node: references, registries, content-addressed layers, root file systems and Wasm artifacts.
//!
//! In: an image reference. Out: an [`Image`] whose content is unpacked on disk, and a mounted root for a container.
//! What an image holds (OCI layers or Wasm) decides what kind of container it makes; nothing in the pod does.

mod archive;
mod beneath;
mod content;
mod credentials;
mod detect;
mod digest;
mod disk;
mod error;
mod fake;
mod fault;
mod image;
mod implied;
mod import;
mod ingest;
mod janitor;
mod manifest;
mod overlay;
mod records;
mod reference;
mod registry;
mod sweep;
mod tarball;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod unpack;

use std::fmt;
use std::path::PathBuf;

pub use credentials::CredentialsError;
pub use disk::DiskImages;
pub use error::{Error, Result};
pub use fake::FakeImages;
pub use image::{Content, Image, ImageConfig, WasmEncoding};
pub use reference::Reference;

/// How far an import is: it is about to take in one layer.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The layer's digest.
    pub digest: &'a str,
    /// Layers taken in before it.
    pub done: usize,
    /// Layers to take in; those that the store has already do not count.
    pub total: usize,
}

/// A registry login.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// Whatever the registry gives to anybody.
    Anonymous,
    /// User name and password, as in a `kubernetes.io/dockerconfigjson` secret.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
}

impl fmt::Debug for Credentials {
    /// Passwords do not get into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Basic { username, .. } => {
                f.debug_struct("Basic").field("username", username).finish_non_exhaustive()
            }
        }
    }
}

/// The images of a node. Content is shared between images and survives restarts.
#[async_trait::async_trait]
pub trait ImageStore: Send + Sync + 'static {
    /// The image that this reference (`busybox`, `host:5000/a/b:tag`, `...@sha256:...`) names locally, if any.
    async fn find(&self, reference: &str) -> Result<Option<Image>>;

    /// Fetches the image from its registry, by digest after the first look, and unpacks it.
    async fn pull(&self, reference: &str, credentials: &Credentials) -> Result<Image>;

    /// Every local image.
    async fn list(&self) -> Result<Vec<Image>>;

    /// Forgets a name, and the content nobody else names. [`Error::InUse`] if a container's root stands on it.
    async fn remove(&self, reference: &str) -> Result<()>;

    /// Mounts a writable root file system of an OCI image for `container` and returns its mount point; the same mount
    /// point when it exists already.
    async fn mount(&self, image: &Image, container: &str) -> Result<PathBuf>;

    /// Takes the container's root file system and its writable layer away; succeeds if there is none.
    async fn unmount(&self, container: &str) -> Result<()>;

    /// The containers that have a root file system mounted.
    async fn mounted(&self) -> Result<Vec<String>>;
}
