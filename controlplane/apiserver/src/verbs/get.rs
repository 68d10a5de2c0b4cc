//! GET of one object.

use std::sync::Arc;

use naru_api::status::Status;
use naru_store::{KeyValue, Revision};

use super::{Call, object_response, store_status};
use crate::{
    cache::{Confirmed, Entry, KindCache},
    request::parse_version,
    response::Response,
};

/// Answers with the object that the path names.
pub(super) async fn get(call: &Call) -> Result<Response, Status> {
    let key = call.kind.key(call.namespace(), call.name());
    let entry = match call.query.text("resourceVersion").map(parse_version).transpose()? {
        None => newest(call, &call.kind, &key).await?,
        Some(Revision(0)) => call.kind.get(&key),
        Some(version) => {
            not_older_than(call, version).await?;
            call.kind.get(&key)
        }
    };
    let entry = entry.ok_or_else(|| call.not_found())?;
    object_response(call, 200, entry.bytes.clone(), &[])
}

/// The newest version of the object under `key`: no write acknowledged before this call is missed.
pub(super) async fn newest(call: &Call, kind: &KindCache, key: &str) -> Result<Option<Arc<Entry>>, Status> {
    let cache = &call.server.cache;
    match cache.confirmed().await.map_err(|error| store_status(&error))? {
        Confirmed::Cached => Ok(kind.get(key)),
        Confirmed::Behind => {
            let found = cache.store().get(key).await.map_err(|error| store_status(&error))?;
            found.map(|found| entry(call, kind, &found)).transpose()
        }
    }
}

/// Waits until the cache has seen `version`; 504 if it has not in time.
pub(super) async fn not_older_than(call: &Call, version: Revision) -> Result<(), Status> {
    if call.server.cache.reached(version).await {
        return Ok(());
    }
    Err(Status::too_large_resource_version(version.0, call.server.cache.seen().0))
}

/// An entry of what was read from the store itself.
pub(super) fn entry(call: &Call, kind: &KindCache, found: &KeyValue) -> Result<Arc<Entry>, Status> {
    let taken = call.server.cache.now_seconds();
    let entry = kind.entry(found, taken).map_err(|error| Status::internal(error.to_string()))?;
    Ok(Arc::new(entry))
}
