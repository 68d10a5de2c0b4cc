//! The hub hands the events of each commit to the watches that want them.
//!
//! A watch has a bounded channel. When it is full the watch is dropped from the hub; it then finds its channel closed,
//! subscribes again and reads what it missed from the log. So a slow watch costs a bounded amount of memory, and loses
//! nothing until compaction overtakes it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::{Error, Event, Result};

/// Batches that wait for a watch before it has to read from the log.
const WATCH_BUFFER_BATCHES: usize = 512;

/// Distributes events; one for each store.
pub(super) struct Hub {
    newest: AtomicU64,
    /// Mirrors `State::down`, to be read without the lock.
    up: AtomicBool,
    state: Mutex<State>,
}

struct State {
    published: u64,
    /// Why the store cannot be used, while it cannot.
    down: Option<&'static str>,
    next_id: u64,
    subscribers: HashMap<u64, Subscriber>,
}

struct Subscriber {
    prefix: Arc<str>,
    sender: mpsc::Sender<Vec<Event>>,
}

/// A watch's place in the hub; leaves it when dropped.
pub(super) struct Subscription {
    hub: Arc<Hub>,
    id: u64,
    /// All events up to this revision were published before the subscription.
    pub(super) published: u64,
    receiver: mpsc::Receiver<Vec<Event>>,
}

impl Hub {
    /// A hub of a store whose newest revision is `revision`.
    pub(super) fn new(revision: u64) -> Arc<Self> {
        let state = State { published: revision, down: None, next_id: 0, subscribers: HashMap::new() };
        Arc::new(Self {
            newest: AtomicU64::new(revision),
            up: AtomicBool::new(true),
            state: Mutex::new(state),
        })
    }

    /// The newest revision that was acknowledged or read by anyone; `None` while the store cannot be used.
    pub(super) fn newest(&self) -> Option<u64> {
        self.up.load(Ordering::Acquire).then(|| self.newest.load(Ordering::Acquire))
    }

    /// Notes that a reader has seen `revision`, which may not be published yet: nobody may be told an older one
    /// from now on.
    pub(super) fn saw(&self, revision: u64) {
        self.newest.fetch_max(revision, Ordering::AcqRel);
    }

    /// Publishes one commit's events. Called in the order of revisions.
    pub(super) fn publish(&self, revision: u64, events: &[Event]) {
        self.saw(revision);
        let mut state = self.state.lock();
        state.published = revision;
        state.subscribers.retain(|_, subscriber| {
            let wanted: Vec<Event> =
                events.iter().filter(|event| event.key.starts_with(&*subscriber.prefix)).cloned().collect();
            wanted.is_empty() || subscriber.sender.try_send(wanted).is_ok()
        });
    }

    /// Subscribes to the events under `prefix`.
    pub(super) fn subscribe(self: &Arc<Self>, prefix: &Arc<str>) -> Result<Subscription> {
        let mut state = self.state.lock();
        if let Some(why) = state.down {
            return Err(Error::unavailable(why));
        }
        let (sender, receiver) = mpsc::channel(WATCH_BUFFER_BATCHES);
        let id = state.next_id;
        state.next_id += 1;
        state.subscribers.insert(id, Subscriber { prefix: prefix.clone(), sender });
        Ok(Subscription { hub: self.clone(), id, published: state.published, receiver })
    }

    /// Ends all watches: the store cannot be used for the given reason.
    pub(super) fn take_down(&self, why: &'static str) {
        let mut state = self.state.lock();
        state.down = Some(why);
        self.up.store(false, Ordering::Release);
        state.subscribers.clear();
    }

    /// The store can be used again, and its newest revision is `revision`.
    pub(super) fn bring_up(&self, revision: u64) {
        self.saw(revision);
        let mut state = self.state.lock();
        state.down = None;
        state.published = revision;
        self.up.store(true, Ordering::Release);
    }

    /// How many watches there are.
    #[cfg(test)]
    pub(super) fn watches(&self) -> usize {
        self.state.lock().subscribers.len()
    }
}

impl Subscription {
    /// The next batch; `None` once the hub has dropped this watch.
    pub(super) async fn next(&mut self) -> Option<Vec<Event>> {
        self.receiver.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.state.lock().subscribers.remove(&self.id);
    }
}
