//! How a node joins: it shows the join token and a signing request, and gets certificates for its name.
//!
//! The token is `naru.<SHA-256 of the authority, hex>.<secret>`: the hash lets the node check, before it sends
//! anything, that it talks to this cluster (as kubeadm's discovery hash does); only the secret crosses the wire.

use std::{net::IpAddr, sync::Arc};

use axum::{Json, Router, extract::State, response::IntoResponse, routing::post};
use naru_api::{
    names,
    status::{FieldError, Status},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::{
    auth::NODES,
    pki::{Authority, Request, Usage},
};

/// Where nodes ask.
pub const PATH: &str = "/naru/v1/node-certificates";

/// What a node asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinRequest {
    /// The node's name, a DNS-1123 subdomain.
    pub node_name: String,
    /// Addresses its HTTPS endpoint is reached by.
    pub addresses: Vec<IpAddr>,
    /// A PEM PKCS #10 request; only its key is used, for both certificates.
    pub csr: String,
}

/// What it gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinResponse {
    /// The cluster's name, which its bridges, tables and control groups carry.
    pub cluster: String,
    /// The authority, PEM.
    pub ca: String,
    /// The node's client certificate, PEM.
    pub client_certificate: String,
    /// The certificate for its HTTPS endpoint, PEM.
    pub serving_certificate: String,
}

/// Signs node certificates.
pub struct Joiner {
    cluster: String,
    authority: Authority,
}

impl Joiner {
    /// A joiner for `cluster`.
    pub fn new(cluster: impl Into<String>, authority: Authority) -> Self {
        Joiner { cluster: cluster.into(), authority }
    }

    /// The route to merge into the API server's router.
    pub fn routes(self) -> Router {
        Router::new().route(PATH, post(answer)).with_state(Arc::new(self))
    }

    /// Certificates for a node, valid from `now`.
    pub fn join(&self, request: &JoinRequest, now: OffsetDateTime) -> Result<JoinResponse, Status> {
        if let Some(problem) = names::dns1123_subdomain(&request.node_name).pop() {
            let error = FieldError::invalid("nodeName", request.node_name.as_str(), problem);
            return Err(Status::invalid("", "Node", &request.node_name, &[error]));
        }
        let user = format!("system:node:{}", request.node_name);
        let mut wanted = Request {
            user: &user,
            groups: &[NODES],
            usage: Usage::Client,
            dns_names: Vec::new(),
            addresses: Vec::new(),
        };
        let bad = |error: crate::pki::Error| Status::bad_request(chain(&error));
        let client_certificate = self.authority.sign(&request.csr, &wanted, now).map_err(bad)?;
        wanted.usage = Usage::Server;
        wanted.dns_names = vec![request.node_name.clone()];
        wanted.addresses = request.addresses.clone();
        let serving_certificate = self.authority.sign(&request.csr, &wanted, now).map_err(bad)?;
        Ok(JoinResponse {
            cluster: self.cluster.clone(),
            ca: self.authority.pem().certificate.clone(),
            client_certificate,
            serving_certificate,
        })
    }
}

async fn answer(
    State(joiner): State<Arc<Joiner>>,
    Json(request): Json<JoinRequest>,
) -> axum::response::Response {
    match joiner.join(&request, OffsetDateTime::now_utc()) {
        Ok(response) => {
            tracing::info!(node = request.node_name, "a node joined");
            Json(response).into_response()
        }
        Err(status) => {
            let code = axum::http::StatusCode::from_u16(status.code).unwrap_or_default();
            (code, Json(status.to_json())).into_response()
        }
    }
}

/// The token a node is started with.
pub fn token(ca_der: &[u8], secret: &str) -> String {
    format!("naru.{}.{secret}", fingerprint(ca_der))
}

/// The authority's fingerprint in a token: SHA-256 of its DER, in hex.
pub fn fingerprint(ca_der: &[u8]) -> String {
    Sha256::digest(ca_der).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
