//! How a cluster fails.

use kube::core::Status;
use naru_client::resource;

/// Why something did not happen on the cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server has no such kind.
    #[error("resource mapping not found for name: {name:?} namespace: {namespace:?} from \"\"")]
    NoKind {
        /// The object's name.
        name: String,
        /// The namespace it names.
        namespace: String,
        /// Which kind.
        #[source]
        source: resource::Error,
    },
    /// An object that cannot be looked at.
    #[error("could not get information about the resource {object}")]
    Look {
        /// Which.
        object: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// The server said no.
    #[error("{}", .0.message)]
    Refused(Box<Status>),
    /// There was no answer.
    #[error("kubernetes cluster unreachable: {}", root_of(.0))]
    Unreachable(Box<kube::Error>),
    /// A write to one object failed.
    #[error("{doing}")]
    Write {
        /// What was tried: `cannot patch "web" with kind ConfigMap`.
        doing: String,
        /// Why not.
        #[source]
        source: Box<Error>,
    },
    /// Server-side apply was asked for.
    #[error("server-side apply not available on the server; use --server-side=false")]
    NoServerSideApply,
    /// Several things failed.
    #[error("{}", .0.iter().map(|one| chain(one)).collect::<Vec<_>>().join(" && "))]
    Several(Vec<Error>),
    /// Several things could not be made.
    #[error("{}", .0.iter().map(|one| chain(one)).collect::<Vec<_>>().join("\n"))]
    Unmade(Vec<Error>),
    /// A template asked for what is in an API version that the server does not have.
    #[error(
        "unable to get apiresource from unstructured: {0}: the server could not find the requested resource"
    )]
    NoVersion(String),
    /// A record that cannot be read.
    #[error(transparent)]
    Record(#[from] crate::record::secret::Error),
    /// A release of that revision is being made by somebody else.
    #[error("release: already exists")]
    RecordExists,
    /// The time is over.
    #[error("{}", .0.iter().map(|one| format!("{one}\n")).collect::<String>() + "context deadline exceeded")]
    Timeout(Vec<String>),
    /// What is waited for will not come.
    #[error("{}", .0.join("\n"))]
    WillNotBeReady(Vec<String>),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Error::Refused(status),
            other => Error::Unreachable(Box::new(other)),
        }
    }
}

impl Error {
    /// Whether the server says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::Refused(status) if status.code == 404)
    }

    /// Whether the server says that others manage fields, or that the object has changed.
    pub fn is_conflict(&self) -> bool {
        match self {
            Error::Refused(status) => status.code == 409,
            Error::Write { source, .. } => source.is_conflict(),
            _ => false,
        }
    }

    /// Whether the server says that it is there already.
    pub fn is_already_there(&self) -> bool {
        match self {
            Error::Refused(status) => status.reason == "AlreadyExists",
            Error::Write { source, .. } => source.is_already_there(),
            _ => false,
        }
    }
}

/// An error with its causes, as Helm joins them.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn root_of(error: &kube::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}
