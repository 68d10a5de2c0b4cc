//! A member of an etcd cluster that can be connected to: its address, and whether and how TLS is spoken with it.

use std::sync::Arc;

use bytes::Bytes;
use h2::{
    PingPong,
    client::{Builder, SendRequest},
};
use http::{Uri, uri::Scheme};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;
use tower::BoxError;

use super::connect::{CONNECT_TIMEOUT, EtcdTls, KEEP_ALIVE_PERIOD, KEEP_ALIVE_TIMEOUT};
use crate::{Error, Result};

/// Bytes of an answer that may be on their way; pages of a listing are large.
const STREAM_WINDOW_BYTES: u32 = 2 << 20;
/// The same of all answers together.
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// etcd's port.
const PORT: u16 = 2379;

/// A member, by its URL.
pub(super) struct Endpoint {
    uri: Uri,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Endpoint {
    /// An endpoint of this URL; without a scheme it has TLS if `tls` says how.
    pub(super) fn new(url: &str, tls: Option<&EtcdTls>) -> Result<Self> {
        let whole = match (url.contains("://"), tls) {
            (true, _) => url.to_owned(),
            (false, Some(_)) => format!("https://{url}"),
            (false, None) => format!("http://{url}"),
        };
        let bad = |why: &str| Error::Invalid { context: format!("the etcd endpoint {url:?}: {why}") };
        let uri: Uri = whole.parse().map_err(|error: http::uri::InvalidUri| bad(&error.to_string()))?;
        let host = uri.host().ok_or_else(|| bad("it names no host"))?;
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        if tls.is_some() && !secure {
            return Err(bad("TLS options are for https"));
        }
        let tls = if secure {
            let name = host.trim_matches(['[', ']']).to_owned();
            let name = ServerName::try_from(name).map_err(|error| bad(&error.to_string()))?;
            let config = config(tls).map_err(|error| bad(&error.to_string()))?;
            Some((TlsConnector::from(Arc::new(config)), name))
        } else {
            None
        };
        Ok(Endpoint { uri, tls })
    }

    /// The URI of a request with this path.
    pub(super) fn uri(&self, path: &Uri) -> std::result::Result<Uri, http::Error> {
        let whole = Uri::builder().path_and_query(path.path());
        let whole = match self.uri.scheme() {
            Some(scheme) => whole.scheme(scheme.clone()),
            None => whole,
        };
        match self.uri.authority() {
            Some(authority) => whole.authority(authority.clone()).build(),
            None => whole.build(),
        }
    }

    /// A new connection. A task of its own drives it, for as long as there is anybody who uses it.
    pub(super) async fn connect(&self) -> std::result::Result<SendRequest<Bytes>, BoxError> {
        let host = self.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let address = (host, self.uri.port_u16().unwrap_or(PORT));
        let connecting = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            match &self.tls {
                None => handshake(stream).await,
                Some((tls, name)) => handshake(tls.connect(name.clone(), stream).await?).await,
            }
        };
        match timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected,
            Err(_) => {
                Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "etcd accepted no connection").into())
            }
        }
    }
}

async fn handshake<T>(stream: T) -> std::result::Result<SendRequest<Bytes>, BoxError>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, mut connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .handshake(stream)
        .await?;
    let ping = connection.ping_pong().ok_or("the connection has been asked for its pings before")?;
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => tracing::debug!(?ended, "a connection to etcd ended"),
            () = silence(ping) => tracing::warn!("etcd does not answer any more"),
        }
    });
    Ok(sender)
}

/// Returns when the other side gives no sign of life.
async fn silence(mut ping: PingPong) {
    loop {
        sleep(KEEP_ALIVE_PERIOD).await;
        if !matches!(timeout(KEEP_ALIVE_TIMEOUT, ping.ping(h2::Ping::opaque())).await, Ok(Ok(_))) {
            return;
        }
    }
}

/// Whom to trust, and who we are.
fn config(tls: Option<&EtcdTls>) -> std::result::Result<ClientConfig, BoxError> {
    let certificates =
        |pem: &[u8]| CertificateDer::pem_slice_iter(pem).collect::<std::result::Result<Vec<_>, _>>();
    let mut roots = RootCertStore::empty();
    for certificate in tls.map(|tls| certificates(&tls.ca)).transpose()?.unwrap_or_default() {
        roots.add(certificate)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match tls.and_then(|tls| tls.identity.as_ref()) {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            config.with_client_auth_cert(certificates(certificate)?, PrivateKeyDer::from_pem_slice(key)?)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_of_members() {
        let tls = EtcdTls::default();
        for (url, tls, expected) in [
            ("http://127.0.0.1:2379", None, Some("http://127.0.0.1:2379/a/B")),
            ("http://[::1]:2379", None, Some("http://[::1]:2379/a/B")),
            ("http://etcd/", None, Some("http://etcd/a/B")),
            ("etcd:2379", None, Some("http://etcd:2379/a/B")),
            ("etcd:2379", Some(&tls), Some("https://etcd:2379/a/B")),
            ("https://[::1]:2379", None, Some("https://[::1]:2379/a/B")),
            ("http://etcd:2379", Some(&tls), None),
            ("http://", None, None),
            ("", None, None),
        ] {
            let endpoint = Endpoint::new(url, tls).ok();
            let uri = endpoint.map(|endpoint| endpoint.uri(&"/a/B".parse().unwrap()).unwrap().to_string());
            assert_eq!(uri.as_deref(), expected, "{url}");
        }
    }
}
