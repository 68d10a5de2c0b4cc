//! The watch cache: every object the server serves, and the recent changes, in memory.
//!
//! In: one watch on the store ([`feed`]), demultiplexed by key to a [`KindCache`] a kind. Out: snapshots for lists, entries for
//! gets, cursors for watches. [`Cache::confirmed`] makes a read consistent: it asks the store for its newest revision
//! ([`confirm`]) and waits until the feed has got there ([`progress`]). See docs/adr/0001-one-store-watch.md.

mod chunk;
mod confirm;
mod crc;
pub(crate) mod encode;
mod entry;
mod extract;
mod feed;
mod joined;
mod kind;
mod packed;
mod parts;
mod progress;
mod ring;
mod tree;

use std::{collections::HashMap, sync::Arc, time::Duration};

pub(crate) use crc::Crc;
pub(crate) use entry::Entry;
pub(crate) use joined::{PIECE_BYTES, PIECE_CHANGES};
pub(crate) use kind::{KindCache, Snapshot, Watched};
use naru_api::kinds::Kind;
use naru_store::{Error, Revision, Store};
pub(crate) use packed::Packer;
use parking_lot::RwLock;
pub(crate) use parts::{Part, Parts};
pub(crate) use ring::{Change, ChangeKind, Overrun, TooOld, write_frame};
use tokio::sync::watch;

use crate::{
    registry::{Registry, Row},
    server::Clock,
};

/// How long a consistent read waits for the feed before it reads the store itself. Other writers of the same etcd, outside our
/// prefix, move its revision without an event for us.
const CONFIRM_WAIT: Duration = Duration::from_millis(100);
/// How long a write's answer waits for the feed. The write is durable by then; later consistent reads wait by themselves.
const WRITE_WAIT: Duration = Duration::from_secs(3);
/// How long a read waits for a resourceVersion from the future.
pub(crate) const FUTURE_WAIT: Duration = Duration::from_secs(3);

/// Where a consistent read finds its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// In the cache.
    Cached,
    /// In the store: the feed has not reported the newest revision.
    Behind,
}

/// All kinds' caches.
pub(crate) struct Cache {
    store: Arc<dyn Store>,
    clock: Clock,
    kinds: RwLock<Arc<Kinds>>,
    progress: progress::Progress,
    confirm: confirm::Confirm,
    packer: Arc<Packer>,
    ready: watch::Sender<bool>,
}

/// The caches by key prefix and by kind.
#[derive(Default)]
pub(crate) struct Kinds {
    by_prefix: HashMap<Box<str>, Arc<KindCache>>,
    by_kind: Vec<(&'static Kind, Arc<KindCache>)>,
}

impl Kinds {
    /// The cache that a key belongs to.
    fn of_key(&self, key: &str) -> Option<&Arc<KindCache>> {
        kind::prefixes_of(key).into_iter().flatten().find_map(|prefix| self.by_prefix.get(prefix))
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<KindCache>> {
        self.by_prefix.values()
    }
}

impl Cache {
    /// An empty cache of all kinds of the registry.
    pub(crate) fn new(store: Arc<dyn Store>, registry: &Registry, clock: Clock) -> Self {
        let cache = |row: &Row| (row.kind, Arc::new(KindCache::new(row.kind)));
        let by_kind: Vec<_> = registry.rows().iter().map(cache).collect();
        let by_prefix = by_kind.iter().map(|(_, cache)| (cache.prefix.clone(), cache.clone())).collect();
        Cache {
            store,
            clock,
            kinds: RwLock::new(Arc::new(Kinds { by_prefix, by_kind })),
            progress: progress::Progress::default(),
            confirm: confirm::Confirm::default(),
            packer: Arc::default(),
            ready: watch::Sender::new(false),
        }
    }

    /// Follows the store for ever.
    pub(crate) async fn follow(&self) {
        feed::follow(self).await;
    }

    /// Answers questions for the newest revision for ever.
    pub(crate) async fn confirm(&self) {
        self.confirm.serve(self.store.clone()).await;
    }

    /// Turns away those who wait for a confirmation: nobody answers any more.
    pub(crate) fn close(&self) {
        self.confirm.close();
    }

    /// The cache of a kind.
    pub(crate) fn of(&self, row: &Row) -> Option<Arc<KindCache>> {
        let kinds = self.kinds.read();
        let is = |kind: &Kind| kind.plural == row.kind.plural && kind.group == row.kind.group;
        kinds.by_kind.iter().find(|(kind, _)| is(kind)).map(|(_, cache)| cache.clone())
    }

    /// The store behind the cache.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Whether the first listing is done.
    pub(crate) fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Waits for the first listing.
    pub(crate) async fn ready(&self) {
        // The sender lives in self, so the wait cannot fail.
        let _ = self.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// What compresses the entries of lists.
    pub(crate) fn packer(&self) -> &Arc<Packer> {
        &self.packer
    }

    /// The revision up to which every change is in the cache.
    pub(crate) fn seen(&self) -> Revision {
        self.progress.seen()
    }

    /// One kind as it is now.
    pub(crate) fn snapshot(&self, kind: &KindCache) -> Snapshot {
        kind.snapshot(|| self.seen())
    }

    /// Makes everything that was acknowledged before this call visible in the cache, or says that the store must be read.
    pub(crate) async fn confirmed(&self) -> Result<Confirmed, Error> {
        let newest = self.confirm.revision().await?;
        let reached = self.progress.reach(newest, CONFIRM_WAIT).await;
        Ok(if reached { Confirmed::Cached } else { Confirmed::Behind })
    }

    /// Waits until the cache has seen a revision, at most [`FUTURE_WAIT`]; returns whether it has.
    pub(crate) async fn reached(&self, revision: Revision) -> bool {
        self.progress.reach(revision, FUTURE_WAIT).await
    }

    /// Waits until a write's revision is in the cache.
    pub(crate) async fn written(&self, revision: Revision) {
        if !self.progress.reach(revision, WRITE_WAIT).await {
            tracing::warn!(%revision, "the feed is late, a write is answered before the cache has seen it");
        }
    }

    /// The time now in seconds of the Unix epoch.
    pub(crate) fn now_seconds(&self) -> i64 {
        (self.clock)().as_second()
    }

    fn kinds(&self) -> Arc<Kinds> {
        self.kinds.read().clone()
    }

    fn loaded(&self) {
        self.ready.send_replace(true);
    }
}
