//! Errors below the level that knows which image is being handled.

use std::io;
use std::path::Path;

use crate::Error;

/// A fault of the content, or of the node.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The content is damaged, unsafe, too large or not supported.
    #[error("{0}")]
    Invalid(String),
    /// Something the image consists of is missing from where it was looked for.
    #[error("{0}: not found")]
    Missing(String),
    /// The node's disk or kernel refused.
    #[error("{context}: {source}")]
    Io {
        context: String,
        #[source]
        source: io::Error,
    },
}

impl Fault {
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into())
    }

    /// For `map_err`: what was being done, and to which path.
    pub(crate) fn io(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let context = format!("{doing} {}", path.display());
        move |source| Self::Io { context, source }
    }

    /// Reading content: damaged data is the content's fault, the rest the node's.
    pub(crate) fn reading(what: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Other => Self::Invalid(format!("{what}: {source}")),
            _ => Self::Io { context: format!("read {what}"), source },
        }
    }

    /// The public error, now that the image is known.
    pub(crate) fn about(self, reference: &str) -> Error {
        match self {
            Self::Invalid(reason) => Error::Invalid { reference: reference.to_owned(), reason },
            Self::Missing(what) => {
                Error::Invalid { reference: reference.to_owned(), reason: format!("{what} is missing") }
            }
            Self::Io { context, source } => Error::Io { context, source },
        }
    }
}
