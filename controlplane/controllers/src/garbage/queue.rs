//! Objects that are to be looked at, each once, now or after a pause. Pure: the time is an argument.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use super::graph::Uid;

/// The pause after a first failure, a lost race as a rule; each further one doubles it.
const RETRY: Duration = Duration::from_millis(100);
/// The longest pause.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    due: BTreeSet<(Instant, Uid)>,
    times: HashMap<Uid, Instant>,
    /// The pause after the last failure.
    pauses: HashMap<Uid, Duration>,
}

impl Queue {
    /// Adds an object for `at`; of two times the earlier counts.
    pub(super) fn add(&mut self, uid: Uid, at: Instant) {
        if let Some(before) = self.times.get(&uid) {
            if *before <= at {
                return;
            }
            self.due.remove(&(*before, uid.clone()));
        }
        self.times.insert(uid.clone(), at);
        self.due.insert((at, uid));
    }

    /// Adds an object that could not be dealt with now.
    pub(super) fn add_failed(&mut self, uid: Uid, now: Instant) {
        let pause = self.pauses.get(&uid).map_or(RETRY, |last| (*last * 2).min(RETRY_MAX));
        self.pauses.insert(uid.clone(), pause);
        self.add(uid, now + pause);
    }

    /// Forgets the failures of an object that has been dealt with.
    pub(super) fn done(&mut self, uid: &str) {
        self.pauses.remove(uid);
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes out one that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Uid> {
        if self.next()? > now {
            return None;
        }
        let (_, uid) = self.due.pop_first()?;
        self.times.remove(&uid);
        Some(uid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_and_the_earliest_first() {
        let now = Instant::now();
        let later = now + Duration::from_secs(2);
        let mut queue = Queue::default();
        queue.add("a".into(), later);
        queue.add("b".into(), now);
        queue.add("a".into(), now + Duration::from_secs(1));
        queue.add("a".into(), later);
        assert_eq!((queue.pop(now), queue.pop(now)), (Some("b".into()), None));
        assert_eq!(queue.next(), Some(now + Duration::from_secs(1)));
        assert_eq!((queue.pop(later), queue.pop(later), queue.next()), (Some("a".into()), None, None));
    }

    #[test]
    fn what_fails_comes_back_ever_later_until_it_is_done() {
        let mut now = Instant::now();
        let mut queue = Queue::default();
        let mut pause = |queue: &mut Queue| {
            queue.add_failed("a".into(), now);
            let at = queue.next().expect("it was added");
            let pause = at - now;
            now = at;
            assert_eq!(queue.pop(now), Some("a".into()));
            pause
        };
        let pauses: Vec<_> = (0..12).map(|_| pause(&mut queue)).collect();
        assert_eq!(pauses[..3], [RETRY, 2 * RETRY, 4 * RETRY]);
        assert_eq!(pauses[10..], [RETRY_MAX, RETRY_MAX]);
        queue.done("a");
        assert_eq!(pause(&mut queue), RETRY);
    }
}
