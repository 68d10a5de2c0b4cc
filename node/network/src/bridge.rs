//! [`BridgeNetwork`]: pods on one Linux bridge, each in a pinned network namespace of its own.
//!
//! The pin is made last: a namespace that is pinned is complete, and what a crash leaves before it falls apart by itself.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    os::fd::{AsFd, AsRawFd},
    path::PathBuf,
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::{
    Attachment, Error, PodNetwork, PodRange, Result,
    error::Context,
    forwarding,
    ledger::Ledger,
    masquerade, namespace,
    naming::{self, BRIDGE_PREFIX},
    netlink::{Link, Netlink, Pair, event_loop, on_thread},
};

/// How many pods may be attached or detached at the same time.
const LOCK_STRIPES: usize = 64;

/// Where a cluster's network on this node lives.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cluster's name: 1 to 7 characters of `[a-z0-9]`.
    pub cluster: String,
    /// The cluster's run directory; namespaces are pinned in its `netns`.
    pub run_dir: PathBuf,
    /// A directory for what must survive a restart of the agent: the addresses given out, the node's earlier settings.
    pub state_dir: PathBuf,
    /// The addresses of this node's pods.
    pub pod_cidr: PodRange,
    /// The largest packet, in bytes, of the pods' interfaces and the bridge.
    pub mtu: u32,
}

/// The network of one cluster on this node. Needs root.
#[derive(Debug)]
pub struct BridgeNetwork {
    shared: Arc<Shared>,
    /// One pod's calls come one after another; the pod's uid chooses the lock.
    locks: Vec<Arc<tokio::sync::Mutex<()>>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    namespaces: namespace::Directory,
    ledger: Mutex<Ledger>,
    bridge: Mutex<Option<u32>>,
}

impl BridgeNetwork {
    /// Sets the network up, or finds it as an earlier instance left it: bridge, nftables table, forwarding.
    ///
    /// # Errors
    /// [`Error::Invalid`] for options that make no sense, [`Error::Overlap`] if the node reaches addresses of the range
    /// by another interface, [`Error::Kernel`] if the kernel refuses.
    pub async fn new(options: Options) -> Result<Self> {
        let network = Self::open(options).await?;
        let shared = network.shared.clone();
        on_thread("network-set-up", move || shared.set_up()).await?;
        Ok(network)
    }

    /// Whether a cluster of this name could have its pods in `pod_cidr` here; changes nothing.
    ///
    /// # Errors
    /// [`Error::Overlap`] if the node reaches addresses of the range by another interface than the cluster's own,
    /// [`Error::Kernel`] if the kernel does not tell.
    pub async fn check(cluster: &str, pod_cidr: PodRange) -> Result<()> {
        let bridge = naming::bridge(cluster);
        on_thread("network-check", move || check_overlap(pod_cidr, &bridge, &Netlink::open(&event_loop()?)?))
            .await
    }

    /// Finds what an earlier instance left without setting anything up: enough for [`PodNetwork::list`],
    /// [`PodNetwork::detach`] and [`PodNetwork::teardown`].
    pub async fn open(options: Options) -> Result<Self> {
        naming::check_cluster(&options.cluster)?;
        let shared = on_thread("network-open", move || Shared::open(options)).await?;
        let locks = (0..LOCK_STRIPES).map(|_| Arc::default()).collect();
        Ok(Self { shared: Arc::new(shared), locks, hasher: RandomState::new() })
    }

    async fn lock(&self, pod: &str) -> OwnedMutexGuard<()> {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(pod.as_bytes());
        let stripe = usize::try_from(hasher.finish() % LOCK_STRIPES as u64).unwrap_or_default();
        self.locks[stripe].clone().lock_owned().await
    }

    /// Runs a job for one pod on a thread, holding the pod's lock to its end even if the caller stops waiting.
    async fn for_pod<T: Send + 'static>(
        &self,
        name: &str,
        pod: &str,
        job: impl FnOnce(&Shared, &str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        naming::check_pod(pod)?;
        let (guard, shared, pod) = (self.lock(pod).await, self.shared.clone(), pod.to_owned());
        on_thread(name, move || {
            let _guard = guard;
            job(&shared, &pod)
        })
        .await
    }
}

#[async_trait::async_trait]
impl PodNetwork for BridgeNetwork {
    async fn attach(&self, pod: &str) -> Result<Attachment> {
        self.for_pod("network-attach", pod, Shared::attach).await
    }

    async fn detach(&self, pod: &str) -> Result<()> {
        self.for_pod("network-detach", pod, Shared::detach).await
    }

    async fn list(&self) -> Result<Vec<Attachment>> {
        let ledger = self.shared.ledger.lock();
        Ok(ledger
            .iter()
            .filter(|(pod, _)| self.shared.namespaces.is_pinned(pod))
            .map(|(pod, ip)| self.shared.attachment(pod, ip))
            .collect())
    }

    async fn teardown(&self) -> Result<()> {
        let mut guards = Vec::with_capacity(LOCK_STRIPES);
        for lock in &self.locks {
            guards.push(lock.clone().lock_owned().await);
        }
        let shared = self.shared.clone();
        on_thread("network-teardown", move || {
            let _guards = guards;
            shared.teardown()
        })
        .await
    }
}

