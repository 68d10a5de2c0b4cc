//! Noticing nodes that have fallen silent, tainting them, and evicting the pods that do not tolerate it.
//!
//! In: nodes and their leases by watch, pods of tainted nodes by list. Out: conditions, taints, deletions. Silence is
//! measured on our own clock, from the moment a lease was last seen to change, as clocks of machines differ.

mod plan;
mod silence;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use k8s_openapi::{
    api::{
        coordination::v1::Lease,
        core::v1::{Node, Pod},
    },
    jiff::Timestamp,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ListParams, Patch, PatchParams, Preconditions},
    runtime::{
        WatchStreamExt,
        reflector::{self, Store},
        watcher,
    },
};
use plan::{Eviction, Health};
use serde_json::{Value, json};
use silence::Silence;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Context, Error, Result,
    error::{is_conflict, is_gone},
};

const LEASE_NAMESPACE: &str = "kube-node-lease";
/// How often nodes are looked at (kube-controller-manager's node monitor period).
const PERIOD: Duration = Duration::from_secs(5);
/// A node silent for this long is unreachable (its node monitor grace period).
const GRACE: Duration = Duration::from_secs(40);

pub(crate) async fn run(context: Context) -> Result<()> {
    let client = context.client;
    let (nodes, node_writer) = reflector::store::<Node>();
    let (leases, lease_writer) = reflector::store::<Lease>();
    let watch_nodes = watcher(Api::<Node>::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .reflect(node_writer)
        .for_each(|_| std::future::ready(()));
    let lease_api = Api::<Lease>::namespaced(client.clone(), LEASE_NAMESPACE);
    let watch_leases = watcher(lease_api, watcher::Config::default())
        .default_backoff()
        .reflect(lease_writer)
        .for_each(|_| std::future::ready(()));
    tokio::select! {
        () = watch_nodes => Err(Error::WatchEnded { kind: "nodes" }),
        () = watch_leases => Err(Error::WatchEnded { kind: "leases" }),
        ended = monitor(&client, &nodes, &leases) => ended,
    }
}

async fn monitor(client: &Client, nodes: &Store<Node>, leases: &Store<Lease>) -> Result<()> {
    // A store that never becomes ready belongs to a watch that has ended, which ends us too.
    let _ = tokio::join!(nodes.wait_until_ready(), leases.wait_until_ready());
    let mut silence = Silence::default();
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        period.tick().await;
        let now = Instant::now();
        let renewals = leases.state().into_iter().map(|lease| (lease.name_any(), renewal(&lease)));
        silence.observe(renewals, nodes.state().iter().map(|node| node.name_any()), now);
        for node in nodes.state() {
            let silent = silence.of(&node.name_any(), now) >= GRACE;
            look_after(client, &node, silent).await?;
        }
    }
}

/// What changes when a node renews its lease.
fn renewal(lease: &Lease) -> String {
    lease.meta().resource_version.clone().unwrap_or_default()
}

async fn look_after(client: &Client, node: &Arc<Node>, silent: bool) -> Result<()> {
    let health = plan::health(node, silent);
    if health == Health::Silent
        && let Some(conditions) = plan::unknown_conditions(node, Timestamp::now())
    {
        tracing::warn!(node = node.name_any(), "the node has fallen silent");
        patch_node(client, node, Some("status"), json!({"status": {"conditions": conditions}})).await?;
    }
    if let Some(taints) = plan::taints(node, health, Timestamp::now()) {
        // The version guards against taints that somebody else writes at this moment.
        let version = &node.metadata.resource_version;
        patch_node(
            client,
            node,
            None,
            json!({"metadata": {"resourceVersion": version}, "spec": {"taints": taints}}),
        )
        .await?;
    }
    if plan::evicts(node) || health != Health::Ready {
        handle_pods(client, node, health).await?;
    }
    Ok(())
}

async fn patch_node(client: &Client, node: &Node, subresource: Option<&str>, patch: Value) -> Result<()> {
    let api = Api::<Node>::all(client.clone());
    let name = node.name_any();
    let parameters = PatchParams::default();
    let patched = match subresource {
        Some(_) => api.patch_status(&name, &parameters, &Patch::Strategic(patch)).await,
        None => api.patch(&name, &parameters, &Patch::Merge(patch)).await,
    };
    match patched {
        // The next look sees what is there then.
        Err(error) if !is_gone(&error) && !is_conflict(&error) => {
            Err(Error::api(format!("patch node {name}"))(error))
        }
        _ => Ok(()),
    }
}

async fn handle_pods(client: &Client, node: &Node, health: Health) -> Result<()> {
    let name = node.name_any();
    let on_node = ListParams::default().fields(&format!("spec.nodeName={name}"));
    let pods = Api::<Pod>::all(client.clone()).list(&on_node).await;
    let pods = pods.map_err(Error::api(format!("list the pods of node {name}")))?;
    for pod in &pods.items {
        if health == Health::Silent
            && let Some(conditions) = plan::not_ready_conditions(pod, Timestamp::now())
        {
            mark_not_ready(client, pod, json!({"status": {"conditions": conditions}})).await?;
        }
        if plan::eviction(pod, node, Timestamp::now()) == Eviction::Now {
            evict(client, pod).await?;
        }
    }
    Ok(())
}

async fn mark_not_ready(client: &Client, pod: &Pod, patch: Value) -> Result<()> {
    let api = Api::<Pod>::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    match api.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Strategic(patch)).await {
        Err(error) if !is_gone(&error) && !is_conflict(&error) => {
            Err(Error::api(format!("mark pod {} not ready", pod.name_any()))(error))
        }
        _ => Ok(()),
    }
}

async fn evict(client: &Client, pod: &Pod) -> Result<()> {
    let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
    tracing::info!(namespace, pod = name, "evicting a pod from a tainted node");
    let parameters = DeleteParams {
        preconditions: Some(Preconditions { uid: pod.uid(), resource_version: None }),
        ..DeleteParams::default()
    };
    match Api::<Pod>::namespaced(client.clone(), &namespace).delete(&name, &parameters).await {
        Err(error) if !is_gone(&error) && !is_conflict(&error) => {
            Err(Error::api(format!("evict pod {namespace}/{name}"))(error))
        }
        _ => Ok(()),
    }
}
