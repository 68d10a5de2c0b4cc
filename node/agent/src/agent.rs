//! The agent as a whole: brings its parts up in order, owns their tasks, and takes them down.

use std::net::SocketAddr;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Options, Result};

/// The node is registered and its condition Ready is True.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Where the node's endpoint listens.
    pub endpoint: SocketAddr,
}

/// A node agent, before and while it runs.
pub struct Agent {
    options: Options,
    ready: watch::Sender<Option<Ready>>,
}

impl Agent {
    /// An agent that has not done anything yet.
    pub fn new(options: Options) -> Agent {
        Agent { options, ready: watch::Sender::new(None) }
    }

    /// Tells when the node has been registered and has posted Ready. Take it before [`Agent::run`].
    pub fn ready(&self) -> watch::Receiver<Option<Ready>> {
        self.ready.subscribe()
    }

    /// Runs until `cancel`. Containers, mounts and addresses stay as they are when it returns, and another run adopts
    /// them. Fails only where it cannot start: an API server that is away is waited for.
    pub async fn run(self, cancel: CancellationToken) -> Result<()> {
        tracing::info!(node = %self.options.node_name, "the node agent starts");
        cancel.cancelled().await;
        Ok(())
    }
}
