//! A watch of etcd as a stream of batches.
//!
//! Without fragments etcd never splits a revision over two answers, but one answer may hold several revisions.

use std::collections::VecDeque;

use bytes::Bytes;
use etcd_client::{EventType, WatchClient, WatchOptions, WatchResponse, WatchStream};
use futures::stream;

use super::{REQUEST_TIMEOUT, fault::during, signed, text};
use crate::{Error, Event, EventStream, Result, Revision};

struct Watch {
    stream: WatchStream,
    /// Events up to this revision are not wanted.
    after: Revision,
    /// The revision of the last event received, or the asked one.
    position: Revision,
    received: VecDeque<Vec<Event>>,
}

/// A stream of the events under `prefix` after revision `after`.
pub(super) async fn stream(mut client: WatchClient, prefix: &str, after: Revision) -> Result<EventStream> {
    // Starting with `after` itself, not with the next revision, makes etcd refuse a compacted `after`: etcd 3.4 would
    // go on from the compacted revision although a deletion at that revision may be forgotten already.
    let options = WatchOptions::new().with_prefix().with_start_revision(signed(after).max(1));
    let starting = async {
        let mut stream = client.watch(prefix, Some(options)).await?;
        let first = stream.message().await?;
        Ok((stream, first))
    };
    let started = tokio::time::timeout(REQUEST_TIMEOUT, starting).await;
    let started = started.map_err(|_| Error::unavailable("starting a watch: etcd did not answer"))?;
    let (stream, first) = started.map_err(|error| during("starting a watch", error))?;
    let mut watch = Watch { stream, after, position: after, received: VecDeque::new() };
    watch.receive(first)?;
    Ok(Box::pin(stream::unfold(Some(watch), |watch| async {
        let mut watch = watch?;
        match watch.next().await {
            Ok(batch) => Some((Ok(batch), Some(watch))),
            Err(error) => Some((Err(error), None)),
        }
    })))
}

impl Watch {
    async fn next(&mut self) -> Result<Vec<Event>> {
        loop {
            if let Some(batch) = self.received.pop_front() {
                return Ok(batch);
            }
            let answer = self.stream.message().await.map_err(|error| during("watching", error))?;
            self.receive(answer)?;
        }
    }

    fn receive(&mut self, answer: Option<WatchResponse>) -> Result<()> {
        let answer = answer.ok_or_else(|| Error::unavailable("etcd ended the watch"))?;
        if answer.compact_revision() > 0 {
            let oldest = Revision(u64::try_from(answer.compact_revision()).unwrap_or_default());
            return Err(Error::Compacted { asked: self.position, oldest });
        }
        if answer.canceled() {
            return Err(Error::unavailable(format!("etcd cancelled the watch: {}", answer.cancel_reason())));
        }
        for event in answer.events() {
            let event = change(event)?;
            if event.revision <= self.after {
                continue;
            }
            self.position = event.revision;
            match self.received.back_mut() {
                Some(batch) if batch[0].revision == event.revision => batch.push(event),
                _ => self.received.push_back(vec![event]),
            }
        }
        Ok(())
    }
}

fn change(event: &etcd_client::Event) -> Result<Event> {
    let kv =
        event.kv().ok_or_else(|| Error::Corrupt { context: "etcd sent an event without a key".into() })?;
    let value = match event.event_type() {
        EventType::Put => Some(Bytes::copy_from_slice(kv.value())),
        EventType::Delete => None,
    };
    let revision = Revision(u64::try_from(kv.mod_revision()).unwrap_or_default());
    Ok(Event { key: text(kv.key())?.into(), value, revision })
}
