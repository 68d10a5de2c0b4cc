//! A cluster of one node: the API server over a store in memory, an agent that can be stopped and started, and what is
//! around it.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use k8s_openapi::api::core::v1::{Event, Namespace, Node, Pod};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
};
use naru_api::{Object, status::Status};
use naru_apiserver::{
    LogQuery, LogStream, Options as ServerOptions, PodLogs, Registry, Server,
    auth::{Attributes, Authorizer, Identity},
};
use naru_image::{FakeImages, ImageStore};
use naru_network::{FakeNetwork, PodNetwork};
use naru_node::{Agent, Clock, Options, Ready, Runtimes, Tls, Tuning};
use naru_runtime::{
    ContainerSpec, Error as RuntimeError, Runtime, TaskStatus,
    fake::{FakeRuntime, Script, ScriptedExit},
    logs::Stream,
};
use naru_store::memory::Memory;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::clock::TestClock;

/// The node's name.
pub(crate) const NODE: &str = "n1";
/// How long a test waits for what must happen, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks, in real time.
const LOOK: Duration = Duration::from_millis(5);

struct Anybody;

impl Authorizer for Anybody {
    fn authorize(&self, _: Option<&Identity>, _: &Attributes<'_>) -> Result<(), Status> {
        Ok(())
    }
}

struct NoLogs;

#[async_trait::async_trait]
impl PodLogs for NoLogs {
    async fn open(&self, _: &Object, _: &LogQuery) -> Result<LogStream, Status> {
        Err(Status::bad_request("no logs here"))
    }
}

/// An authority with the certificates it has given.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Authority { issuer }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate and its key.
    pub(crate) fn issue(&self, user: &str, group: &str) -> (String, String) {
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, user);
        params.distinguished_name.push(DnType::OrganizationName, group);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

struct Running {
    cancel: CancellationToken,
    task: JoinHandle<naru_node::Result<()>>,
}

/// How much earlier the runtime for Wasm writes a start down than the agent hears of it. What users are told is the runtime's time.
const BEFORE_TOLD: Duration = Duration::from_secs(1);

/// The cluster.
pub(crate) struct Cluster {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) client: Client,
    pub(crate) images: Arc<FakeImages>,
    pub(crate) network: Arc<FakeNetwork>,
    pub(crate) oci: Arc<FakeRuntime>,
    pub(crate) wasm: Arc<FakeRuntime>,
    pub(crate) authority: Authority,
    /// While it is set the agent's requests are answered with 503.
    pub(crate) outage: Arc<AtomicBool>,
    pub(crate) endpoint: Option<std::net::SocketAddr>,
    node_client: Client,
    dir: TempDir,
    agent: Option<Running>,
    server: CancellationToken,
    _tasks: JoinSet<()>,
}

/// What a fake container does is in its arguments.
fn script(spec: &ContainerSpec) -> Script {
    let words: Vec<&str> = spec.args.iter().map(String::as_str).collect();
    let quick = |code| ScriptedExit { after: Duration::from_millis(1), code, oom_killed: false };
    match words.as_slice() {
        ["exit", code] => Script { exits: Some(quick(code.parse().unwrap())), ..Script::default() },
        ["oom"] => {
            Script { exits: Some(ScriptedExit { oom_killed: true, ..quick(137) }), ..Script::default() }
        }
        ["stubborn"] => Script { ignores_sigterm: true, ..Script::default() },
        ["invalid", message] => {
            let message = (*message).to_owned();
            Script { create_fails: Some(RuntimeError::Invalid { message }), ..Script::default() }
        }
        ["cannot-start", message] => {
            let message = (*message).to_owned();
            Script { start_fails: Some(RuntimeError::Invalid { message }), ..Script::default() }
        }
        ["say", text] => Script { output: vec![(Stream::Stdout, format!("{text}\n"))], ..Script::default() },
        ["say", text, code] => Script {
            output: vec![(Stream::Stdout, format!("{text}\n"))],
            exits: Some(quick(code.parse().unwrap())),
            ..Script::default()
        },
        _ => Script::default(),
    }
}

impl Cluster {
    /// A cluster whose agent runs and is Ready. The images `oci:1` and `wasm:1` are on the node.
    pub(crate) async fn start() -> Cluster {
        let mut cluster = Cluster::without_agent().await;
        cluster.start_agent().await;
        cluster
    }

