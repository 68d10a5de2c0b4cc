//! The recent changes of one kind, in order, shared by all its watchers.
//!
//! Every change has a sequence number; a watcher is a cursor. Old changes fall out; a cursor that pointed at one is told
//! so ([`Overrun`]) and its watch ends with 410.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use naru_store::Revision;

use super::entry::Entry;

/// Changes kept for a kind: what a client may miss before it must list again.
pub(crate) const CHANGES_MAX: usize = 8192;
/// Bytes of objects kept in a kind's changes.
pub(crate) const CHANGES_BYTES_MAX: usize = 24 << 20;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

impl ChangeKind {
    /// As a watch event's `type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ChangeKind::Added => "ADDED",
            ChangeKind::Modified => "MODIFIED",
            ChangeKind::Deleted => "DELETED",
        }
    }
}

/// One change of one object.
#[derive(Debug)]
pub(crate) struct Change {
    /// What happened.
    pub(crate) kind: ChangeKind,
    /// The object after it; for a deletion its last state at the deletion's version.
    pub(crate) entry: Arc<Entry>,
    /// The object before it.
    pub(crate) previous: Option<Arc<Entry>>,
    frame: OnceLock<Bytes>,
}

impl Change {
    /// A change whose watch frame is not built yet.
    pub(crate) fn new(kind: ChangeKind, entry: Arc<Entry>, previous: Option<Arc<Entry>>) -> Self {
        Change { kind, entry, previous, frame: OnceLock::new() }
    }

    /// The line that watchers without a selector get; built once.
    pub(crate) fn frame(&self) -> &Bytes {
        self.frame.get_or_init(|| {
            let mut line = Vec::with_capacity(self.entry.bytes.len() + 40);
            write_frame(&mut line, self.kind, &self.entry.bytes);
            line.into()
        })
    }
}

