//! Why an operation did not succeed; the words are Helm's where it has any.

use super::RenderError;
use crate::{
    cluster::{self, chain},
    objects,
    plan::{history::Refusal, name},
};

/// Why an operation did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The history does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An install's name cannot be used.
    #[error("release name check failed")]
    NameCheck(#[source] Box<Error>),
    /// The name does not.
    #[error("release name {name:?}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: name::Error,
    },
    /// The cluster failed.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
    /// The chart failed.
    #[error(transparent)]
    Render(RenderError),
    /// A manifest is no manifest.
    #[error("{what}")]
    Manifest {
        /// What was to become of it.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: objects::Error,
    },
    /// A manifest has what the server does not know.
    #[error("{what}")]
    Build {
        /// What was to become of it.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: cluster::Error,
    },
    /// Options that exclude each other.
    #[error("invalid operation: {0}")]
    Contradiction(&'static str),
    /// An object that is somebody else's.
    #[error(
        "unable to continue with {doing}: {object} exists and cannot be imported into the current release: {problem}"
    )]
    NotOurs {
        /// `install` or `update`.
        doing: &'static str,
        /// Which.
        object: String,
        /// What shows it.
        problem: String,
    },
    /// A user's label that would hide Helm's own.
    #[error("user supplied labels contains system reserved label name. System labels: [{}]", .0.join(" "))]
    SystemLabel(&'static [&'static str]),
    /// A definition of a kind that could not be made.
    #[error("failed to install CRD {name}")]
    Definition {
        /// The file.
        name: String,
        /// What is wrong.
        #[source]
        source: Box<Error>,
    },
    /// A hook that could not be made.
    #[error("warning: Hook {event} {path} failed")]
    Hook {
        /// When it was to run.
        event: &'static str,
        /// Its template.
        path: String,
        /// What is wrong.
        #[source]
        source: Box<cluster::Error>,
    },
    /// A hook that is no object.
    #[error("unable to build kubernetes object for {event} hook {path}")]
    HookManifest {
        /// When it was to run.
        event: &'static str,
        /// Its template.
        path: String,
        /// What is wrong.
        #[source]
        source: Box<Error>,
    },
    /// Hooks failed.
    #[error("{what}")]
    Hooks {
        /// Which, in the operation's words: `failed pre-install`.
        what: String,
        /// How.
        #[source]
        source: Box<Error>,
    },
    /// Somebody pressed Ctrl-C.
    #[error("context canceled")]
    Cancelled,
    /// It failed and was undone.
    #[error("release {name} failed, and has been {what} due to rollback-on-failure being set")]
    Undone {
        /// The release.
        name: String,
        /// `uninstalled` or `rolled back`.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: Box<Error>,
    },
    /// It failed, and undoing it did too.
    #[error("an error occurred while {doing}. original {operation} error: {}: {}", chain(.original.as_ref()), chain(.undoing.as_ref()))]
    NotUndone {
        /// How it was to be undone: `uninstalling the release`.
        doing: &'static str,
        /// `install`, `upgrade` or `rollback`.
        operation: &'static str,
        /// Why it failed.
        original: Box<Error>,
        /// Why undoing did.
        undoing: Box<Error>,
    },
    /// It failed, and nothing came about before.
    #[error(
        "unable to find a previously successful release when attempting to rollback. original upgrade error"
    )]
    NothingToReturnTo {
        /// Why it failed.
        #[source]
        source: Box<Error>,
    },
    /// An uninstall that got to its end with failures.
    #[error("uninstallation completed with {} error(s): {}", .0.len(), .0.iter().map(|one| chain(one)).collect::<Vec<_>>().join("; "))]
    Leftovers(Vec<Error>),
    /// An uninstall that could not delete.
    #[error("failed to delete release: {name}")]
    NotDeleted {
        /// The release.
        name: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// No such release.
    #[error("uninstall: Release not loaded: {0}: release: not found")]
    NotLoaded(String),
    /// A wait after a rollback failed.
    #[error("release {name} failed")]
    Wait {
        /// The release.
        name: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// A description that is too long.
    #[error("description must be {max} characters or less, got {0}", max = super::DESCRIPTION_CHARS_MAX)]
    Description(usize),
    /// Whatever needs no more than its words.
    #[error("{0}")]
    Plain(String),
}

impl Error {
    /// Whether the release is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::Refused(Refusal::NotFound))
    }
}
