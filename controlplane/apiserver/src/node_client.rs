//! The API server as a client of the nodes' HTTPS endpoints, for logs and, later, exec and port-forward.
//!
//! In: a Node object (its address and port) and a path. Out: the node's answer as a stream. The node is verified by
//! the cluster's authority and its own name; we prove ourselves with the `kube-apiserver` client certificate.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header::HOST};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use naru_api::{Object, meta, status::Status};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{pki::KeyPem, serve};

/// A node that has not taken the connection by then is away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of a node's error message that are passed on.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// Talks to nodes.
#[derive(Clone)]
pub struct NodeClient {
    tls: Arc<ClientConfig>,
}

impl NodeClient {
    /// A client that proves itself with `client` and trusts `ca`.
    pub fn new(client: &KeyPem, ca: &str) -> Result<Self, serve::Error> {
        let pem = |what| move |source| serve::Error::Pem { what, source };
        let ca = CertificateDer::from_pem_slice(ca.as_bytes()).map_err(pem("authority's certificate"))?;
        let certificate = CertificateDer::from_pem_slice(client.certificate.as_bytes())
            .map_err(pem("client certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(client.key.as_bytes()).map_err(pem("client key"))?;
        let mut roots = RootCertStore::empty();
        roots.add(ca)?;
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)?;
        Ok(NodeClient { tls: Arc::new(config) })
    }

    /// GETs `path_and_query` from `node`. An answer other than 2xx becomes a Status with the node's own words.
    pub async fn get(&self, node: &Object, path_and_query: &str) -> Result<Body, Status> {
        let name = meta::name(node).unwrap_or_default().to_string();
        let response = match timeout(CONNECT_TIMEOUT, self.request(node, &name, path_and_query)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(unreachable(&name, "it did not answer in time")),
        };
        if response.status().is_success() {
            return Ok(Body::new(response.into_body()));
        }
        Err(refusal(response).await)
    }

    async fn request(&self, node: &Object, name: &str, path: &str) -> Result<Response<Incoming>, Status> {
        let address = address(node).ok_or_else(|| unreachable(name, "it has not said where it listens"))?;
        let broken = |error: &dyn std::fmt::Display| unreachable(name, &format!("{address}: {error}"));
        let stream = TcpStream::connect(address).await.map_err(|error| broken(&error))?;
        let server = ServerName::try_from(name.to_string()).map_err(|error| broken(&error))?;
        let stream = TlsConnector::from(self.tls.clone())
            .connect(server, stream)
            .await
            .map_err(|error| broken(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
        // The connection lives as long as the answer's body: it ends when the body is read or dropped.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to a node ended");
            }
        });
        let uri = Uri::try_from(path).map_err(|error| Status::bad_request(error.to_string()))?;
        let request = Request::get(uri).header(HOST, name).body(Empty::<Bytes>::new());
        let request = request.map_err(|error| Status::internal(error.to_string()))?;
        sender.send_request(request).await.map_err(|error| broken(&error))
    }
}

/// Where a node says it listens: its InternalIP and the port of its kubelet endpoint.
fn address(node: &Object) -> Option<SocketAddr> {
    let addresses = node.pointer("/status/addresses")?.as_array()?;
    let internal = addresses.iter().find(|one| one["type"] == "InternalIP")?;
    let ip: IpAddr = internal["address"].as_str()?.parse().ok()?;
    let port = node.pointer("/status/daemonEndpoints/kubeletEndpoint/Port")?.as_u64()?;
    Some(SocketAddr::new(ip, port.try_into().ok()?))
}

fn unreachable(node: &str, why: &str) -> Status {
    Status::unavailable(format!("node {node:?} cannot be reached: {why}"))
}

async fn refusal(response: Response<Incoming>) -> Status {
    let code = response.status();
    let body = Limited::new(response.into_body(), ERROR_BYTES_MAX).collect().await;
    let text =
        body.map(|body| String::from_utf8_lossy(&body.to_bytes()).trim().to_string()).unwrap_or_default();
    match code {
        StatusCode::BAD_REQUEST => Status::bad_request(text),
        StatusCode::NOT_FOUND => Status::new(404, "NotFound", text),
        _ => Status::internal(format!("the node answered {code}: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_address_is_the_internal_ip_and_the_kubelet_port() {
        let node = json!({"status": {
            "addresses": [{"type": "Hostname", "address": "a"}, {"type": "InternalIP", "address": "10.0.0.7"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        }});
        assert_eq!(address(&node), Some(SocketAddr::from(([10, 0, 0, 7], 10250))));
        assert_eq!(address(&json!({"status": {}})), None);
    }
}
