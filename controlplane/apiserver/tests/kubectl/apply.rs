//! apply, diff, replace, dry runs.

use crate::harness::{Cluster, pod};

#[tokio::test(flavor = "multi_thread")]
async fn apply_converges() {
    let cluster = Cluster::start().await;
    let file = cluster.file("pod.yaml", &pod("web", "nginx:1"));
    assert_eq!(cluster.ok(&format!("apply -f {file}")).await, "pod/web created\n");
    assert_eq!(cluster.ok(&format!("apply -f {file}")).await, "pod/web unchanged\n");
    assert_eq!(cluster.ok(&format!("diff -f {file}")).await, "");

    let file = cluster.file("pod.yaml", &pod("web", "nginx:2"));
    let difference = cluster.kubectl(&["diff", "-f", &file]).await;
    assert_eq!(difference.code, 1, "{difference:#?}");
    assert!(difference.stdout.contains("-  - image: nginx:1\n+  - image: nginx:2"), "{difference:#?}");
    assert_eq!(
        cluster.ok(&format!("apply -f {file} --dry-run=server")).await,
        "pod/web configured (server dry run)\n"
    );
    assert_eq!(cluster.ok("get pod web -o jsonpath={.spec.containers[0].image}").await, "nginx:1");
    assert_eq!(cluster.ok(&format!("apply -f {file}")).await, "pod/web configured\n");
    assert_eq!(cluster.ok("get pod web -o jsonpath={.spec.containers[0].image}").await, "nginx:2");
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_prunes_and_merges_lists() {
    let cluster = Cluster::start().await;
    let map = |data: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n{data}");
    let file = cluster.file("m.yaml", &map("  labels: {a: b}\ndata: {one: '1', two: '2'}\n"));
    cluster.ok(&format!("apply -f {file}")).await;
    cluster.ok("label configmap m other=kept").await;
    let file = cluster.file("m.yaml", &map("  labels: {c: d}\ndata: {two: '3'}\n"));
    cluster.ok(&format!("apply -f {file}")).await;
    assert_eq!(cluster.ok("get cm m -o jsonpath={.data}").await, r#"{"two":"3"}"#);
    assert_eq!(cluster.ok("get cm m -o jsonpath={.metadata.labels}").await, r#"{"c":"d","other":"kept"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn create_replace_and_dry_runs() {
    let cluster = Cluster::start().await;
    let file = cluster.file("pod.yaml", &pod("web", "nginx:1"));
    let dry = cluster.ok(&format!("create -f {file} --dry-run=server -o jsonpath={{.status.phase}}")).await;
    assert_eq!(dry, "Pending");
    assert_eq!(cluster.ok("get pods -o name").await, "");
    cluster.ok(&format!("create -f {file}")).await;
    let error = cluster.kubectl(&["create", "-f", &file]).await.failed();
    assert!(error.contains("(AlreadyExists)") && error.contains("pods \"web\" already exists"), "{error}");
    let file = cluster.file("pod.yaml", &pod("web", "nginx:2"));
    assert_eq!(cluster.ok(&format!("replace -f {file}")).await, "pod/web replaced\n");
    assert_eq!(cluster.ok("run other --image=busybox").await, "pod/other created\n");
    let file = cluster.file("list.yaml", &format!("{}---\n{}", pod("one", "i"), pod("two", "i")));
    assert_eq!(cluster.ok(&format!("create -f {file}")).await, "pod/one created\npod/two created\n");
    let generated = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: many-\n";
    let file = cluster.file("generated.yaml", generated);
    let name = cluster.ok(&format!("create -f {file} -o name")).await;
    assert!(
        name.starts_with("configmap/many-") && name.trim().len() == "configmap/many-".len() + 5,
        "{name}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_are_not_served_and_lists_of_those_that_are() {
    let cluster = Cluster::start().await;
    for (version, kind) in [("v1", "Foo"), ("example.com/v1", "Widget"), ("coordination.k8s.io/v1", "Foo")] {
        let manifest = format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n");
        let file = cluster.file("unknown.yaml", &manifest);
        let error = cluster.kubectl(&["apply", "-f", &file]).await.failed();
        assert!(
            error.contains(&format!("no matches for kind \"{kind}\" in version \"{version}\"")),
            "{error}"
        );
    }
    let list = "apiVersion: v1\nkind: List\nitems:\n\
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n\
        - {apiVersion: v1, kind: Secret, metadata: {name: two}}\n";
    let file = cluster.file("list.yaml", list);
    assert_eq!(cluster.ok(&format!("apply -f {file}")).await, "configmap/one created\nsecret/two created\n");
    assert_eq!(
        cluster.ok(&format!("apply -f {file}")).await,
        "configmap/one unchanged\nsecret/two unchanged\n"
    );
}
