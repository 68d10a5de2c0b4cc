//! The one place that knows every part: builds the control plane and the node from arguments, and joins them.
//!
//! In `naru up` the node, the scheduler and the controllers reach the API server in process; `naru server` and
//! `naru node` are the same parts over TLS.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context, Result};
use ipnet::Ipv4Net;
use kube::Client;
use naru_apiserver::{
    Registry, Server,
    auth::{BOOTSTRAPPERS, GroupAuthorizer, Identity, NODES, Tokens},
    join::Joiner,
    node_client::NodeClient,
    node_logs::NodeLogs,
    pki::{Pki, Request, Usage, kubeconfig, write_private},
    serve,
};
use naru_image::DiskImages;
use naru_network::{BridgeNetwork, PodRange};
use naru_node::{Agent, Runtimes, Tls, Tuning};
use naru_runtime::{
    Info,
    shim::{OnDemand, PodShims, ShimCommand, ShimDir},
};
use naru_store::{Embedded, EmbeddedOptions, Etcd, EtcdOptions, EtcdTls, Store};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tracing::info;

use crate::{
    args::{ControlPlaneArgs, EtcdArgs, NodeArgs, ServerArgs, UpArgs},
    cluster::{self, Cluster},
    host,
    tasks::Tasks,
};

/// Of pods' interfaces, in bytes: Ethernet's.
const MTU: u32 = 1500;

/// `naru up`: a control plane and a node in this process.
pub async fn up(args: UpArgs, started: Instant) -> Result<()> {
    let wanted = cluster::Identity::generate(Some(args.pod_cidr), Some(args.control_plane.service_cidr));
    host::check_ranges(&[
        ("--pod-cidr", args.pod_cidr),
        ("--service-cidr", args.control_plane.service_cidr),
    ])?;
    let name = host::node_name(&args.node)?;
    let ip = host::node_ip(&args.node)?;
    // Whatever a mistaken flag can spoil comes before anything is written.
    let listener = listen(args.bind).await?;
    check_pod_range(&args.data.data_dir, &wanted).await?;
    let (cluster, lock) = Cluster::open(&args.data.data_dir, wanted)?;
    lock.keep();
    let mut tasks = Tasks::default();
    let control_plane = ControlPlane::start(&cluster, listener, &args.control_plane, &mut tasks).await?;
    let user = format!("system:node:{name}");
    let serving = control_plane.pki.authority.issue(
        &Request {
            user: &user,
            groups: &[NODES],
            usage: Usage::Server,
            dns_names: vec![name.clone()],
            addresses: vec![ip],
        },
        OffsetDateTime::now_utc(),
    )?;
    let tls = Tls {
        certificate: serving.certificate.into_bytes(),
        key: serving.key.into_bytes(),
        client_ca: control_plane.ca().into_bytes(),
    };
    let client = control_plane.client(Identity::new(user, &[NODES]));
    let ready = start_node(&cluster, name, ip, client, tls, args.pod_cidr, &mut tasks).await?;
    announce(&mut tasks, ready, started, cluster.kubeconfig().display().to_string());
    tasks.run().await
}

/// `naru server`: a control plane that nodes join.
pub async fn server(args: ServerArgs, started: Instant) -> Result<()> {
    let wanted = cluster::Identity::generate(None, Some(args.control_plane.service_cidr));
    let listener = listen(args.bind).await?;
    let (cluster, lock) = Cluster::open(&args.data.data_dir, wanted)?;
    lock.keep();
    let mut tasks = Tasks::default();
    ControlPlane::start(&cluster, listener, &args.control_plane, &mut tasks).await?;
    let ms = started.elapsed().as_millis() as u64;
    let token = cluster.data_dir.join("join-token");
    info!(ms, kubeconfig = %cluster.kubeconfig().display(), join_token = %token.display(), "ready");
    tasks.run().await
}

/// `naru node`: a node of a control plane elsewhere.
pub async fn node(args: NodeArgs, started: Instant) -> Result<()> {
    let name = host::node_name(&args.node)?;
    let ip = host::node_ip(&args.node)?;
    host::check_ranges(&[("--pod-cidr", args.pod_cidr)])?;
    let wanted = cluster::Identity::generate(Some(args.pod_cidr), None);
    check_pod_range(&args.data.data_dir, &wanted).await?;
    let admission = crate::membership::ask(&args, &name, ip).await?;
    let (cluster, lock) = Cluster::open(&args.data.data_dir, wanted)?;
    lock.keep();
    let joined = crate::membership::ensure(&cluster, admission)?;
    let (client, _) = naru_client::from_kubeconfig(&joined.kubeconfig).await?;
    let mut tasks = Tasks::default();
    let ready = start_node(&cluster, name, ip, client, joined.tls, args.pod_cidr, &mut tasks).await?;
    announce(&mut tasks, ready, started, joined.kubeconfig.display().to_string());
    tasks.run().await
}

