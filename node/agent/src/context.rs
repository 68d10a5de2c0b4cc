//! What all parts of the agent share: the seams, the directories, the bounds.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use kube::Client;
use naru_image::ImageStore;
use naru_network::PodNetwork;
use naru_runtime::Runtime;
use tokio::sync::Semaphore;

use crate::{
    clock::Clock,
    events::Recorder,
    node::Capacity,
    objects::Objects,
    options::{Options, Runtimes},
    pods::{Engine, Views},
};

/// One node's surroundings.
pub(crate) struct Context {
    /// The Node object's name.
    pub(crate) node_name: String,
    /// The node's address.
    pub(crate) node_ip: IpAddr,
    /// The cluster's name.
    pub(crate) cluster: String,
    /// The API.
    pub(crate) client: Client,
    /// What runs containers.
    pub(crate) runtimes: Runtimes,
    /// Images.
    pub(crate) images: Arc<dyn ImageStore>,
    /// Addresses.
    pub(crate) network: Arc<dyn PodNetwork>,
    /// The agent's directory.
    pub(crate) data_dir: PathBuf,
    /// Container logs.
    pub(crate) log_dir: PathBuf,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Events.
    pub(crate) events: Recorder,
    /// ConfigMaps and Secrets.
    pub(crate) objects: Objects,
    /// What the node has.
    pub(crate) capacity: Capacity,
    /// Bounds pulls.
    pub(crate) pulls: Semaphore,
    /// Bounds containers being created or started.
    pub(crate) starts: Semaphore,
    /// Bounds requests of pod workers.
    pub(crate) requests: Semaphore,
    /// What the endpoint shows of the pods.
    pub(crate) views: Views,
}

impl Context {
    /// The context that `options` describe.
    pub(crate) fn new(options: &Options, capacity: Capacity, events: Recorder) -> Context {
        let limits = options.tuning.limits;
        let clock = Arc::clone(&options.tuning.clock);
        Context {
            node_name: options.node_name.clone(),
            node_ip: options.node_ip,
            cluster: options.cluster.clone(),
            client: options.client.clone(),
            runtimes: options.runtimes.clone(),
            images: Arc::clone(&options.images),
            network: Arc::clone(&options.network),
            data_dir: options.data_dir.clone(),
            log_dir: options.log_dir.clone(),
            objects: Objects::new(options.client.clone(), Arc::clone(&clock)),
            clock,
            events,
            capacity,
            pulls: Semaphore::new(limits.pulls.max(1)),
            starts: Semaphore::new(limits.starts.max(1)),
            requests: Semaphore::new(limits.requests.max(1)),
            views: Views::default(),
        }
    }

    /// The runtime of an engine.
    pub(crate) fn runtime(&self, engine: Engine) -> &Arc<dyn Runtime> {
        match engine {
            Engine::Oci => &self.runtimes.oci,
            Engine::Wasm => &self.runtimes.wasm,
        }
    }

    /// The directory of container logs.
    pub(crate) fn logs(&self) -> &Path {
        &self.log_dir
    }
}

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
