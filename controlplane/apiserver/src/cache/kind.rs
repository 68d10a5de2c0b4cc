//! The cache of one kind: its objects by key, and its recent changes.
//!
//! The feed is the only writer. Readers take a snapshot under a short lock and work on it without one.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use naru_api::kinds::Kind;
use naru_store::{Event, KeyValue, Revision};
use parking_lot::{Mutex, RwLock};
use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use super::{
    entry::{Entry, NotAnObject},
    extract::Plan,
    joined::{Joined, Piece},
    ring::{Change, ChangeKind, Overrun, Ring, TooOld},
    tree::Tree,
};

/// One kind's objects as they were at one revision.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    /// The objects.
    pub(crate) tree: Tree,
    /// The revision; every change of this kind up to it is in `tree`, and none after it.
    pub(crate) revision: Revision,
    /// The last revision that changed this kind.
    pub(crate) changed: Revision,
    /// The cursor behind the snapshot.
    pub(crate) cursor: u64,
}

/// The objects of one kind.
pub(crate) struct KindCache {
    /// `/registry/pods/`.
    pub(crate) prefix: Box<str>,
    kind: &'static Kind,
    plan: Plan,
    state: RwLock<State>,
    joined: Mutex<Joined>,
    news: Notify,
    watchers: AtomicU32,
    epoch: Instant,
}

/// A kind that is being watched; it counts its watchers.
pub(crate) struct Watched(Arc<KindCache>);

impl Watched {
    /// One more watcher.
    pub(crate) fn new(kind: Arc<KindCache>) -> Self {
        kind.watchers.fetch_add(1, Ordering::Relaxed);
        Watched(kind)
    }

    /// How many watchers the kind has.
    pub(crate) fn watchers(&self) -> u32 {
        self.0.watchers.load(Ordering::Relaxed)
    }
}

impl std::ops::Deref for Watched {
    type Target = Arc<KindCache>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

struct State {
    tree: Tree,
    /// The same entries by key, for those who want one of them.
    by_key: HashMap<Arc<str>, Arc<Entry>>,
    ring: Ring,
    changed: Revision,
}

impl KindCache {
    /// An empty cache.
    pub(crate) fn new(kind: &'static Kind) -> Self {
        KindCache {
            prefix: prefix(kind.group, kind.plural).into(),
            kind,
            plan: Plan::new(kind),
            state: RwLock::new(State {
                tree: Tree::default(),
                by_key: HashMap::new(),
                ring: Ring::new(Revision(0)),
                changed: Revision(0),
            }),
            joined: Mutex::new(Joined::default()),
            news: Notify::new(),
            watchers: AtomicU32::new(0),
            epoch: Instant::now(),
        }
    }

    /// The store's key of an object. `namespace` is empty for cluster-scoped kinds.
    pub(crate) fn key(&self, namespace: &str, name: &str) -> String {
        let mut key = String::with_capacity(self.prefix.len() + namespace.len() + 1 + name.len());
        key.push_str(&self.prefix);
        key.push_str(namespace);
        if !namespace.is_empty() {
            key.push('/');
        }
        key.push_str(name);
        key
    }

    /// The prefix of the keys in a namespace; of all of them if it is empty.
    pub(crate) fn prefix_of(&self, namespace: &str) -> String {
        let slash = if namespace.is_empty() { "" } else { "/" };
        format!("{}{namespace}{slash}", self.prefix)
    }

    /// An entry of what the store holds.
    pub(crate) fn entry(&self, found: &KeyValue, taken: i64) -> Result<Entry, NotAnObject> {
        Entry::new(&self.plan, self.prefix.len(), &found.key, &found.value, found.revision, taken)
    }

