//! Reading one state of the database: keys, pages, old states and the log.
//!
//! A [`View`] is one read transaction: everything read through it belongs to the same revision, and neither waits
//! for the writer nor makes it wait.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use bytes::Bytes;
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable};

use super::{
    fault::{Fallible, Fault},
    format::{CURRENT, Entry, LOG, META, META_COMPACTED, META_REVISION, Place},
};
use crate::{Event, KeyValue, Page, Revision};

/// One state of the database.
pub(super) struct View {
    current: ReadOnlyTable<&'static str, Place>,
    log: ReadOnlyTable<Place, &'static [u8]>,
    /// The newest revision of this state.
    pub(super) revision: u64,
    /// States before this revision cannot be read.
    pub(super) compacted: u64,
}

/// A stretch of the log, read for a watch.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// The matching events, one batch a revision.
    pub(super) batches: Vec<Vec<Event>>,
    /// Everything up to this revision has been read.
    pub(super) position: u64,
}

impl View {
    /// The newest committed state.
    pub(super) fn open(db: &Database) -> Fallible<Self> {
        let txn = db.begin_read()?;
        let meta = txn.open_table(META)?;
        let number = |name: &str| -> Fallible<u64> { Ok(meta.get(name)?.map_or(0, |guard| guard.value())) };
        Ok(Self {
            current: txn.open_table(CURRENT)?,
            log: txn.open_table(LOG)?,
            revision: number(META_REVISION)?,
            compacted: number(META_COMPACTED)?,
        })
    }

    /// The newest version of a key.
    pub(super) fn get(&self, key: &str) -> Fallible<Option<KeyValue>> {
        let Some(place) = self.current.get(key)?.map(|guard| guard.value()) else { return Ok(None) };
        self.version(place).map(Some)
    }

    /// A page of the state at `at`, which is not older than [`View::compacted`].
    pub(super) fn list(&self, prefix: &str, at: u64, limit: usize, after: Option<&str>) -> Fallible<Page> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let mut places = Vec::new();
        let mut remaining = 0;
        self.each_key(prefix, at, after, |place| {
            if places.len() < limit {
                places.push(place);
            } else {
                remaining += 1;
            }
        })?;
        let entries = places.into_iter().map(|place| self.version(place)).collect::<Fallible<_>>()?;
        Ok(Page { entries, revision: Revision(at), remaining })
    }

    /// Calls `found` with the version of each key under `prefix` and after `after`, as it was at `at`, in key order.
    ///
    /// The present keys are merged with those changed since `at`, for which the first change tells what it replaced.
    fn each_key(
        &self,
        prefix: &str,
        at: u64,
        after: Option<&str>,
        mut found: impl FnMut(Place),
    ) -> Fallible<()> {
        let changed = self.changed_since(prefix, at, after)?;
        let mut changed = changed.iter().peekable();
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        for row in self.current.range::<&str>((start, Bound::Unbounded))? {
            let (key, place) = row?;
            let key = key.value();
            if !key.starts_with(prefix) {
                break;
            }
            while let Some((_, before)) = changed.next_if(|(name, _)| &***name < key) {
                before.map(&mut found);
            }
            match changed.next_if(|(name, _)| &***name == key) {
                Some((_, before)) => {
                    before.map(&mut found);
                }
                None => found(place.value()),
            }
        }
        changed.filter_map(|(_, before)| *before).for_each(found);
        Ok(())
    }

    /// The keys that changed after `at`, with the version each had at `at`.
    fn changed_since(
        &self,
        prefix: &str,
        at: u64,
        after: Option<&str>,
    ) -> Fallible<BTreeMap<Box<str>, Option<Place>>> {
        let mut changed = BTreeMap::new();
        if at >= self.revision {
            return Ok(changed);
        }
        for row in self.log.range((at + 1, 0)..)? {
            let (place, bytes) = row?;
            let entry = decode(place.value(), bytes.value())?;
            let asked = entry.key.starts_with(prefix) && after.is_none_or(|after| entry.key > after);
            if asked && !changed.contains_key(entry.key) {
                changed.insert(entry.key.into(), entry.replaced);
            }
        }
        Ok(changed)
    }

    /// The version at a place that a table of this state names.
    fn version(&self, place: Place) -> Fallible<KeyValue> {
        version(&self.log, place)
    }

    /// Reads the log after `position` up to `end`, both revisions, until about `events_max` events have been looked
    /// at; whole revisions only.
    pub(super) fn replay(
        &self,
        prefix: &str,
        position: u64,
        end: u64,
        events_max: usize,
    ) -> Fallible<Replay> {
        let mut replay = Replay { batches: Vec::new(), position: end };
        let mut seen_revision = position;
        for (looked_at, row) in self.log.range((position + 1, 0)..=(end, u32::MAX))?.enumerate() {
            let (place, bytes) = row?;
            let place = place.value();
            if place.0 != seen_revision && looked_at >= events_max {
                replay.position = seen_revision;
                break;
            }
            seen_revision = place.0;
            let entry = decode(place, bytes.value())?;
            if !entry.key.starts_with(prefix) {
                continue;
            }
            let event = Event {
                key: entry.key.into(),
                value: entry.value.map(Bytes::copy_from_slice),
                revision: Revision(place.0),
            };
            match replay.batches.last_mut() {
                Some(batch) if batch[0].revision == event.revision => batch.push(event),
                _ => replay.batches.push(vec![event]),
            }
        }
        Ok(replay)
    }
}

/// The living version at `place` of the log.
pub(super) fn version(log: &impl ReadableTable<Place, &'static [u8]>, place: Place) -> Fallible<KeyValue> {
    let damaged = || Fault::Entry { revision: place.0 };
    let bytes = log.get(place)?.ok_or_else(damaged)?;
    let entry = decode(place, bytes.value())?;
    let value = Bytes::copy_from_slice(entry.value.ok_or_else(damaged)?);
    Ok(KeyValue { key: Arc::from(entry.key), value, revision: Revision(place.0) })
}

/// The entry that lies at `place`.
pub(super) fn decode(place: Place, bytes: &[u8]) -> Fallible<Entry<'_>> {
    Entry::decode(bytes).ok_or(Fault::Entry { revision: place.0 })
}
