//! From the revisions there are to the next one: what may be installed, upgraded, rolled back and forgotten.

use crate::record::Status;

/// What planning needs to know of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub version: u64,
    /// Its state.
    pub status: Status,
}

/// Why an operation is refused; the words are Helm's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An install of a name that is taken.
    #[error("cannot reuse a name that is still in use")]
    NameInUse,
    /// Nothing to upgrade.
    #[error("{0:?} has no deployed releases")]
    NothingDeployed(String),
    /// Nothing by this name.
    #[error("release: not found")]
    NotFound,
    /// Somebody else is at it.
    #[error("another operation (install/upgrade/rollback) is in progress")]
    InProgress,
    /// A rollback to a revision that is not there.
    #[error("release has no {0} version")]
    NoSuchRevision(i64),
    /// A negative revision.
    #[error("invalid release revision")]
    InvalidRevision,
    /// Half removed, and nobody goes on with it.
    #[error(
        "the uninstall of revision {0} was interrupted: finish it with `naru bundle uninstall`, or go back with `naru bundle rollback`"
    )]
    UninstallInterrupted(u64),
    /// Removed already, and its history is to be kept.
    #[error("the release named {0:?} is already deleted")]
    AlreadyUninstalled(String),
}

/// How an install begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Install {
    /// The revision to make.
    pub version: u64,
    /// The revision to mark as superseded.
    pub supersede: Option<u64>,
    /// An interrupted revision whose objects may be there already; it is marked as failed.
    pub interrupted: Option<u64>,
}

/// How an upgrade begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The revision to make.
    pub version: u64,
    /// The revision whose manifest says what is on the cluster.
    pub current: u64,
    /// The last revision: its labels and its way of writing objects are carried on.
    pub last: u64,
    /// An interrupted revision whose objects may be there as well; it is marked as failed.
    pub interrupted: Option<u64>,
}

/// How a rollback begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// The revision to make.
    pub version: u64,
    /// The revision whose manifest says what is on the cluster.
    pub current: u64,
    /// The revision to go back to.
    pub target: u64,
    /// The current revision, if it was interrupted; it is marked as failed.
    pub interrupted: Option<u64>,
}

/// Whether the operation of a pending revision goes on elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It does, or nobody can tell.
    Busy,
    /// It was interrupted: its process is gone.
    Interrupted,
}

fn last(history: &[Revision]) -> Option<Revision> {
    history.iter().copied().max_by_key(|one| one.version)
}

fn deployed(history: &[Revision]) -> Option<Revision> {
    let deployed: Vec<Revision> =
        history.iter().copied().filter(|one| one.status == Status::Deployed).collect();
    last(&deployed)
}

/// Plans an install. `replace` takes a name whose last revision was uninstalled or failed.
pub fn install(history: &[Revision], replace: bool, activity: Activity) -> Result<Install, Refusal> {
    let Some(last) = last(history) else {
        return Ok(Install { version: 1, supersede: None, interrupted: None });
    };
    let version = last.version + 1;
    match last.status {
        Status::Uninstalled if replace => {
            Ok(Install { version, supersede: Some(last.version), interrupted: None })
        }
        Status::Failed if replace => Ok(Install { version, supersede: None, interrupted: None }),
        Status::PendingInstall if activity == Activity::Interrupted => {
            Ok(Install { version, supersede: None, interrupted: Some(last.version) })
        }
        Status::PendingInstall => Err(Refusal::InProgress),
        Status::Uninstalling if activity == Activity::Interrupted => {
            Err(Refusal::UninstallInterrupted(last.version))
        }
        _ => Err(Refusal::NameInUse),
    }
}

