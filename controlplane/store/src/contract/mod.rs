//! The contract of [`Store`] as named checks, which every implementation must pass.
//!
//! A check panics when the contract is broken. Each works under a prefix of its own, so that checks may run one after
//! the other on one store; not at the same time, since they compact.
#![allow(clippy::unwrap_used)] // A check fails by panicking.

mod compaction;
mod lists;
mod watches;
mod writes;

use std::{pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Future, StreamExt};

use crate::{Error, Event, EventStream, Mutation, Precondition, Result, Revision, Store, Write};

/// One named check.
pub struct Check {
    /// What must hold, as words joined by underscores.
    pub name: &'static str,
    run: fn(Bed) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Check {
    /// Runs the check on a store; panics if the contract is broken.
    pub async fn run(&self, store: Arc<dyn Store>) {
        let prefix = format!("/contract/{}/", self.name);
        (self.run)(Bed { store, prefix }).await;
    }
}

macro_rules! checks {
    ($($module:ident :: $name:ident),* $(,)?) => {
        vec![$(Check { name: stringify!($name), run: |bed| Box::pin($module::$name(bed)) }),*]
    };
}

/// All checks.
pub fn checks() -> Vec<Check> {
    checks![
        writes::a_key_is_created_read_replaced_and_deleted,
        writes::a_lost_race_is_a_conflict_that_tells_what_is_there,
        writes::a_batch_is_written_whole_or_not_at_all,
        writes::a_batch_that_changes_nothing_has_the_newest_revision,
        writes::batches_against_the_rules_are_refused,
        writes::large_batches_and_values_are_kept,
        writes::of_many_writers_of_one_revision_one_wins,
        lists::a_list_is_ordered_and_stays_in_its_prefix,
        lists::pages_of_one_revision_make_up_the_list,
        lists::an_old_revision_shows_the_old_state,
        lists::the_future_cannot_be_listed,
        watches::a_watch_replays_history_and_goes_on_live,
        watches::a_watch_sees_only_its_prefix,
        watches::all_events_of_a_revision_come_in_one_batch,
        watches::a_watch_of_the_future_waits,
        watches::a_slow_watch_misses_nothing,
        watches::watches_started_amid_writes_miss_and_repeat_nothing,
        compaction::compaction_keeps_the_present_and_ends_the_past,
        compaction::a_watch_of_compacted_history_ends_with_compacted,
        compaction::deleted_keys_stay_deleted_after_compaction,
    ]
}

/// Longest wait for an event that must come; generous, for busy machines.
const EVENT_WAIT: Duration = Duration::from_secs(30);

/// The store under test and the prefix of one check.
#[derive(Clone)]
struct Bed {
    store: Arc<dyn Store>,
    prefix: String,
}

impl Bed {
    fn key(&self, name: &str) -> Arc<str> {
        format!("{}{name}", self.prefix).into()
    }

    fn write(&self, name: &str, precondition: Precondition, value: Option<&str>) -> Write {
        let mutation = match value {
            Some(value) => Mutation::Put(Bytes::copy_from_slice(value.as_bytes())),
            None => Mutation::Delete,
        };
        Write { key: self.key(name), precondition, mutation }
    }

    async fn create(&self, name: &str, value: &str) -> Revision {
        self.store.commit(vec![self.write(name, Precondition::Absent, Some(value))]).await.unwrap()
    }

    async fn replace(&self, name: &str, at: Revision, value: &str) -> Revision {
        self.store.commit(vec![self.write(name, Precondition::At(at), Some(value))]).await.unwrap()
    }

    async fn delete(&self, name: &str, at: Revision) -> Revision {
        self.store.commit(vec![self.write(name, Precondition::At(at), None)]).await.unwrap()
    }

    /// Name, value and revision of each entry, at a revision.
    async fn list(&self, at: Option<Revision>) -> Result<Vec<(String, String, Revision)>> {
        let page = self.store.list(&self.prefix, at, 0, None).await?;
        assert_eq!(page.remaining, 0);
        let name = |key: &str| key.strip_prefix(&self.prefix).expect("the key has the prefix").to_owned();
        Ok(page.entries.into_iter().map(|kv| (name(&kv.key), text(&kv.value), kv.revision)).collect())
    }

    async fn watch(&self, after: Revision) -> Events {
        self.watch_under("", after).await
    }

    async fn watch_under(&self, name: &str, after: Revision) -> Events {
        Events { stream: self.store.watch(&self.key(name), after).await.unwrap() }
    }

    /// The error that a watch from `after` ends with before any event.
    async fn watch_error(&self, after: Revision) -> Error {
        match self.store.watch(&self.prefix, after).await {
            Err(error) => error,
            Ok(stream) => Events { stream }.item().await.expect_err("an error comes first"),
        }
    }

    fn event(&self, name: &str, value: Option<&str>, revision: Revision) -> Event {
        let value = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
        Event { key: self.key(name), value, revision }
    }
}

/// A watch being read.
struct Events {
    stream: EventStream,
}

impl Events {
    async fn item(&mut self) -> Result<Vec<Event>> {
        let item = tokio::time::timeout(EVENT_WAIT, self.stream.next()).await;
        item.expect("an event or an error comes in time").expect("a watch does not end in silence")
    }

    /// The next batch; its events are of one revision.
    async fn batch(&mut self) -> Vec<Event> {
        let batch = self.item().await.unwrap();
        assert!(!batch.is_empty(), "a batch has events");
        assert!(
            batch.iter().all(|event| event.revision == batch[0].revision),
            "{batch:?} is of one revision"
        );
        batch
    }

    /// The next event, alone in its batch.
    async fn one(&mut self) -> Event {
        let mut batch = self.batch().await;
        assert_eq!(batch.len(), 1, "{batch:?}");
        batch.remove(0)
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8(value.to_vec()).unwrap()
}
