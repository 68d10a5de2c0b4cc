//! The server as a value: what it is made of ([`Options`]), the HTTP service it gives ([`Server::front`]) and the
//! tasks it needs ([`Server::run`]).

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, extract::Request};
use jiff::Timestamp;
use naru_api::status::Status;
use naru_store::Store;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use crate::{
    admission::Admission,
    auth::{Authenticator, Authorizer},
    cache::{Cache, KindCache},
    discovery, front,
    health::{self, Check},
    logs::PodLogs,
    openapi,
    registry::Registry,
    response::{self, Response, Sent},
    verbs::{expiry, large},
    version,
};

/// Requests that are worked on at a time, without watches and logs (kube-apiserver: 400 reads and 200 writes).
const REQUESTS_MAX: usize = 600;
/// Watches at a time.
const WATCHES_MAX: usize = 100_000;

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
    /// Routes for paths that are no resource (joining), merged with our own (discovery, health). They run after
    /// authentication and authorisation; `Arc<Identity>` is in the request's extensions if there is one.
    pub routes: Router,
}

/// The API server. Cheap to clone; all clones are one server.
#[derive(Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) options: Options,
    pub(crate) cache: Cache,
    /// Cancelled when watches are to end.
    pub(crate) closing: CancellationToken,
    namespaces: Option<Arc<KindCache>>,
    classes: Option<Arc<KindCache>>,
    accounts: Option<Arc<KindCache>>,
    requests: Semaphore,
    watches: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Inner {
    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    /// The cache of namespaces, if they are served.
    pub(crate) fn namespaces(&self) -> Option<&Arc<KindCache>> {
        self.namespaces.as_ref()
    }

    /// The cache of priority classes, if they are served.
    pub(crate) fn classes(&self) -> Option<&Arc<KindCache>> {
        self.classes.as_ref()
    }

    /// The cache of service accounts, if they are served.
    pub(crate) fn accounts(&self) -> Option<&Arc<KindCache>> {
        self.accounts.as_ref()
    }

    /// The right to work on an ordinary request; 429 if too many are under way.
    pub(crate) fn request_permit(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.requests.try_acquire().map_err(|_| too_many())
    }

    /// The right to work on a request with a large body; waits until fewer are under way.
    pub(crate) async fn large_permit(&self) -> Result<OwnedSemaphorePermit, Status> {
        // Nobody closes it.
        self.large.clone().acquire_owned().await.map_err(|_| too_many())
    }

    /// The right to watch; 429 if too many do.
    pub(crate) fn watch_permit(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.watches.clone().try_acquire_owned().map_err(|_| too_many())
    }
}

fn too_many() -> Status {
    Status::too_many_requests("too many requests, please try again later", 1)
}

/// The API as a service, see [`Server::front`]. It never fails.
#[derive(Clone)]
pub struct Front {
    server: Arc<Inner>,
    others: Router,
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (server, others) = (self.server.clone(), self.others.clone());
        Box::pin(async move { Ok(front::handle(server, others, request).await) })
    }
}

impl Server {
    /// A server; it answers requests for resources as soon as [`Server::run`] has loaded the state.
    pub fn new(options: Options) -> Self {
        let cache = Cache::new(options.store.clone(), &options.registry, options.clock.clone());
        let cache_of = |group: &str, plural: &str| {
            options.registry.by_plural(group, "v1", plural).and_then(|row| cache.of(&row))
        };
        let namespaces = cache_of("", "namespaces");
        let classes = cache_of("scheduling.k8s.io", "priorityclasses");
        let accounts = cache_of("", "serviceaccounts");
        let inner = Inner {
            cache,
            namespaces,
            classes,
            accounts,
            closing: CancellationToken::new(),
            requests: Semaphore::new(REQUESTS_MAX),
            watches: Arc::new(Semaphore::new(WATCHES_MAX)),
            large: Arc::new(Semaphore::new(large::AT_ONCE)),
            options,
        };
        Server { inner: Arc::new(inner) }
    }

    /// The whole API as a router, usable in process and with layers around it.
    pub fn router(&self) -> Router {
        let front = self.front();
        Router::new().fallback_service(front.map_response(|response| response.map(Sent::into_body)))
    }

    /// The whole API as a tower service: the way for those who need no router around it ([`crate::serve::serve`]).
    pub fn front(&self) -> Front {
        let others = discovery::routes(self.registry().clone())
            .merge(openapi::routes(self.registry().clone()))
            .merge(version::routes())
            .merge(health::routes(self.checks()))
            .merge(self.inner.options.routes.clone())
            .fallback(async || response::page_not_found().map(Sent::into_body))
            .method_not_allowed_fallback(async || {
                response::failure(&Status::method_not_allowed()).map(Sent::into_body)
            });
        Front { server: self.inner.clone(), others }
    }

    /// What must hold for the server to be ready.
    fn checks(&self) -> Vec<Check> {
        let check = |name: &'static str, holds: fn(&Inner) -> Result<(), &'static str>| {
            let inner = self.inner.clone();
            Check::new(name, move || std::future::ready(holds(&inner).map_err(str::to_string)))
        };
        let store = self.inner.options.store.clone();
        let reachable = Check::new("store", move || {
            let store = store.clone();
            async move { store.revision().await.map(|_| ()).map_err(|error| error.to_string()) }
        });
        vec![
            reachable,
            check("cache", |inner| inner.cache.is_ready().then_some(()).ok_or("the state has not been read")),
            check("shutdown", |inner| (!inner.closing.is_cancelled()).then_some(()).ok_or("shutting down")),
        ]
    }

    /// Drives the background tasks (the store's watch, confirmations, expiry) until `cancel`; then open watches are
    /// ended, so that connections can drain. Must run for requests to be answered.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut tasks = JoinSet::new();
        let inner = self.inner.clone();
        tasks.spawn(async move { inner.cache.follow().await });
        let inner = self.inner.clone();
        tasks.spawn(async move { inner.cache.confirm().await });
        let inner = self.inner.clone();
        tasks.spawn(async move { expiry::sweep_forever(&inner).await });
        tokio::select! {
            () = cancel.cancelled() => {}
            // They run for ever; one that ended has panicked, and without it the server is of no use.
            Some(ended) = tasks.join_next() => {
                tracing::error!(?ended, "a background task of the API server ended");
            }
        }
        self.inner.closing.cancel();
        tasks.shutdown().await;
        self.inner.cache.close();
    }

    /// Whether the state has been loaded from the store.
    pub fn is_ready(&self) -> bool {
        self.inner.cache.is_ready()
    }

    /// Waits until [`Server::is_ready`].
    pub async fn ready(&self) {
        self.inner.cache.ready().await;
    }

    /// The served kinds.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.inner.options.registry
    }
}