/// Plans an upgrade.
pub fn upgrade(name: &str, history: &[Revision], activity: Activity) -> Result<Upgrade, Refusal> {
    let nothing = || Refusal::NothingDeployed(name.into());
    let last = last(history).ok_or_else(nothing)?;
    let version = last.version + 1;
    if last.status.is_pending() {
        if activity == Activity::Busy {
            return Err(Refusal::InProgress);
        }
        // Without a revision that came about, the interrupted one is all there is to start from.
        let current = deployed(history).unwrap_or(last).version;
        return Ok(Upgrade { version, current, last: last.version, interrupted: Some(last.version) });
    }
    if last.status == Status::Uninstalling && activity == Activity::Interrupted {
        return Err(Refusal::UninstallInterrupted(last.version));
    }
    let current = match deployed(history) {
        Some(deployed) => deployed,
        None if matches!(last.status, Status::Failed | Status::Superseded) => last,
        None => return Err(nothing()),
    };
    Ok(Upgrade { version, current: current.version, last: last.version, interrupted: None })
}

/// Plans a rollback; revision 0 means the one before the last. A pending revision does not stand in the way, for a
/// rollback is how people leave it, unless its operation is known to go on.
pub fn rollback(history: &[Revision], wanted: i64, activity: Activity) -> Result<Rollback, Refusal> {
    if wanted < 0 {
        return Err(Refusal::InvalidRevision);
    }
    let last = last(history).ok_or(Refusal::NotFound)?;
    let target = if wanted == 0 { last.version as i64 - 1 } else { wanted };
    let found = history.iter().find(|one| one.version as i64 == target);
    let target = found.ok_or(Refusal::NoSuchRevision(target))?.version;
    let interrupted = (last.status.is_pending() && activity == Activity::Interrupted).then_some(last.version);
    Ok(Rollback { version: last.version + 1, current: last.version, target, interrupted })
}

/// Plans an uninstall: `true` if objects are to be removed, `false` if only the history is.
pub fn uninstall(name: &str, history: &[Revision], keep_history: bool) -> Result<bool, Refusal> {
    match last(history).ok_or(Refusal::NotFound)?.status {
        Status::Uninstalled if keep_history => Err(Refusal::AlreadyUninstalled(name.into())),
        Status::Uninstalled => Ok(false),
        _ => Ok(true),
    }
}

/// The revision that a failed upgrade goes back to: the last that came about.
pub fn last_good(history: &[Revision]) -> Option<u64> {
    let good: Vec<Revision> = history
        .iter()
        .copied()
        .filter(|one| matches!(one.status, Status::Superseded | Status::Deployed))
        .collect();
    last(&good).map(|one| one.version)
}

