//! Objects that run at a point of a release's life instead of belonging to it.

use serde::{Deserialize, Serialize};

use super::{Time, null_as_default, time};
pub use naru_bundle::render::Event;

/// When a hook's objects are deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletePolicy {
    /// After it succeeded.
    HookSucceeded,
    /// After it failed.
    HookFailed,
    /// Before it is made anew: what holds where nothing is said.
    BeforeHookCreation,
    /// A word of no meaning, kept as it is.
    #[serde(untagged)]
    Other(String),
}

/// When a hook's logs are printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputPolicy {
    /// After it succeeded.
    HookSucceeded,
    /// After it failed.
    HookFailed,
    /// A word of no meaning, kept as it is.
    #[serde(untagged)]
    Other(String),
}

/// How a hook's last run went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// It has not run.
    #[default]
    #[serde(rename = "")]
    None,
    /// Nobody knows.
    Unknown,
    /// It runs.
    Running,
    /// It ended well.
    Succeeded,
    /// It did not.
    Failed,
    /// A word of another version.
    #[serde(untagged)]
    Other(String),
}

impl Phase {
    /// The word in records and tables.
    pub fn as_str(&self) -> &str {
        match self {
            Phase::None => "",
            Phase::Unknown => "Unknown",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
            Phase::Other(word) => word,
        }
    }
}

/// A hook's last run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Execution {
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::lenient")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::lenient")]
    pub completed_at: Option<Time>,
    /// How.
    pub phase: Phase,
}

/// One hook.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hook {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The object's kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The template it is from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The object, as rendered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// When it runs.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub events: Vec<Event>,
    /// Its last run.
    pub last_run: Execution,
    /// Its place among the hooks of an event; the lowest runs first.
    #[serde(skip_serializing_if = "is_zero")]
    pub weight: i64,
    /// When its objects are deleted.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub delete_policies: Vec<DeletePolicy>,
    /// When its logs are printed.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub output_log_policies: Vec<OutputPolicy>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}