/// Refuses a range for pods that this machine reaches otherwise, before it is a new cluster's for good.
async fn check_pod_range(data_dir: &Path, wanted: &cluster::Identity) -> Result<()> {
    let (Some(range), None) = (wanted.pod_cidr, Cluster::find(data_dir)?) else { return Ok(()) };
    Ok(BridgeNetwork::check(&wanted.name, pod_range(range)?).await?)
}

fn pod_range(range: Ipv4Net) -> Result<PodRange> {
    PodRange::new(range.network(), range.prefix_len()).map_err(anyhow::Error::msg)
}

/// Logs `ready` once the node is.
fn announce(tasks: &mut Tasks, mut ready: Readiness, started: Instant, kubeconfig: String) {
    let cancel = tasks.cancel();
    tasks.spawn("ready message", async move {
        let told = tokio::select! {
            told = ready.wait_for(Option::is_some) => told.is_ok(),
            () = cancel.cancelled() => false,
        };
        if told {
            let ms = started.elapsed().as_millis() as u64;
            info!(ms, kubeconfig, "ready");
        }
        cancel.cancelled().await;
        Ok(())
    });
}

async fn listen(bind: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(bind).await;
    listener.with_context(|| {
        format!("cannot listen on {bind}: give the API another address with --bind ADDR:PORT")
    })
}

/// The API server with what runs beside it.
struct ControlPlane {
    server: Server,
    pki: Pki,
}

impl ControlPlane {
    /// Starts everything and returns when the API answers.
    async fn start(
        cluster: &Cluster,
        listener: TcpListener,
        args: &ControlPlaneArgs,
        tasks: &mut Tasks,
    ) -> Result<Self> {
        let bind = listener.local_addr()?;
        let names = host::server_names(bind, args);
        let now = OffsetDateTime::now_utc();
        let pki = Pki::ensure(&cluster.data_dir.join("pki"), cluster.name(), &names, now)?;
        let store = open_store(cluster, &args.etcd, tasks).await?;
        let server = api_server(cluster, &pki, store)?;
        let control_plane = ControlPlane { server, pki };
        control_plane.write_kubeconfig(cluster, bind)?;
        control_plane.spawn(listener, tasks)?;
        control_plane.server.ready().await;
        naru_controllers::bootstrap(&control_plane.client(controller_manager())).await?;
        Ok(control_plane)
    }

    fn ca(&self) -> String {
        self.pki.authority.pem().certificate.clone()
    }

    /// A client in this process.
    fn client(&self, identity: Arc<Identity>) -> Client {
        naru_client::in_process(self.server.router(), identity)
    }

    fn write_kubeconfig(&self, cluster: &Cluster, bind: SocketAddr) -> Result<()> {
        let url = format!("https://{}", host::reachable(bind));
        let text = kubeconfig(cluster.name(), &url, &self.ca(), &self.pki.admin);
        Ok(write_private(&cluster.kubeconfig(), text.as_bytes())?)
    }

    fn spawn(&self, listener: TcpListener, tasks: &mut Tasks) -> Result<()> {
        let tls = serve::tls_config(&self.pki.server, &self.ca())?;
        let (server, cancel) = (self.server.clone(), tasks.cancel());
        tasks.spawn("API server", async move {
            server.run(cancel).await;
            Ok(())
        });
        let (front, cancel) = (self.server.front(), tasks.cancel());
        tasks.spawn("API listener", async move {
            serve::serve(listener, tls, front, cancel).await;
            Ok(())
        });
        let (client, cancel) = (self.client(controller_manager()), tasks.cancel());
        let options = naru_controllers::Options { root_ca: self.ca() };
        tasks.spawn("controllers", async move { Ok(naru_controllers::run(client, options, cancel).await?) });
        let (client, cancel) = (self.client(Identity::new("system:kube-scheduler", &[])), tasks.cancel());
        let options = naru_scheduler::Options::default();
        tasks.spawn("scheduler", async move { Ok(naru_scheduler::run(client, options, cancel).await?) });
        Ok(())
    }
}

fn controller_manager() -> Arc<Identity> {
    Identity::new("system:kube-controller-manager", &[])
}

fn api_server(cluster: &Cluster, pki: &Pki, store: Arc<dyn Store>) -> Result<Server> {
    let ca = &pki.authority.pem().certificate;
    let nodes = NodeClient::new(&pki.node_client, ca)?;
    let joiner =
        Joiner::new(cluster.name(), naru_apiserver::pki::Authority::load(pki.authority.pem().clone())?);
    let tokens = tokens(&cluster.data_dir, ca)?;
    Ok(Server::new(naru_apiserver::Options {
        logs: Arc::new(NodeLogs::new(store.clone(), nodes)),
        store,
        registry: Arc::new(Registry::default()),
        authenticators: vec![Arc::new(tokens)],
        authorizer: Arc::new(GroupAuthorizer),
        admission: Vec::new(),
        clock: Arc::new(jiff::Timestamp::now),
        routes: joiner.routes(),
    }))
}

