//! The embedded store: one file, one writer thread, as many readers as there are.
//!
//! ```text
//! commit -> queue -> writer: check, write, one fsync -> hub -> watches
//! get, list -> view (a read transaction)                  log -> watches that are behind
//! ```

mod apply;
#[cfg(test)]
mod disk_tests;
mod fault;
mod format;
mod hub;
mod open;
mod sweep;
#[cfg(test)]
mod tests;
mod view;
mod watch;
mod writer;

use std::{path::Path, sync::Arc, thread::JoinHandle};

use parking_lot::RwLock;
use redb::Database;
use tokio::sync::{mpsc, oneshot};

use self::{
    fault::Fallible,
    hub::Hub,
    view::View,
    writer::{Opener, QUEUE_REQUESTS, Request, Writer},
};
use crate::{Error, EventStream, KeyValue, Page, Result, Revision, Store, Write, types::check_batch};

/// What a caller may choose about an embedded store.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// Memory for pages of the file, in bytes.
    pub cache_bytes: usize,
}

impl Default for EmbeddedOptions {
    /// 8 MiB: the API server keeps what is read often; the operating system's page cache does the rest.
    fn default() -> Self {
        Self { cache_bytes: 8 * 1024 * 1024 }
    }
}

/// A store in one file of this machine. Dropping it writes what was queued and closes the file.
pub struct Embedded {
    shared: Arc<Shared>,
    queue: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
}

/// What readers, watches and the writer share.
struct Shared {
    /// `None` while the database is failed or closed.
    db: RwLock<Option<Arc<Database>>>,
    hub: Arc<Hub>,
}

impl Embedded {
    /// Opens the store in the file `path`, or makes it (readable by its owner only). After a crash this repairs the
    /// file first, which reads it once.
    ///
    /// Fails with [`Error::Unavailable`] if the file cannot be used or is in use by another process, and with
    /// [`Error::Corrupt`] if it is not a store that this version can read.
    pub fn open(path: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self> {
        let path = path.as_ref().to_owned();
        Self::open_with(Box::new(move || open::database(&path, &options)))
    }

    fn open_with(opener: Opener) -> Result<Self> {
        let db = Arc::new(opener()?);
        let (sender, receiver) = mpsc::channel(QUEUE_REQUESTS);
        let starting = |fault: fault::Fault| fault.during("opening the store");
        let revision = View::open(&db).map_err(starting)?.revision;
        let shared = Arc::new(Shared { db: RwLock::new(Some(db.clone())), hub: Hub::new(revision) });
        let writer = Writer::new(shared.clone(), receiver, opener, &db).map_err(starting)?;
        drop(db);
        let thread = std::thread::Builder::new().name("naru-store".into()).spawn(|| writer.run());
        let thread = thread.map_err(|source| Error::Unavailable {
            context: "starting the writer thread".into(),
            source: Some(Arc::new(source)),
        })?;
        Ok(Self { shared, queue: Some(sender), writer: Some(thread) })
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<Result<T>>) -> Request) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().expect("the queue is there until drop");
        let gone = || Error::unavailable("the store stopped before it answered");
        queue.send(request(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A panic of the writer was printed when it happened.
            writer.join().ok();
        }
    }
}

impl Shared {
    fn db(&self) -> Result<Arc<Database>> {
        self.db.read().clone().ok_or_else(Self::not_open)
    }

    fn not_open() -> Error {
        Error::unavailable("the state file is not open")
    }

    fn close(&self) {
        *self.db.write() = None;
    }

    fn reopened(&self, db: Database) {
        *self.db.write() = Some(Arc::new(db));
    }

    /// Reads through the newest state.
    fn view<T>(&self, context: &str, read: impl FnOnce(&View) -> Fallible<T>) -> Result<T> {
        let db = self.db()?;
        let seen = View::open(&db).and_then(|view| {
            self.hub.saw(view.revision);
            read(&view)
        });
        seen.map_err(|fault| fault.during(context))
    }

    fn list(&self, prefix: &str, at: Option<Revision>, limit: usize, after: Option<&str>) -> Result<Page> {
        self.view("listing", |view| {
            let at = at.unwrap_or(Revision(view.revision));
            if at.0 > view.revision {
                return Ok(Err(Error::FutureRevision { asked: at, newest: Revision(view.revision) }));
            }
            if at.0 < view.compacted {
                return Ok(Err(Error::Compacted { asked: at, oldest: Revision(view.compacted) }));
            }
            view.list(prefix, at.0, limit, after).map(Ok)
        })?
    }
}

#[async_trait::async_trait]
impl Store for Embedded {
    async fn revision(&self) -> Result<Revision> {
        self.shared.hub.newest().map(Revision).ok_or_else(Shared::not_open)
    }

    /// Reads on the caller's thread: a lookup is a few pages, mostly cached, and cheaper than changing threads.
    async fn get(&self, key: &str) -> Result<Option<KeyValue>> {
        self.shared.view("reading a key", |view| view.get(key))
    }

    async fn list(
        &self,
        prefix: &str,
        at: Option<Revision>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page> {
        let (shared, prefix, after) = (self.shared.clone(), prefix.to_owned(), after.map(str::to_owned));
        let read = tokio::task::spawn_blocking(move || shared.list(&prefix, at, limit, after.as_deref()));
        read.await.map_err(|_| Error::unavailable("listing was interrupted"))?
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<Revision> {
        let bytes = check_batch(&writes)?;
        self.ask(|answer| Request::Commit { writes, bytes, answer }).await
    }

    async fn watch(&self, prefix: &str, after: Revision) -> Result<EventStream> {
        watch::stream(self.shared.clone(), prefix, after.0)
    }

    async fn compact(&self, before: Revision) -> Result<()> {
        self.ask(|answer| Request::Compact { before: before.0, answer }).await
    }
}
