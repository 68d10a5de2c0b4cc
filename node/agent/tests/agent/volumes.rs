//! Volumes in a pod's life.

use std::{fs, time::Duration};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::json;

use crate::{
    harness::{Cluster, oci},
    told::{phase, ready},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn volumes_hold_the_pod_follow_their_objects_and_go_with_it() {
    let cluster = Cluster::start().await;
    let mut container = oci("a", &["run"]);
    container["volumeMounts"] =
        json!([{"name": "cfg", "mountPath": "/cfg"}, {"name": "tmp", "mountPath": "/tmp"}]);
    let spec = json!({
        "containers": [container],
        "volumes": [
            {"name": "cfg", "configMap": {"name": "cfg"}},
            {"name": "tmp", "emptyDir": {"medium": "Memory"}},
        ],
    });
    cluster.create("vol", spec).await;
    let text = "MountVolume.SetUp failed for volume \"cfg\" : configmap \"cfg\" not found";
    cluster.until_event("vol", "FailedMount", text).await;
    assert_eq!(phase(&cluster.pod("vol").await.unwrap()), "Pending");

    let maps: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), "default");
    let map = serde_json::from_value(json!({"metadata": {"name": "cfg"}, "data": {"x": "1"}})).unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    let pod = cluster.until_moving("vol", "ready", Duration::from_secs(1), ready).await;
    let file = cluster.data_dir().join("pods").join(pod.metadata.uid.unwrap()).join("volumes/cfg/x");
    assert_eq!(fs::read_to_string(&file).unwrap(), "1");

    maps.patch("cfg", &PatchParams::default(), &Patch::Merge(json!({"data": {"x": "2"}}))).await.unwrap();
    let begun = std::time::Instant::now();
    while fs::read_to_string(&file).unwrap() != "2" {
        assert!(begun.elapsed() < Duration::from_secs(60), "the volume does not follow");
        tokio::time::sleep(Duration::from_millis(5)).await;
        cluster.clock.advance(Duration::from_secs(1));
    }
    cluster.delete("vol", &DeleteParams::default()).await;
    cluster.until_gone("vol", Duration::from_millis(10)).await;
    cluster.until_clean().await;
}
