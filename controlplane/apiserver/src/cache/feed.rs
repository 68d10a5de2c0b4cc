//! The feed: one watch on the store brings every change into the caches, in revision order.
//!
//! It starts with a listing and follows with the watch. A watch that breaks is taken up again after the last revision seen; if that has been
//! compacted meanwhile, or the store has gone back behind it (it was emptied, or a backup was restored), everything is listed
//! again and open watches end with 410.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::StreamExt;
use naru_store::{Error, Event, KeyValue, Revision};

use super::{
    Cache,
    entry::Entry,
    kind::{KindCache, ROOT},
};

/// Entries of a page of the first listing.
const LOAD_PAGE: usize = 2000;
/// The pause after the first failure; it doubles.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// The longest pause between attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Follows the store for ever.
pub(super) async fn follow(cache: &Cache) {
    let mut seen: Option<Revision> = None;
    let mut backoff = BACKOFF_MIN;
    loop {
        let before = seen;
        let error = match follow_once(cache, &mut seen).await {
            Ok(never) => match never {},
            Err(error) => error,
        };
        match &error {
            Error::Compacted { .. } => seen = None,
            Error::FutureRevision { asked, newest } => {
                tracing::error!(seen = %asked, %newest, "the store has gone back: was it emptied, or a backup restored?");
                seen = None;
            }
            _ => {}
        }
        if seen > before {
            backoff = BACKOFF_MIN;
        }
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the watch on the store broke, trying again"
        );
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

/// Lists if nothing has been `seen` yet, and watches until the watch breaks.
async fn follow_once(cache: &Cache, seen: &mut Option<Revision>) -> Result<std::convert::Infallible, Error> {
    let after = match *seen {
        Some(revision) => {
            let newest = cache.store.revision().await?;
            if newest < revision {
                return Err(Error::FutureRevision { asked: revision, newest });
            }
            revision
        }
        None => load(cache).await?,
    };
    *seen = Some(after);
    let mut events = cache.store.watch(ROOT, after).await?;
    while let Some(batch) = events.next().await {
        let batch = batch?;
        if let Some(last) = batch.last() {
            let revision = last.revision;
            apply(cache, &batch);
            cache.progress.advance(revision);
            *seen = Some(revision);
        }
    }
    Err(Error::Unavailable { context: "the watch ended".into(), source: None })
}

/// Lists everything at one revision.
async fn load(cache: &Cache) -> Result<Revision, Error> {
    let kinds = cache.kinds();
    let taken = cache.now_seconds();
    let mut loaded: HashMap<&str, Vec<Arc<Entry>>> = HashMap::new();
    let mut at = None;
    let mut after: Option<Arc<str>> = None;
    loop {
        let page = cache.store.list(ROOT, at, LOAD_PAGE, after.as_deref()).await?;
        at = Some(page.revision);
        for found in &page.entries {
            if let Some(kind) = kinds.of_key(&found.key)
                && let Some(entry) = loaded_entry(kind, found, taken)
            {
                loaded.entry(&kind.prefix).or_default().push(entry);
            }
        }
        after = page.entries.last().map(|last| last.key.clone());
        if page.remaining == 0 || after.is_none() {
            break;
        }
    }
    let revision = at.unwrap_or_default();
    for kind in kinds.iter() {
        kind.load(loaded.remove(&*kind.prefix).unwrap_or_default(), revision);
    }
    cache.progress.restart(revision);
    cache.loaded();
    Ok(revision)
}

/// An entry whose age is taken from the object: nobody knows any more when it was written.
fn loaded_entry(kind: &KindCache, found: &KeyValue, now: i64) -> Option<Arc<Entry>> {
    match kind.entry(found, now) {
        Ok(mut entry) => {
            if let Ok(created) = entry.extract.created.parse::<jiff::Timestamp>() {
                entry.taken = created.as_second().min(now);
            }
            Some(Arc::new(entry))
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "unreadable object left out");
            None
        }
    }
}

/// Hands a batch of whole revisions to the kinds it concerns.
fn apply(cache: &Cache, batch: &[Event]) {
    let kinds = cache.kinds();
    let taken = cache.now_seconds();
    let mut rest = batch;
    while let Some(first) = rest.first() {
        let Some(kind) = kinds.of_key(&first.key) else {
            rest = &rest[1..];
            continue;
        };
        // A revision must reach a kind as a whole; of one kind's events usually all are neighbours.
        let revision = first.revision;
        let same = rest.iter().take_while(|event| event.key.starts_with(&*kind.prefix)).count();
        let tail = &rest[same..];
        let split = tail.first().is_some_and(|next| next.revision == rest[same - 1].revision);
        if !split {
            kind.apply(rest[..same].iter(), taken);
            rest = tail;
            continue;
        }
        let whole = rest.iter().take_while(|event| event.revision == revision).count();
        apply_mixed(&kinds, &rest[..whole], taken);
        rest = &rest[whole..];
    }
}

/// One revision that concerns several kinds.
fn apply_mixed(kinds: &super::Kinds, events: &[Event], taken: i64) {
    for kind in kinds.iter() {
        let mut mine = events.iter().filter(|event| event.key.starts_with(&*kind.prefix)).peekable();
        if mine.peek().is_some() {
            kind.apply(mine, taken);
        }
    }
}
