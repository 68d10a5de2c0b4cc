//! One suite for both networks, and what only the real one can show: namespaces, packets, crashes, two clusters.
//! Needs root. Each test runs in a network and mount namespace of its own, so nothing of the machine changes.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{
    collections::HashSet,
    fs::File,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
};

use naru_network::{BridgeNetwork, Error, FakeNetwork, Options, PodNetwork, PodRange};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, setns, unshare},
};

/// Puts the test's thread, and those it starts, into a network and mount namespace of their own.
fn isolate() {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).expect("these tests need root");
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
    ip(&["link", "set", "lo", "up"]);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn ip(args: &[&str]) -> String {
    let output = Command::new("ip").args(args).output().expect("these tests need ip: install iproute2");
    assert!(output.status.success(), "ip {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn nft(args: &[&str]) -> String {
    let output = Command::new("nft").args(args).output().expect("these tests need nft: install nftables");
    String::from_utf8(output.stdout).unwrap()
}

fn options(dir: &Path, cluster: &str, range: &str) -> Options {
    Options {
        cluster: cluster.to_owned(),
        run_dir: dir.join(cluster).join("run"),
        state_dir: dir.join(cluster).join("state"),
        pod_cidr: range.parse().unwrap(),
        mtu: 1500,
    }
}

/// Runs a job on a thread inside a pod's namespace.
fn inside<T: Send>(namespace: &Path, job: impl FnOnce() -> T + Send) -> T {
    let file = File::open(namespace).unwrap();
    std::thread::scope(|scope| {
        scope
            .spawn(move || {
                setns(file, CloneFlags::CLONE_NEWNET).unwrap();
                job()
            })
            .join()
            .unwrap()
    })
}

/// One byte each way between a listener in one namespace and a client in another.
fn talk(listener: TcpListener, connect: impl FnOnce() -> TcpStream + Send) -> (SocketAddr, SocketAddr) {
    std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            let (mut stream, peer) = listener.accept().unwrap();
            stream.write_all(b"x").unwrap();
            peer
        });
        let mut stream = connect();
        stream.read_exact(&mut [0]).unwrap();
        (stream.local_addr().unwrap(), server.join().unwrap())
    })
}

async fn contract(network: &dyn PodNetwork, range: PodRange) {
    assert_eq!(network.list().await.unwrap(), []);
    network.detach("nobody").await.unwrap();

    let a = network.attach("pod-a").await.unwrap();
    let b = network.attach("pod-b").await.unwrap();
    assert_eq!(network.attach("pod-a").await.unwrap(), a, "attaching twice gives the same");
    assert_ne!(a.ip, b.ip);
    assert_ne!(a.namespace, b.namespace);
    for attachment in [&a, &b] {
        assert!(range.offset(attachment.ip).is_some(), "{} is no pod address", attachment.ip);
    }
    let mut listed = network.list().await.unwrap();
    listed.sort_by(|x, y| x.pod.cmp(&y.pod));
    assert_eq!(listed, [a.clone(), b.clone()]);

    network.detach("pod-a").await.unwrap();
    network.detach("pod-a").await.unwrap();
    assert_eq!(network.list().await.unwrap(), std::slice::from_ref(&b));
    let c = network.attach("pod-a").await.unwrap();
    assert_ne!(c.ip, a.ip, "a freed address is reused last");
    assert!(network.attach("../evil").await.is_err());

    let free = range.pod_offsets().len() - 2;
    let names: Vec<String> = (0..free).map(|n| format!("many-{n}")).collect();
    let many = futures::future::try_join_all(names.iter().map(|name| network.attach(name))).await.unwrap();
    let distinct: HashSet<Ipv4Addr> = many.iter().chain([&b, &c]).map(|attachment| attachment.ip).collect();
    assert_eq!(distinct.len(), range.pod_offsets().len(), "every address is given out once");
    assert!(matches!(network.attach("one-too-many").await, Err(Error::Exhausted { .. })));
    network.detach("many-0").await.unwrap();
    network.attach("one-too-many").await.unwrap();

    network.teardown().await.unwrap();
    assert_eq!(network.list().await.unwrap(), []);
    network.teardown().await.unwrap();
}

#[test]
fn fake_network_passes_the_contract() {
    let range: PodRange = "10.7.0.0/28".parse().unwrap();
    block_on(contract(&FakeNetwork::new(range), range));
}

#[test]
fn bridge_network_passes_the_contract_and_leaves_nothing() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    let before = std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "0").unwrap();
    let options = options(dir.path(), "c0n7ra", "10.7.0.0/28");
    block_on(async {
        let network = BridgeNetwork::new(options.clone()).await.unwrap();
        assert_eq!(std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap().trim(), "1");
        contract(&network, options.pod_cidr).await;
    });
    assert!(!ip(&["-o", "link"]).contains("c0n7ra"));
    assert_eq!(nft(&["list", "tables"]), "");
    assert!(!std::fs::read_to_string("/proc/thread-self/mountinfo").unwrap().contains("c0n7ra"));
    assert_eq!(std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap().trim(), "0");
    std::fs::write("/proc/sys/net/ipv4/ip_forward", before).unwrap();
}

