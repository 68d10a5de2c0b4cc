//! Pods that cannot run, and what their users are told.

use std::{sync::atomic::Ordering, time::Duration};

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::{Api, api::PostParams};
use naru_image::{Credentials, FakeImages};
use serde_json::json;

use crate::{
    harness::{Cluster, oci},
    told::{message, phase, ready, reason, restarts},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_cannot_be_pulled_is_tried_until_it_can() {
    let cluster = Cluster::start().await;
    cluster.create("pull", json!({"containers": [{"name": "a", "image": "localhost:5000/none:1"}]})).await;
    let pod = cluster.until("pull", "ErrImagePull", |pod| reason(pod, 0) == "ErrImagePull").await;
    assert!(message(&pod, 0).starts_with("failed to pull and unpack image"), "{}", message(&pod, 0));
    assert_eq!(phase(&pod), "Pending");
    let backing_off = |pod: &Pod| reason(pod, 0) == "ImagePullBackOff";
    let pod = cluster.until_moving("pull", "backing off", Duration::from_secs(1), backing_off).await;
    assert!(message(&pod, 0).starts_with("Back-off pulling image \"localhost:5000/none:1\": ErrImagePull: "));
    for (reason, text) in [
        ("Pulling", "Pulling image \"localhost:5000/none:1\""),
        ("Failed", "Failed to pull image \"localhost:5000/none:1\": "),
        ("Failed", "Error: ErrImagePull"),
        ("BackOff", "Back-off pulling image \"localhost:5000/none:1\""),
    ] {
        cluster.until_event("pull", reason, text).await;
    }
    let image = FakeImages::wasm("localhost:5000/none:1");
    cluster.images.offer("localhost:5000/none:1", image, Credentials::Anonymous).unwrap();
    cluster.until_moving("pull", "ready", Duration::from_secs(1), ready).await;
    cluster.until_event("pull", "Pulled", "Successfully pulled image \"localhost:5000/none:1\" in ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pull_policies_and_secrets_are_followed() {
    let cluster = Cluster::start().await;
    let login = Credentials::Basic { username: "u".into(), password: "p".into() };
    cluster
        .images
        .offer("localhost:5000/private:1", FakeImages::wasm("localhost:5000/private:1"), login)
        .unwrap();
    let config = json!({"auths": {"localhost:5000": {"username": "u", "password": "p"}}}).to_string();
    let secret: k8s_openapi::api::core::v1::Secret = serde_json::from_value(json!({
        "metadata": {"name": "login"}, "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": config},
    }))
    .unwrap();
    Api::namespaced(cluster.client.clone(), "default").create(&PostParams::default(), &secret).await.unwrap();
    let private = json!({
        "imagePullSecrets": [{"name": "login"}],
        "containers": [{"name": "a", "image": "localhost:5000/private:1"}],
    });
    cluster.create("private", private).await;
    cluster.until("private", "ready", ready).await;

    let never = json!({"containers": [{"name": "a", "image": "absent:1", "imagePullPolicy": "Never"}]});
    cluster.create("never", never).await;
    let pod = cluster.until("never", "ErrImageNeverPull", |pod| reason(pod, 0) == "ErrImageNeverPull").await;
    assert_eq!(message(&pod, 0), "Container image \"absent:1\" is not present with pull policy of Never");

    // An image that was imported needs no registry, whatever the policy.
    let always = json!({"containers": [{"name": "a", "image": "wasm:1", "imagePullPolicy": "Always"}]});
    cluster.create("always", always).await;
    cluster.until("always", "ready", ready).await;
    assert_eq!(cluster.images.pulls("wasm:1"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_object_holds_the_container_until_it_is_there() {
    let cluster = Cluster::start().await;
    let spec = json!({"containers": [{
        "name": "a", "image": "wasm:1",
        "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "x"}}}],
    }]});
    cluster.create("env", spec).await;
    let pod = cluster.until("env", "held", |pod| reason(pod, 0) == "CreateContainerConfigError").await;
    assert_eq!(message(&pod, 0), "configmap \"cfg\" not found");
    cluster.until_event("env", "Failed", "Error: configmap \"cfg\" not found").await;
    let map: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "cfg"}, "data": {"x": "1"}})).unwrap();
    Api::namespaced(cluster.client.clone(), "default").create(&PostParams::default(), &map).await.unwrap();
    cluster.until_moving("env", "ready", Duration::from_secs(1), ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_runtime_refuses_is_told_in_its_words() {
    let cluster = Cluster::start().await;
    let unmet = "unmet imports: env.foo (function)";
    cluster
        .create(
            "unmet",
            json!({"containers": [{"name": "a", "image": "wasm:1", "command": ["invalid", unmet]}]}),
        )
        .await;
    let pod = cluster.until("unmet", "refused", |pod| reason(pod, 0) == "CreateContainerError").await;
    assert_eq!(message(&pod, 0), unmet);
    cluster.until_event("unmet", "Failed", &format!("Error: {unmet}")).await;

    let spec = json!({"restartPolicy": "Never", "containers": [oci("a", &["cannot-start", "no such file"])]});
    cluster.create("nostart", spec).await;
    let pod = cluster.until("nostart", "Failed", |pod| phase(pod) == "Failed").await;
    assert_eq!(reason(&pod, 0), "StartError");

    cluster
        .create(
            "root",
            json!({
                "containers": [{
                    "name": "a", "image": "oci:1", "securityContext": {"runAsNonRoot": true},
                }],
            }),
        )
        .await;
    let pod = cluster.until("root", "refused", |pod| reason(pod, 0) == "CreateContainerConfigError").await;
    assert!(
        message(&pod, 0)
            .starts_with("container has runAsNonRoot and image will run as root (pod: \"root_default(")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_of_memory_has_its_own_reason() {
    let cluster = Cluster::start().await;
    cluster.create("oom", json!({"restartPolicy": "Never", "containers": [oci("a", &["oom"])]})).await;
    let pod = cluster.until("oom", "Failed", |pod| phase(pod) == "Failed").await;
    assert_eq!(reason(&pod, 0), "OOMKilled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_api_delays_reports_but_nothing_else() {
    let cluster = Cluster::start().await;
    cluster.create("web", json!({"containers": [oci("a", &["run"])]})).await;
    let pod = cluster.until("web", "ready", ready).await;
    let uid = pod.metadata.uid.unwrap();
    cluster.outage.store(true, Ordering::SeqCst);
    let id = naru_runtime::ContainerId(format!("{uid}-a-0"));
    naru_runtime::Runtime::get(&*cluster.oci, &id).await.unwrap().kill(9).await.unwrap();
    let begun = std::time::Instant::now();
    while cluster.containers().await.len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is restarted without the API");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(restarts(&cluster.pod("web").await.unwrap(), 0), 0, "nobody could tell");
    cluster.outage.store(false, Ordering::SeqCst);
    let restarted = |pod: &Pod| ready(pod) && restarts(pod, 0) == 1;
    cluster.until_moving("web", "restarted", Duration::from_secs(1), restarted).await;
}
