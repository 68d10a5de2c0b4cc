//! The TLS front: accepts connections, takes the client's identity from its certificate, and hands requests to the
//! front. HTTP/1.1 (with upgrades) and HTTP/2 share the port.

use std::{io, sync::Arc, time::Duration};

use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustls::{
    CipherSuite, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    server::{VerifierBuilderError, WebPkiClientVerifier},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::debug;

use crate::{Front, auth, pki::KeyPem};

/// Most connections at a time; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 20_000;
/// A client that has not finished its TLS handshake by then is dropped.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Most concurrent requests on one HTTP/2 connection.
const STREAMS_MAX: u32 = 1_000;
/// Requests in flight get this long to finish when the server stops.
const GRACE: Duration = Duration::from_secs(2);
/// After a failed accept (no file descriptors left), wait before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a TLS configuration could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A PEM that is none.
    #[error("cannot read the {what}")]
    Pem {
        /// Which.
        what: &'static str,
        /// The cause.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// Certificate and key cannot be used.
    #[error("cannot use the certificate")]
    Tls(#[from] rustls::Error),
    /// The authority cannot be used to verify clients.
    #[error("cannot verify clients with this authority")]
    Verifier(#[from] VerifierBuilderError),
}

/// The server side of TLS: proves itself with `server` followed by the authority, so that a joining node can check
/// the authority against its token; asks for, but does not require, client certificates of that authority.
pub fn tls_config(server: &KeyPem, ca: &str) -> Result<Arc<ServerConfig>, Error> {
    let ca = CertificateDer::from_pem_slice(ca.as_bytes())
        .map_err(|source| Error::Pem { what: "authority's certificate", source })?;
    let certificate = CertificateDer::from_pem_slice(server.certificate.as_bytes())
        .map_err(|source| Error::Pem { what: "server's certificate", source })?;
    let key = PrivateKeyDer::from_pem_slice(server.key.as_bytes())
        .map_err(|source| Error::Pem { what: "server's key", source })?;
    let provider = Arc::new(provider());
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone())?;
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate, ca], key)?;
    config.ignore_client_order = true;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// ring's ciphers with AES-128 before AES-256, as Go's servers and clients have it: lists and watches are large, and its rounds are fewer.
fn provider() -> CryptoProvider {
    let mut provider = rustls::crypto::ring::default_provider();
    // The sort is stable: all others keep their places behind.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    provider
}

/// Serves until `cancel`; then stops accepting, lets requests in flight finish for [`GRACE`], and drops the rest.
pub async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, front: Front, cancel: CancellationToken) {
    let acceptor = TlsAcceptor::from(tls);
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let connection = connection(stream, acceptor.clone(), front.clone(), cancel.clone());
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
    let finished = timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    if finished.is_err() {
        debug!(open = connections.len(), "dropping connections");
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, front: Front, cancel: CancellationToken) {
    // Answers are written whole; waiting to fill a packet only adds latency.
    let _ = stream.set_nodelay(true);
    let stream = match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return debug!(%error, "TLS handshake failed"),
        Err(_) => return debug!("TLS handshake timed out"),
    };
    let identity =
        stream.get_ref().1.peer_certificates().and_then(|chain| auth::peer_identity(chain.first()?));
    let service = front.map_request(move |mut request: Request<Incoming>| {
        if let Some(identity) = &identity {
            request.extensions_mut().insert(identity.clone());
        }
        request.map(axum::body::Body::new)
    });
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
    let service = hyper_util::service::TowerToHyperService::new(service);
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = cancel.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(%error, "connection ended");
    }
}