/// The revisions to forget, oldest first, so that `max` remain when one more is made; 0 means no limit. What is deployed
/// stays.
pub fn prune(history: &[Revision], max: usize) -> Vec<u64> {
    if max == 0 {
        return Vec::new();
    }
    let keep = deployed(history).map(|one| one.version);
    let mut versions: Vec<u64> = history.iter().map(|one| one.version).collect();
    versions.sort_unstable();
    let surplus = versions.len().saturating_sub(max - 1);
    versions.into_iter().filter(|version| Some(*version) != keep).take(surplus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Status::{
        Deployed, Failed, PendingInstall, PendingRollback, PendingUpgrade, Superseded, Uninstalled,
        Uninstalling,
    };

    /// A history of revisions 1, 2, 3...
    fn of(statuses: &[Status]) -> Vec<Revision> {
        (1..).zip(statuses).map(|(version, status)| Revision { version, status: *status }).collect()
    }

    #[test]
    fn installs() {
        let ok = |version, supersede, interrupted| Ok(Install { version, supersede, interrupted });
        for (statuses, replace, activity, expected) in [
            (&[][..], false, Activity::Busy, ok(1, None, None)),
            (&[Deployed], false, Activity::Busy, Err(Refusal::NameInUse)),
            (&[Deployed], true, Activity::Busy, Err(Refusal::NameInUse)),
            (&[Failed], false, Activity::Busy, Err(Refusal::NameInUse)),
            (&[Failed], true, Activity::Busy, ok(2, None, None)),
            (&[Superseded, Uninstalled], true, Activity::Busy, ok(3, Some(2), None)),
            (&[Uninstalled], false, Activity::Busy, Err(Refusal::NameInUse)),
            (&[PendingInstall], false, Activity::Busy, Err(Refusal::InProgress)),
            (&[PendingInstall], false, Activity::Interrupted, ok(2, None, Some(1))),
            (&[Uninstalling], false, Activity::Busy, Err(Refusal::NameInUse)),
            (&[Uninstalling], true, Activity::Interrupted, Err(Refusal::UninstallInterrupted(1))),
            (&[Deployed, PendingUpgrade], false, Activity::Interrupted, Err(Refusal::NameInUse)),
        ] {
            assert_eq!(install(&of(statuses), replace, activity), expected, "{statuses:?} {replace}");
        }
    }

    #[test]
    fn upgrades() {
        let ok =
            |version, current, interrupted| Ok(Upgrade { version, current, last: version - 1, interrupted });
        let nothing = || Err(Refusal::NothingDeployed("web".into()));
        for (statuses, activity, expected) in [
            (&[][..], Activity::Busy, nothing()),
            (&[Deployed], Activity::Busy, ok(2, 1, None)),
            (&[Superseded, Deployed, Failed], Activity::Busy, ok(4, 2, None)),
            (&[Failed], Activity::Busy, ok(2, 1, None)),
            (&[Uninstalled], Activity::Busy, nothing()),
            (&[Uninstalling], Activity::Busy, nothing()),
            (&[Uninstalling], Activity::Interrupted, Err(Refusal::UninstallInterrupted(1))),
            (&[Deployed, PendingUpgrade], Activity::Busy, Err(Refusal::InProgress)),
            (&[Deployed, PendingUpgrade], Activity::Interrupted, ok(3, 1, Some(2))),
            (&[PendingInstall], Activity::Interrupted, ok(2, 1, Some(1))),
            (&[Superseded, Deployed, PendingRollback], Activity::Interrupted, ok(4, 2, Some(3))),
        ] {
            assert_eq!(upgrade("web", &of(statuses), activity), expected, "{statuses:?}");
        }
    }

    #[test]
    fn rollbacks() {
        let ok =
            |version, current, target, interrupted| Ok(Rollback { version, current, target, interrupted });
        for (statuses, wanted, activity, expected) in [
            (&[][..], 0, Activity::Busy, Err(Refusal::NotFound)),
            (&[Superseded, Deployed], 0, Activity::Busy, ok(3, 2, 1, None)),
            (&[Superseded, Superseded, Deployed], 1, Activity::Busy, ok(4, 3, 1, None)),
            (&[Deployed], 0, Activity::Busy, Err(Refusal::NoSuchRevision(0))),
            (&[Deployed], 7, Activity::Busy, Err(Refusal::NoSuchRevision(7))),
            (&[Deployed], -1, Activity::Busy, Err(Refusal::InvalidRevision)),
            (&[Deployed, PendingUpgrade], 0, Activity::Interrupted, ok(3, 2, 1, Some(2))),
        ] {
            assert_eq!(rollback(&of(statuses), wanted, activity), expected, "{statuses:?} {wanted}");
        }
    }

    #[test]
    fn uninstalls() {
        assert_eq!(uninstall("a", &of(&[]), false), Err(Refusal::NotFound));
        assert_eq!(uninstall("a", &of(&[Deployed]), false), Ok(true));
        assert_eq!(uninstall("a", &of(&[PendingInstall]), true), Ok(true));
        assert_eq!(uninstall("a", &of(&[Uninstalled]), false), Ok(false));
        assert_eq!(uninstall("a", &of(&[Uninstalled]), true), Err(Refusal::AlreadyUninstalled("a".into())));
    }

    #[test]
    fn old_records_go_but_never_the_deployed_one() {
        for (statuses, max, expected) in [
            (&[Superseded, Superseded, Deployed][..], 0, vec![]),
            (&[Superseded, Superseded, Deployed], 10, vec![]),
            (&[Superseded, Superseded, Deployed], 3, vec![1]),
            (&[Superseded, Superseded, Deployed], 1, vec![1, 2]),
            (&[Deployed, Failed, Failed], 2, vec![2, 3]),
            (&[Failed, Failed], 1, vec![1, 2]),
        ] {
            assert_eq!(prune(&of(statuses), max), expected, "{statuses:?} {max}");
        }
        assert_eq!(last_good(&of(&[Superseded, Deployed, Failed])), Some(2));
        assert_eq!(last_good(&of(&[Failed])), None);
    }
}
