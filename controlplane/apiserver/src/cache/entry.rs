//! One object in the cache: its bytes as they are served, and what selectors read of it.

use std::sync::Arc;

use bytes::Bytes;
use naru_store::Revision;

use super::{
    encode,
    extract::{Extract, Plan},
};

/// An object at one version. Immutable; lists, watches and the cache share it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The store's key.
    pub(crate) key: Arc<str>,
    /// The version.
    pub(crate) revision: Revision,
    /// The object as JSON, with its resourceVersion.
    pub(crate) bytes: Bytes,
    /// The same with a comma behind it, as in a list.
    pub(crate) followed: Bytes,
    /// What selectors read.
    pub(crate) extract: Extract,
    /// When the cache took it, in seconds of the Unix epoch.
    pub(crate) taken: i64,
    digits: (u32, u8),
    /// Where the part after the kind's prefix starts in the key.
    path: u16,
}

/// Stored bytes that are no object.
#[derive(Debug, thiserror::Error)]
#[error("the stored value of {key} is no JSON object")]
pub(crate) struct NotAnObject {
    key: Arc<str>,
    #[source]
    source: Option<serde_json::Error>,
}

impl Entry {
    /// An entry of stored bytes. `prefix` bytes of the key belong to the kind.
    pub(crate) fn new(
        plan: &Plan,
        prefix: usize,
        key: &Arc<str>,
        stored: &[u8],
        revision: Revision,
        taken: i64,
    ) -> Result<Self, NotAnObject> {
        let versioned = encode::versioned(stored, revision)
            .ok_or_else(|| NotAnObject { key: key.clone(), source: None })?;
        let extract = plan
            .read(&versioned.bytes)
            .map_err(|source| NotAnObject { key: key.clone(), source: Some(source) })?;
        let digits = versioned.digits;
        // Names are at most 253 bytes, so prefixes and keys stay far below 64 KiB.
        let path = prefix as u16;
        let (bytes, followed) = (versioned.bytes, versioned.followed);
        Ok(Entry { key: key.clone(), revision, bytes, followed, extract, taken, digits, path })
    }

    /// The last state of an object that was deleted at `revision`.
    pub(crate) fn deleted_at(&self, revision: Revision) -> Self {
        let versioned = encode::at_revision(&self.bytes, self.digits, revision);
        Entry {
            key: self.key.clone(),
            revision,
            bytes: versioned.bytes,
            followed: versioned.followed,
            extract: self.extract.clone(),
            taken: self.taken,
            digits: versioned.digits,
            path: self.path,
        }
    }

    /// `namespace/name`, or the name alone.
    pub(crate) fn path(&self) -> &str {
        &self.key[self.path as usize..]
    }

    /// `metadata.name`.
    pub(crate) fn name(&self) -> &str {
        self.path().rsplit_once('/').map_or(self.path(), |(_, name)| name)
    }

    /// `metadata.namespace`; empty for a cluster-scoped object.
    pub(crate) fn namespace(&self) -> &str {
        self.path().rsplit_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// A label's value.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.extract.labels.iter().find(|(name, _)| **name == *key).map(|(_, value)| &**value)
    }
}
