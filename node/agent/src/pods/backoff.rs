//! Waiting longer after each failure, as kubelet does it: doubling to a bound, forgotten after a quiet time.
//!
//! Pure values; the time is an argument. Source of the numbers: kubelet's MaxContainerBackOff and backOffPeriod.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::{after, between};

/// How a back-off grows and when it is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The first delay.
    pub(crate) base: Duration,
    /// The longest delay.
    pub(crate) max: Duration,
    /// A quiet time after which the next failure is a first one.
    pub(crate) forget: Duration,
}

/// Restarts of a container: the first at once, then 10 s doubling to 5 min, forgotten after 10 min of running.
pub(crate) const CRASH: Policy =
    Policy { base: Duration::from_secs(10), max: Duration::from_secs(300), forget: Duration::from_secs(600) };

/// Pulls of an image, and containers whose image or spec cannot run.
pub(crate) const PULL: Policy = CRASH;

/// What the user or the machine will probably put right soon: a missing object, a network that is away.
pub(crate) const RETRY: Policy =
    Policy { base: Duration::from_secs(1), max: Duration::from_secs(20), forget: Duration::from_secs(600) };

/// The memory of one thing that fails again and again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    last: Option<(Duration, Timestamp)>,
}

impl Backoff {
    /// Counts one more failure (or one more restart) at `now` and returns the delay that follows from it.
    pub(crate) fn count(&mut self, policy: Policy, now: Timestamp) -> Duration {
        let delay = match self.last {
            Some((delay, at)) if between(at, now) <= policy.forget => (delay * 2).min(policy.max),
            _ => policy.base,
        };
        self.last = Some((delay, now));
        delay
    }

    /// When something that failed at `failed` may be tried again; `None` is at once.
    pub(crate) fn due_after(&self, policy: Policy, failed: Timestamp) -> Option<Timestamp> {
        let (delay, at) = self.last?;
        (between(at, failed) <= policy.forget).then(|| after(failed, delay))
    }

    /// When the last counted failure may be tried again; `None` is at once.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.last.map(|(delay, at)| after(at, delay))
    }

    /// The delay in force; zero before the first failure.
    pub(crate) fn delay(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |(delay, _)| delay)
    }

    /// Forgets every failure.
    pub(crate) fn reset(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::constant(1_800_000_000 + seconds, 0)
    }

    #[test]
    fn restarts_are_delayed_like_kubelets() {
        let mut crash = Backoff::default();
        let mut clock = 0;
        let mut delays = Vec::new();
        for _ in 0..8 {
            // The container exits after one second of running.
            clock += 1;
            let due = crash.due_after(CRASH, at(clock)).unwrap_or(at(clock));
            delays.push(between(at(clock), due).as_secs());
            clock += between(at(clock), due).as_secs() as i64;
            crash.count(CRASH, at(clock));
        }
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn ten_minutes_of_running_forget_the_past() {
        let mut crash = Backoff::default();
        for second in 0..6 {
            crash.count(CRASH, at(second));
        }
        assert_eq!(crash.due_after(CRASH, at(606)), None);
        assert_eq!(crash.count(CRASH, at(606)), CRASH.base);
    }

    #[test]
    fn a_failure_is_due_again_after_its_delay() {
        let mut retry = Backoff::default();
        assert_eq!(retry.due(), None);
        retry.count(RETRY, at(0));
        assert_eq!(retry.due(), Some(at(1)));
        retry.count(RETRY, at(1));
        assert_eq!(retry.due(), Some(at(3)));
        retry.reset();
        assert_eq!(retry.due(), None);
    }
}
