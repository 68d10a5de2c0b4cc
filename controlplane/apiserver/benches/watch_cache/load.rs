//! The load generator: keep-alive TLS connections with a client certificate, one request at a time on each.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Request;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use serde_json::Value;
use tokio::{net::TcpStream, sync::Mutex, task::JoinSet};
use tokio_rustls::TlsConnector;

use crate::{pods::Asked, server};

/// Connections to one server.
pub struct Load {
    port: u16,
    tls: TlsConnector,
    connections: Vec<Arc<Mutex<Connection>>>,
}

/// One connection.
pub struct Connection {
    sender: SendRequest<String>,
}

impl Load {
    /// Waits for the server and connects.
    pub async fn connect(dir: &Path, count: usize) -> Load {
        let port = loop {
            match std::fs::read_to_string(dir.join("port")) {
                Ok(port) => break port.parse().unwrap(),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        // A peer says where it will listen before it does.
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut load = Load { port, tls: connector(dir), connections: Vec::new() };
        for _ in 0..count {
            let connection = load.connection().await;
            load.connections.push(Arc::new(Mutex::new(connection)));
        }
        load
    }

    /// One more connection.
    pub async fn connection(&self) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = self.tls.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Connection { sender }
    }

    /// Sends `count` requests, spread over the connections, and reads all answers.
    pub async fn each(&self, count: usize, make: impl Fn(usize) -> Asked + Send + Sync + 'static) {
        let (next, make) = (Arc::new(AtomicUsize::new(0)), Arc::new(make));
        let mut tasks = JoinSet::new();
        for connection in &self.connections {
            let (connection, next, make) = (connection.clone(), next.clone(), make.clone());
            tasks.spawn(async move {
                let mut connection = connection.lock().await;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return;
                    }
                    connection.read(make(n)).await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }

    /// Waits until the server is ready, and makes what the pods need.
    pub async fn prepare(&self) {
        let mut connection = self.connections[0].lock().await;
        while connection.status("/readyz").await != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let body = r#"{"metadata":{"name":"bench"}}"#.to_string();
        let request = Request::post("/api/v1/namespaces")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        connection.read(request).await;
    }

    /// The size of an answer.
    pub async fn size(&self, request: Asked) -> usize {
        self.connections[0].lock().await.read(request).await
    }

    /// The newest resourceVersion.
    pub async fn version(&self) -> String {
        let request =
            Request::get("/api/v1/namespaces").header("host", "localhost").body(String::new()).unwrap();
        let mut connection = self.connections[0].lock().await;
        // The answer before may have been read before its connection knows.
        connection.sender.ready().await.unwrap();
        let response = connection.sender.send_request(request).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let list: Value = serde_json::from_slice(&bytes).unwrap();
        list["metadata"]["resourceVersion"].as_str().unwrap().to_string()
    }
}

impl Connection {
    /// The status code of an answer.
    async fn status(&mut self, path: &str) -> u16 {
        self.sender.ready().await.unwrap();
        let request = Request::get(path).header("host", "localhost").body(String::new()).unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        response.into_body().collect().await.unwrap();
        status
    }

    /// Sends a request that must succeed; returns the length of the answer.
    async fn read(&mut self, request: Asked) -> usize {
        self.sender.ready().await.unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status();
        let mut body = response.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame.unwrap().into_data() {
                assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&data));
                length += data.len();
            }
        }
        length
    }

    /// Watches until `count` lines have come or the server ends the watch; returns how many that were.
    pub async fn count_lines(mut self, path: String, count: usize) -> usize {
        let request = Request::get(path).header("host", "localhost").body(String::new()).unwrap();
        let mut body = self.sender.send_request(request).await.unwrap().into_body();
        let mut lines = 0;
        while lines < count
            && let Some(frame) = body.frame().await
        {
            if let Ok(data) = frame.unwrap().into_data() {
                lines += data.iter().filter(|byte| **byte == b'\n').count();
            }
        }
        lines
    }
}

fn connector(dir: &Path) -> TlsConnector {
    let pki = server::pki(dir);
    let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&pki.authority.pem().certificate)).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pki.admin.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate(&pki.admin.certificate)], key)
        .unwrap();
    TlsConnector::from(Arc::new(config))
}
