//! Asking the store for its newest revision, once for everybody who asks at the same time.
//!
//! A confirmation counts only for those who asked before it began; later ones share the next. So however many reads are waiting, one
//! question is on its way.

use std::sync::Arc;

use naru_store::{Error, Revision, Store};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

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
        loop {
            self.asked.notified().await;
            let waiting = self.waiting.lock().as_mut().map(std::mem::take).unwrap_or_default();
            if waiting.is_empty() {
                continue;
            }
            let answer = store.revision().await;
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
