//! The API server's TLS: who it proves to be, whose certificates it accepts, and how much it takes on.

use std::{sync::Arc, time::Duration};

use naru_front::Limits;
use rustls::{
    CipherSuite, RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    server::{VerifierBuilderError, WebPkiClientVerifier},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Front, auth, pki::KeyPem};

/// Most connections at a time; more wait in the kernel's queue.
const CONNECTIONS_MAX: usize = 20_000;
/// Most concurrent requests on one HTTP/2 connection.
const STREAMS_MAX: u32 = 1_000;
/// Requests in flight get this long to finish when the server stops.
const GRACE: Duration = Duration::from_secs(2);

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
    let limits = Limits { connections: CONNECTIONS_MAX, streams: STREAMS_MAX, grace: GRACE };
    naru_front::serve(listener, tls, limits, front, auth::peer_identity, cancel).await;
}
