//! What stops the agent as a whole. A pod that fails is no error here: it is told in the pod's status.

use std::{net::SocketAddr, path::PathBuf};

/// The agent's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the agent could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate, key or client CA for the node's endpoint cannot be used.
    #[error("the node endpoint's {part} cannot be used: {reason}")]
    Tls {
        /// Which part of the TLS material.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The endpoint's address is taken or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A directory of the agent cannot be made.
    #[error("cannot make the directory {}", path.display())]
    Directory {
        /// Which one.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// An option makes no sense.
    #[error("{name} is invalid: {reason}")]
    Option {
        /// The option's name.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A part of the agent ended that never should.
    #[error("the agent's {part} ended: {reason}")]
    Ended {
        /// Which part.
        part: String,
        /// Why.
        reason: String,
    },
}
