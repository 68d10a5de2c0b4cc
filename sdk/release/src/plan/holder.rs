//! Who is at work on a pending revision: an annotation of its Secret, by which an interrupted operation is told from a
//! running one.
//!
//! On the machine of the operation its process is looked for; elsewhere the annotation must be renewed in time. Records
//! that Helm left pending have no such annotation: nobody can tell, and they count as busy.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::history::Activity;

/// The annotation.
pub const ANNOTATION: &str = "naru.dev/operation";
/// How long a holder is believed without a sign of life.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// How often a holder gives a sign of life.
pub const RENEWAL: SignedDuration = SignedDuration::from_secs(8);

/// A process, told from all others that were and will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The machine's boot.
    pub boot: String,
    /// The process id.
    pub pid: u32,
    /// When it was started, in clock ticks since the boot.
    pub started: u64,
}

/// The annotation's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who.
    #[serde(flatten)]
    pub process: Process,
    /// The last sign of life.
    pub renewed: Timestamp,
}

impl Holder {
    /// The annotation's text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("a holder is made of strings and numbers")
    }
}

/// Whether the operation on a revision goes on. `boot` is this machine's, `runs` says whether a process of this
/// machine does.
pub fn activity(
    annotation: Option<&str>,
    now: Timestamp,
    boot: &str,
    runs: impl Fn(&Process) -> bool,
) -> Activity {
    let holder = annotation.and_then(|text| serde_json::from_str::<Holder>(text).ok());
    let interrupted = holder.is_some_and(|holder| match holder.process.boot == boot {
        true => !runs(&holder.process),
        false => now.duration_since(holder.renewed) > LEASE,
    });
    if interrupted { Activity::Interrupted } else { Activity::Busy }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life() {
        let renewed: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let process = Process { boot: "here".into(), pid: 7, started: 9 };
        let text = Holder { process, renewed }.text();
        let later = |seconds| renewed + SignedDuration::from_secs(seconds);
        for (annotation, seconds, boot, runs, expected) in [
            (None, 0, "here", true, Activity::Busy),
            (Some("{"), 0, "here", false, Activity::Busy),
            (Some(text.as_str()), 9999, "here", true, Activity::Busy),
            (Some(text.as_str()), 0, "here", false, Activity::Interrupted),
            (Some(text.as_str()), 30, "there", false, Activity::Busy),
            (Some(text.as_str()), 31, "there", true, Activity::Interrupted),
        ] {
            let found = activity(annotation, later(seconds), boot, |_| runs);
            assert_eq!(found, expected, "{annotation:?} {seconds} {boot}");
        }
    }
}
