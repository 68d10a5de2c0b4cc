//! The agent stops and starts; the containers do not.

use std::time::Duration;

use kube::api::DeleteParams;
use naru_runtime::Runtime;
use serde_json::json;

use crate::{
    harness::{Cluster, oci},
    told::{container_id, ready, restarts},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_pods_are_adopted_untouched() {
    let mut cluster = Cluster::start().await;
    cluster
        .create("web", json!({"containers": [oci("a", &["run"]), {"name": "b", "image": "wasm:1"}]}))
        .await;
    let before = cluster.until("web", "ready", ready).await;
    cluster.stop_agent().await;
    let running = cluster.containers().await;
    assert_eq!(running.len(), 2);
    cluster.clock.advance(Duration::from_secs(60));
    cluster.start_agent().await;
    // The endpoint shows the pod once it has a worker again.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(cluster.containers().await, running, "the same containers, still running");
    let after = cluster.pod("web").await.unwrap();
    assert_eq!(after.status, before.status, "nothing has changed, nothing is told");

    // It is under control again: an exit is seen, and the attempts count on.
    let uid = after.metadata.uid.unwrap();
    let id = naru_runtime::ContainerId(format!("{uid}-a-0"));
    cluster.oci.get(&id).await.unwrap().kill(9).await.unwrap();
    let pod = cluster.until("web", "restarted", |pod| ready(pod) && restarts(pod, 0) == 1).await;
    assert_eq!(container_id(&pod, 0), format!("naru-oci://{uid}-a-1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_deleted_meanwhile_is_torn_down() {
    let mut cluster = Cluster::start().await;
    cluster.create("stays", json!({"containers": [oci("a", &["run"])]})).await;
    cluster.create("goes", json!({"containers": [oci("a", &["run"])]})).await;
    cluster.create("asked", json!({"containers": [oci("a", &["run"])]})).await;
    for name in ["stays", "goes", "asked"] {
        cluster.until(name, "ready", ready).await;
    }
    cluster.stop_agent().await;
    let forced = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
    cluster.delete("goes", &forced).await;
    cluster.delete("asked", &DeleteParams::default()).await;
    assert_eq!(cluster.containers().await.len(), 3);
    cluster.start_agent().await;
    cluster.until_gone("asked", Duration::ZERO).await;
    let begun = std::time::Instant::now();
    while cluster.containers().await.len() > 1 {
        assert!(begun.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(ready(&cluster.pod("stays").await.unwrap()));
    cluster.delete("stays", &DeleteParams::default()).await;
    cluster.until_gone("stays", Duration::ZERO).await;
    cluster.until_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_torn_down_before_the_api_has_answered() {
    let mut cluster = Cluster::start().await;
    cluster.create("web", json!({"containers": [oci("a", &["run"])]})).await;
    cluster.until("web", "ready", ready).await;
    cluster.stop_agent().await;
    cluster.outage.store(true, std::sync::atomic::Ordering::SeqCst);
    let running = cluster.containers().await;
    cluster.launch_agent();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        cluster.clock.advance(Duration::from_secs(30));
    }
    assert_eq!(cluster.containers().await, running);
    cluster.outage.store(false, std::sync::atomic::Ordering::SeqCst);
    cluster.until("web", "ready", ready).await;
    assert_eq!(cluster.containers().await, running);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_machines_restart_containers_run_again_and_count_on() {
    let mut cluster = Cluster::start().await;
    cluster.create("web", json!({"containers": [oci("a", &["run"])]})).await;
    let pod = cluster.until("web", "ready", ready).await;
    let uid = pod.metadata.uid.unwrap();
    cluster.stop_agent().await;
    cluster.oci.delete_sandbox(&naru_runtime::SandboxId(uid.clone())).await.unwrap();
    cluster.start_agent().await;
    let pod = cluster.until("web", "running again", |pod| ready(pod) && restarts(pod, 0) == 1).await;
    assert_eq!(container_id(&pod, 0), format!("naru-oci://{uid}-a-1"));
    let last =
        pod.status.unwrap().container_statuses.unwrap().remove(0).last_state.unwrap().terminated.unwrap();
    assert_eq!((last.exit_code, last.reason.as_deref()), (137, Some("ContainerStatusUnknown")));
}
