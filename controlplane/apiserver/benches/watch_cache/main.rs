//! What the API server costs: its CPU time for each operation with 3,000 pods, over TLS on the loopback.
//!
//! `cargo bench -p naru-apiserver --bench watch_cache [-- --embedded] [--pods N] [--connections N] [--peer KUBE-APISERVER]`. The
//! server runs as a child process of its own (this program again, or the stock program that `--peer` names), so that its CPU time, read from
//! `/proc`, has nothing of the load generator's or of etcd's.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on panics")]
#![allow(unreachable_pub, reason = "a program has no interface")]

mod cpu;
mod load;
mod peer;
mod pods;
mod server;

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use load::{Connection, Load};
use naru_store::testing::EtcdServer;
use serde_json::json;

/// As in the program `naru`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many gets, lists and lists by label are measured.
const GETS: usize = 20_000;
const LISTS: usize = 240;
const SELECTED: usize = 1_200;
/// A peer gets so much fewer lists: each takes it a fifth of a second.
const PEER_LISTS_DIVISOR: usize = 10;
const WATCHERS: usize = 100;
/// Changes that the watchers see.
const CHANGES: usize = 3_000;

/// CPU milliseconds of kube-apiserver 1.20 on the same kind of machine, and what we aim at. Whether its lists were compressed was not noted.
const PEER: [(&str, f64, f64); 9] = [
    ("create", 1.09, 0.20),
    ("get", 0.30, 0.03),
    ("list", 134.0, 3.0),
    ("list, gzip", 134.0, 3.0),
    ("list by label", 63.0, 1.5),
    ("list by label, gzip", 63.0, 1.5),
    ("watch event", 0.034, 0.002),
    ("patch", 1.49, 0.25),
    ("delete", 1.29, 0.20),
];

struct Arguments {
    embedded: bool,
    pods: usize,
    connections: usize,
    /// The program to measure instead of ours.
    peer: Option<String>,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--serve") {
        return server::run(&PathBuf::from(&args[at + 1]), args.get(at + 2).map(String::as_str));
    }
    let number = |name: &str, otherwise: usize| {
        let at = args.iter().position(|arg| arg == name);
        at.map_or(otherwise, |at| args[at + 1].parse().expect("a number"))
    };
    let arguments = Arguments {
        embedded: args.iter().any(|arg| arg == "--embedded"),
        pods: number("--pods", 3_000),
        connections: number("--connections", 16),
        peer: args.iter().position(|arg| arg == "--peer").map(|at| args[at + 1].clone()),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(measure(&arguments));
}

/// The server in its own process; it ends with this value.
struct Served {
    child: Child,
}

impl Served {
    fn start(dir: &std::path::Path, etcd: Option<&str>) -> Served {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--serve").arg(dir).args(etcd).stdin(Stdio::piped()).stdout(Stdio::null());
        Served { child: command.spawn().unwrap() }
    }

