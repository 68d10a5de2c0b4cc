//! What has become of a revision.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of one revision, in Helm's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is what runs.
    Deployed,
    /// It was removed, its history kept.
    Uninstalled,
    /// A later revision took its place.
    Superseded,
    /// It did not come about.
    Failed,
    /// It is being removed.
    Uninstalling,
    /// It is being installed.
    PendingInstall,
    /// It is being upgraded to.
    PendingUpgrade,
    /// It is being rolled back to.
    PendingRollback,
    /// Nothing is known; also any state this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Status {
    /// The word in records, labels and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Unknown => "unknown",
            Status::Deployed => "deployed",
            Status::Uninstalled => "uninstalled",
            Status::Superseded => "superseded",
            Status::Failed => "failed",
            Status::Uninstalling => "uninstalling",
            Status::PendingInstall => "pending-install",
            Status::PendingUpgrade => "pending-upgrade",
            Status::PendingRollback => "pending-rollback",
        }
    }

    /// The state of a word; [`Status::Unknown`] for a word that is none.
    pub fn parse(word: &str) -> Status {
        serde_json::from_value(serde_json::Value::String(word.into())).unwrap_or_default()
    }

    /// Whether an operation is under way, or was interrupted.
    pub fn is_pending(self) -> bool {
        matches!(self, Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback)
    }
}

impl Status {
    /// Whether an operation is under way, an uninstall among them, or was interrupted.
    pub fn is_under_way(self) -> bool {
        self.is_pending() || self == Status::Uninstalling
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
