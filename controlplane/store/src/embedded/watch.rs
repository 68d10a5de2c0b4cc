//! A watch of the embedded store: history from the log first, then live events from the hub.
//!
//! The position (the revision up to which everything was delivered) decides alone what comes next, so switching
//! between log and hub, in either direction, neither skips nor repeats.

use std::{collections::VecDeque, sync::Arc};

use futures::stream;

use super::{
    Shared,
    hub::Subscription,
    view::{Replay, View},
};
use crate::{Error, Event, EventStream, Result, Revision};

/// Events read from the log in one go, of all prefixes.
const REPLAY_EVENTS: usize = 1024;

struct Watch {
    shared: Arc<Shared>,
    prefix: Arc<str>,
    /// Everything up to this revision has been delivered or lies in `read`.
    position: u64,
    /// Batches read from the log, not delivered yet.
    read: VecDeque<Vec<Event>>,
    live: Subscription,
}

/// A stream of the events under `prefix` after revision `after`.
pub(super) fn stream(shared: Arc<Shared>, prefix: &str, after: u64) -> Result<EventStream> {
    let prefix: Arc<str> = prefix.into();
    let live = shared.hub.subscribe(&prefix)?;
    let watch = Watch { shared, prefix, position: after, read: VecDeque::new(), live };
    let stream = stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        match watch.next().await {
            Ok(batch) => Some((Ok(batch), Some(watch))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(Box::pin(stream))
}

impl Watch {
    async fn next(&mut self) -> Result<Vec<Event>> {
        loop {
            if let Some(batch) = self.read.pop_front() {
                return Ok(batch);
            }
            if self.position < self.live.published {
                self.read_log().await?;
                continue;
            }
            match self.live.next().await {
                Some(batch) if batch[0].revision.0 > self.position => {
                    self.position = batch[0].revision.0;
                    return Ok(batch);
                }
                // Delivered from the log already, or before the asked position.
                Some(_) => {}
                None => self.live = self.shared.hub.subscribe(&self.prefix)?,
            }
        }
    }

    /// Reads the next part of the log, off the async threads.
    async fn read_log(&mut self) -> Result<()> {
        let (shared, prefix) = (self.shared.clone(), self.prefix.clone());
        let (position, end) = (self.position, self.live.published);
        let read = tokio::task::spawn_blocking(move || read_part(&shared, &prefix, position, end));
        let replay = read.await.map_err(|_| Error::unavailable("reading the log was interrupted"))??;
        self.position = replay.position;
        self.read.extend(replay.batches);
        Ok(())
    }
}

fn read_part(shared: &Shared, prefix: &str, position: u64, end: u64) -> Result<Replay> {
    shared.view("reading the log", |view: &View| {
        if position < view.compacted {
            let (asked, oldest) = (Revision(position), Revision(view.compacted));
            return Ok(Err(Error::Compacted { asked, oldest }));
        }
        view.replay(prefix, position, end, REPLAY_EVENTS).map(Ok)
    })?
}
