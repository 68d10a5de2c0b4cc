//! CREATE: a new object.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use naru_api::{
    Object, meta,
    status::{Cause, Status},
};
use naru_store::{Error, Mutation, Precondition, Write};
use rand::Rng;

use super::{
    Call,
    body::{self, Expected, Received},
    change::answer,
    get, metadata, object_of, object_response, priority, runtime_class, service_account, store_status,
    warned,
};
use crate::{
    admission::{Operation, Request},
    cache::{Entry, encode},
    request::WriteOptions,
    response::Response,
};

/// How often a generated name that is taken is made anew.
const GENERATE_TRIES: usize = 8;
/// What generated suffixes are made of: no vowels, so that no words come out, and nothing that is easily misread.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH: usize = 5;
/// What is kept of a `generateName`.
const GENERATE_BASE_MAX: usize = 58;

/// Creates the object in the body.
pub(super) async fn create(call: &Call, body: &mut Body) -> Result<Response, Status> {
    let options = WriteOptions::parse(&call.query, "CreateOptions")?;
    let row = call.row();
    let api_version = row.api_version();
    let expected = Expected { api_version: &api_version, kind: row.kind, definition: row.definition };
    let Received { mut object, mut warnings } =
        body::object(call, body, expected, options.validation).await?;
    set_namespace(call, &mut object)?;
    // What is refused is not warned about; what was wrong with its fields is said either way.
    let if_accepted = call.row.strategy.warnings(&object);
    match store_new(call, object, options.dry_run).await {
        Ok(bytes) => {
            warnings.extend(if_accepted);
            object_response(call, 201, bytes, &warnings)
        }
        Err(status) => Ok(warned(&status, &warnings)),
    }
}

/// Puts the path's namespace into an object that has none; 400 if it has another. Kinds without namespaces lose theirs: charts
/// write one into everything.
pub(super) fn set_namespace(call: &Call, object: &mut Object) -> Result<(), Status> {
    const MISMATCH: &str =
        "the namespace of the provided object does not match the namespace sent on the request";
    let namespace = call.namespace();
    match meta::namespace(object) {
        Some(given) if given == namespace => {}
        Some(_) if call.row().namespaced() => return Err(Status::bad_request(MISMATCH)),
        _ if namespace.is_empty() => {
            meta::metadata_mut(object).shift_remove("namespace");
        }
        _ => {
            meta::metadata_mut(object).insert("namespace".into(), namespace.into());
        }
    }
    Ok(())
}

