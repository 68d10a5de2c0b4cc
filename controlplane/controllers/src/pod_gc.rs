//! Removing pods that nobody will finish: bound to a node that is gone.

use std::{collections::HashSet, time::Duration};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, PartialObjectMeta, Preconditions},
    runtime::{WatchStreamExt, watcher},
};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Context, Error, Result,
    error::{is_conflict, is_gone},
};

/// A full look this often; a node's deletion is looked at after [`QUARANTINE`].
const PERIOD: Duration = Duration::from_secs(120);
/// A node that comes back under its name within this time keeps its pods (kube-controller-manager waits 40 s too).
const QUARANTINE: Duration = Duration::from_secs(40);

pub(crate) async fn run(context: Context) -> Result<()> {
    let nodes = Api::<PartialObjectMeta<Node>>::all(context.client.clone());
    let mut deletions = watcher(nodes, watcher::Config::default())
        .default_backoff()
        .try_filter_map(|event| async move { Ok(matches!(event, watcher::Event::Delete(_)).then_some(())) })
        .boxed();
    let mut period = interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = period.tick() => {}
            event = deletions.next() => {
                if event.is_none() {
                    return Err(Error::WatchEnded { kind: "nodes" });
                }
            }
        }
        collect(&context.client).await?;
    }
}

async fn collect(client: &Client) -> Result<()> {
    let first = orphans(client).await?;
    if first.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(QUARANTINE).await;
    let second: HashSet<String> = orphans(client).await?.iter().filter_map(ResourceExt::uid).collect();
    for pod in first.iter().filter(|pod| pod.uid().is_some_and(|uid| second.contains(&uid))) {
        remove(client, pod).await?;
    }
    Ok(())
}

async fn orphans(client: &Client) -> Result<Vec<Pod>> {
    let nodes = Api::<Node>::all(client.clone()).list_metadata(&ListParams::default()).await;
    let nodes = nodes.map_err(Error::api("list nodes"))?;
    let known: HashSet<String> = nodes.items.iter().map(ResourceExt::name_any).collect();
    let bound = ListParams::default().fields("spec.nodeName!=");
    let pods = Api::<Pod>::all(client.clone()).list(&bound).await.map_err(Error::api("list pods"))?;
    Ok(pods.items.into_iter().filter(|pod| is_orphan(pod, &known)).collect())
}

fn is_orphan(pod: &Pod, nodes: &HashSet<String>) -> bool {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    node.is_some_and(|node| !node.is_empty() && !nodes.contains(node))
}

async fn remove(client: &Client, pod: &Pod) -> Result<()> {
    let namespace = pod.namespace().unwrap_or_default();
    let name = pod.name_any();
    let parameters = DeleteParams {
        grace_period_seconds: Some(0),
        preconditions: Some(Preconditions { uid: pod.uid(), resource_version: None }),
        ..DeleteParams::default()
    };
    tracing::info!(namespace, pod = name, "removing a pod whose node is gone");
    match Api::<Pod>::namespaced(client.clone(), &namespace).delete(&name, &parameters).await {
        Err(error) if !is_gone(&error) && !is_conflict(&error) => {
            Err(Error::api(format!("delete pod {namespace}/{name}"))(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::PodSpec;

    use super::*;

    #[test]
    fn a_pod_is_an_orphan_when_its_node_is_unknown() {
        let nodes = HashSet::from(["a".to_string()]);
        let pod = |node: Option<&str>| Pod {
            spec: Some(PodSpec { node_name: node.map(Into::into), ..PodSpec::default() }),
            ..Pod::default()
        };
        assert!(is_orphan(&pod(Some("b")), &nodes));
        for fine in [Some("a"), Some(""), None] {
            assert!(!is_orphan(&pod(fine), &nodes), "{fine:?}");
        }
    }
}
