//! What can go wrong in the network.

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
