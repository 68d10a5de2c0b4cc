//! The node's TLS: client certificates are required.

use std::{sync::Arc, time::Duration};

use axum::Router;
use naru_front::Limits;
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::peer::Peer;
use crate::{
    error::{Error, Result},
    options::Tls,
};

/// Whoever asks a node asks little: the API server, for logs.
const LIMITS: Limits = Limits { connections: 256, streams: 128, grace: Duration::ZERO };

/// The server's side of TLS. Clients must have a certificate of the client authority.
pub(crate) fn config(tls: &Tls) -> Result<Arc<ServerConfig>> {
    fn bad(part: &'static str, error: impl std::fmt::Display) -> Error {
        Error::Tls { part, reason: error.to_string() }
    }
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&tls.certificate).collect();
    let chain = chain.map_err(|error| bad("certificate", error))?;
    let key = PrivateKeyDer::from_pem_slice(&tls.key).map_err(|error| bad("key", error))?;
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(&tls.client_ca) {
        let authority = authority.map_err(|error| bad("client authority", error))?;
        roots.add(authority).map_err(|error| bad("client authority", error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let verifier = verifier.map_err(|error| bad("client authority", error))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("provider", error))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|error| bad("certificate", error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Serves until `cancel`, and then drops all connections: whoever follows a log asks again.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    cancel: CancellationToken,
) {
    naru_front::serve(listener, tls, LIMITS, router, Peer::of, cancel).await;
}
