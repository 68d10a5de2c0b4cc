//! Reading: get in its forms, selectors, describe, events.

use serde_json::json;

use crate::harness::{Cluster, pod};

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_documents() {
    let cluster = Cluster::start().await;
    // Typed commands send protobuf.
    cluster.ok("create configmap a --from-literal=k=v").await;
    cluster.ok("create secret generic s --from-literal=password=x").await;
    cluster.ok("create serviceaccount robot").await;

    let table = cluster.ok("get configmap a").await;
    let words: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["NAME", "DATA", "AGE"]);
    assert_eq!(words[1][..2], ["a", "1"]);
    let all = cluster.ok("get cm,secret,sa -A --show-labels").await;
    assert!(
        all.contains("secret/s") && all.contains("Opaque") && all.contains("serviceaccount/robot"),
        "{all}"
    );

    let yaml = cluster.ok("get cm a -o yaml").await;
    assert!(
        yaml.starts_with("apiVersion: v1\ndata:\n  k: v\nkind: ConfigMap\nmetadata:\n  creationTimestamp:"),
        "{yaml}"
    );
    assert_eq!(cluster.ok("get cm a -o name").await, "configmap/a\n");
    assert_eq!(cluster.ok("get secret s -o jsonpath={.data.password}").await, "eA==");
    assert_eq!(cluster.ok("get cm -o custom-columns=N:.metadata.name --no-headers").await, "a\n");
    let missing = cluster.kubectl(&["get", "cm", "b"]).await.failed();
    assert_eq!(missing, "Error from server (NotFound): configmaps \"b\" not found\n");
    assert_eq!(cluster.ok("get cm b --ignore-not-found").await, "");
    let none = cluster.kubectl(&["get", "pods"]).await;
    assert_eq!(none.stderr, "No resources found in default namespace.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn selectors_and_pages() {
    let cluster = Cluster::start().await;
    for name in ["a", "b", "c"] {
        let file = cluster.file(&format!("{name}.yaml"), &pod(name, "i:1"));
        cluster.ok(&format!("create -f {file}")).await;
    }
    assert_eq!(cluster.ok("get pods -o name").await, "pod/a\npod/b\npod/c\n");
    assert_eq!(cluster.ok("get pods -o name --chunk-size=1").await, "pod/a\npod/b\npod/c\n");
    let labelled = cluster.kubectl(&["get", "pods", "-o", "name", "-l", "app in (a, b),app!=a"]).await.ok();
    assert_eq!(labelled, "pod/b\n");
    assert_eq!(
        cluster.ok("get pods -o name --field-selector=metadata.name=c,status.phase=Pending").await,
        "pod/c\n"
    );
    let error = cluster.kubectl(&["get", "pods", "--field-selector=spec.foo=1"]).await.failed();
    assert!(error.contains("field label not supported: spec.foo"), "{error}");
    let error = cluster.kubectl(&["get", "pods", "-l", "a in"]).await.failed();
    assert!(error.contains("unable to parse requirement"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_packed() {
    let cluster = Cluster::start().await;
    let text = "some text ".repeat(300);
    let items: Vec<_> = (0..70)
        .map(|n| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("m{n:02}")}, "data": {"k": text}}))
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    let file = cluster.file("maps.json", &list.to_string());
    cluster.ok(&format!("create -f {file}")).await;
    // kubectl asks for gzip unless it is told not to.
    let packed = cluster.ok("get cm -o json").await;
    let plain = cluster.ok("get cm -o json --disable-compression").await;
    assert_eq!(packed, plain);
    let got: serde_json::Value = serde_json::from_str(&packed).unwrap();
    assert_eq!(got["items"].as_array().unwrap().len(), 70);
    assert!(got["items"].as_array().unwrap().iter().all(|item| item["data"]["k"] == text.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptions() {
    let cluster = Cluster::start().await;
    let file = cluster.file("pod.yaml", &pod("web", "nginx"));
    cluster.ok(&format!("apply -f {file}")).await;
    let uid = cluster.ok("get pod web -o jsonpath={.metadata.uid}").await;
    let event = "apiVersion: v1\nkind: Event\nmetadata:\n  name: web.1\n  namespace: default\n\
        involvedObject:\n  apiVersion: v1\n  kind: Pod\n  namespace: default\n  name: web\n  uid: UID\ntype: Warning\nreason: FailedScheduling\n\
        message: 0/0 nodes are available\ncount: 1\nfirstTimestamp: 2026-01-01T00:00:00Z\n\
        lastTimestamp: 2026-01-01T00:00:00Z\nsource:\n  component: default-scheduler\n";
    let file = cluster.file("event.yaml", &event.replace("UID", &uid));
    cluster.ok(&format!("create -f {file}")).await;

    let pod = cluster.ok("describe pod web").await;
    for part in ["Status:           Pending", "QoS Class:        BestEffort", "Image:        nginx"] {
        assert!(pod.contains(part), "{part}: {pod}");
    }
    assert!(pod.contains("Warning  FailedScheduling"), "{pod}");
    assert!(pod.contains("node.kubernetes.io/not-ready:NoExecute op=Exists for 300s"), "{pod}");
    let events = cluster.ok("get events --no-headers").await;
    assert!(events.contains("Warning   FailedScheduling   pod/web   0/0 nodes are available"), "{events}");
    let events = cluster.ok("events --for pod/web --no-headers").await;
    assert!(events.contains("FailedScheduling"), "{events}");
    let namespace = cluster.ok("describe namespace default").await;
    assert!(namespace.contains("kubernetes.io/metadata.name=default"), "{namespace}");
    assert!(namespace.contains("Status:       Active"), "{namespace}");
}