    /// A selectable field of one of this kind's entries; empty if the kind has no such field.
    pub(crate) fn field<'a>(&self, entry: &'a Entry, label: &str) -> &'a str {
        let at = self.kind.selectable_fields.iter().position(|field| field.label == label);
        at.map_or("", |at| &entry.extract.fields[at])
    }

    /// The newest entry the cache has seen.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.state.read().by_key.get(key).cloned()
    }

    /// All objects now. `seen` gives the revision up to which the feed has applied everything; it is asked under the lock.
    pub(crate) fn snapshot(&self, seen: impl Fn() -> Revision) -> Snapshot {
        let state = self.state.read();
        Snapshot {
            tree: state.tree.clone(),
            revision: seen().max(state.changed),
            changed: state.changed,
            cursor: state.ring.end(),
        }
    }

    /// The cursor behind `revision`.
    pub(crate) fn cursor_after(&self, revision: Revision) -> Result<u64, TooOld> {
        self.state.read().ring.after(revision)
    }

    /// Up to `max` changes from `cursor` on.
    pub(crate) fn read(&self, cursor: u64, max: usize, out: &mut Vec<Arc<Change>>) -> Result<(), Overrun> {
        self.state.read().ring.read(cursor, max, out)
    }

    /// The lines of the next changes from `cursor` on, for watchers that want all of them as they are; `None`: there are none.
    pub(crate) fn piece(&self, cursor: u64) -> Result<Option<Piece>, Overrun> {
        let mut joined = self.joined.lock();
        if let Some(piece) = joined.at(cursor) {
            return Ok(Some(piece.clone()));
        }
        let mut changes = Vec::new();
        self.read(cursor, joined.room(cursor), &mut changes)?;
        let piece = Piece::of(cursor, &changes);
        if let Some(piece) = &piece {
            joined.keep(piece.clone());
        }
        Ok(piece)
    }

    /// When it was made; what its watchers do in step is counted from there.
    pub(crate) fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Completes at the next change; take it before reading, so that none is missed.
    pub(crate) fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// Replaces everything: the state at `revision`, sorted by key. Cursors are overrun.
    pub(crate) fn load(&self, entries: Vec<Arc<Entry>>, revision: Revision) {
        let by_key = entries.iter().map(|entry| (entry.key.clone(), entry.clone())).collect();
        let mut state = self.state.write();
        state.by_key = by_key;
        state.tree = Tree::from_sorted(entries);
        state.ring.reset(revision);
        state.changed = revision;
        drop(state);
        self.joined.lock().clear();
        self.news.notify_waiters();
    }

    /// Applies the changes of whole revisions, in order.
    pub(crate) fn apply<'a>(&self, events: impl Iterator<Item = &'a Event>, taken: i64) {
        // Entries are made before the lock is taken, so that readers never wait for parsing.
        let made: Vec<(&Event, Option<Entry>)> =
            events.map(|event| (event, self.entry_of(event, taken))).collect();
        let mut state = self.state.write();
        for (event, entry) in made {
            state.apply(event, entry);
        }
        drop(state);
        self.news.notify_waiters();
    }

    /// `None` for a deletion. A value that is no object is treated as one, too: it cannot be served, and its key stays visible in the log.
    fn entry_of(&self, event: &Event, taken: i64) -> Option<Entry> {
        let value = event.value.clone()?;
        let found = KeyValue { key: event.key.clone(), value, revision: event.revision };
        match self.entry(&found, taken) {
            Ok(entry) => Some(entry),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "unreadable object left out");
                None
            }
        }
    }
}

impl State {
    fn apply(&mut self, event: &Event, entry: Option<Entry>) {
        self.changed = event.revision;
        let change = match entry {
            Some(entry) => {
                let entry = Arc::new(entry);
                let previous = self.tree.insert(entry.clone());
                self.by_key.insert(entry.key.clone(), entry.clone());
                let kind = if previous.is_some() { ChangeKind::Modified } else { ChangeKind::Added };
                Change::new(kind, entry, previous)
            }
            None => {
                let Some(previous) = self.tree.remove(&event.key) else { return };
                self.by_key.remove(&event.key);
                let last = Arc::new(previous.deleted_at(event.revision));
                Change::new(ChangeKind::Deleted, last, Some(previous))
            }
        };
        self.ring.push(Arc::new(change));
    }
}

/// The store's prefix of a kind.
pub(crate) fn prefix(group: &str, plural: &str) -> String {
    let slash = if group.is_empty() { "" } else { "/" };
    format!("{ROOT}{group}{slash}{plural}/")
}

/// The prefix of everything the API server stores.
pub(crate) const ROOT: &str = "/registry/";

/// The part of a key that names its kind, given whether a prefix is known: `/registry/pods/` or
/// `/registry/apps/deployments/`.
pub(crate) fn prefixes_of(key: &str) -> [Option<&str>; 2] {
    let rest = key.strip_prefix(ROOT);
    let upto = |count: usize| {
        let rest = rest?;
        let (at, _) = rest.match_indices('/').nth(count)?;
        Some(&key[..ROOT.len() + at + 1])
    };
    [upto(0), upto(1)]
}
