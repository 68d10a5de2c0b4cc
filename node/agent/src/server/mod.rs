//! The node's own HTTPS endpoint: what the API server asks a node for.
//!
//! `GET /containerLogs/{namespace}/{pod}/{container}`, `/pods`, `/healthz`. Only the API server and administrators get in
//! ([`peer`]); errors are plain text with kubelet's words, because that is what passes to `kubectl`.

mod logs;
mod peer;
mod tls;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use k8s_openapi::{List, api::core::v1::Pod};
use tokio::net::TcpListener;

pub(crate) use tls::{config, serve};

use crate::{
    context::Context,
    error::{Error, Result},
};
use peer::Peer;

/// Listens on `address`.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let failed = |source| Error::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The endpoint's routes.
pub(crate) fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/pods", get(pods))
        .route("/containerLogs/{namespace}/{pod}/{container}", get(logs::container_logs))
        .layer(from_fn(admit))
        .with_state(context)
}

/// Lets in only whom the node trusts.
async fn admit(request: axum::extract::Request, next: Next) -> Response {
    match request.extensions().get::<Peer>() {
        Some(peer) if peer.trusted() => next.run(request).await,
        Some(peer) => {
            tracing::warn!(user = peer.user(), path = request.uri().path(), "was turned away");
            (StatusCode::FORBIDDEN, "Forbidden").into_response()
        }
        None => (StatusCode::UNAUTHORIZED, "Unauthorized").into_response(),
    }
}

/// The pods of this node with the statuses as the agent sees them.
async fn pods(State(context): State<Arc<Context>>) -> Json<List<Pod>> {
    let pods = context.views.all().into_iter().map(|view| {
        let mut pod = (*view.pod).clone();
        pod.status = Some((*view.status).clone());
        pod
    });
    Json(List { items: pods.collect(), ..List::default() })
}
