//! Which events are new, which are counted, and which are one too many. Pure.
//!
//! The numbers are client-go's: equal events are counted for ten minutes, and an object may cause 25 events at once and
//! one more in five minutes.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use super::{Note, Severity};
use crate::clock::between;

/// How long equal events are counted rather than told anew, since the last one.
const COUNTED_FOR: Duration = Duration::from_secs(600);
/// Events of one object in a burst.
const BURST: f64 = 25.0;
/// The time in which an object earns one more.
const REFILL: Duration = Duration::from_secs(300);
/// Most events, and most objects, that are remembered.
const MAX_REMEMBERED: usize = 4096;

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Write it under this name.
    Create {
        /// The Event's name.
        name: String,
    },
    /// Set the count of the one that was written.
    Count {
        /// The Event's name.
        name: String,
        /// The count.
        count: u32,
    },
    /// It is one too many.
    Drop,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    uid: String,
    name: String,
    field_path: String,
    severity: Severity,
    reason: &'static str,
    message: String,
}

struct Entry {
    name: String,
    count: u32,
    last: Timestamp,
}

struct Bucket {
    left: f64,
    at: Timestamp,
}

/// The memory of what was told.
#[derive(Default)]
pub(super) struct Ledger {
    entries: HashMap<Key, Entry>,
    buckets: HashMap<String, Bucket>,
    /// Keeps names apart that are made in the same nanosecond.
    sequence: u32,
}

impl Ledger {
    /// Decides about an event at `now`.
    pub(super) fn admit(&mut self, note: &Note, now: Timestamp) -> Decision {
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let about = &note.about;
        let object = format!("{}/{}/{}", text(&about.namespace), text(&about.name), text(&about.uid));
        if !self.spend(object, now) {
            return Decision::Drop;
        }
        let key = Key {
            uid: text(&about.uid),
            name: text(&about.name),
            field_path: text(&about.field_path),
            severity: note.severity,
            reason: note.reason,
            message: note.message.clone(),
        };
        if let Some(entry) = self.entries.get_mut(&key)
            && between(entry.last, now) < COUNTED_FOR
        {
            entry.count = entry.count.saturating_add(1);
            entry.last = now;
            return Decision::Count { name: entry.name.clone(), count: entry.count };
        }
        self.sequence = self.sequence.wrapping_add(1);
        let stamp = now.as_nanosecond() + i128::from(self.sequence % 1000);
        let name = format!("{}.{stamp:x}", key.name);
        self.forget(now);
        self.entries.insert(key, Entry { name: name.clone(), count: 1, last: now });
        Decision::Create { name }
    }

    fn spend(&mut self, object: String, now: Timestamp) -> bool {
        let bucket = self.buckets.entry(object).or_insert(Bucket { left: BURST, at: now });
        let earned = between(bucket.at, now).as_secs_f64() / REFILL.as_secs_f64();
        bucket.left = (bucket.left + earned).min(BURST);
        bucket.at = now;
        let some = bucket.left >= 1.0;
        if some {
            bucket.left -= 1.0;
        }
        some
    }

    fn forget(&mut self, now: Timestamp) {
        if self.entries.len() >= MAX_REMEMBERED {
            self.entries.retain(|_, entry| between(entry.last, now) < COUNTED_FOR);
        }
        if self.entries.len() >= MAX_REMEMBERED {
            self.entries.clear(); // rather counted anew than without bound
        }
        if self.buckets.len() >= MAX_REMEMBERED {
            self.buckets.retain(|_, bucket| between(bucket.at, now) < REFILL);
        }
        if self.buckets.len() >= MAX_REMEMBERED {
            self.buckets.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ObjectReference;

    use super::*;

    fn note(pod: &str, message: &str) -> Note {
        let about = ObjectReference { name: Some(pod.into()), uid: Some(pod.into()), ..Default::default() };
        Note { about, severity: Severity::Normal, reason: "Pulled", message: message.into() }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::constant(1_800_000_000 + seconds, 0)
    }

    #[test]
    fn equal_events_are_counted_and_others_are_not() {
        let mut ledger = Ledger::default();
        let Decision::Create { name } = ledger.admit(&note("p", "a"), at(0)) else { panic!() };
        assert!(name.starts_with("p."));
        assert_eq!(ledger.admit(&note("p", "a"), at(1)), Decision::Count { name: name.clone(), count: 2 });
        assert!(
            matches!(ledger.admit(&note("p", "b"), at(1)), Decision::Create { name: other } if other != name)
        );
        assert!(matches!(ledger.admit(&note("q", "a"), at(1)), Decision::Create { .. }));
        assert!(matches!(ledger.admit(&note("p", "a"), at(700)), Decision::Create { .. }));
    }

    #[test]
    fn an_object_has_a_rate() {
        let mut ledger = Ledger::default();
        let dropped =
            |ledger: &mut Ledger, seconds| ledger.admit(&note("p", "a"), at(seconds)) == Decision::Drop;
        assert_eq!((0..40).filter(|_| dropped(&mut ledger, 0)).count(), 15);
        assert!(!dropped(&mut ledger, 301));
        assert!(dropped(&mut ledger, 302));
        assert!(matches!(ledger.admit(&note("q", "a"), at(302)), Decision::Create { .. }));
    }

    #[test]
    fn memory_is_bounded() {
        let mut ledger = Ledger::default();
        for number in 0..MAX_REMEMBERED * 2 {
            ledger.admit(&note(&number.to_string(), "a"), at(0));
        }
        assert!(ledger.entries.len() <= MAX_REMEMBERED);
        assert!(ledger.buckets.len() <= MAX_REMEMBERED + 1);
    }
}
