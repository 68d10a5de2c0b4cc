//! Pods with a status, as a node writes it.

use crate::harness::{Cluster, pod};

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_becomes_ready() {
    let cluster = Cluster::start().await;
    let file = cluster.file("pod.yaml", &pod("web", "i:1"));
    cluster.ok(&format!("create -f {file}")).await;
    let status = r#"{"status":{"phase":"Running","podIP":"10.1.0.2","podIPs":[{"ip":"10.1.0.2"}],
        "conditions":[{"type":"Ready","status":"True"}],
        "containerStatuses":[{"name":"main","image":"i:1","imageID":"","ready":true,"restartCount":1,"started":true,
            "state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]}}"#;
    let patch = ["patch", "pod", "web", "--subresource=status", "--type=strategic", "-p", status];
    let (waited, patched) = tokio::join!(
        cluster.ok("wait --for=condition=Ready pod/web --timeout=60s"),
        cluster.kubectl(&patch),
    );
    assert_eq!(waited, "pod/web condition met\n");
    patched.ok();
    let line = cluster.ok("get pods --no-headers -o wide").await;
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[..4], ["web", "1/1", "Running", "1"]);
    assert_eq!(words[5..], ["10.1.0.2", "<none>", "<none>", "<none>"]);
    // The spec is not the node's to change.
    let patch = ["patch", "pod", "web", "--subresource=status", "-p", r#"{"spec":{"nodeName":"x"}}"#];
    cluster.kubectl(&patch).await.ok();
    assert_eq!(cluster.ok("get pod web -o jsonpath={.spec.nodeName}").await, "");
    assert_eq!(cluster.ok("get pod web -o jsonpath={.status.qosClass}").await, "BestEffort");
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_are_seen() {
    let cluster = Cluster::start().await;
    cluster.ok("run web --image=nginx --port=80 --env=A=b").await;
    let path = "{.spec.restartPolicy}/{.spec.dnsPolicy}/{.spec.containers[0].imagePullPolicy}/{.spec.containers[0].ports[0].protocol}/{.metadata.generation}";
    let found = cluster.ok(&format!("get pod web -o jsonpath={path}")).await;
    assert_eq!(found, "Always/ClusterFirst/Always/TCP/1");
    let error = cluster.kubectl(&["logs", "web"]).await.failed();
    assert!(!error.is_empty());
}
