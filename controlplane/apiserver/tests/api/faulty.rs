//! A store that fails on demand.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures::{StreamExt, stream};
use naru_store::{Error, EventStream, KeyValue, Page, Result, Revision, Store, Write, memory::Memory};
use tokio::sync::watch;

/// A store in memory behind a wire that can be cut.
pub struct Faulty {
    inner: Memory,
    down: watch::Sender<bool>,
    /// How many commits wait.
    waiting: AtomicUsize,
    stalled: watch::Sender<bool>,
    /// The next watch is told that its revision is compacted.
    pub compacted: AtomicBool,
}

impl Faulty {
    pub fn new() -> Arc<Self> {
        Arc::new(Faulty {
            inner: Memory::new(),
            down: watch::Sender::new(false),
            stalled: watch::Sender::new(false),
            waiting: AtomicUsize::new(0),
            compacted: AtomicBool::new(false),
        })
    }

    /// Cuts the wire, or mends it.
    pub fn cut(&self, down: bool) {
        self.down.send_replace(down);
    }

    /// Makes commits wait, or lets them go on.
    pub fn stall(&self, stalled: bool) {
        self.stalled.send_replace(stalled);
    }

    /// How many commits wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// The store behind the wire, for other clients of it.
    pub fn behind(&self) -> &Memory {
        &self.inner
    }

    fn up(&self) -> Result<()> {
        if *self.down.borrow() { Err(away()) } else { Ok(()) }
    }
}

fn away() -> Error {
    Error::Unavailable { context: "the wire is cut".into(), source: None }
}

#[async_trait::async_trait]
impl Store for Faulty {
    async fn revision(&self) -> Result<Revision> {
        self.up()?;
        self.inner.revision().await
    }

    async fn get(&self, key: &str) -> Result<Option<KeyValue>> {
        self.up()?;
        self.inner.get(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        at: Option<Revision>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page> {
        self.up()?;
        self.inner.list(prefix, at, limit, after).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<Revision> {
        self.up()?;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        drop(self.stalled.subscribe().wait_for(|stalled| !stalled).await);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.inner.commit(writes).await
    }

    async fn watch(&self, prefix: &str, after: Revision) -> Result<EventStream> {
        self.up()?;
        if self.compacted.swap(false, Ordering::SeqCst) {
            return Err(Error::Compacted { asked: after, oldest: self.inner.revision().await? });
        }
        let events = self.inner.watch(prefix, after).await?;
        let mut down = self.down.subscribe();
        let cut = Box::pin(async move { drop(down.wait_for(|down| *down).await) });
        Ok(Box::pin(events.take_until(cut).chain(stream::iter([Err(away())]))))
    }

    async fn compact(&self, before: Revision) -> Result<()> {
        self.up()?;
        self.inner.compact(before).await
    }
}