/// Completes, checks and stores a new object; returns it as JSON.
pub(super) async fn store_new(call: &Call, object: Object, dry_run: bool) -> Result<Bytes, Status> {
    // kube-apiserver passes this on from its store, without a reason; what is no version, or 0, it does not mind.
    if meta::resource_version(&object).and_then(|version| version.parse().ok()).is_some_and(|at: u64| at != 0)
    {
        return Err(Status::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    check_namespace(call, meta::name(&object).unwrap_or_default()).await?;
    let generated = meta::name(&object).is_none() && meta::text(&object, "generateName").is_some();
    let tries = if generated { GENERATE_TRIES } else { 1 };
    let mut object = object;
    for _ in 0..tries {
        if generated {
            let base = meta::text(&object, "generateName").unwrap_or_default();
            let name = generate(base, &mut rand::rng());
            meta::metadata_mut(&mut object).insert("name".into(), name.into());
        }
        let mut attempt = if generated { object.clone() } else { std::mem::take(&mut object) };
        complete(call, &mut attempt).await?;
        let name = meta::name(&attempt).unwrap_or_default().to_string();
        let taken = match commit(call, &name, &attempt, dry_run).await? {
            Commit::Done(bytes) => return Ok(bytes),
            Commit::Taken(taken) => taken,
        };
        if !generated {
            return Err(name_taken(call, &name, &taken));
        }
    }
    Err(no_free_name(call, &object))
}

/// Defaults, admission, server-set fields, validation.
async fn complete(call: &Call, object: &mut Object) -> Result<(), Status> {
    let (row, strategy) = (call.row(), call.row.strategy);
    strategy.default(object);
    service_account::admit_new(call, object).await?;
    priority::admit_new(call, object).await?;
    runtime_class::admit_new(row, object)?;
    let request = Request {
        operation: Operation::Create,
        kind: row,
        subresource: None,
        namespace: Some(call.namespace()).filter(|namespace| !namespace.is_empty()),
        identity: &call.identity,
        old: None,
    };
    crate::admission::run(&call.server.options.admission, &request, object).await?;
    let uid = uuid::Uuid::new_v4().to_string();
    metadata::prepare_create(object, &uid, call.now(), row.generation);
    strategy.prepare_create(object);
    let mut wrong = metadata::validate_create(object, row.namespaced(), strategy.name_rule());
    wrong.extend(strategy.validate_create(object));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(row.group, row.kind, meta::name(object).unwrap_or_default(), &wrong))
}

/// What came of writing a new object.
enum Commit {
    /// The object as JSON.
    Done(Bytes),
    /// The name is taken by this object, if it is still there.
    Taken(Option<Arc<Entry>>),
}

fn name_taken(call: &Call, name: &str, taken: &Option<Arc<Entry>>) -> Status {
    let row = call.row();
    let mut status = Status::already_exists(row.group, row.plural, name);
    let object = taken.as_ref().and_then(|entry| object_of(entry).ok());
    if object.is_some_and(|object| meta::deletion_timestamp(&object).is_some()) {
        status.message = format!("object is being deleted: {}", status.message);
    }
    status
}

async fn commit(call: &Call, name: &str, object: &Object, dry_run: bool) -> Result<Commit, Status> {
    let key: Arc<str> = call.kind.key(call.namespace(), name).into();
    let stored = Bytes::from(encode::stored(object));
    if dry_run {
        let taken = get::newest(call, &call.kind, &key).await?;
        return Ok(if taken.is_some() { Commit::Taken(taken) } else { Commit::Done(stored) });
    }
    let mutation = Mutation::Put(stored.clone());
    let write = Write { key: key.clone(), precondition: Precondition::Absent, mutation };
    match call.server.cache.store().commit(vec![write]).await {
        Ok(revision) => {
            call.server.cache.written(revision).await;
            answer(call, &key, &stored, revision).map(Commit::Done)
        }
        Err(Error::Conflict { current, .. }) => {
            let taken = current.map(|found| get::entry(call, &call.kind, &found)).transpose()?;
            Ok(Commit::Taken(taken))
        }
        Err(error) => Err(store_status(&error)),
    }
}

/// Whether the namespace is there and takes new objects. What the cache does not know yet is asked of the store.
async fn check_namespace(call: &Call, name: &str) -> Result<(), Status> {
    let namespace = call.namespace();
    if namespace.is_empty() {
        return Ok(());
    }
    let Some(kinds) = call.server.namespaces() else { return Ok(()) };
    let key = kinds.key("", namespace);
    let mut entry = kinds.get(&key);
    if entry.is_none() {
        entry = get::newest(call, kinds, &key).await?;
    }
    let Some(entry) = entry else { return Err(Status::not_found("", "namespaces", namespace)) };
    // The phase is set together with the deletion's time (kube-apiserver's NamespaceLifecycle looks at it, too).
    if kinds.field(&entry, "status.phase") != "Terminating" {
        return Ok(());
    }
    let row = call.row();
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(row.group, row.plural, name, &why);
    let cause = Cause {
        reason: "NamespaceTerminating".into(),
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".into(),
    };
    status.details.get_or_insert_default().causes.push(cause);
    Err(status)
}

fn generate(base: &str, random: &mut impl Rng) -> String {
    let mut end = base.len().min(GENERATE_BASE_MAX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    let suffix =
        (0..SUFFIX_LENGTH).map(|_| char::from(SUFFIX_LETTERS[random.random_range(0..SUFFIX_LETTERS.len())]));
    base[..end].chars().chain(suffix).collect()
}

fn no_free_name(call: &Call, object: &Object) -> Status {
    let row = call.row();
    let mut status = Status::already_exists(row.group, row.plural, meta::name(object).unwrap_or_default());
    status.message += ", the server was not able to generate a unique name for the object";
    status.details.get_or_insert_default().retry_after_seconds = Some(1);
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_have_a_suffix() {
        let name = generate("web-", &mut rand::rng());
        assert_eq!(name.len(), 9);
        assert!(name.starts_with("web-") && name[4..].bytes().all(|byte| SUFFIX_LETTERS.contains(&byte)));
        let long = generate(&"é".repeat(60), &mut rand::rng());
        assert!(long.len() <= GENERATE_BASE_MAX + SUFFIX_LENGTH);
    }
}
