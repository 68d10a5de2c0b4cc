//! What can go wrong with an image, in the classes that a pod's status tells apart.

/// The image store's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an image could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reference cannot be parsed: the pod's `InvalidImageName`.
    #[error("couldn't parse image name {reference:?}: {reason}")]
    InvalidReference {
        /// What was given.
        reference: String,
        /// Why it is none.
        reason: String,
    },
    /// No such image, where it was looked for.
    #[error("image {reference} not found")]
    NotFound {
        /// What was looked for.
        reference: String,
    },
    /// The registry refused, is away or sent something else: the pod's `ErrImagePull`.
    #[error("failed to pull image {reference:?}: {reason}")]
    Pull {
        /// What was pulled.
        reference: String,
        /// What the registry said.
        reason: String,
    },
    /// The content is damaged, unsafe or of a kind that cannot run.
    #[error("image {reference} is invalid: {reason}")]
    Invalid {
        /// Which image.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A container still stands on it.
    #[error("image {reference} is in use by container {container}")]
    InUse {
        /// Which image.
        reference: String,
        /// By whom.
        container: String,
    },
    /// The node's disk or kernel refused.
    #[error("{context}")]
    Io {
        /// What was being done, and to what.
        context: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The same error for somebody else who waited for the same work.
    pub(crate) fn copy(&self) -> Self {
        match self {
            Self::InvalidReference { reference, reason } => {
                Self::InvalidReference { reference: reference.clone(), reason: reason.clone() }
            }
            Self::NotFound { reference } => Self::NotFound { reference: reference.clone() },
            Self::Pull { reference, reason } => {
                Self::Pull { reference: reference.clone(), reason: reason.clone() }
            }
            Self::Invalid { reference, reason } => {
                Self::Invalid { reference: reference.clone(), reason: reason.clone() }
            }
            Self::InUse { reference, container } => {
                Self::InUse { reference: reference.clone(), container: container.clone() }
            }
            Self::Io { context, source } => Self::Io {
                context: context.clone(),
                source: std::io::Error::new(source.kind(), source.to_string()),
            },
        }
    }
}
