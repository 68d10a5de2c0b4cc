//! How long pods take to get their network and to lose it, alone and many at once. Needs root; runs in a network and mount
//! namespace of its own. Prints; asserts nothing about time.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use naru_network::{BridgeNetwork, Options, PodNetwork};
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};

const PODS: usize = 40;

fn main() {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).expect("this needs root");
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        cluster: "bench".into(),
        run_dir: dir.path().join("run"),
        state_dir: dir.path().join("state"),
        pod_cidr: "10.99.0.0/16".parse().unwrap(),
        mtu: 1500,
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(measure(options));
}

async fn measure(options: Options) {
    let began = Instant::now();
    let network = BridgeNetwork::new(options).await.unwrap();
    println!("set up                 {:>9.3?}", began.elapsed());
    let names: Vec<String> = (0..PODS).map(|n| format!("pod-{n}")).collect();
    let (mut attach, mut detach) = (Vec::new(), Vec::new());
    for name in &names {
        let began = Instant::now();
        network.attach(name).await.unwrap();
        attach.push(began.elapsed());
    }
    for name in &names {
        let began = Instant::now();
        network.detach(name).await.unwrap();
        detach.push(began.elapsed());
    }
    report("attach", attach);
    report("detach", detach);
    let began = Instant::now();
    futures::future::try_join_all(names.iter().map(|name| network.attach(name))).await.unwrap();
    println!("{PODS} attached at once    {:>9.3?}", began.elapsed());
    let began = Instant::now();
    futures::future::try_join_all(names.iter().map(|name| network.detach(name))).await.unwrap();
    println!("{PODS} detached at once    {:>9.3?}", began.elapsed());
    network.teardown().await.unwrap();
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    println!("{what:22} median {:>9.3?} worst {:>9.3?}", times[times.len() / 2], times[times.len() - 1]);
}
