//! What can go wrong between the agent and a container; each class survives the trip over the shim's socket.

use serde::{Deserialize, Serialize};

use crate::ContainerId;

/// The runtime's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a runtime could not do what it was asked. Serialisable, so sources are folded into messages at the shim's edge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "class")]
pub enum Error {
    /// No such container.
    #[error("no container {id}")]
    NotFound {
        /// What was asked for.
        id: ContainerId,
    },
    /// The id is taken.
    #[error("container {id} already exists")]
    AlreadyExists {
        /// The id.
        id: ContainerId,
    },
    /// Not possible from the state the container is in.
    #[error("container {id} is {state}, not {wanted}")]
    WrongState {
        /// The container.
        id: ContainerId,
        /// Its state in a word.
        state: String,
        /// The state the call needs.
        wanted: String,
    },
    /// The image or the spec cannot run: a module that does not validate, unmet imports, no such program. The message is
    /// for the pod's user and names the cause.
    #[error("{message}")]
    Invalid {
        /// What is wrong, and with what.
        message: String,
    },
    /// The runtime or its shim failed.
    #[error("{message}")]
    Internal {
        /// What failed, with the chain of causes.
        message: String,
    },
    /// The shim cannot be reached.
    #[error("the shim at {socket} does not answer: {message}")]
    Unreachable {
        /// Its socket.
        socket: String,
        /// The cause.
        message: String,
    },
}

impl Error {
    /// [`Error::Invalid`] from anything that prints.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into() }
    }

    /// [`Error::Internal`]: what was being done, and the cause with its own causes.
    pub fn internal(doing: &str, cause: &(dyn std::error::Error + 'static)) -> Self {
        let mut message = format!("{doing}: {cause}");
        let mut next = cause.source();
        while let Some(cause) = next {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            next = cause.source();
        }
        Self::Internal { message }
    }

    /// [`Error::NotFound`].
    pub fn not_found(id: &ContainerId) -> Self {
        Self::NotFound { id: id.clone() }
    }

    /// Whether the same call may succeed later without anything being changed: the shim was not there to answer. The
    /// outcome of a lost call is unknown; calls are idempotent or answer [`Error::AlreadyExists`] / [`Error::WrongState`].
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
