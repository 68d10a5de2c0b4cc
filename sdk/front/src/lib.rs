//! The TLS front of an HTTP server: accepts connections, does the handshake, and hands requests to a service that knows the client's
//! certificate. HTTP/1.1 (with upgrades) and HTTP/2 share the port.
//!
//! In: a listener, a TLS configuration, [`Limits`], and a function that makes a connection's service. Out: nothing; what goes wrong with
//! one connection is logged and ends that connection only.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, Response},
};
use hyper::body::{Body as Sent, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};
use tracing::debug;

/// A client that has not finished its TLS handshake by then is dropped.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed accept (no file descriptors left), wait before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How much a server takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at a time; more wait in the kernel's queue.
    pub connections: usize,
    /// Most concurrent requests on one HTTP/2 connection.
    pub streams: u32,
    /// Requests in flight get this long to finish when the server stops; then their connections are dropped.
    pub grace: Duration,
}

/// Serves until `cancel`; then stops accepting, lets requests in flight finish for `limits.grace`, and drops the rest.
///
/// `service` answers requests; `know` adds to each request what it finds in the client's certificate, which the handshake has
/// verified. It is called once a connection, and only if the client has shown a certificate.
pub async fn serve<S, B, T>(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    limits: Limits,
    service: S,
    know: fn(&CertificateDer<'_>) -> Option<T>,
    cancel: CancellationToken,
) where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Sent<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    let acceptor = TlsAcceptor::from(tls);
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => break,
            Some(joined) = connections.join_next(), if !connections.is_empty() => {
                report(joined);
                continue;
            }
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let one = Connection {
                    acceptor: acceptor.clone(),
                    streams: limits.streams,
                    cancel: cancel.clone(),
                };
                let connection = one.serve(stream, service.clone(), know);
                connections.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let finished = timeout(limits.grace, async { while connections.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        debug!(open = connections.len(), "dropping connections");
    }
}

fn report(joined: Result<(), JoinError>) {
    if let Err(error) = joined
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

/// What one connection needs besides its stream and its service.
struct Connection {
    acceptor: TlsAcceptor,
    streams: u32,
    cancel: CancellationToken,
}

impl Connection {
    async fn serve<S, B, T>(self, stream: TcpStream, service: S, know: fn(&CertificateDer<'_>) -> Option<T>)
    where
        S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: Sent<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
        T: Clone + Send + Sync + 'static,
    {
        // Answers are written whole; waiting to fill a packet only adds latency.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "no TCP_NODELAY");
        }
        let stream = match timeout(HANDSHAKE_TIMEOUT, self.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return debug!(%error, "a TLS handshake failed"),
            Err(_) => return debug!("a TLS handshake took too long"),
        };
        let known = stream.get_ref().1.peer_certificates().and_then(|chain| know(chain.first()?));
        let service = service.map_request(move |mut request: Request<Incoming>| {
            if let Some(known) = &known {
                request.extensions_mut().insert(known.clone());
            }
            request.map(Body::new)
        });
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new());
        http.http2().timer(TokioTimer::new()).max_concurrent_streams(self.streams);
        let connection =
            http.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
        tokio::pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = self.cancel.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            debug!(%error, "a connection ended");
        }
    }
}