    /// CPU time so far.
    fn cpu(&self) -> Duration {
        cpu::of(self.child.id())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn measure(arguments: &Arguments) {
    let dir = tempfile::tempdir().unwrap();
    let etcd = (!arguments.embedded).then(EtcdServer::start);
    let endpoint = etcd.as_ref().map(EtcdServer::endpoint);
    let served = match (&arguments.peer, &endpoint) {
        (Some(binary), Some(etcd)) => Served { child: peer::start(binary, dir.path(), etcd) },
        _ => Served::start(dir.path(), endpoint.as_deref()),
    };
    let load = Load::connect(dir.path(), arguments.connections).await;
    load.prepare().await;
    let mut report = Report { served: &served, rows: Vec::new() };
    let pods = arguments.pods;

    report.phase("create", pods, load.each(pods, pods::create)).await;
    // What a kubelet reports makes a pod what it is for most of its life.
    load.each(pods, pods::run).await;
    report.phase("get", GETS, load.each(GETS, move |n| pods::get(n % pods))).await;
    let (bytes, packed) = (load.size(pods::list("")).await, load.size(pods::packed("")).await);
    let label = |n: usize| format!("?labelSelector=group%3Dg{}", n % 10);
    load.each(10, move |n| pods::packed(&label(n))).await;
    let fewer = if arguments.peer.is_some() { PEER_LISTS_DIVISOR } else { 1 };
    let (lists, selected) = (LISTS / fewer, SELECTED / fewer);
    report.phase("list", lists, load.each(lists, |_| pods::list(""))).await;
    report.phase("list, gzip", lists, load.each(lists, |_| pods::packed(""))).await;
    report.phase("list by label", selected, load.each(selected, move |n| pods::list(&label(n)))).await;
    report
        .phase("list by label, gzip", selected, load.each(selected, move |n| pods::packed(&label(n))))
        .await;
    report.phase("patch", CHANGES, load.each(CHANGES, move |n| pods::patch(n % pods, "a"))).await;
    let patch = report.last();
    let watches = watchers(&load).await;
    let before = served.cpu();
    load.each(CHANGES, move |n| pods::patch(n % pods, "b")).await;
    let mut events = 0;
    for watch in watches {
        events += watch.await.unwrap();
    }
    // A peer may turn slow watchers away.
    assert!(arguments.peer.is_some() || events >= WATCHERS * CHANGES, "{events} events");
    let spent = (served.cpu() - before).as_secs_f64() * 1e3 - patch * CHANGES as f64;
    report.rows.push(("watch event", spent / events as f64, events));
    report.phase("delete", pods, load.each(pods, pods::delete)).await;
    report.print(arguments, bytes, packed, cpu::resident(served.child.id()));
}

/// Opens the watches; each counts the changes until it has seen them all.
async fn watchers(load: &Load) -> Vec<tokio::task::JoinHandle<usize>> {
    let mut watches = Vec::new();
    for _ in 0..WATCHERS {
        let connection: Connection = load.connection().await;
        let from = load.version().await;
        let path = format!("/api/v1/pods?watch=1&resourceVersion={from}");
        watches.push(tokio::spawn(connection.count_lines(path, CHANGES)));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    watches
}

struct Report<'a> {
    served: &'a Served,
    /// Operation, CPU milliseconds of the server for one, how many.
    rows: Vec<(&'static str, f64, usize)>,
}

impl Report<'_> {
    async fn phase(&mut self, name: &'static str, count: usize, work: impl Future<Output = ()>) {
        let (before, start) = (self.served.cpu(), Instant::now());
        work.await;
        let spent = (self.served.cpu() - before).as_secs_f64() * 1e3;
        eprintln!("{name}: {count} in {:.2?}", start.elapsed());
        self.rows.push((name, spent / count as f64, count));
    }

    fn last(&self) -> f64 {
        self.rows.last().map_or(0.0, |row| row.1)
    }

    fn print(&self, arguments: &Arguments, list_bytes: usize, packed_bytes: usize, resident: u64) {
        let store = if arguments.embedded { "embedded store" } else { "etcd" };
        let server = arguments.peer.as_deref().unwrap_or("API server");
        println!(
            "{server} on {store}, {} pods of {} bytes, {} connections, TLS",
            arguments.pods,
            list_bytes / arguments.pods,
            arguments.connections
        );
        println!("a list of all: {list_bytes} bytes, {packed_bytes} in gzip");
        println!("resident memory at the end: {} MiB", resident >> 20);
        println!("| operation | CPU ms | target | kube-apiserver 1.20 | measured over |");
        println!("|---|---|---|---|---|");
        for (name, spent, count) in &self.rows {
            let (_, peer, target) = PEER.iter().find(|row| row.0 == *name).unwrap();
            println!("| {name} | {spent:.4} | {target} | {peer} | {count} |");
        }
        println!(
            "{}",
            json!(self.rows.iter().map(|row| (row.0, row.1)).collect::<std::collections::BTreeMap<_, _>>())
        );
    }
}
