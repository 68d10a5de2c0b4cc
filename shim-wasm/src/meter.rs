//! Measures a guest's CPU time and holds it to its limit.
//!
//! A guest is a future. The time its thread spends in each poll is its CPU time; a guest in debt to its limit is not
//! polled until the debt is paid. Guests yield at every tick, so a debt stays small. A poll is also where the thread
//! takes on the guest's user.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::{engine::Ticker, identity::Identity, weights::Weight};

/// How much unused time a limited guest may save up, as time at its full rate: Linux's bandwidth period.
const BURST: Duration = Duration::from_millis(100);

/// What a container uses; written by its guest, read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// CPU time in nanoseconds.
    pub(crate) cpu_nanos: AtomicU64,
    /// Bytes of linear memories and tables.
    pub(crate) memory_bytes: AtomicU64,
}

/// A token bucket of CPU time. Pure: time since any fixed point is an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Thousandths of a core.
    millis: u64,
    /// Nanoseconds of CPU time that may be used; below zero is a debt.
    tokens: i128,
    filled_at: Duration,
}

impl Bucket {
    /// A full bucket; `millis` of zero is taken as one.
    pub(crate) fn new(millis: u64, now: Duration) -> Self {
        let millis = millis.max(1);
        let mut bucket = Self { millis, tokens: 0, filled_at: now };
        bucket.tokens = bucket.earned(BURST);
        bucket
    }

    fn earned(&self, time: Duration) -> i128 {
        // Both factors are far below 2^63.
        (time.as_nanos() as i128) * i128::from(self.millis) / 1000
    }

    /// Takes what was `used` up to `now`; the pause that pays for it, if it is more than there was.
    pub(crate) fn charge(&mut self, now: Duration, used: Duration) -> Option<Duration> {
        let full = self.earned(BURST);
        let earned = self.earned(now.saturating_sub(self.filled_at));
        self.filled_at = now;
        self.tokens = (self.tokens + earned).min(full) - used.as_nanos() as i128;
        let debt = u64::try_from(-self.tokens).unwrap_or(0);
        let pause = (debt > 0).then(|| u128::from(debt) * 1000 / u128::from(self.millis))?;
        Some(Duration::from_nanos(u64::try_from(pause).unwrap_or(u64::MAX)))
    }
}

/// A guest under measurement.
pub(crate) struct Metered<F> {
    guest: Pin<Box<F>>,
    ticker: Ticker,
    usage: Arc<Usage>,
    identity: Option<Identity>,
    weight: Option<Weight>,
    limit: Option<(Bucket, Instant)>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Metered<F> {
    /// Measures `guest` into `usage`.
    pub(crate) fn new(guest: F, ticker: Ticker, usage: Arc<Usage>) -> Self {
        Self { guest: Box::pin(guest), ticker, usage, identity: None, weight: None, limit: None, pause: None }
    }

    /// Holds it to `millis` thousandths of a core.
    pub(crate) fn cpu_limit(mut self, millis: Option<u64>) -> Self {
        self.limit = millis.map(|millis| (Bucket::new(millis, Duration::ZERO), Instant::now()));
        self
    }

    /// Lets its thread weigh this much.
    pub(crate) fn weight(mut self, weight: Weight) -> Self {
        self.weight = Some(weight);
        self
    }

    /// Lets its file operations act as this user.
    pub(crate) fn identity(mut self, identity: Option<Identity>) -> Self {
        self.identity = identity;
        self
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Some(pause) = &mut this.pause {
            std::task::ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        if let Some(weight) = &this.weight {
            weight.take();
        }
        let before = thread_time();
        let polled = {
            let _computing = this.ticker.computing();
            let _user = this.identity.as_ref().map(Identity::enter);
            this.guest.as_mut().poll(context)
        };
        let used = thread_time().saturating_sub(before);
        let nanos = u64::try_from(used.as_nanos()).unwrap_or(u64::MAX);
        this.usage.cpu_nanos.fetch_add(nanos, Ordering::Relaxed);
        if let (Poll::Pending, Some((bucket, since))) = (&polled, &mut this.limit)
            && let Some(pause) = bucket.charge(since.elapsed(), used)
        {
            let mut pause = Box::pin(tokio::time::sleep(pause));
            // Registers the waker. The guest's own may fire too, and finds the pause.
            if pause.as_mut().poll(context).is_pending() {
                this.pause = Some(pause);
            } else {
                context.waker().wake_by_ref();
            }
        }
        polled
    }
}

/// The CPU time of this thread.
fn thread_time() -> Duration {
    // Only an unknown clock makes it fail.
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID)
        .map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn debts_are_paid_at_the_rate() {
        /// At, used, pause; in milliseconds.
        type Step = (u64, u64, Option<u64>);
        let table: [(u64, &[Step]); 4] = [
            (1000, &[(10, 10, None), (20, 10, None)]),
            (500, &[(10, 10, None), (100, 90, Some(80))]),
            (100, &[(0, 10, None), (0, 10, Some(100)), (100, 0, None), (110, 10, Some(90))]),
            // Saved time is limited to the burst.
            (100, &[(10_000, 10, None), (10_000, 1, Some(10))]),
        ];
        for (limit, steps) in table {
            let mut bucket = Bucket::new(limit, Duration::ZERO);
            for &(at, used, pause) in steps {
                assert_eq!(bucket.charge(ms(at), ms(used)), pause.map(ms), "limit {limit}, at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn never_more_than_rate_and_burst(limit in 1u64..4000, uses in prop::collection::vec((0u64..50, 0u64..20), 1..200)) {
            let mut bucket = Bucket::new(limit, Duration::ZERO);
            let (mut now, mut used) = (Duration::ZERO, Duration::ZERO);
            for (idle, wants) in uses {
                now += ms(idle);
                used += ms(wants);
                // Whoever keeps the pauses stays within the rate.
                if let Some(pause) = bucket.charge(now, ms(wants)) {
                    now += pause + Duration::from_nanos(1);
                }
                let allowed = (now + BURST).as_nanos() * u128::from(limit) / 1000;
                prop_assert!(used.as_nanos() <= allowed + 4000, "{used:?} by {now:?} at {limit}");
            }
        }
    }
}
