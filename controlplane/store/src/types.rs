//! The values that cross the store's seam: keys, versions, writes and events.

use std::{collections::HashSet, fmt, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures::Stream;

use crate::{Error, Result};

/// Writes in one batch; etcd's own default limit of operations in a transaction.
pub const MAX_WRITES: usize = 128;

/// Bytes of one batch: keys and values with some overhead for each. etcd refuses requests over 1.5 MiB.
pub const MAX_BATCH_BYTES: usize = 1536 * 1024;

/// Bytes of a key.
pub const MAX_KEY_BYTES: usize = 1024;

/// What one write costs beside its value and three times its key (compare, write, read on conflict).
const WRITE_OVERHEAD_BYTES: usize = 64;

/// A point in the store's history. Revisions only grow; 0 is before every write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One version of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// The full key, for example `/registry/pods/default/web`.
    pub key: Arc<str>,
    /// The stored bytes.
    pub value: Bytes,
    /// The revision that wrote this version.
    pub revision: Revision,
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Entries in key order.
    pub entries: Vec<KeyValue>,
    /// The revision the page shows: `at`, or the newest when `at` was not given.
    pub revision: Revision,
    /// How many entries match beyond this page.
    pub remaining: u64,
}

/// What must hold for a write to happen. There is no unconditional write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// The key does not exist.
    Absent,
    /// The key's newest version was written at this revision.
    At(Revision),
}

/// What a write does to its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Stores these bytes as the newest version.
    Put(Bytes),
    /// Removes the key; with [`Precondition::Absent`] it does nothing.
    Delete,
}

/// One conditional write of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The key to write.
    pub key: Arc<str>,
    /// What must hold first.
    pub precondition: Precondition,
    /// What to do.
    pub mutation: Mutation,
}

impl Write {
    /// What the write adds to a batch's size in bytes.
    fn weight(&self) -> usize {
        let value = match &self.mutation {
            Mutation::Put(value) => value.len(),
            Mutation::Delete => 0,
        };
        WRITE_OVERHEAD_BYTES + 3 * self.key.len() + value
    }
}

/// Checks the rules that every implementation sets for a batch; returns its size in bytes.
pub(crate) fn check_batch(writes: &[Write]) -> Result<usize> {
    let invalid = |context: String| Err(Error::Invalid { context });
    if writes.len() > MAX_WRITES {
        return invalid(format!("it has {} writes, the limit is {MAX_WRITES}", writes.len()));
    }
    if let Some(write) = writes.iter().find(|write| write.key.is_empty() || write.key.len() > MAX_KEY_BYTES) {
        return invalid(format!("a key has {} bytes, allowed are 1 to {MAX_KEY_BYTES}", write.key.len()));
    }
    let mut seen = HashSet::new();
    if writes.len() > 1
        && let Some(twice) = writes.iter().find(|write| !seen.insert(&write.key))
    {
        return invalid(format!("it names {} twice", twice.key));
    }
    let bytes = writes.iter().map(Write::weight).sum();
    if bytes > MAX_BATCH_BYTES {
        return Err(Error::TooLarge { bytes, limit: MAX_BATCH_BYTES });
    }
    Ok(bytes)
}

/// The smallest byte string after all that start with `prefix`; `None` if there is none.
pub(crate) fn successor(prefix: &str) -> Option<Vec<u8>> {
    let mut end = Vec::from(prefix);
    // UTF-8 has no byte 0xff, so the last byte can always be raised.
    *end.last_mut()? += 1;
    Some(end)
}

/// One change, as a watch reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The key that changed.
    pub key: Arc<str>,
    /// The new bytes; `None` when the key was deleted.
    pub value: Option<Bytes>,
    /// The revision of the change.
    pub revision: Revision,
}

/// A watch's events in revision order. All events of one revision come in one batch, so that a reader that saw the
/// batch has seen the revision whole. An error is always the last item.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<Vec<Event>>> + Send>>;