#[test]
fn pods_reach_each_other_the_node_and_the_world_under_its_address() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), "p4ck3t", "10.8.0.0/24");
    // The world: another namespace behind an interface pair, which knows no route to the pods.
    ip(&["link", "add", "world0", "type", "veth", "peer", "name", "world1"]);
    let world = World::new();
    ip(&["link", "set", "world1", "netns", &world.pid()]);
    ip(&["addr", "add", "192.0.2.1/24", "dev", "world0"]);
    ip(&["link", "set", "world0", "up"]);
    let world_ns = Path::new("/proc").join(world.pid()).join("ns/net");
    inside(&world_ns, || {
        ip(&["addr", "add", "192.0.2.2/24", "dev", "world1"]);
        ip(&["link", "set", "world1", "up"]);
    });
    block_on(async {
        let network = BridgeNetwork::new(options).await.unwrap();
        let a = network.attach("pod-a").await.unwrap();
        let b = network.attach("pod-b").await.unwrap();

        let listener = inside(&b.namespace, || TcpListener::bind("0.0.0.0:80").unwrap());
        let target = SocketAddr::from((b.ip, 80));
        let (_, peer) = talk(listener.try_clone().unwrap(), || {
            inside(&a.namespace, || TcpStream::connect(target).unwrap())
        });
        assert_eq!(peer.ip(), a.ip, "pods see each other's own address");

        let (_, peer) = talk(listener, || TcpStream::connect(target).unwrap());
        assert_eq!(peer.ip(), Ipv4Addr::new(10, 8, 0, 1), "the node is the bridge's address");

        let listener = inside(&world_ns, || TcpListener::bind("192.0.2.2:80").unwrap());
        let (local, peer) =
            talk(listener, || inside(&a.namespace, || TcpStream::connect("192.0.2.2:80").unwrap()));
        assert_eq!(local.ip(), a.ip);
        assert_eq!(peer.ip(), Ipv4Addr::new(192, 0, 2, 1), "beyond the node a pod has the node's address");

        let listener = inside(&a.namespace, || TcpListener::bind("127.0.0.1:81").unwrap());
        talk(listener, || inside(&a.namespace, || TcpStream::connect("127.0.0.1:81").unwrap()));
        network.teardown().await.unwrap();
    });
}

/// A process that holds a network namespace until it is dropped.
struct World(std::process::Child);

impl World {
    fn new() -> Self {
        let own = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let child = Command::new("unshare").args(["-n", "sleep", "600"]).spawn().unwrap();
        let theirs = format!("/proc/{}/ns/net", child.id());
        while std::fs::read_link(&theirs).is_ok_and(|link| link == own) {
            std::thread::yield_now();
        }
        Self(child)
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn is_found_again_after_a_crash() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    let options = options(dir.path(), "cr4sh", "10.9.0.0/24");
    block_on(async {
        let first = BridgeNetwork::new(options.clone()).await.unwrap();
        let a = first.attach("pod-a").await.unwrap();
        let b = first.attach("pod-b").await.unwrap();
        drop(first);
        // What a crash in the midst of an attach and of a detach leaves: an address without a namespace.
        let stale = options.state_dir.join("addresses/10.9.0.77");
        std::fs::write(&stale, "pod-half").unwrap();
        nix::mount::umount(&b.namespace).unwrap();

        let second = BridgeNetwork::new(options.clone()).await.unwrap();
        assert!(!stale.exists());
        assert_eq!(second.list().await.unwrap(), std::slice::from_ref(&a));
        assert_eq!(second.attach("pod-a").await.unwrap(), a);
        let again = second.attach("pod-b").await.unwrap();
        assert_eq!(
            inside(&again.namespace, || ip(&["-4", "-br", "addr", "show", "eth0"]))
                .matches("10.9.0.")
                .count(),
            1
        );
        drop(second);

        let third = BridgeNetwork::open(options).await.unwrap();
        assert_eq!(third.list().await.unwrap().len(), 2);
        third.teardown().await.unwrap();
    });
    assert!(!ip(&["-o", "link"]).contains("cr4sh"));
}

#[test]
fn two_clusters_live_side_by_side() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "0").unwrap();
    block_on(async {
        let one = BridgeNetwork::new(options(dir.path(), "one", "10.10.0.0/24")).await.unwrap();
        let two = BridgeNetwork::new(options(dir.path(), "two", "10.11.0.0/24")).await.unwrap();
        let a = one.attach("pod").await.unwrap();
        let b = two.attach("pod").await.unwrap();
        let listener = inside(&b.namespace, || TcpListener::bind("0.0.0.0:80").unwrap());
        let target = SocketAddr::from((b.ip, 80));
        talk(listener, || inside(&a.namespace, || TcpStream::connect(target).unwrap()));

        one.teardown().await.unwrap();
        assert_eq!(
            std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap().trim(),
            "1",
            "two needs it"
        );
        assert!(ip(&["-o", "link"]).contains("naru-two"));
        assert!(nft(&["list", "tables"]).contains("naru_two"));
        let listener = inside(&b.namespace, || TcpListener::bind("0.0.0.0:80").unwrap());
        talk(listener, || TcpStream::connect(target).unwrap());
        two.teardown().await.unwrap();
    });
}

#[test]
fn refuses_a_range_that_is_in_use() {
    isolate();
    let dir = tempfile::tempdir().unwrap();
    ip(&["link", "add", "lan0", "type", "bridge"]);
    ip(&["addr", "add", "10.12.3.1/24", "dev", "lan0"]);
    ip(&["link", "set", "lan0", "up"]);
    block_on(async {
        let checked = async |network: &str| BridgeNetwork::check("0ver1a", network.parse().unwrap()).await;
        let made = BridgeNetwork::new(options(dir.path(), "0ver1a", "10.12.0.0/16")).await;
        for error in [checked("10.12.0.0/16").await.unwrap_err(), made.unwrap_err()] {
            assert_eq!(
                error.to_string(),
                "pod range 10.12.0.0/16 overlaps the route to 10.12.3.0/24 of interface lan0: choose another range"
            );
        }
        checked("10.13.0.0/16").await.unwrap();
        let error =
            BridgeNetwork::new(options(dir.path(), "too-long-name", "10.13.0.0/16")).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    });
    assert!(!ip(&["-o", "link"]).contains("naru-"), "nothing was made");
}
