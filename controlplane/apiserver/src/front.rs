//! The front: every request comes through here. It finds out what is asked ([`crate::request`]), who asks and whether they may
//! ([`crate::auth`]), sheds load, and survives what goes wrong behind it.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use futures::FutureExt;
use http::{HeaderMap, Uri, header, request::Parts};
use naru_api::status::Status;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::{
    auth::{ANONYMOUS, Identity},
    request::{Query, ResourcePath, Target, Verb},
    response::{self, Form, Response, Sent},
    server::Inner,
    table::IncludeObject,
    verbs::{
        self, Call,
        large::{Aside, Permit},
    },
    websocket::Offer,
};

/// An ordinary request may take so long; watches and logs have their own end.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Reads wait so long for the first listing of a server that has just started.
const START_WAIT: Duration = Duration::from_secs(10);

/// Answers a request; never fails, never panics.
pub(crate) async fn handle(server: Arc<Inner>, others: Router, request: Request) -> Response {
    let (parts, mut body) = request.into_parts();
    let answered = AssertUnwindSafe(answer(server, others, parts, &mut body)).catch_unwind().await;
    verbs::finish(&mut body).await;
    match answered {
        Ok(Ok(response)) => response,
        Ok(Err(status)) => response::failure(&status),
        Err(panic) => {
            let why = panic.downcast_ref::<&str>().map(ToString::to_string);
            let why = why.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            tracing::error!(panic = why, "a request's handler panicked");
            response::failure(&Status::internal("the request's handler panicked"))
        }
    }
}

async fn answer(
    server: Arc<Inner>,
    others: Router,
    mut parts: Parts,
    body: &mut Body,
) -> Result<Response, Status> {
    let identity = identity(&server, &mut parts)?;
    let target = Target::parse(&parts.method, &parts.uri).ok_or_else(Status::method_not_allowed)?;
    let method = parts.method.as_str().to_ascii_lowercase();
    server.options.authorizer.authorize(identity.as_deref(), &target.attributes(&method))?;
    match target {
        Target::Resource { path, query, verb } => {
            let identity = identity.unwrap_or_else(anonymous);
            let call = call(server, path, query, verb, identity, parts).await?;
            match call {
                Some(call) => served(&call, verb, body).await,
                None => Ok(response::page_not_found()),
            }
        }
        Target::Other { path } => {
            other(others, &path, Request::from_parts(parts, std::mem::take(body))).await
        }
    }
}

/// Who asks: known from the connection, or proved by the headers.
fn identity(server: &Inner, parts: &mut Parts) -> Result<Option<Arc<Identity>>, Status> {
    if let Some(known) = parts.extensions.get::<Arc<Identity>>() {
        return Ok(Some(known.clone()));
    }
    for authenticator in &server.options.authenticators {
        if let Some(identity) = authenticator.authenticate(&parts.headers)? {
            parts.extensions.insert(identity.clone());
            return Ok(Some(identity));
        }
    }
    Ok(None)
}

/// Somebody whom the authorizer let through without any proof.
fn anonymous() -> Arc<Identity> {
    Arc::new(Identity { user: ANONYMOUS.into(), groups: vec!["system:unauthenticated".into()] })
}

/// What is asked of a resource; `None` if nothing is served there.
async fn call(
    server: Arc<Inner>,
    path: ResourcePath,
    query: Query,
    verb: Verb,
    identity: Arc<Identity>,
    mut parts: Parts,
) -> Result<Option<Call>, Status> {
    let registry = &server.options.registry;
    let Some(row) = registry.by_plural(&path.group, &path.version, &path.resource) else {
        if registry.serves(&path.group, &path.version) {
            return Err(Status::no_such_resource());
        }
        return Ok(None);
    };
    let kind = server.cache.of(&row).ok_or_else(Status::no_such_resource)?;
    let form = form(&parts.headers, &query, &path)?;
    let websocket = if streams(&path, verb) { Offer::of(&mut parts) } else { None };
    if !server.cache.is_ready() && timeout(START_WAIT, server.cache.ready()).await.is_err() {
        return Err(Status::unavailable("the server has not read its state yet"));
    }
    let (headers, large) = (parts.headers, Permit::new());
    Ok(Some(Call { server, row, kind, path, query, identity, headers, form, websocket, large }))
}

/// Whether the answer goes on until its reader or its subject ends.
fn streams(path: &ResourcePath, verb: Verb) -> bool {
    verb == Verb::Watch || path.subresource.as_deref() == Some("log")
}

async fn served(call: &Call, verb: Verb, body: &mut Body) -> Result<Response, Status> {
    let permit = if streams(&call.path, verb) { None } else { Some(call.server.request_permit()?) };
    let served = Aside::new(call, verbs::serve(call, verb, body));
    let response = match timeout(REQUEST_TIMEOUT, served).await {
        Ok(response) => response,
        Err(_) => {
            Err(Status::new(504, "Timeout", "Timeout: request did not complete within the allotted timeout"))
        }
    };
    drop(permit);
    response
}

/// What the client wants to be answered with. Text streams are not negotiated.
fn form(headers: &HeaderMap, query: &Query, path: &ResourcePath) -> Result<Form, Status> {
    if path.subresource.as_deref() == Some("log") {
        return Ok(Form::Object(response::Media::Json));
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    Form::choose(accept, IncludeObject::parse(query.get("includeObject"))?)
}

/// Discovery, health and the like. Routes know their paths without a slash at the end.
async fn other(others: Router, path: &str, mut request: Request) -> Result<Response, Status> {
    if path.len() != request.uri().path().len() {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let uri: Result<Uri, _> = format!("{path}{query}").parse();
        *request.uri_mut() = uri.map_err(|error| Status::bad_request(format!("bad path: {error}")))?;
    }
    Ok(match others.oneshot(request).await {
        Ok(response) => response.map(Sent::stream),
        Err(never) => match never {},
    })
}