/// Appends one line of a watch.
pub(crate) fn write_frame(out: &mut Vec<u8>, kind: ChangeKind, object: &[u8]) {
    out.extend_from_slice(br#"{"type":""#);
    out.extend_from_slice(kind.name().as_bytes());
    out.extend_from_slice(br#"","object":"#);
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
}

/// The changes a cursor pointed at are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overrun;

/// A revision whose following changes are not kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooOld {
    /// The oldest revision a watch can start from.
    pub(crate) oldest: Revision,
}

/// The recent changes of a kind.
#[derive(Debug)]
pub(crate) struct Ring {
    changes: VecDeque<Arc<Change>>,
    /// The sequence number of the first change kept.
    start: u64,
    bytes: usize,
    /// Every change after this revision is here.
    oldest: Revision,
}

impl Ring {
    /// A ring that knows nothing before `oldest`.
    pub(crate) fn new(oldest: Revision) -> Self {
        Ring { changes: VecDeque::new(), start: 0, bytes: 0, oldest }
    }

    /// The sequence number of the next change.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.changes.len() as u64
    }

    /// Appends a change, and lets the oldest go if there are too many.
    pub(crate) fn push(&mut self, change: Arc<Change>) {
        self.bytes += change.entry.bytes.len();
        self.changes.push_back(change);
        while self.changes.len() > CHANGES_MAX || (self.bytes > CHANGES_BYTES_MAX && self.changes.len() > 1) {
            self.evict();
        }
    }

    /// Forgets everything: changes up to `now` were missed. All cursors are overrun.
    pub(crate) fn reset(&mut self, now: Revision) {
        // One number is skipped, so that a cursor at the very end is overrun too.
        *self = Ring { start: self.end() + 1, ..Ring::new(now) };
    }

    /// The cursor behind `revision`.
    pub(crate) fn after(&self, revision: Revision) -> Result<u64, TooOld> {
        if revision < self.oldest {
            return Err(TooOld { oldest: self.oldest });
        }
        let behind = self.changes.partition_point(|change| change.entry.revision <= revision);
        Ok(self.start + behind as u64)
    }

    /// Copies up to `max` changes from `cursor` on into `out`.
    pub(crate) fn read(&self, cursor: u64, max: usize, out: &mut Vec<Arc<Change>>) -> Result<(), Overrun> {
        let skip = cursor.checked_sub(self.start).ok_or(Overrun)? as usize;
        out.extend(self.changes.iter().skip(skip).take(max).cloned());
        Ok(())
    }

    fn evict(&mut self) {
        if let Some(gone) = self.changes.pop_front() {
            self.start += 1;
            self.bytes -= gone.entry.bytes.len();
            self.oldest = gone.entry.revision;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use naru_api::kinds::by_kind;

    use super::*;
    use crate::cache::extract::Plan;

    fn change(revision: u64, padding: usize) -> Arc<Change> {
        let plan = Plan::new(by_kind("v1", "ConfigMap").unwrap());
        let stored = format!(r#"{{"metadata":{{}},"data":"{}"}}"#, "x".repeat(padding));
        let entry = Entry::new(&plan, 0, &"a".into(), stored.as_bytes(), Revision(revision), 0).unwrap();
        Arc::new(Change::new(ChangeKind::Added, Arc::new(entry), None))
    }

    fn revisions(ring: &Ring, cursor: u64) -> Vec<u64> {
        let mut out = Vec::new();
        ring.read(cursor, usize::MAX, &mut out).unwrap();
        out.iter().map(|change| change.entry.revision.0).collect()
    }

    #[test]
    fn cursors_start_behind_a_revision() {
        let mut ring = Ring::new(Revision(10));
        for revision in [11, 11, 14, 20] {
            ring.push(change(revision, 0));
        }
        for (after, expected) in [
            (10, vec![11, 11, 14, 20]),
            (11, vec![14, 20]),
            (13, vec![14, 20]),
            (14, vec![20]),
            (20, vec![]),
            (99, vec![]),
        ] {
            assert_eq!(revisions(&ring, ring.after(Revision(after)).unwrap()), expected, "{after}");
        }
        assert_eq!(ring.after(Revision(9)), Err(TooOld { oldest: Revision(10) }));
    }

    #[test]
    fn full_rings_forget_and_say_so() {
        let mut ring = Ring::new(Revision(0));
        let first = ring.end();
        for revision in 1..=CHANGES_MAX as u64 + 5 {
            ring.push(change(revision, 0));
        }
        assert_eq!(ring.read(first, 1, &mut Vec::new()), Err(Overrun));
        assert_eq!(ring.after(Revision(4)), Err(TooOld { oldest: Revision(5) }));
        assert_eq!(revisions(&ring, ring.after(Revision(5)).unwrap())[0], 6);

        let mut ring = Ring::new(Revision(0));
        for revision in 1..=3 {
            ring.push(change(revision, CHANGES_BYTES_MAX / 2));
        }
        assert_eq!(revisions(&ring, ring.after(Revision(2)).unwrap()), [3]);
        assert!(ring.after(Revision(0)).is_err());
    }

    #[test]
    fn a_reset_overruns_every_cursor() {
        let mut ring = Ring::new(Revision(0));
        ring.push(change(1, 0));
        let end = ring.end();
        ring.reset(Revision(50));
        assert_eq!(ring.read(end, 1, &mut Vec::new()), Err(Overrun));
        assert!(ring.read(ring.end(), 1, &mut Vec::new()).is_ok());
        assert!(ring.after(Revision(49)).is_err() && ring.after(Revision(50)).is_ok());
    }

    #[test]
    fn frames_are_built_once() {
        let change = change(7, 0);
        let line = change.frame().clone();
        assert_eq!(line.as_ptr(), change.frame().as_ptr());
        assert!(line.starts_with(br#"{"type":"ADDED","object":{"metadata":{"resourceVersion":"7"}"#));
        assert!(line.ends_with(b"}\n"));
    }
}
