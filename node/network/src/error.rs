//! What can go wrong in the network.

use std::net::Ipv4Addr;

/// The network's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a pod could not be connected.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No free address is left in the node's range.
    #[error("no free address in {range}")]
    Exhausted {
        /// The node's pod range.
        range: String,
    },
    /// The options make no sense.
    #[error("invalid network options: {reason}")]
    Invalid {
        /// What is wrong, and with what.
        reason: String,
    },
    /// The pod range overlaps a network that the node already reaches by another interface.
    #[error(
        "pod range {range} overlaps the route to {network}/{prefix} of interface {interface}: choose another range"
    )]
    Overlap {
        /// The node's pod range.
        range: String,
        /// The route's network address.
        network: Ipv4Addr,
        /// The route's prefix length in bits.
        prefix: u8,
        /// The interface the route leaves by.
        interface: String,
    },
    /// The kernel refused.
    #[error("{context}")]
    Kernel {
        /// What was being done, and to what.
        context: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// The kernel's refusal of what `context` names.
    pub(crate) fn kernel(
        context: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Kernel { context: context.into(), source: source.into() }
    }
}

/// Adds what was being done to a refusal of the kernel.
pub(crate) trait Context<T> {
    /// Maps the error to [`Error::Kernel`] with the context that `what` gives.
    fn context<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T>;
}

impl<T, E: Into<Box<dyn std::error::Error + Send + Sync>>> Context<T> for std::result::Result<T, E> {
    fn context<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T> {
        self.map_err(|source| Error::kernel(what(), source))
    }
}
