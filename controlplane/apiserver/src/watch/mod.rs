//! WATCH: the changes of a collection as a stream of lines, from a resourceVersion on or from the current state.
//!
//! In: cursors into a kind's ring of changes ([`crate::cache`]). Out: a body that goes on until its timeout, the server's end,
//! or a gap: a watcher that is too slow finds its changes gone and ends with 410. See kubernetes.io "API concepts".

mod frames;
mod watcher;

use axum::body::Body;
use http::{HeaderValue, header};
use naru_api::status::Status;
use naru_store::Revision;
use watcher::Watcher;

use crate::{
    cache::{Confirmed, Snapshot, TooOld},
    request::ListOptions,
    response::{Media, Response, Sent},
    selection::Selection,
    verbs::{Call, store_status},
};

/// Where a watch begins.
pub(crate) enum Start {
    /// With the objects of a snapshot, then what follows.
    State(Snapshot),
    /// With what follows a cursor; the client knows the state at the revision.
    Cursor { cursor: u64, revision: Revision },
    /// Nowhere: the changes since then are gone.
    Gone { asked: Revision, oldest: Revision },
}

/// Streams the changes of the collection that the path names.
pub(crate) async fn watch(call: &Call) -> Result<Response, Status> {
    let options = ListOptions::parse(&call.query, true)?;
    if call.form.media() == Media::Yaml {
        return Err(Status::not_acceptable("application/json"));
    }
    let namespace = call.path.namespace.as_deref();
    let selection = Selection::new(call.row(), namespace, options.labels.clone(), options.fields.clone())?;
    let permit = call.server.watch_permit()?;
    let start = start(call, &options).await?;
    let watcher = Watcher::new(call, &options, selection, start, permit);
    if let Some(offer) = &call.websocket {
        return offer.accept(offer.first_protocol(), frames::messages(watcher.stream()), ());
    }
    let mut response = Response::new(Sent::stream(Body::from_stream(watcher.stream())));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

async fn start(call: &Call, options: &ListOptions) -> Result<Start, Status> {
    let cache = &call.server.cache;
    let stateful = options.send_initial_events.unwrap_or(options.version.is_none_or(|at| at.0 == 0));
    match options.version {
        None => consistent(call).await?,
        Some(Revision(0)) => {}
        Some(version) if stateful => {
            if !cache.reached(version).await {
                return Err(Status::too_large_resource_version(version.0, cache.seen().0));
            }
        }
        Some(version) => {
            return Ok(match call.kind.cursor_after(version) {
                Ok(cursor) => Start::Cursor { cursor, revision: version },
                Err(TooOld { oldest }) => Start::Gone { asked: version, oldest },
            });
        }
    }
    let snapshot = cache.snapshot(&call.kind);
    if stateful {
        return Ok(Start::State(snapshot));
    }
    Ok(Start::Cursor { cursor: snapshot.cursor, revision: snapshot.revision })
}

/// Waits until the cache shows everything that was acknowledged before this call. If the feed is silent about the newest revision for
/// long, that revision is not about our keys.
async fn consistent(call: &Call) -> Result<(), Status> {
    let cache = &call.server.cache;
    let unavailable = |error: naru_store::Error| store_status(&error);
    if cache.confirmed().await.map_err(unavailable)? == Confirmed::Behind {
        let newest = cache.store().revision().await.map_err(unavailable)?;
        cache.reached(newest).await;
    }
    Ok(())
}