    /// The same before its agent is started.
    pub(crate) async fn without_agent() -> Cluster {
        let clock = TestClock::new();
        let time = Arc::clone(&clock);
        let server = Server::new(ServerOptions {
            store: Arc::new(Memory::new()),
            registry: Arc::new(Registry::default()),
            authenticators: Vec::new(),
            authorizer: Arc::new(Anybody),
            admission: Vec::new(),
            clock: Arc::new(move || time.now()),
            logs: Arc::new(NoLogs),
            routes: axum::Router::new(),
        });
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (running, stop) = (server.clone(), cancel.clone());
        tasks.spawn(async move { running.run(stop).await });
        server.ready().await;
        let admin = Identity::new("kubernetes-admin", &["system:masters"]);
        let client = naru_client::in_process(server.router(), admin);
        let outage = Arc::new(AtomicBool::new(false));
        let node_client = node_client(&server, Arc::clone(&outage));
        for name in ["default", "kube-node-lease"] {
            let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
            Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
        }
        let images = Arc::new(FakeImages::new());
        images.hold("oci:1", FakeImages::oci("oci:1")).unwrap();
        images.hold("wasm:1", FakeImages::wasm("wasm:1")).unwrap();
        let fake = |behind| {
            let time = Arc::clone(&clock);
            Arc::new(FakeRuntime::with_clock(script, Arc::new(move || time.now() - behind)))
        };
        Cluster {
            oci: fake(Duration::ZERO),
            wasm: fake(BEFORE_TOLD),
            images,
            network: Arc::new(FakeNetwork::new("10.77.0.0/24".parse().unwrap())),
            authority: Authority::new(),
            client,
            outage,
            endpoint: None,
            node_client,
            dir: tempfile::tempdir().unwrap(),
            agent: None,
            server: cancel,
            clock,
            _tasks: tasks,
        }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("node")
    }

    pub(crate) fn log_dir(&self) -> PathBuf {
        self.dir.path().join("logs")
    }

    /// Starts the agent and waits until its node is Ready.
    pub(crate) async fn start_agent(&mut self) {
        let mut ready = self.launch_agent();
        let told = tokio::time::timeout(PATIENCE, ready.wait_for(Option::is_some)).await;
        self.endpoint = told.unwrap().unwrap().map(|ready| ready.endpoint);
    }

    /// Starts the agent.
    pub(crate) fn launch_agent(&mut self) -> watch::Receiver<Option<Ready>> {
        let (certificate, key) = self.authority.issue("system:node:n1", "system:nodes");
        let agent = Agent::new(Options {
            node_name: NODE.into(),
            node_ip: [127, 0, 0, 1].into(),
            cluster: "test01".into(),
            client: self.node_client.clone(),
            runtimes: Runtimes { oci: self.oci.clone(), wasm: self.wasm.clone() },
            images: self.images.clone(),
            network: self.network.clone(),
            data_dir: self.data_dir(),
            log_dir: self.log_dir(),
            listen: ([127, 0, 0, 1], 0).into(),
            tls: Tls {
                certificate: certificate.into(),
                key: key.into(),
                client_ca: self.authority.pem().into(),
            },
            tuning: Tuning { clock: self.clock.clone(), ..Tuning::default() },
        });
        let ready = agent.ready();
        let cancel = CancellationToken::new();
        let task = tokio::spawn(agent.run(cancel.clone()));
        self.agent = Some(Running { cancel, task });
        ready
    }

    /// Stops the agent as a restart does: whatever runs goes on.
    pub(crate) async fn stop_agent(&mut self) {
        let Running { cancel, task } = self.agent.take().unwrap();
        cancel.cancel();
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
    }

    pub(crate) fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Creates a pod on the node; `spec` is merged over nothing but the node's name.
    pub(crate) async fn create(&self, name: &str, mut spec: Value) -> Pod {
        spec["nodeName"] = json!(NODE);
        let pod = serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap();
        self.pods().create(&PostParams::default(), &pod).await.unwrap()
    }

    pub(crate) async fn delete(&self, name: &str, how: &DeleteParams) {
        self.pods().delete(name, how).await.unwrap();
    }

    pub(crate) async fn pod(&self, name: &str) -> Option<Pod> {
        self.pods().get_opt(name).await.unwrap()
    }

    /// Waits until a pod is as `good` wants it.
    pub(crate) async fn until(&self, name: &str, what: &str, good: impl Fn(&Pod) -> bool) -> Pod {
        self.until_moving(name, what, Duration::ZERO, good).await
    }