/// The join token, made on the first start, and those of `pki/tokens.csv` if the administrator has written one.
fn tokens(data_dir: &Path, ca: &str) -> Result<Tokens> {
    let file = data_dir.join("pki/tokens.csv");
    let mut tokens = match std::fs::read_to_string(&file) {
        Ok(text) => Tokens::parse(&text).with_context(|| format!("cannot use {}", file.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Tokens::default(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let secret = crate::membership::join_secret(data_dir, ca)?;
    tokens.insert(&secret, Identity::new("system:bootstrap:join", &[BOOTSTRAPPERS]));
    Ok(tokens)
}

async fn open_store(cluster: &Cluster, args: &EtcdArgs, tasks: &mut Tasks) -> Result<Arc<dyn Store>> {
    let store: Arc<dyn Store> = if args.etcd_endpoints.is_empty() {
        let dir = cluster.data_dir.join("state");
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Arc::new(Embedded::open(dir.join("naru.redb"), EmbeddedOptions::default())?)
    } else {
        Arc::new(Etcd::connect(&etcd_options(args)?).await?)
    };
    let (compacted, cancel) = (store.clone(), tasks.cancel());
    tasks.spawn("store compaction", async move {
        naru_store::compact_loop(compacted.as_ref(), naru_store::Retention::default(), cancel).await;
        Ok(())
    });
    Ok(store)
}

fn etcd_options(args: &EtcdArgs) -> Result<EtcdOptions> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let identity = match (&args.etcd_certfile, &args.etcd_keyfile) {
        (Some(certificate), Some(key)) => Some((read(certificate)?, read(key)?)),
        _ => None,
    };
    let tls = match &args.etcd_cafile {
        Some(ca) => Some(EtcdTls { ca: read(ca)?, identity }),
        None => None,
    };
    Ok(EtcdOptions { endpoints: args.etcd_endpoints.clone(), tls, ..EtcdOptions::default() })
}

type Readiness = tokio::sync::watch::Receiver<Option<naru_node::Ready>>;

async fn start_node(
    cluster: &Cluster,
    name: String,
    ip: IpAddr,
    client: Client,
    tls: Tls,
    pod_cidr: Ipv4Net,
    tasks: &mut Tasks,
) -> Result<Readiness> {
    cluster.make_run_dir()?;
    let images = Arc::new(DiskImages::open(&cluster.images(), &cluster.rootfs())?);
    let network = Arc::new(network(cluster, pod_cidr).await?);
    let options = naru_node::Options {
        node_name: name,
        node_ip: ip,
        cluster: cluster.name().into(),
        client,
        runtimes: runtimes(cluster)?,
        images,
        network,
        data_dir: cluster.data_dir.join("node"),
        log_dir: cluster.data_dir.join("logs/pods"),
        listen: SocketAddr::new(ip, 0),
        tls,
        tuning: Tuning { pod_cidr: Some(pod_cidr.to_string()), ..Tuning::default() },
    };
    let agent = Agent::new(options);
    let ready = agent.ready();
    let cancel = tasks.cancel();
    tasks.spawn("node agent", async move { Ok(agent.run(cancel).await?) });
    Ok(ready)
}

/// The pods' network of this machine.
async fn network(cluster: &Cluster, pod_cidr: Ipv4Net) -> Result<BridgeNetwork> {
    Ok(BridgeNetwork::new(network_options(cluster, pod_cidr)?).await?)
}

/// What the network is made with; clean-up finds the same network by the same options.
pub fn network_options(cluster: &Cluster, pod_cidr: Ipv4Net) -> Result<naru_network::Options> {
    Ok(naru_network::Options {
        cluster: cluster.name().into(),
        run_dir: cluster.run_dir(),
        state_dir: cluster.data_dir.join("node/network"),
        pod_cidr: pod_range(pod_cidr)?,
        mtu: MTU,
    })
}

/// The two runtimes: a shim a pod for OCI containers, one shim a node for Wasm.
fn runtimes(cluster: &Cluster) -> Result<Runtimes> {
    let shims = ShimDir::find().context("cannot find the shims beside naru")?;
    let run_dir = cluster.run_dir();
    let wasm_dir = run_dir.join("wasm");
    let cache_dir = cluster.data_dir.join("node/wasm-cache");
    for dir in [&wasm_dir, &cache_dir] {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    let socket = wasm_dir.join("shim.sock");
    let args = ["--socket".into(), socket.clone().into(), "--run-dir".into(), wasm_dir.clone().into()];
    let cgroup = format!("/naru-{}/{}", cluster.name(), naru_runtime::cgroup::WASM);
    let more = ["--cache-dir".into(), cache_dir.into(), "--cgroup".into(), cgroup.into()];
    let wasm = ShimCommand {
        program: shims.binary("naru-shim-wasm").context("cannot find the Wasm shim")?,
        args: args.into_iter().chain(more).collect(),
        log: wasm_dir.join("shim.log"),
        socket,
    };
    let info = Info { name: "wasm".into(), version: env!("CARGO_PKG_VERSION").into() };
    Ok(Runtimes {
        oci: Arc::new(PodShims::new(run_dir.join("oci"), shims)),
        wasm: Arc::new(OnDemand::new(info, wasm)),
    })
}
