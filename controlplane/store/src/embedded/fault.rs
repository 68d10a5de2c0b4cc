//! redb's errors in the store's words.

use std::sync::Arc;

use crate::Error;

/// Result of steps inside redb.
pub(super) type Fallible<T> = std::result::Result<T, Fault>;

/// What broke below the store.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// redb failed: IO, or damaged pages.
    #[error("the database failed")]
    Database(#[source] redb::Error),
    /// An entry is not what this code wrote.
    #[error("the log entry at revision {revision} cannot be read")]
    Entry {
        /// Where.
        revision: u64,
    },
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Fault::Database(error.into())
    }
}

impl Fault {
    /// The store's error for a fault met while doing `context`.
    pub(super) fn during(self, context: &str) -> Error {
        match self {
            Fault::Database(redb::Error::Corrupted(what)) => Error::Corrupt { context: what },
            Fault::Database(redb::Error::UpgradeRequired(version)) => {
                Error::Corrupt { context: format!("the file has format {version} of redb, which is too old") }
            }
            Fault::Database(source) => {
                Error::Unavailable { context: context.to_owned(), source: Some(Arc::new(source)) }
            }
            entry @ Fault::Entry { .. } => Error::Corrupt { context: entry.to_string() },
        }
    }
}
