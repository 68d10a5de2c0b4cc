//! What can stop a controller for a while.

/// The controllers' result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a controller could not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request to the API failed.
    #[error("cannot {doing}")]
    Api {
        /// What was being done, and to what.
        doing: String,
        /// The cause.
        #[source]
        source: Box<kube::Error>,
    },
    /// A watch ended for good.
    #[error("the watch of {kind} ended")]
    WatchEnded {
        /// The kind's plural.
        kind: &'static str,
    },
    /// A controller's task panicked outside its supervisor.
    #[error("a controller panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

impl Error {
    /// An API error in the middle of `doing`.
    pub(crate) fn api(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        move |source| Error::Api { doing: doing.into(), source: Box::new(source) }
    }
}

/// Whether the API says that the object is not there (any more): for a controller, what it wanted.
pub(crate) fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// Whether somebody else wrote first or made the object: the next look will tell.
pub(crate) fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}
