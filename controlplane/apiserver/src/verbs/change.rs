//! Changes of an existing object: read, decide, write on condition that nobody else wrote, and again if somebody did.
//!
//! The first look is at the cache, which may lag behind writes of other servers. A write is safe on it, because its precondition
//! names the version; a refusal is not, and is decided again on what the store has.

use std::sync::Arc;

use bytes::Bytes;
use naru_api::{Object, status::Status};
use naru_store::{Error, Mutation, Precondition, Revision, Write};

use super::{
    Call, get, object_of,
    outline::{self, Outline},
    store_status,
};
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
    /// Whether the change looks at more than `metadata`, `status` and what the kind's strategy names, or writes more than these.
    fn is_about_all(&self, _call: &Call) -> bool {
        true
    }

    /// Decides on the object, which has its resourceVersion. The error is what the client gets.
    async fn decide(&mut self, call: &Call, current: Object) -> Result<Decision, Status>;
}

/// What came of a change.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The object is there; this is it as JSON, with its version.
    There(Bytes),
    /// It is gone; this was its last state.
    Gone { last: Outline, revision: Revision },
}

impl Outcome {
    /// The object as JSON, also when it is gone.
    pub(super) fn into_bytes(self) -> Result<Bytes, Status> {
        match self {
            Outcome::There(bytes) => Ok(bytes),
            Outcome::Gone { last, revision } => {
                versioned(&encode::stored_with(&last.object, last.carried.as_deref()), revision)
            }
        }
    }
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
        let Outline { object, carried } = read(call, &entry, change.is_about_all(call))?;
        let decision = change.decide(call, object).await;
        if !certain && matches!(decision, Err(_) | Ok(Decision::Keep)) {
            let newest = get::newest(call, &call.kind, &key).await?;
            certain = true;
            let same = newest.as_ref().is_some_and(|newest| newest.revision == entry.revision);
            if !same {
                current = newest;
                continue;
            }
        }
        match apply(call, &entry, decision?, carried, dry_run).await? {
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

/// The object, or as much of it as the change needs. Admission may look at all of it.
fn read(call: &Call, entry: &Entry, all: bool) -> Result<Outline, Status> {
    let wanted = call.row.strategy.outline().filter(|_| !all && call.server.options.admission.is_empty());
    // What cannot be read in part (a spec that is no map) is read whole.
    match wanted.map(|wanted| outline::read(&entry.bytes, wanted)) {
        Some(Ok(outline)) => Ok(outline),
        _ => Ok(Outline { object: object_of(entry)?, carried: None }),
    }
}

async fn apply(
    call: &Call,
    entry: &Arc<Entry>,
    decision: Decision,
    carried: Option<Bytes>,
    dry_run: bool,
) -> Result<Applied, Status> {
    let (object, removed) = match decision {
        Decision::Keep => return Ok(Applied::Done(Outcome::There(entry.bytes.clone()))),
        Decision::Put(object) => (object, false),
        Decision::Remove(object) => (object, true),
    };
    let stored = (!removed).then(|| Bytes::from(encode::stored_with(&object, carried.as_deref())));
    let revision = if dry_run {
        entry.revision
    } else {
        let mutation = stored.clone().map_or(Mutation::Delete, Mutation::Put);
        let precondition = Precondition::At(entry.revision);
        let write = Write { key: entry.key.clone(), precondition, mutation };
        match call.server.cache.store().commit(vec![write]).await {
            Ok(revision) => revision,
            Err(Error::Conflict { current, .. }) => {
                let newer = current.map(|found| get::entry(call, &call.kind, &found)).transpose()?;
                return Ok(Applied::Lost(newer));
            }
            Err(error) => return Err(store_status(&error)),
        }
    };
    if !dry_run {
        call.server.cache.written(revision).await;
    }
    Ok(Applied::Done(match stored {
        Some(stored) if dry_run => Outcome::There(versioned(&stored, revision)?),
        Some(stored) => Outcome::There(answer(call, &entry.key, &stored, revision)?),
        None => Outcome::Gone { last: Outline { object, carried }, revision },
    }))
}

/// What was just written, as it is sent: the cache's bytes if it has this version.
pub(super) fn answer(call: &Call, key: &str, stored: &[u8], revision: Revision) -> Result<Bytes, Status> {
    match call.kind.get(key) {
        Some(entry) if entry.revision == revision => Ok(entry.bytes.clone()),
        _ => versioned(stored, revision),
    }
}

/// Stored bytes with their version, as they are sent.
pub(super) fn versioned(stored: &[u8], revision: Revision) -> Result<Bytes, Status> {
    let made = encode::versioned(stored, revision);
    made.map(|made| made.bytes).ok_or_else(|| Status::internal("an object that is no object"))
}
