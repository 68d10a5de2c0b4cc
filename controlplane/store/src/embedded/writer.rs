//! The writer thread: the only one that writes, so that revisions have an order and one fsync serves all who wait.
//!
//! In: batches and compactions from a bounded queue. Each turn takes everything that waits, applies it in one
//! transaction, commits with one fsync, publishes the events and answers. A failed commit leaves it unknown what is on
//! disk: everybody is told so, watches end, and the database is opened again until that succeeds.

use std::{sync::Arc, time::Duration};

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::{
    Shared,
    apply::{Group, Outcome},
    fault::{Fallible, Fault},
    sweep,
    view::View,
};
use crate::{Error, Result, Revision, Write};

/// Requests that may wait for the writer; more wait in their callers.
pub(super) const QUEUE_REQUESTS: usize = 1024;
/// Batches in one transaction.
const GROUP_BATCHES: usize = 1024;
/// Bytes in one transaction, before the last batch is added.
const GROUP_BYTES: usize = 8 * 1024 * 1024;
/// Time between attempts to open a database that failed.
const REOPEN_PERIOD: Duration = Duration::from_millis(200);

const FAILED: &str = "the last write to disk failed";
const CLOSED: &str = "the store is closed";

/// Opens the database; called again after a failure.
pub(super) type Opener = Box<dyn Fn() -> Result<Database> + Send>;

/// What the writer is asked for.
pub(super) enum Request {
    /// Write a batch, or refuse it.
    Commit {
        /// The batch, which keeps the rules of `check_batch`.
        writes: Vec<Write>,
        /// Its size.
        bytes: usize,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<Revision>>,
    },
    /// Forget states before a revision.
    Compact {
        /// The revision.
        before: u64,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<()>>,
    },
}

struct Batch {
    writes: Vec<Write>,
    answer: oneshot::Sender<Result<Revision>>,
}

/// The writer's own state.
pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Request>,
    open: Opener,
    revision: u64,
    compacted: u64,
    swept: u64,
}

impl Writer {
    /// A writer for an opened database.
    pub(super) fn new(
        shared: Arc<Shared>,
        queue: mpsc::Receiver<Request>,
        open: Opener,
        db: &Database,
    ) -> Fallible<Self> {
        let mut writer = Self { shared, queue, open, revision: 0, compacted: 0, swept: 0 };
        writer.load(db)?;
        Ok(writer)
    }

    fn load(&mut self, db: &Database) -> Fallible<()> {
        let view = View::open(db)?;
        (self.revision, self.compacted) = (view.revision, view.compacted);
        self.swept = sweep::swept(db)?;
        Ok(())
    }

    /// Serves requests until nobody can send any more.
    pub(super) fn run(mut self) {
        while let Some(request) = self.wait() {
            if let Err(fault) = self.turn(request) {
                self.recover(&fault);
            }
        }
        self.shared.hub.take_down(CLOSED);
        self.shared.close();
    }

    /// Waits for a request; answers `Some(None)` at once when there is none but sweeping to be done.
    fn wait(&mut self) -> Option<Option<Request>> {
        if self.swept >= self.compacted {
            return self.queue.blocking_recv().map(Some);
        }
        match self.queue.try_recv() {
            Ok(request) => Some(Some(request)),
            Err(mpsc::error::TryRecvError::Empty) => Some(None),
            Err(mpsc::error::TryRecvError::Disconnected) => None,
        }
    }

    /// Serves what waits, then does one step of sweeping if one is due.
    fn turn(&mut self, mut request: Option<Request>) -> Fallible<()> {
        let db = self.shared.db().map_err(|_| Fault::from(redb::StorageError::DatabaseClosed))?;
        let mut group = Vec::new();
        let mut bytes_total = 0;
        while let Some(next) = request {
            match next {
                Request::Commit { writes, bytes, answer } => {
                    group.push(Batch { writes, answer });
                    bytes_total += bytes;
                }
                Request::Compact { before, answer } => {
                    self.commit(&db, std::mem::take(&mut group))?;
                    self.compact(&db, before, answer)?;
                }
            }
            let full = group.len() >= GROUP_BATCHES || bytes_total >= GROUP_BYTES;
            request = if full { None } else { self.queue.try_recv().ok() };
        }
        self.commit(&db, group)?;
        if self.swept < self.compacted {
            self.swept = sweep::step(&db, self.swept, self.compacted)?;
        }
        Ok(())
    }

