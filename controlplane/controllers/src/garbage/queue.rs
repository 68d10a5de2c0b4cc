//! Objects that are to be looked at, each once, now or after a pause. Pure: the time is an argument.

use std::collections::{BTreeSet, HashMap};

use tokio::time::Instant;

use super::graph::Uid;

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    due: BTreeSet<(Instant, Uid)>,
    times: HashMap<Uid, Instant>,
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
    use std::time::Duration;

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
}
