//! Applying batches inside one redb transaction: preconditions first, then the writes.

use redb::{ReadableTable, Table, WriteTransaction};

use super::{
    fault::Fallible,
    format::{CURRENT, Entry, LOG, META, META_REVISION, Place},
    view,
};
use crate::{Error, Event, Mutation, Precondition, Revision, Write};

/// What became of one batch; true once the transaction has been committed.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was written as this revision.
    Written {
        /// Its revision.
        revision: u64,
        /// Its events, never empty.
        events: Vec<Event>,
    },
    /// It held, and changes nothing.
    Unchanged {
        /// The newest revision.
        revision: u64,
    },
    /// A precondition did not hold.
    Refused(Error),
}

/// A group of batches being applied in one transaction. Each batch sees those before it.
pub(super) struct Group<'txn> {
    current: Table<'txn, &'static str, Place>,
    log: Table<'txn, Place, &'static [u8]>,
    revision: u64,
}

impl<'txn> Group<'txn> {
    /// Starts a group on top of `revision`, the newest one.
    pub(super) fn begin(txn: &'txn WriteTransaction, revision: u64) -> Fallible<Self> {
        Ok(Self { current: txn.open_table(CURRENT)?, log: txn.open_table(LOG)?, revision })
    }

    /// Applies one batch, or nothing of it.
    pub(super) fn apply(&mut self, writes: &[Write]) -> Fallible<Outcome> {
        let mut replaced = Vec::with_capacity(writes.len());
        for write in writes {
            let place = self.current.get(&*write.key)?.map(|guard| guard.value());
            if !holds(write.precondition, place) {
                return self.refuse(write, place);
            }
            replaced.push(place);
        }
        let revision = self.revision + 1;
        let mut events = Vec::with_capacity(writes.len());
        for (write, replaced) in writes.iter().zip(replaced) {
            events.extend(self.write(write, replaced, revision, events.len())?);
        }
        if events.is_empty() {
            return Ok(Outcome::Unchanged { revision: self.revision });
        }
        self.revision = revision;
        Ok(Outcome::Written { revision, events })
    }

    fn refuse(&self, write: &Write, place: Option<Place>) -> Fallible<Outcome> {
        let current = place.map(|place| view::version(&self.log, place)).transpose()?;
        Ok(Outcome::Refused(Error::Conflict { key: write.key.clone(), current }))
    }

    /// Writes one version; `None` if there was nothing to delete.
    fn write(
        &mut self,
        write: &Write,
        replaced: Option<Place>,
        revision: u64,
        position: usize,
    ) -> Fallible<Option<Event>> {
        let place = (revision, u32::try_from(position).expect("a batch has at most MAX_WRITES writes"));
        let value = match &write.mutation {
            Mutation::Put(value) => Some(value.clone()),
            Mutation::Delete if replaced.is_none() => return Ok(None),
            Mutation::Delete => None,
        };
        match value {
            Some(_) => self.current.insert(&*write.key, place)?,
            None => self.current.remove(&*write.key)?,
        };
        let entry = Entry { key: &write.key, value: value.as_deref(), replaced };
        entry.encode(self.log.insert_reserve(place, entry.encoded_len())?.as_mut());
        Ok(Some(Event { key: write.key.clone(), value, revision: Revision(revision) }))
    }

    /// Ends the group: records the newest revision in the transaction, and returns it.
    pub(super) fn finish(self, txn: &WriteTransaction) -> Fallible<u64> {
        txn.open_table(META)?.insert(META_REVISION, self.revision)?;
        Ok(self.revision)
    }
}

/// Whether a precondition holds for a key whose newest version lies at `place`.
fn holds(precondition: Precondition, place: Option<Place>) -> bool {
    match (precondition, place) {
        (Precondition::Absent, None) => true,
        (Precondition::At(asked), Some((revision, _))) => asked.0 == revision,
        (Precondition::Absent, Some(_)) | (Precondition::At(_), None) => false,
    }
}