impl Shared {
    fn open(options: Options) -> Result<Self> {
        let namespaces = namespace::Directory::new(&options.run_dir);
        let (ledger, stale) =
            Ledger::open(&options.state_dir, options.pod_cidr, |pod| namespaces.is_pinned(pod))?;
        if !stale.is_empty() {
            let runtime = event_loop()?;
            let host = Netlink::open(&runtime)?;
            for ip in stale {
                host.delete_link(&naming::link(&options.cluster, options.pod_cidr, ip))?;
            }
        }
        for entry in namespaces.entries()? {
            if ledger.address(&entry).is_none() {
                namespaces.unpin(&entry)?;
            }
        }
        Ok(Self { options, namespaces, ledger: Mutex::new(ledger), bridge: Mutex::new(None) })
    }

    fn attachment(&self, pod: &str, ip: std::net::Ipv4Addr) -> Attachment {
        Attachment { pod: pod.to_owned(), ip, namespace: self.namespaces.path(pod) }
    }

    fn set_up(&self) -> Result<()> {
        let Options { cluster, pod_cidr, mtu, state_dir, .. } = &self.options;
        let name = naming::bridge(cluster);
        let runtime = event_loop()?;
        let host = Netlink::open(&runtime)?;
        check_overlap(*pod_cidr, &name, &host)?;
        std::fs::create_dir_all(state_dir).context(|| format!("cannot make {}", state_dir.display()))?;
        self.namespaces.prepare()?;
        let index = host.ensure_bridge(&name, *pod_cidr, *mtu)?;
        masquerade::apply(cluster, *pod_cidr)?;
        forwarding::turn_on(state_dir)?;
        *self.bridge.lock() = Some(index);
        Ok(())
    }

    fn attach(&self, pod: &str) -> Result<Attachment> {
        let known = self.ledger.lock().address(pod);
        if let Some(ip) = known {
            if self.namespaces.is_pinned(pod) {
                return Ok(self.attachment(pod, ip));
            }
            self.detach(pod)?;
        }
        let bridge = self.bridge.lock().ok_or_else(|| Error::Invalid {
            reason: "the network was opened without being set up, or was torn down".to_owned(),
        })?;
        let ip = self.ledger.lock().assign(pod)?;
        let connected = self.connect(pod, ip, bridge);
        if connected.is_err()
            && let Err(error) = self.detach(pod)
        {
            tracing::warn!(pod, %error, "cannot clean up after a failed attach");
        }
        connected.map(|()| self.attachment(pod, ip))
    }

    /// Makes the namespace and all in it, then pins it. Leaves the calling thread in the new namespace.
    fn connect(&self, pod: &str, ip: std::net::Ipv4Addr, bridge: u32) -> Result<()> {
        let Options { cluster, pod_cidr, mtu, .. } = &self.options;
        let runtime = event_loop()?;
        let host = Netlink::open(&runtime)?;
        let namespace = namespace::enter_new()?;
        let inside = Netlink::open(&runtime)?;
        host.add_pair(&Pair {
            host_name: &naming::link(cluster, *pod_cidr, ip),
            bridge,
            namespace: namespace.as_fd().as_raw_fd(),
            ip,
            mtu: *mtu,
        })?;
        inside.set_up_pod(ip, *pod_cidr)?;
        self.namespaces.pin(pod)
    }

    fn detach(&self, pod: &str) -> Result<()> {
        let ip = self.ledger.lock().address(pod);
        self.namespaces.unpin(pod)?;
        if let Some(ip) = ip {
            let runtime = event_loop()?;
            let link = naming::link(&self.options.cluster, self.options.pod_cidr, ip);
            Netlink::open(&runtime)?.delete_link(&link)?;
        }
        self.ledger.lock().release(pod)
    }

    fn teardown(&self) -> Result<()> {
        let Options { cluster, state_dir, .. } = &self.options;
        let bridge = naming::bridge(cluster);
        *self.bridge.lock() = None;
        for pod in self.namespaces.entries()? {
            self.namespaces.unpin(&pod)?;
        }
        let runtime = event_loop()?;
        let host = Netlink::open(&runtime)?;
        let links = host.links()?;
        for link in links.iter().filter(|link| naming::is_link_of(cluster, &link.name)) {
            host.delete_link(&link.name)?;
        }
        host.delete_link(&bridge)?;
        masquerade::remove(cluster)?;
        let is_other =
            |link: &Link| link.is_bridge && link.name.starts_with(BRIDGE_PREFIX) && link.name != bridge;
        forwarding::restore(state_dir, links.iter().any(is_other))?;
        self.ledger.lock().remove()?;
        self.namespaces.remove()
    }
}

/// Refuses a range of which the node reaches a part by an interface other than the cluster's bridge.
fn check_overlap(range: PodRange, bridge: &str, host: &Netlink<'_>) -> Result<()> {
    let links = host.links()?;
    for route in host.routes()? {
        let interface = links.iter().find(|link| link.index == route.link).map_or("?", |link| &link.name);
        if interface != bridge && range.overlaps(route.network, route.prefix) {
            return Err(Error::Overlap {
                range: range.to_string(),
                network: route.network,
                prefix: route.prefix,
                interface: interface.to_owned(),
            });
        }
    }
    Ok(())
}
