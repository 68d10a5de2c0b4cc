//! How far the cache has followed the store, and waiting for it to get somewhere.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use naru_store::Revision;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The revision up to which every change is in the cache.
#[derive(Default)]
pub(crate) struct Progress {
    seen: AtomicU64,
    waiting: Mutex<BinaryHeap<Reverse<Waiter>>>,
}

struct Waiter {
    revision: u64,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Waiter {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision
    }
}

impl Eq for Waiter {}

impl PartialOrd for Waiter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.revision.cmp(&other.revision)
    }
}

impl Progress {
    /// Every change up to this revision is in the cache.
    pub(crate) fn seen(&self) -> Revision {
        Revision(self.seen.load(Ordering::Acquire))
    }

    /// The cache has applied everything up to `revision`.
    pub(crate) fn advance(&self, revision: Revision) {
        if self.seen.fetch_max(revision.0, Ordering::AcqRel) < revision.0 {
            self.wake(revision);
        }
    }

    /// The cache holds the state at `revision`, whatever it has seen before: the store may have gone back.
    pub(crate) fn restart(&self, revision: Revision) {
        self.seen.store(revision.0, Ordering::Release);
        self.wake(revision);
    }

    fn wake(&self, revision: Revision) {
        let mut waiting = self.waiting.lock();
        while waiting.peek().is_some_and(|Reverse(first)| first.revision <= revision.0) {
            if let Some(Reverse(waiter)) = waiting.pop() {
                // A waiter that has given up is no loss.
                let _ = waiter.wake.send(());
            }
        }
    }

    /// Waits until `revision` has been seen, at most so long; returns whether it has.
    pub(crate) async fn reach(&self, revision: Revision, at_most: Duration) -> bool {
        if self.seen() >= revision {
            return true;
        }
        let (wake, woken) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock();
            waiting.retain(|Reverse(waiter)| !waiter.wake.is_closed());
            waiting.push(Reverse(Waiter { revision: revision.0, wake }));
        }
        // It may have been reached between the look and the registration.
        if self.seen() >= revision {
            return true;
        }
        tokio::time::timeout(at_most, woken).await.is_ok() || self.seen() >= revision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn waits_for_its_revision_and_no_longer() {
        let progress = Progress::default();
        progress.advance(Revision(5));
        assert!(progress.reach(Revision(5), LONG).await);
        assert!(!progress.reach(Revision(6), Duration::from_millis(100)).await);
        let (six, seven, late) =
            tokio::join!(progress.reach(Revision(6), LONG), progress.reach(Revision(7), LONG), async {
                tokio::task::yield_now().await;
                progress.advance(Revision(7));
                progress.advance(Revision(3));
                progress.seen()
            });
        assert!(six && seven);
        assert_eq!(late, Revision(7));
        assert!(progress.waiting.lock().is_empty());
    }
}
