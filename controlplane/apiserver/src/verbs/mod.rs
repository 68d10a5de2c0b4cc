//! The verbs, written once for all kinds. A kind's row says what it has, its strategy what is special about it.
//!
//! In: a [`Call`]: an authorised request for a known kind. Out: a response, or the Status to send. Reads go to [`crate::cache`], writes
//! through [`change`] (an existing object) or [`create`] to the store.

mod binding;
mod body;
mod change;
mod create;
mod delete;
mod delete_collection;
pub(crate) mod expiry;
mod get;
pub(crate) mod large;
mod list;
mod log;
mod metadata;
mod outage;
mod outline;
mod page;
mod patch;
mod priority;
mod review;
mod runtime_class;
mod service_account;
mod update;

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, status::Status};

pub(crate) use body::finish;

use crate::{
    auth::Identity,
    cache::{Entry, KindCache},
    registry::Row,
    request::{Query, ResourcePath, Verb},
    response::{self, Form, Response},
    server::Inner,
    table, watch,
    websocket::Offer,
};

/// An authorised request for a known kind.
pub(crate) struct Call {
    pub(crate) server: Arc<Inner>,
    pub(crate) row: Row,
    pub(crate) kind: Arc<KindCache>,
    pub(crate) path: ResourcePath,
    pub(crate) query: Query,
    pub(crate) identity: Arc<Identity>,
    pub(crate) headers: HeaderMap,
    /// What the client wants to be answered with.
    pub(crate) form: Form,
    /// The WebSocket that the client of a stream wants.
    pub(crate) websocket: Option<Offer>,
    /// Set when the body has turned out to be large.
    pub(crate) large: large::Permit,
}

impl Call {
    /// The kind's row.
    pub(crate) fn row(&self) -> &'static Kind {
        self.row.kind
    }

    /// The namespace in the path; empty for cluster-scoped kinds and across all namespaces.
    pub(crate) fn namespace(&self) -> &str {
        if self.row().namespaced() { self.path.namespace.as_deref().unwrap_or_default() } else { "" }
    }

    /// The name in the path.
    pub(crate) fn name(&self) -> &str {
        self.path.name.as_deref().unwrap_or_default()
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.server.options.clock)()
    }

    /// The 404 of the object that the path names.
    pub(crate) fn not_found(&self) -> Status {
        Status::not_found(self.row().group, self.row().plural, self.name())
    }

    /// Whether the kind, or its subresource, has this verb.
    fn allows(&self, verb: Verb) -> Result<bool, Status> {
        let verbs = match &self.path.subresource {
            None => self.row().verbs,
            Some(part) => match self.row().subresource(part) {
                Some(known) => known.verbs,
                None => return Err(Status::no_such_subresource(self.row().plural, part)),
            },
        };
        Ok(verbs.contains(&verb.name()))
    }
}

/// Does what the call asks for.
pub(crate) async fn serve(call: &Call, verb: Verb, body: &mut Body) -> Result<Response, Status> {
    let namespaced = call.row().namespaced();
    let in_namespace = !call.namespace().is_empty();
    let named = call.path.name.is_some();
    // A namespace object's path names a namespace, too; any other path of a cluster-scoped kind has none.
    let own = call.row().plural == "namespaces" && named;
    let misplaced = (!namespaced && call.path.namespace.is_some() && !own)
        || (namespaced && named && !in_namespace)
        || call.path.too_long;
    if misplaced {
        return Err(Status::no_such_resource());
    }
    let needs_namespace = matches!(verb, Verb::Create | Verb::DeleteCollection);
    if !call.allows(verb)? || (namespaced && needs_namespace && !in_namespace) {
        return Err(Status::method_not_allowed());
    }
    match (call.path.subresource.as_deref(), verb) {
        (Some("binding"), Verb::Create) => binding::create(call, body).await,
        (Some("log"), Verb::Get) => log::get(call).await,
        (_, Verb::Get) => get::get(call).await,
        (_, Verb::List) => list::list(call).await,
        (_, Verb::Watch) => watch::watch(call).await,
        (None, Verb::Create) if !named && !call.row().stored => review::create(call, body).await,
        (None, Verb::Create) if !named => create::create(call, body).await,
        (_, Verb::Update) if named => update::update(call, body).await,
        (_, Verb::Patch) if named => patch::patch(call, body).await,
        (None, Verb::Delete) => delete::delete(call, body).await,
        (None, Verb::DeleteCollection) => delete_collection::delete_collection(call, body).await,
        _ => Err(Status::method_not_allowed()),
    }
}

/// An object in the form that was asked for. `bytes` is the object as JSON.
fn object_response(call: &Call, code: u16, bytes: Bytes, warnings: &[String]) -> Result<Response, Status> {
    let bytes = match call.form {
        Form::Object(_) => bytes,
        Form::Table(form, _) => table::of_object(call.row(), &parsed(&bytes)?, form, call.now()).into(),
        Form::Partial(version, _) => {
            let mut partial = Vec::with_capacity(512);
            table::append_partial(&mut partial, version, &bytes)?;
            partial.into()
        }
    };
    let mut answer = response::document(&call.headers, code, call.form.media(), bytes)?;
    response::warn(answer.headers_mut(), warnings);
    Ok(answer)
}

/// A refusal, with what else its sender should be told.
fn warned(status: &Status, warnings: &[String]) -> Response {
    let mut answer = response::failure(status);
    response::warn(answer.headers_mut(), warnings);
    answer
}

/// An object out of bytes that were an object when they came into the cache.
pub(crate) fn parsed(bytes: &[u8]) -> Result<Object, Status> {
    serde_json::from_slice(bytes).map_err(|error| Status::internal(error.to_string()))
}

/// An entry's object.
fn object_of(entry: &Entry) -> Result<Object, Status> {
    parsed(&entry.bytes)
}

/// What a client is told of a store that fails.
pub(crate) fn store_status(error: &naru_store::Error) -> Status {
    use naru_store::Error;
    match error {
        Error::Unavailable { context, .. } => {
            outage::noticed(error);
            Status::unavailable(format!("the store is unavailable: {context}"))
        }
        Error::Compacted { .. } => Status::expired("The resourceVersion for the provided list is too old."),
        Error::TooLarge { limit, .. } => Status::too_large(*limit),
        Error::FutureRevision { asked, newest } => Status::too_large_resource_version(asked.0, newest.0),
        other => {
            tracing::error!(error = other as &dyn std::error::Error, "the store failed");
            Status::internal(other.to_string())
        }
    }
}
