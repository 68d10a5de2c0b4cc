//! What becomes of an object that has owners. Pure.
//!
//! Source of the behaviour: kube-controller-manager's garbage collector.

/// How an owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// It is there, or nobody can tell.
    Solid,
    /// It is not there.
    Gone,
    /// It is being deleted, and waits for its dependents.
    Waiting,
}

/// How dependents of a deleted object fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    Background,
    Foreground,
    Orphan,
}

/// What else is known of the object.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// It has dependents itself.
    pub(super) has_dependents: bool,
    /// One of them waits for its own: they may go round in a circle, in which nobody may block.
    pub(super) may_be_circle: bool,
    /// Finalizers that its maker has given it for its end.
    pub(super) orphans: bool,
    pub(super) foreground: bool,
}

/// What is to be done with the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Keep,
    /// Owners that are not solid are taken from its references.
    Forget,
    /// It goes. With `unblock` it no longer keeps its owners.
    Delete {
        policy: Policy,
        unblock: bool,
    },
}

/// Decides on an object with these owners.
pub(super) fn decide(owners: &[Owner], facts: Facts) -> Step {
    let any = |state: Owner| owners.contains(&state);
    if owners.is_empty() || any(Owner::Solid) {
        let all_solid = owners.iter().all(|owner| *owner == Owner::Solid);
        return if all_solid { Step::Keep } else { Step::Forget };
    }
    if any(Owner::Waiting) && facts.has_dependents {
        return Step::Delete { policy: Policy::Foreground, unblock: facts.may_be_circle };
    }
    let policy = match facts {
        Facts { orphans: true, .. } => Policy::Orphan,
        Facts { foreground: true, .. } => Policy::Foreground,
        _ => Policy::Background,
    };
    Step::Delete { policy, unblock: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        use Owner::{Gone, Solid, Waiting};
        let plain = Facts::default();
        let owner = Facts { has_dependents: true, ..plain };
        let circle = Facts { may_be_circle: true, ..owner };
        let delete = |policy| Step::Delete { policy, unblock: false };
        for (owners, facts, expected) in [
            (&[][..], plain, Step::Keep),
            (&[Solid, Solid], plain, Step::Keep),
            (&[Solid, Gone], plain, Step::Forget),
            (&[Waiting, Solid], circle, Step::Forget),
            (&[Gone], plain, delete(Policy::Background)),
            (&[Gone, Gone], owner, delete(Policy::Background)),
            (&[Gone], Facts { orphans: true, ..plain }, delete(Policy::Orphan)),
            (&[Gone], Facts { foreground: true, ..plain }, delete(Policy::Foreground)),
            (&[Waiting], plain, delete(Policy::Background)),
            (&[Gone, Waiting], owner, delete(Policy::Foreground)),
            (&[Waiting], circle, Step::Delete { policy: Policy::Foreground, unblock: true }),
        ] {
            assert_eq!(decide(owners, facts), expected, "{owners:?} {facts:?}");
        }
    }
}
