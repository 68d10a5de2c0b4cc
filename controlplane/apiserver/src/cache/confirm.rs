//! Asking the store for its newest revision, once for everybody who asks at the same time.
//!
//! A confirmation counts only for those who asked before it began; later ones share the next. So however many reads are waiting, one
//! question is on its way. With many readers the questions themselves keep a distance ([`PACE`]): a question costs more than a read from the
//! cache, and waiting a little lets more readers share it.

use std::{sync::Arc, time::Duration};

use naru_store::{Error, Revision, Store};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep_until},
};

/// The time between two questions while there are many readers.
const PACE: Duration = Duration::from_millis(2);
/// So many readers of one question are many. Fewer are not worth a wait: one reader after the other asks at once.
const MANY: usize = 3;

/// A store in this process answers faster than this; such questions need no distance.
const CHEAP: Duration = Duration::from_micros(100);

type Answer = Result<Revision, Error>;

/// The waiting line for the next confirmation.
pub(crate) struct Confirm {
    /// `None` once nobody answers any more.
    waiting: Mutex<Option<Vec<oneshot::Sender<Answer>>>>,
    asked: Notify,
}

impl Default for Confirm {
    fn default() -> Self {
        Confirm { waiting: Mutex::new(Some(Vec::new())), asked: Notify::new() }
    }
}

impl Confirm {
    /// The store's newest revision, asked for after this call began.
    pub(crate) async fn revision(&self) -> Answer {
        let (send, answer) = oneshot::channel();
        if let Some(waiting) = &mut *self.waiting.lock() {
            waiting.push(send);
        }
        self.asked.notify_one();
        answer.await.unwrap_or_else(|_| {
            Err(Error::Unavailable { context: "the server is shutting down".into(), source: None })
        })
    }

    /// Answers those who ask, for ever.
    pub(crate) async fn serve(&self, store: Arc<dyn Store>) {
        let mut next = Instant::now();
        loop {
            self.asked.notified().await;
            sleep_until(next).await;
            let waiting = self.waiting.lock().as_mut().map(std::mem::take).unwrap_or_default();
            if waiting.is_empty() {
                continue;
            }
            let began = Instant::now();
            let answer = store.revision().await;
            if waiting.len() >= MANY && began.elapsed() >= CHEAP {
                next = began + PACE;
            }
            for one in waiting {
                // Whoever has gone away needs no answer.
                let _ = one.send(answer.clone());
            }
        }
    }

    /// Turns away everybody who waits: nobody serves any more.
    pub(crate) fn close(&self) {
        *self.waiting.lock() = None;
    }
}
