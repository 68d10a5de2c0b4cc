//! The controllers: each brings one part of the cluster's actual state to the wanted one.
//!
//! In: a [`kube::Client`]. Out: writes through the API. One file a controller: pure functions that decide, and a thin
//! loop that is poked by watches and runs on a period. None keeps state that a restart would miss. A leader election
//! will stand where [`run`] starts the tasks.

mod bootstrap;
mod error;
mod garbage;
mod namespace;
mod node_lifecycle;
mod pod_gc;
mod service_account;
mod supervise;

use std::sync::Arc;

pub use bootstrap::bootstrap;
pub use error::{Error, Result};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What controllers are told.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cluster's authority, PEM: published as ConfigMap `kube-root-ca.crt` in every namespace.
    pub root_ca: String,
}

/// What every controller works with.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) client: kube::Client,
    pub(crate) options: Arc<Options>,
}

/// Runs every controller until `cancel`. One that fails is started again after a pause, so this ends only then.
pub async fn run(client: kube::Client, options: Options, cancel: CancellationToken) -> Result<()> {
    let context = Context { client, options: Arc::new(options) };
    let mut tasks = JoinSet::new();
    macro_rules! start {
        ($name:literal, $controller:path) => {{
            let context = context.clone();
            tasks.spawn(supervise::forever($name, cancel.clone(), move || $controller(context.clone())));
        }};
    }
    start!("bootstrap", bootstrap::run);
    start!("namespace", namespace::run);
    start!("serviceaccount", service_account::run);
    start!("node-lifecycle", node_lifecycle::run);
    start!("pod-gc", pod_gc::run);
    start!("garbage-collector", garbage::run);
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(Error::Panicked)?;
    }
    Ok(())
}