    /// The same, and moves the clock by `step` between looks.
    pub(crate) async fn until_moving(
        &self,
        name: &str,
        what: &str,
        step: Duration,
        good: impl Fn(&Pod) -> bool,
    ) -> Pod {
        let begun = std::time::Instant::now();
        loop {
            let pod = self.pod(name).await;
            if let Some(pod) = &pod
                && good(pod)
            {
                return pod.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{name} is not {what}: {pod:#?}");
            tokio::time::sleep(LOOK).await;
            if !step.is_zero() {
                self.clock.advance(step);
            }
        }
    }

    /// Waits until a pod is not in the API any more, moving the clock by `step`.
    pub(crate) async fn until_gone(&self, name: &str, step: Duration) {
        let begun = std::time::Instant::now();
        while let Some(pod) = self.pod(name).await {
            assert!(begun.elapsed() < PATIENCE, "{name} does not go: {pod:#?}");
            tokio::time::sleep(LOOK).await;
            self.clock.advance(step);
        }
    }

    /// Waits until nothing of any pod is left on the node.
    pub(crate) async fn until_clean(&self) {
        let begun = std::time::Instant::now();
        loop {
            let left = self.leftovers().await;
            if left.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "left on the node: {left:#?}");
            tokio::time::sleep(LOOK).await;
            self.clock.advance(Duration::from_millis(100));
        }
    }

    /// What is on the node of any pod.
    pub(crate) async fn leftovers(&self) -> Vec<String> {
        let mut left: Vec<String> = self.containers().await.into_iter().map(|one| one.id.0).collect();
        left.extend(
            self.network.list().await.unwrap().into_iter().map(|one| format!("address of {}", one.pod)),
        );
        left.extend(self.images.mounted().await.unwrap().into_iter().map(|id| format!("root of {id}")));
        for dir in [self.data_dir().join("pods"), self.log_dir()] {
            let entries = std::fs::read_dir(dir).into_iter().flatten();
            left.extend(entries.map(|entry| entry.unwrap().path().display().to_string()));
        }
        left
    }

    /// All containers of both runtimes.
    pub(crate) async fn containers(&self) -> Vec<TaskStatus> {
        let mut list = self.oci.list().await.unwrap();
        list.extend(self.wasm.list().await.unwrap());
        list
    }

    /// Waits for an event about a pod; its count.
    pub(crate) async fn until_event(&self, pod: &str, reason: &str, message: &str) -> i32 {
        let begun = std::time::Instant::now();
        let api: Api<Event> = Api::namespaced(self.client.clone(), "default");
        loop {
            let events = api.list(&ListParams::default()).await.unwrap().items;
            let about = events.iter().filter(|event| event.involved_object.name.as_deref() == Some(pod));
            let mut told: Vec<String> = Vec::new();
            for event in about {
                let text = event.message.as_deref().unwrap_or_default();
                if event.reason.as_deref() == Some(reason) && text.contains(message) {
                    return event.count.unwrap_or(1);
                }
                told.push(format!("{} {text}", event.reason.as_deref().unwrap_or_default()));
            }
            assert!(begun.elapsed() < PATIENCE, "no event {reason} {message:?} of {pod}: {told:#?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    pub(crate) async fn node(&self) -> Node {
        Api::all(self.client.clone()).get(NODE).await.unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.server.cancel();
        if let Some(agent) = &self.agent {
            agent.cancel.cancel();
        }
        // Secrets and memory volumes are mounts: they go before the directory does.
        let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let points = table.lines().filter_map(|line| line.split(' ').nth(4));
        for point in points.filter(|point| std::path::Path::new(point).starts_with(self.dir.path())) {
            let _ = nix::mount::umount2(point, nix::mount::MntFlags::MNT_DETACH);
        }
    }
}

/// The agent's client: in process, and off while there is an outage.
fn node_client(server: &Server, outage: Arc<AtomicBool>) -> Client {
    let identity = Identity::new("system:node:n1", &["system:nodes"]);
    let router = server.router().layer(axum::Extension(identity));
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (router, down) = (router.clone(), outage.load(Ordering::SeqCst));
        async move {
            if down {
                let refusal = Status::unavailable("the store is away").to_json().to_string();
                let response =
                    http::Response::builder().status(503).body(axum::body::Body::from(refusal)).unwrap();
                return Ok(response);
            }
            router.oneshot(request.map(axum::body::Body::new)).await
        }
    });
    Client::new(service, "default")
}

/// A container of the OCI image.
pub(crate) fn oci(name: &str, args: &[&str]) -> Value {
    json!({"name": name, "image": "oci:1", "command": args})
}
