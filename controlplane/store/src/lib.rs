//! State as bytes and revisions; nothing of Kubernetes lives here.
//!
//! One trait, [`Store`], with two implementations: [`embedded`] (one machine, redb, group commit) and
//! [`etcd`] (a real cluster), and their twin in [`memory`]. Writes flow in as batches of [`Write`], each with a
//! [`Precondition`]; revisions, pages and events flow out. `contract` (feature `testing`) is the one suite that all
//! must pass.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod compactor;
#[cfg(feature = "testing")]
pub mod contract;
pub mod embedded;
mod error;
pub mod etcd;
pub mod memory;
#[cfg(feature = "testing")]
pub mod testing;
mod types;

pub use compactor::{Retention, compact_loop};
pub use embedded::{Embedded, EmbeddedOptions};
pub use error::{Error, Result};
pub use etcd::{Etcd, EtcdOptions, EtcdTls};
pub use types::{
    Event, EventStream, KeyValue, MAX_BATCH_BYTES, MAX_KEY_BYTES, MAX_WRITES, Mutation, Page, Precondition,
    Revision, Write,
};

/// The contract of the state store.
///
/// Every successful [`commit`](Store::commit) is durable before it returns (fsynced on disk, or agreed by etcd's
/// quorum), gets a revision greater than all before it, and is seen by every later read and, in order, by
/// every watch.
#[async_trait::async_trait]
pub trait Store: Send + Sync + 'static {
    /// The newest revision, linearizable: no write acknowledged before the call began has a greater one.
    async fn revision(&self) -> Result<Revision>;

    /// The newest version of `key`, or `None`.
    async fn get(&self, key: &str) -> Result<Option<KeyValue>>;

    /// Up to `limit` entries (0 is unlimited) whose keys start with `prefix` and sort after `after`, in key order,
    /// as they were at revision `at` (`None`: now). [`Error::Compacted`] if `at` is gone, [`Error::FutureRevision`] if
    /// it has not been reached.
    async fn list(
        &self,
        prefix: &str,
        at: Option<Revision>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page>;

    /// Applies all writes in one transaction, or none: [`Error::Conflict`] names the first write whose precondition
    /// failed and what is there now. All writes of a batch share one revision; a batch that changes nothing returns
    /// the newest one. Keys in a batch are distinct ([`Error::Invalid`]) and its size is limited
    /// ([`MAX_WRITES`], [`MAX_BATCH_BYTES`]).
    async fn commit(&self, writes: Vec<Write>) -> Result<Revision>;

    /// Every change under `prefix` with a revision greater than `after`, in revision order, none skipped and none
    /// twice. `after` may lie in the future. The stream's last item is an error when it cannot go on
    /// ([`Error::Compacted`], which the call itself may return too, or [`Error::Unavailable`]); it never ends in
    /// silence.
    async fn watch(&self, prefix: &str, after: Revision) -> Result<EventStream>;

    /// Forgets versions that were superseded or deleted before `before`; reads and watches older than it then fail
    /// with [`Error::Compacted`]. Nothing happens if that was done already; [`Error::FutureRevision`] if `before` has
    /// not been reached.
    async fn compact(&self, before: Revision) -> Result<()>;
}
