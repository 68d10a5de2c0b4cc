//! What to do next for a pod: a pure function of what is wanted, what is observed, and the time.
//!
//! The plan is made anew after every change; nothing of an earlier plan is remembered. Its steps are only those that can
//! begin now; what has to wait for a time is in [`Plan::wake`], what has to wait for a step appears once that step is
//! done. The way up is in [`up`], the way down in [`down`].

mod down;
#[cfg(test)]
mod tests;
pub(crate) mod up;

use jiff::Timestamp;

use super::{desired, desired::Desired, observed::Observed, step::Step};

/// What to do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Steps to begin at once, independent of each other.
    pub(crate) steps: Vec<Step>,
    /// When the plan changes though nothing happens.
    pub(crate) wake: Option<Timestamp>,
    /// What is left to do once there are no steps.
    pub(crate) end: End,
}

/// How far a pod has come on its way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// It stays.
    #[default]
    None,
    /// Nothing of it is left but its files: report its status for the last time and delete it from the API.
    Delete,
    /// Nothing of it is left at all: the worker ends.
    Forget,
}

impl Plan {
    /// Adds a step.
    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Asks for another plan at `time`, or earlier.
    fn wake_at(&mut self, time: Timestamp) {
        self.wake = Some(self.wake.map_or(time, |earlier| earlier.min(time)));
    }

    /// Whether `due` is over; asks for another plan then if it is not.
    fn ready(&mut self, due: Option<Timestamp>, now: Timestamp) -> bool {
        match due {
            Some(due) if due > now => {
                self.wake_at(due);
                false
            }
            _ => true,
        }
    }
}

/// Which way a pod is going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It shall run.
    Up,
    /// It has outlived its `activeDeadlineSeconds`: its containers stop.
    Overdue,
    /// Its phase is final: what it holds is given back, its logs stay.
    Over,
    /// It is being deleted.
    Down,
}

/// Which way a pod is going at `now`.
pub(crate) fn way(desired: &Desired, observed: &Observed, now: Timestamp) -> Way {
    let Desired::Pod(pod) = desired else { return Way::Down };
    if desired.deleting() {
        Way::Down
    } else if observed.terminal {
        Way::Over
    } else if desired::deadline(pod, observed.started).is_some_and(|deadline| deadline <= now) {
        Way::Overdue
    } else {
        Way::Up
    }
}

/// What to do for a pod at `now`.
pub(crate) fn plan(desired: &Desired, observed: &Observed, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    match (way(desired, observed, now), desired) {
        (Way::Up, Desired::Pod(pod)) => up::plan(&mut plan, pod, observed, now),
        (Way::Overdue, _) => {
            if !observed.overdue_told {
                plan.push(Step::TellDeadline);
            }
            down::stop(&mut plan, desired.grace(), observed, now);
        }
        (Way::Over, _) => down::over(&mut plan, desired.grace(), observed, now),
        (Way::Up | Way::Down, _) => down::plan(&mut plan, desired, observed, now),
    }
    plan
}
