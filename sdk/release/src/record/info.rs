//! When, how and with what outcome a revision came about.

use serde::{Deserialize, Serialize};

use super::{Status, Time, time};

/// What Helm calls a release's info.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// When the release's first revision was installed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::lenient")]
    pub first_deployed: Option<Time>,
    /// When this revision was.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::lenient")]
    pub last_deployed: Option<Time>,
    /// When it was removed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::lenient")]
    pub deleted: Option<Time>,
    /// For people: what happened.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The state.
    pub status: Status,
    /// The revision that this one rolled back to; 0 if it is no rollback.
    #[serde(skip_serializing_if = "is_zero")]
    pub rollback_revision: u64,
    /// The chart's notes, rendered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
