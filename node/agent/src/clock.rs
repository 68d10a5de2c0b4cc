//! The agent's only source of wall-clock time and of waiting, so that tests can run hours in milliseconds.
//!
//! Out: the time now, and futures that end at a time. Everything that decides takes the time as an argument instead.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

/// Tells the time and waits for it.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Ends once [`Clock::now`] has reached `time`; at once if it already has. Cancel-safe.
    fn until(&self, time: Timestamp) -> BoxFuture<'static, ()>;
}

impl dyn Clock {
    /// Ends `duration` from now.
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.until(after(self.now(), duration))
    }
}

/// `time` plus `duration`, the last representable time when that is out of range.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// How long from `earlier` to `later`; zero if it is the other way round.
pub(crate) fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or(Duration::ZERO)
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn until(&self, time: Timestamp) -> BoxFuture<'static, ()> {
        let left = between(self.now(), time);
        Box::pin(tokio::time::sleep(left))
    }
}
