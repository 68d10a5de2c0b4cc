//! The way of a pod when all goes well.

use std::time::Duration;

use futures::StreamExt;
use kube::api::{DeleteParams, WatchEvent, WatchParams};
use naru_runtime::State;
use serde_json::json;

use crate::{
    harness::{Cluster, oci},
    told::{container_id, phase, ready, reason, restarts},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_of_both_kinds_becomes_ready_in_one_report() {
    let cluster = Cluster::start().await;
    let spec = json!({"containers": [oci("a", &["run"]), {"name": "b", "image": "wasm:1"}]});
    let created = cluster.create("both", spec).await;
    let version = created.metadata.resource_version.clone().unwrap();
    let pod = cluster.until("both", "ready", ready).await;
    assert_eq!(phase(&pod), "Running");
    let uid = pod.metadata.uid.clone().unwrap();
    assert_eq!(container_id(&pod, 0), format!("naru-oci://{uid}-a-0"));
    assert_eq!(container_id(&pod, 1), format!("naru-wasm://{uid}-b-0"));
    let status = pod.status.as_ref().unwrap();
    assert!(status.pod_ip.as_ref().unwrap().starts_with("10.77.0."));
    assert_eq!(status.container_statuses.as_ref().unwrap()[0].image, "docker.io/library/oci:1");

    let params = WatchParams::default().fields("metadata.name=both");
    let mut watch = Box::pin(cluster.pods().watch(&params, &version).await.unwrap());
    match watch.next().await {
        Some(Ok(WatchEvent::Modified(first))) => {
            assert!(ready(&first), "the first report says Ready: {first:#?}")
        }
        other => panic!("{other:?}"),
    }
    for (event, message) in [
        ("Pulled", "Container image \"oci:1\" already present on machine"),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ] {
        cluster.until_event("both", event, message).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_containers_run_before_the_others() {
    let cluster = Cluster::start().await;
    let spec = json!({
        "initContainers": [oci("i", &["exit", "0"]), oci("j", &["exit", "0"])],
        "containers": [oci("a", &["run"])],
    });
    cluster.create("init", spec).await;
    let pod = cluster.until("init", "ready", ready).await;
    let inits = pod.status.unwrap().init_container_statuses.unwrap();
    for status in inits {
        assert!(status.ready, "{status:?}");
        assert_eq!(status.state.unwrap().terminated.unwrap().reason.as_deref(), Some("Completed"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_completes_gives_everything_back_but_its_logs() {
    let cluster = Cluster::start().await;
    let spec = json!({"restartPolicy": "Never", "containers": [oci("a", &["say", "done", "0"])]});
    cluster.create("job", spec).await;
    let pod = cluster.until("job", "Succeeded", |pod| phase(pod) == "Succeeded").await;
    assert_eq!(reason(&pod, 0), "Completed");
    let uid = pod.metadata.uid.unwrap();
    let log = cluster.log_dir().join(format!("default_job_{uid}/a/0.log"));
    for _ in 0..2000 {
        if cluster.leftovers().await.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let left = cluster.leftovers().await;
    assert_eq!(left.len(), 2, "the pod's directory and its logs: {left:?}");
    assert!(std::fs::read_to_string(log).unwrap().ends_with("done\n"));
    cluster.delete("job", &DeleteParams::default()).await;
    cluster.until_gone("job", Duration::ZERO).await;
    cluster.until_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_pod_is_stopped_and_leaves_nothing() {
    let cluster = Cluster::start().await;
    cluster
        .create("web", json!({"containers": [oci("a", &["run"]), {"name": "b", "image": "wasm:1"}]}))
        .await;
    cluster.until("web", "ready", ready).await;
    cluster.delete("web", &DeleteParams::default()).await;
    cluster.until_gone("web", Duration::ZERO).await;
    cluster.until_clean().await;
    cluster.until_event("web", "Killing", "Stopping container a").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_does_not_stop_is_killed_after_its_grace_period() {
    let cluster = Cluster::start().await;
    let spec = json!({"terminationGracePeriodSeconds": 20, "containers": [oci("a", &["stubborn"])]});
    cluster.create("stubborn", spec).await;
    cluster.until("stubborn", "ready", ready).await;
    cluster.delete("stubborn", &DeleteParams::default()).await;
    cluster.until_event("stubborn", "Killing", "Stopping container a").await;
    cluster.clock.advance(Duration::from_secs(19));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let running = cluster.containers().await;
    assert!(matches!(running[0].state, State::Running { .. }), "its time is not over");
    cluster.until_gone("stubborn", Duration::from_millis(500)).await;
    cluster.until_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_the_api_forgets_is_torn_down() {
    let cluster = Cluster::start().await;
    cluster.create("gone", json!({"containers": [oci("a", &["run"])]})).await;
    cluster.until("gone", "ready", ready).await;
    cluster.delete("gone", &DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() }).await;
    assert!(cluster.pod("gone").await.is_none());
    cluster.until_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_loop_waits_longer_each_time() {
    let cluster = Cluster::start().await;
    cluster.create("loop", json!({"containers": [oci("a", &["exit", "3"])]})).await;
    let looping = |pod: &k8s_openapi::api::core::v1::Pod| reason(pod, 0) == "CrashLoopBackOff";
    let mut waited = Vec::new();
    for restart in 1..4 {
        let at = |pod: &k8s_openapi::api::core::v1::Pod| looping(pod) && restarts(pod, 0) == restart;
        let pod = cluster.until("loop", "in its crash loop", at).await;
        let begun = naru_node::Clock::now(&*cluster.clock);
        let status = pod.status.unwrap().container_statuses.unwrap().remove(0);
        let last = status.last_state.unwrap().terminated.unwrap();
        assert_eq!((last.exit_code, last.reason.as_deref()), (3, Some("Error")));
        cluster
            .until_moving("loop", "restarted", Duration::from_millis(500), |pod| restarts(pod, 0) > restart)
            .await;
        let now = naru_node::Clock::now(&*cluster.clock);
        waited.push(now.duration_since(begun).as_secs());
    }
    assert!(waited[0] >= 9 && waited[1] >= 19 && waited[2] >= 39, "{waited:?}");
    cluster
        .until_event("loop", "BackOff", "Back-off restarting failed container a in pod loop_default(")
        .await;
    // The newest attempt and the one before it are kept, no more.
    for _ in 0..2000 {
        if cluster.containers().await.len() <= 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("old attempts stay: {:?}", cluster.containers().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_is_overdue_fails() {
    let cluster = Cluster::start().await;
    cluster.create("late", json!({"activeDeadlineSeconds": 60, "containers": [oci("a", &["run"])]})).await;
    cluster.until("late", "ready", ready).await;
    let late = |pod: &k8s_openapi::api::core::v1::Pod| phase(pod) == "Failed";
    let pod = cluster.until_moving("late", "Failed", Duration::from_secs(1), late).await;
    let status = pod.status.unwrap();
    assert_eq!(status.reason.as_deref(), Some("DeadlineExceeded"));
    assert_eq!(
        status.message.as_deref(),
        Some("Pod was active on the node longer than the specified deadline")
    );
}
