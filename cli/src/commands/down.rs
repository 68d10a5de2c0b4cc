//! `naru down`: takes a cluster off this machine.

use anyhow::Result;
use naru_network::{BridgeNetwork, PodNetwork};

use crate::{args::DownArgs, cleanup, cluster::Cluster, wiring};

/// Stops the cluster in the data directory and removes everything of it. Does nothing where there is none.
pub async fn run(args: DownArgs) -> Result<()> {
    // First of all: a process that has only begun to make the cluster would go on with it.
    let stopping = args.data.data_dir.clone();
    let was_running = tokio::task::spawn_blocking(move || cleanup::stop_agent(&stopping)).await??;
    let Some(cluster) = Cluster::find(&args.data.data_dir)? else {
        if was_running {
            cleanup::remove_lock(&args.data.data_dir)?;
        }
        println!("no cluster in {}: nothing to do", args.data.data_dir.display());
        return Ok(());
    };
    if let Some(pod_cidr) = cluster.identity.pod_cidr {
        let network = BridgeNetwork::open(wiring::network_options(&cluster, pod_cidr)?).await?;
        network.teardown().await?;
    }
    let removing = cluster.clone();
    tokio::task::spawn_blocking(move || cleanup::remove(&removing, args.keep_data)).await??;
    let state = if was_running { "stopped and removed" } else { "removed" };
    let kept = if args.keep_data { "; its state and images are kept" } else { "" };
    println!("cluster {} in {} {state}{kept}", cluster.name(), cluster.data_dir.display());
    Ok(())
}
