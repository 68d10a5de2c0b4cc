//! What the caller decides about a node: its name, the implementations behind the seams, its directories and limits.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use k8s_openapi::api::core::v1::Taint;
use naru_image::ImageStore;
use naru_network::PodNetwork;
use naru_runtime::Runtime;

use crate::clock::{Clock, SystemClock};

/// The two runtimes of a node; a container's image decides which one it gets.
#[derive(Clone)]
pub struct Runtimes {
    /// For images that hold a file system.
    pub oci: Arc<dyn Runtime>,
    /// For images that hold a Wasm module or component.
    pub wasm: Arc<dyn Runtime>,
}

/// TLS material for the node's endpoint, as PEM.
#[derive(Clone)]
pub struct Tls {
    /// The endpoint's certificate, with its chain.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
    /// The authority that client certificates must come from.
    pub client_ca: Vec<u8>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls { .. }")
    }
}

/// How much of each thing may be under way at once on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pods that may run here: the node's `pods` capacity.
    pub pods: u32,
    /// Images being pulled.
    pub pulls: usize,
    /// Containers being created or started.
    pub starts: usize,
    /// Requests to the API server by pod workers.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { pods: 110, pulls: 4, starts: 16, requests: 32 }
    }
}

/// What has a sensible default.
#[derive(Clone)]
pub struct Tuning {
    /// Labels of the node besides the well-known ones.
    pub labels: BTreeMap<String, String>,
    /// Taints the node registers with.
    pub taints: Vec<Taint>,
    /// `spec.podCIDR` of the node, if the caller has given it a range.
    pub pod_cidr: Option<String>,
    /// Bounds.
    pub limits: Limits,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            labels: BTreeMap::new(),
            taints: Vec::new(),
            pod_cidr: None,
            limits: Limits::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Everything an [`Agent`](crate::Agent) needs.
#[derive(Clone)]
pub struct Options {
    /// The Node object's name.
    pub node_name: String,
    /// The node's address as other machines see it.
    pub node_ip: IpAddr,
    /// The cluster's name (`[a-z0-9]`, 6 characters); pods' cgroups are under `/naru-<cluster>`.
    pub cluster: String,
    /// The API, as the identity `system:node:<name>`.
    pub client: kube::Client,
    /// What runs containers.
    pub runtimes: Runtimes,
    /// Images on this node.
    pub images: Arc<dyn ImageStore>,
    /// Pod addresses on this node.
    pub network: Arc<dyn PodNetwork>,
    /// The agent's own directory, for example `/var/lib/naru/node`; volumes are in `pods/<uid>/volumes` under it.
    pub data_dir: PathBuf,
    /// Container logs, for example `/var/lib/naru/logs/pods`.
    pub log_dir: PathBuf,
    /// Where the node's HTTPS endpoint listens; port 0 takes a free one. The port is in the Node's status.
    pub listen: SocketAddr,
    /// For that endpoint.
    pub tls: Tls,
    /// The rest.
    pub tuning: Tuning,
}
