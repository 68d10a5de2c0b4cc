//! Deleting: at once, by label, with a finalizer, and what may not go.

use crate::harness::{Cluster, pod};

#[tokio::test(flavor = "multi_thread")]
async fn objects_go() {
    let cluster = Cluster::start().await;
    for name in ["a", "b", "c"] {
        let file = cluster.file("pod.yaml", &pod(name, "i"));
        cluster.ok(&format!("create -f {file}")).await;
    }
    // No node runs them, so they need no time.
    assert!(cluster.ok("delete pod a").await.starts_with("pod \"a\" deleted"));
    cluster.ok("delete pods -l app=b").await;
    assert_eq!(cluster.ok("get pods -o name").await, "pod/c\n");
    cluster.ok("delete pods --all").await;
    assert_eq!(cluster.ok("get pods -o name").await, "");
    let error = cluster.kubectl(&["delete", "pod", "a"]).await.failed();
    assert_eq!(error, "Error from server (NotFound): pods \"a\" not found\n");
    cluster.ok("delete pod a --ignore-not-found").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finalizers_hold_objects() {
    let cluster = Cluster::start().await;
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, finalizers: [example.com/wait]}\n";
    let file = cluster.file("m.yaml", manifest);
    cluster.ok(&format!("create -f {file}")).await;
    cluster.ok("delete cm m --wait=false").await;
    assert_ne!(cluster.ok("get cm m -o jsonpath={.metadata.deletionTimestamp}").await, "");
    let free = ["patch", "cm", "m", "--type=merge", "-p", r#"{"metadata":{"finalizers":null}}"#];
    cluster.kubectl(&free).await.ok();
    cluster.ok("wait --for=delete cm/m --timeout=60s").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces() {
    let cluster = Cluster::start().await;
    let error = cluster.kubectl(&["delete", "namespace", "default"]).await.failed();
    assert!(
        error.contains("namespaces \"default\" is forbidden: this namespace may not be deleted"),
        "{error}"
    );
    cluster.ok("create namespace x").await;
    cluster.ok("delete namespace x --wait=false").await;
    let line = cluster.ok("get namespace x --no-headers").await;
    assert!(line.contains("Terminating"), "{line}");
    let error = cluster.kubectl(&["create", "cm", "m", "-n", "x"]).await.failed();
    assert!(error.contains("because it is being terminated"), "{error}");
    let finalize = cluster.file(
        "x.json",
        r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"},"spec":{"finalizers":[]}}"#,
    );
    cluster.ok(&format!("replace --raw /api/v1/namespaces/x/finalize -f {finalize}")).await;
    cluster.ok("wait --for=delete namespace/x --timeout=60s").await;
}
