//! The Node object and its Lease.

use std::time::Duration;

use k8s_openapi::api::{coordination::v1::Lease, core::v1::Node};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;

use crate::harness::{Cluster, NODE};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_registers_and_keeps_its_lease() {
    let cluster = Cluster::start().await;
    let node = cluster.node().await;
    let labels = node.metadata.labels.clone().unwrap();
    assert_eq!(labels["kubernetes.io/hostname"], NODE);
    assert_eq!(labels["kubernetes.io/os"], "linux");
    let status = node.status.clone().unwrap();
    let port = status.daemon_endpoints.unwrap().kubelet_endpoint.unwrap().port;
    assert_eq!(port, i32::from(cluster.endpoint.unwrap().port()));
    assert_eq!(status.capacity.unwrap()["pods"].0, "110");
    let conditions = status.conditions.unwrap();
    assert_eq!(conditions.len(), 4);
    assert!(conditions.iter().any(|one| one.type_ == "Ready" && one.status == "True"));

    let leases: Api<Lease> = Api::namespaced(cluster.client.clone(), "kube-node-lease");
    let lease = until_renewed(&cluster, &leases, None).await;
    let spec = lease.spec.unwrap();
    assert_eq!(spec.holder_identity.as_deref(), Some(NODE));
    assert_eq!(spec.lease_duration_seconds, Some(40));
    assert_eq!(lease.metadata.owner_references.unwrap()[0].uid, node.metadata.uid.unwrap());
    until_renewed(&cluster, &leases, spec.renew_time.map(|time| time.0)).await;
}

async fn until_renewed(cluster: &Cluster, leases: &Api<Lease>, after: Option<jiff::Timestamp>) -> Lease {
    let begun = std::time::Instant::now();
    loop {
        if let Some(lease) = leases.get_opt(NODE).await.unwrap() {
            let renewed = lease.spec.as_ref().and_then(|spec| spec.renew_time.as_ref()).map(|time| time.0);
            if renewed > after {
                return lease;
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the Lease is not renewed");
        tokio::time::sleep(Duration::from_millis(5)).await;
        cluster.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_existing_node_is_adopted_with_what_others_wrote() {
    let mut cluster = Cluster::start().await;
    cluster.stop_agent().await;
    let nodes: Api<Node> = Api::all(cluster.client.clone());
    let change = json!({"metadata": {"labels": {"mine": "1", "kubernetes.io/os": "wrong"}}, "spec": {"unschedulable": true}});
    nodes.patch(NODE, &PatchParams::default(), &Patch::Merge(change)).await.unwrap();
    let uid = cluster.node().await.metadata.uid;
    cluster.start_agent().await;
    let node = cluster.node().await;
    assert_eq!(node.metadata.uid, uid);
    let labels = node.metadata.labels.unwrap();
    assert_eq!((labels["mine"].as_str(), labels["kubernetes.io/os"].as_str()), ("1", "linux"));
    assert_eq!(node.spec.unwrap().unschedulable, Some(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_node_comes_back() {
    let cluster = Cluster::start().await;
    let nodes: Api<Node> = Api::all(cluster.client.clone());
    nodes.delete(NODE, &DeleteParams::default()).await.unwrap();
    let begun = std::time::Instant::now();
    while nodes.get_opt(NODE).await.unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the node does not come back");
        tokio::time::sleep(Duration::from_millis(5)).await;
        cluster.clock.advance(Duration::from_secs(5));
    }
}
