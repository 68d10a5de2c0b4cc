//! What can go wrong in a store, and which of it is worth a retry.

use std::sync::Arc;

use crate::{KeyValue, Revision};

/// The store's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A precondition did not hold; nothing was written. An ordinary answer, not a fault.
    #[error("precondition of {key} failed")]
    Conflict {
        /// The key whose precondition failed.
        key: Arc<str>,
        /// Its newest version, if it exists.
        current: Option<KeyValue>,
    },
    /// The asked revision has been compacted away.
    #[error("revision {asked} has been compacted, the oldest available is {oldest}")]
    Compacted {
        /// What was asked for.
        asked: Revision,
        /// The oldest revision that can still be read.
        oldest: Revision,
    },
    /// The asked revision lies in the future.
    #[error("revision {asked} has not been reached, the newest is {newest}")]
    FutureRevision {
        /// What was asked for.
        asked: Revision,
        /// The newest revision.
        newest: Revision,
    },
    /// The batch can never be written: it breaks a rule of [`Store::commit`](crate::Store::commit).
    #[error("the batch is invalid: {context}")]
    Invalid {
        /// Which rule.
        context: String,
    },
    /// The batch is larger than [`MAX_BATCH_BYTES`](crate::MAX_BATCH_BYTES).
    #[error("the batch has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size in bytes, with the store's own overhead.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The store cannot be reached or is shutting down. Whether a write in flight happened is not known.
    #[error("the store is unavailable: {context}")]
    Unavailable {
        /// What was being done.
        context: String,
        /// The cause, if another error was one.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
    /// The stored data is damaged or of an unknown format.
    #[error("the store's data cannot be read: {context}")]
    Corrupt {
        /// What was found.
        context: String,
    },
}

impl Error {
    /// Whether the same call may succeed later without anything else changing.
    pub fn retryable(&self) -> bool {
        matches!(self, Error::Unavailable { .. })
    }

    /// An [`Error::Unavailable`] without a cause of its own.
    pub(crate) fn unavailable(context: impl Into<String>) -> Self {
        Error::Unavailable { context: context.into(), source: None }
    }
}