    /// Commits a group with one fsync, publishes, and answers.
    fn commit(&mut self, db: &Database, group: Vec<Batch>) -> Fallible<()> {
        if group.is_empty() {
            return Ok(());
        }
        let outcomes = match write_group(db, self.revision, &group) {
            Ok(outcomes) => outcomes,
            Err(fault) => {
                answer_all(group, &Error::unavailable(FAILED));
                return Err(fault);
            }
        };
        for (batch, outcome) in group.into_iter().zip(outcomes) {
            let answer = match outcome {
                Outcome::Written { revision, events } => {
                    self.revision = revision;
                    self.shared.hub.publish(revision, &events);
                    Ok(Revision(revision))
                }
                Outcome::Unchanged { revision } => Ok(Revision(revision)),
                Outcome::Refused(error) => Err(error),
            };
            // Whoever asked may have gone; the write stands.
            batch.answer.send(answer).ok();
        }
        Ok(())
    }

    fn compact(&mut self, db: &Database, before: u64, answer: oneshot::Sender<Result<()>>) -> Fallible<()> {
        let newest = Revision(self.revision);
        let result = if before > self.revision {
            Err(Error::FutureRevision { asked: Revision(before), newest })
        } else if before <= self.compacted {
            Ok(())
        } else if let Err(fault) = sweep::mark(db, before) {
            answer.send(Err(Error::unavailable(FAILED))).ok();
            return Err(fault);
        } else {
            self.compacted = before;
            Ok(())
        };
        answer.send(result).ok();
        Ok(())
    }

    /// Opens the database again, refusing requests until it works or nobody is left.
    fn recover(&mut self, fault: &Fault) {
        tracing::error!(error = fault as &dyn std::error::Error, "the state store failed; opening it again");
        self.shared.hub.take_down(FAILED);
        self.shared.close();
        loop {
            match self.reopen() {
                Ok(()) => return tracing::info!(revision = self.revision, "the state store works again"),
                Err(error) => tracing::warn!(%error, "the state store still fails"),
            }
            std::thread::sleep(REOPEN_PERIOD);
            loop {
                match self.queue.try_recv() {
                    Ok(request) => request.refuse(&Error::unavailable(FAILED)),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return,
                }
            }
        }
    }

    fn reopen(&mut self) -> Result<()> {
        let db = (self.open)()?;
        self.load(&db).map_err(|fault| fault.during("reading the newest revision"))?;
        self.shared.reopened(db);
        self.shared.hub.bring_up(self.revision);
        Ok(())
    }
}

impl Request {
    fn refuse(self, error: &Error) {
        match self {
            Request::Commit { answer, .. } => drop(answer.send(Err(error.clone()))),
            Request::Compact { answer, .. } => drop(answer.send(Err(error.clone()))),
        }
    }
}

/// Writes a group on top of `revision`; what the outcomes say is on disk when this returns.
fn write_group(db: &Database, revision: u64, group: &[Batch]) -> Fallible<Vec<Outcome>> {
    let txn = db.begin_write()?;
    let mut outcomes = Vec::with_capacity(group.len());
    let newest = {
        let mut tables = Group::begin(&txn, revision)?;
        for batch in group {
            outcomes.push(tables.apply(&batch.writes)?);
        }
        tables.finish(&txn)?
    };
    if newest == revision {
        txn.abort()?;
    } else {
        txn.commit()?;
    }
    Ok(outcomes)
}

fn answer_all(group: Vec<Batch>, error: &Error) {
    for batch in group {
        batch.answer.send(Err(error.clone())).ok();
    }
}
