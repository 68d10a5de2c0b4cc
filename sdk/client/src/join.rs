//! A node's first contact with its cluster.
//!
//! In: the server's URL and a join token. Out: certificates for the node's name. The server shows its authority in
//! the TLS handshake; its hash must be the one in the token, so that nothing is sent to a stranger.

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

const PATH: &str = "/naru/v1/node-certificates";
const TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why a node could not join.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// Not a token of ours.
    #[error(
        "this is no join token: it should read naru.<64 hex digits>.<secret>; `naru server` writes it to <data-dir>/join-token"
    )]
    Token,
    /// Not a URL of ours.
    #[error("{url:?} is no server URL: it should read https://HOST:PORT")]
    Url {
        /// What was given.
        url: String,
    },
    /// The server cannot be reached, or is not the one the token is for.
    #[error("cannot join at {url}: {reason}")]
    Connection {
        /// The server.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The server said no.
    #[error("{url} refused: {message}")]
    Refused {
        /// The server.
        url: String,
        /// Its words.
        message: String,
    },
    /// No key could be made.
    #[error("cannot make a key")]
    Key(#[from] rcgen::Error),
}

/// What a node needs to take part; all PEM.
#[derive(Clone, Debug)]
pub struct NodeCertificates {
    /// The cluster's name.
    pub cluster: String,
    /// The authority.
    pub ca: String,
    /// For talking to the API server.
    pub client_certificate: String,
    /// For the node's own HTTPS endpoint.
    pub serving_certificate: String,
    /// The key of both.
    pub key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    cluster: String,
    ca: String,
    client_certificate: String,
    serving_certificate: String,
}

/// Asks `server` for certificates for `node_name`, whose endpoint is reached by `addresses`.
pub async fn join(
    server: &str,
    token: &str,
    node_name: &str,
    addresses: &[IpAddr],
) -> Result<NodeCertificates, JoinError> {
    let (hash, secret) = parse_token(token)?;
    let key = KeyPair::generate()?;
    let csr = CertificateParams::default().serialize_request(&key)?.pem()?;
    let body = json!({"nodeName": node_name, "addresses": addresses, "csr": csr});
    let answer = timeout(TIMEOUT, post(server, hash, secret, body.to_string())).await;
    let Answer { cluster, ca, client_certificate, serving_certificate } =
        answer.map_err(|_| connection(server, "it did not answer in time"))??;
    Ok(NodeCertificates { cluster, ca, client_certificate, serving_certificate, key: key.serialize_pem() })
}

fn parse_token(token: &str) -> Result<([u8; 32], &str), JoinError> {
    let rest = token.trim().strip_prefix("naru.").ok_or(JoinError::Token)?;
    let (hash, secret) = rest.split_once('.').ok_or(JoinError::Token)?;
    let mut bytes = [0; 32];
    if hash.len() != 64 || secret.is_empty() || !hash.is_ascii() {
        return Err(JoinError::Token);
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hash[2 * index..2 * index + 2], 16).map_err(|_| JoinError::Token)?;
    }
    Ok((bytes, secret))
}

fn connection(url: &str, reason: impl std::fmt::Display) -> JoinError {
    JoinError::Connection { url: url.into(), reason: reason.to_string() }
}

async fn post(server: &str, hash: [u8; 32], secret: &str, body: String) -> Result<Answer, JoinError> {
    let bad_url = || JoinError::Url { url: server.into() };
    let uri: Uri = server.parse().map_err(|_| bad_url())?;
    let (Some("https"), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(bad_url()) };
    let host = host.trim_matches(['[', ']']).to_string();
    let failed = |error: &dyn std::fmt::Display| connection(server, error);
    let stream = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(443)))
        .await
        .map_err(|error| failed(&error))?;
    let name = ServerName::try_from(host.clone()).map_err(|error| failed(&error))?;
    let stream =
        TlsConnector::from(pinned(hash)).connect(name, stream).await.map_err(|error| failed(&error))?;
    let (mut sender, http) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let request = Request::post(PATH)
        .header(header::HOST, &host)
        .header(header::AUTHORIZATION, format!("Bearer {secret}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| failed(&error))?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok::<_, hyper::Error>((status, body.map(http_body_util::Collected::to_bytes)))
    };
    // The connection makes progress only while it is polled, and may end before the answer has been looked at.
    let (answer, _) = tokio::join!(exchange, http);
    let (status, body) = answer.map_err(|error| failed(&error))?;
    let body = body.map_err(|error| failed(&error))?;
    if !status.is_success() {
        let message = serde_json::from_slice::<serde_json::Value>(&body)
            .ok()
            .and_then(|status| Some(status.get("message")?.as_str()?.to_string()))
            .unwrap_or_else(|| status.to_string());
        return Err(JoinError::Refused { url: server.into(), message });
    }
    serde_json::from_slice(&body).map_err(|error| failed(&error))
}

fn pinned(hash: [u8; 32]) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(PinnedAuthority { hash, provider: provider.clone() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the ring provider supports the default protocol versions")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Arc::new(config)
}

/// Accepts a server whose chain ends in the authority with this hash, and whose certificate that authority signed for
/// the name we asked for: the usual check, with the root taken from the token instead of from a file.
#[derive(Debug)]
struct PinnedAuthority {
    hash: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl PinnedAuthority {
    fn verifier(&self, chain: &[CertificateDer<'_>]) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
        let ca = chain.iter().find(|one| <[u8; 32]>::from(Sha256::digest(one)) == self.hash);
        let ca = ca.ok_or_else(|| {
            rustls::Error::General("the server's authority is not the one the token names".into())
        })?;
        let mut roots = RootCertStore::empty();
        roots.add(ca.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))
    }
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verifier(intermediates)?.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let good = format!("naru.{}.secret", "ab".repeat(32));
        assert_eq!(parse_token(&good).ok(), Some(([0xab; 32], "secret")));
        let short = format!("naru.{}.secret", "ab".repeat(31));
        let not_hex = format!("naru.{}.secret", "zz".repeat(32));
        let empty = format!("naru.{}.", "ab".repeat(32));
        for bad in ["", "naru.", "secret", short.as_str(), not_hex.as_str(), empty.as_str()] {
            assert!(parse_token(bad).is_err(), "{bad}");
        }
    }
}
