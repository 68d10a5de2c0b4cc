//! The store's twin in memory: every version in plain maps, nothing on disk, never compacted on its own.
//!
//! For tests of what is built on a store, and as the naive model that the real stores are compared with.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use futures::stream;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    Error, Event, EventStream, KeyValue, Mutation, Page, Precondition, Result, Revision, Store, Write,
    types::check_batch,
};

/// A store in memory.
pub struct Memory {
    state: Arc<Mutex<State>>,
    newest: watch::Sender<Revision>,
}

#[derive(Default)]
struct State {
    /// All versions of each key, oldest first; `None` is a deletion.
    versions: BTreeMap<Arc<str>, Vec<(Revision, Option<Bytes>)>>,
    newest: Revision,
    compacted: Revision,
}

impl Default for Memory {
    fn default() -> Self {
        let state = State { newest: Revision(1), ..State::default() };
        let (newest, _) = watch::channel(state.newest);
        Self { state: Arc::new(Mutex::new(state)), newest }
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    /// The version of `key` as it was at `at`.
    fn version(&self, key: &str, at: Revision) -> Option<KeyValue> {
        let (key, versions) = self.versions.get_key_value(key)?;
        let (revision, value) = versions.iter().rfind(|(revision, _)| *revision <= at)?;
        Some(KeyValue { key: key.clone(), value: value.clone()?, revision: *revision })
    }

    fn list(&self, prefix: &str, at: Revision, limit: usize, after: Option<&str>) -> Page {
        let asked = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        let keys = self.versions.keys().filter(|key| asked(key));
        let mut entries: Vec<_> = keys.filter_map(|key| self.version(key, at)).collect();
        let length = if limit == 0 { entries.len() } else { limit.min(entries.len()) };
        let remaining = (entries.len() - length) as u64;
        entries.truncate(length);
        Page { entries, revision: at, remaining }
    }

    fn commit(&mut self, writes: Vec<Write>) -> Result<Revision> {
        for write in &writes {
            let current = self.version(&write.key, self.newest);
            let holds = match write.precondition {
                Precondition::Absent => current.is_none(),
                Precondition::At(revision) => current.as_ref().is_some_and(|kv| kv.revision == revision),
            };
            if !holds {
                return Err(Error::Conflict { key: write.key.clone(), current });
            }
        }
        let revision = Revision(self.newest.0 + 1);
        for write in writes {
            let value = match write.mutation {
                Mutation::Put(value) => Some(value),
                Mutation::Delete if write.precondition == Precondition::Absent => continue,
                Mutation::Delete => None,
            };
            self.versions.entry(write.key).or_default().push((revision, value));
            self.newest = revision;
        }
        Ok(self.newest)
    }

    /// The changes under `prefix` after a revision, one batch a revision.
    fn changes(&self, prefix: &str, after: Revision) -> BTreeMap<Revision, Vec<Event>> {
        let mut changes = BTreeMap::<_, Vec<_>>::new();
        for (key, versions) in self.versions.iter().filter(|(key, _)| key.starts_with(prefix)) {
            for (revision, value) in versions.iter().filter(|(revision, _)| *revision > after) {
                let event = Event { key: key.clone(), value: value.clone(), revision: *revision };
                changes.entry(*revision).or_default().push(event);
            }
        }
        changes
    }

    fn compact(&mut self, before: Revision) {
        self.compacted = before;
        for versions in self.versions.values_mut() {
            let visible = versions.iter().rposition(|(revision, _)| *revision <= before).unwrap_or(0);
            let deleted = versions[visible].0 <= before && versions[visible].1.is_none();
            versions.drain(..visible + usize::from(deleted));
        }
        self.versions.retain(|_, versions| !versions.is_empty());
    }
}

#[async_trait::async_trait]
impl Store for Memory {
    async fn revision(&self) -> Result<Revision> {
        Ok(self.state.lock().newest)
    }

    async fn get(&self, key: &str) -> Result<Option<KeyValue>> {
        let state = self.state.lock();
        Ok(state.version(key, state.newest))
    }

    async fn list(
        &self,
        prefix: &str,
        at: Option<Revision>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page> {
        let state = self.state.lock();
        let at = at.unwrap_or(state.newest);
        if at > state.newest {
            return Err(Error::FutureRevision { asked: at, newest: state.newest });
        }
        if at < state.compacted {
            return Err(Error::Compacted { asked: at, oldest: state.compacted });
        }
        Ok(state.list(prefix, at, limit, after))
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<Revision> {
        check_batch(&writes)?;
        let mut state = self.state.lock();
        let revision = state.commit(writes)?;
        self.newest.send_replace(revision);
        Ok(revision)
    }

    async fn watch(&self, prefix: &str, after: Revision) -> Result<EventStream> {
        let reader = Reader {
            state: self.state.clone(),
            newest: self.newest.subscribe(),
            prefix: prefix.into(),
            position: after,
        };
        Ok(Box::pin(stream::unfold(Some(reader), |reader| async {
            let mut reader = reader?;
            match reader.next().await {
                Ok(batch) => Some((Ok(batch), Some(reader))),
                Err(error) => Some((Err(error), None)),
            }
        })))
    }

    async fn compact(&self, before: Revision) -> Result<()> {
        let mut state = self.state.lock();
        if before > state.newest {
            return Err(Error::FutureRevision { asked: before, newest: state.newest });
        }
        if before > state.compacted {
            state.compact(before);
        }
        Ok(())
    }
}

/// A watch: looks for the next change after its position, and waits while there is none.
struct Reader {
    state: Arc<Mutex<State>>,
    newest: watch::Receiver<Revision>,
    prefix: Arc<str>,
    position: Revision,
}

impl Reader {
    async fn next(&mut self) -> Result<Vec<Event>> {
        loop {
            self.newest.mark_unchanged();
            if let Some((revision, batch)) = self.look()? {
                self.position = revision;
                return Ok(batch);
            }
            self.newest.changed().await.map_err(|_| Error::unavailable("the store is closed"))?;
        }
    }

    fn look(&mut self) -> Result<Option<(Revision, Vec<Event>)>> {
        let state = self.state.lock();
        if self.position < state.compacted {
            return Err(Error::Compacted { asked: self.position, oldest: state.compacted });
        }
        let found = state.changes(&self.prefix, self.position).pop_first();
        if found.is_none() {
            self.position = self.position.max(state.newest);
        }
        Ok(found)
    }
}
