//! Changes of an existing object: read, decide, write on condition that nobody else wrote, and again if somebody did.
//!
//! The first look is at the cache, which may lag behind writes of other servers. A write is safe on it, because its precondition
//! names the version; a refusal is not, and is decided again on what the store has.

use std::sync::Arc;

use bytes::Bytes;
use naru_api::{Object, status::Status};
use naru_store::{Error, Mutation, Precondition, Revision, Write};

use super::{Call, get, object_of, store_status};
use crate::cache::{Entry, encode};

/// Lost races after which a change gives up with 409 (kube-apiserver's number for patches).
const RACES_MAX: usize = 5;

/// What is to become of an object.
#[derive(Debug)]
pub(super) enum Decision {
    /// It is as it should be.
    Keep,
    /// It becomes this.
    Put(Object),
    /// It goes; this was its last state.
    Remove(Object),
}

/// A change that can be decided again on a newer version.
#[async_trait::async_trait]
pub(super) trait Change: Send {
    /// Decides on the object, which has its resourceVersion. The error is what the client gets.
    async fn decide(&mut self, call: &Call, current: Object) -> Result<Decision, Status>;
}

/// What came of a change.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The object as JSON with its version.
    pub(super) bytes: Bytes,
    /// Whether it is gone.
    pub(super) removed: bool,
}

/// Changes the object `name`; `None` if there is none. Nothing is written in a `dry_run`.
pub(super) async fn change(
    call: &Call,
    name: &str,
    dry_run: bool,
    change: &mut dyn Change,
) -> Result<Option<Outcome>, Status> {
    let key: Arc<str> = call.kind.key(call.namespace(), name).into();
    let mut current = call.kind.get(&key);
    let mut certain = false;
    let mut races = 0;
    loop {
        let Some(entry) = current else {
            if certain {
                return Ok(None);
            }
            current = get::newest(call, &call.kind, &key).await?;
            certain = true;
            continue;
        };
        let decision = change.decide(call, object_of(&entry)?).await;
        if !certain && matches!(decision, Err(_) | Ok(Decision::Keep)) {
            let newest = get::newest(call, &call.kind, &key).await?;
            certain = true;
            let same = newest.as_ref().is_some_and(|newest| newest.revision == entry.revision);
            if !same {
                current = newest;
                continue;
            }
        }
        match apply(call, &key, &entry, decision?, dry_run).await? {
            Applied::Done(outcome) => return Ok(Some(outcome)),
            Applied::Lost(newer) => {
                races += 1;
                if races > RACES_MAX {
                    let row = call.row();
                    return Err(Status::modified(row.group, row.plural, name));
                }
                current = newer;
                certain = true;
            }
        }
    }
}

enum Applied {
    Done(Outcome),
    /// Somebody else wrote; what is there now.
    Lost(Option<Arc<Entry>>),
}

async fn apply(
    call: &Call,
    key: &Arc<str>,
    entry: &Arc<Entry>,
    decision: Decision,
    dry_run: bool,
) -> Result<Applied, Status> {
    let (object, removed) = match decision {
        Decision::Keep => {
            return Ok(Applied::Done(Outcome { bytes: entry.bytes.clone(), removed: false }));
        }
        Decision::Put(object) => (object, false),
        Decision::Remove(object) => (object, true),
    };
    let stored = Bytes::from(encode::stored(&object));
    if dry_run {
        return Ok(Applied::Done(Outcome { bytes: versioned(&stored, entry.revision)?, removed }));
    }
    let mutation = if removed { Mutation::Delete } else { Mutation::Put(stored.clone()) };
    let write = Write { key: key.clone(), precondition: Precondition::At(entry.revision), mutation };
    match call.server.cache.store().commit(vec![write]).await {
        Ok(revision) => {
            call.server.cache.written(revision).await;
            Ok(Applied::Done(Outcome { bytes: versioned(&stored, revision)?, removed }))
        }
        Err(Error::Conflict { current, .. }) => {
            let newer = current.map(|found| get::entry(call, &call.kind, &found)).transpose()?;
            Ok(Applied::Lost(newer))
        }
        Err(error) => Err(store_status(&error)),
    }
}

/// Stored bytes with their version, as they are sent.
pub(super) fn versioned(stored: &[u8], revision: Revision) -> Result<Bytes, Status> {
    let made = encode::versioned(stored, revision);
    made.map(|made| made.bytes).ok_or_else(|| Status::internal("an object that is no object"))
}
