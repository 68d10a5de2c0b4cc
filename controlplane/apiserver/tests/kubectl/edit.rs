//! Small changes: label, annotate, patch, edit, set.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{Cluster, pod};

#[tokio::test(flavor = "multi_thread")]
async fn labels_and_annotations() {
    let cluster = Cluster::start().await;
    cluster.ok("create configmap m").await;
    assert_eq!(cluster.ok("label cm m a=1").await, "configmap/m labeled\n");
    let error = cluster.kubectl(&["label", "cm", "m", "a=2"]).await.failed();
    assert!(error.contains("already has a value"), "{error}");
    cluster.ok("label cm m a=2 --overwrite").await;
    assert_eq!(cluster.ok("annotate cm m note=x").await, "configmap/m annotated\n");
    assert_eq!(
        cluster.ok("get cm m -o jsonpath={.metadata.labels.a}/{.metadata.annotations.note}").await,
        "2/x"
    );
    assert_eq!(cluster.ok("label cm m a-").await, "configmap/m unlabeled\n");
    assert_eq!(cluster.ok("get cm -l a -o name").await, "");
    let error = cluster.kubectl(&["label", "cm", "m", "b=not good"]).await.failed();
    assert!(error.contains("invalid label value"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_kinds_of_patches() {
    let cluster = Cluster::start().await;
    let file = cluster.file("pod.yaml", &pod("web", "nginx:1"));
    cluster.ok(&format!("create -f {file}")).await;
    let image = |image: &str| format!(r#"{{"spec":{{"containers":[{{"name":"main","image":"{image}"}}]}}}}"#);
    cluster.kubectl(&["patch", "pod", "web", "-p", &image("nginx:2")]).await.ok();
    let json = r#"[{"op":"replace","path":"/spec/containers/0/image","value":"nginx:3"}]"#;
    cluster.kubectl(&["patch", "pod", "web", "--type=json", "-p", json]).await.ok();
    assert_eq!(cluster.ok("get pod web -o jsonpath={.spec.containers[0].image}").await, "nginx:3");
    let merge = r#"{"metadata":{"labels":{"app":null,"new":"1"}}}"#;
    cluster.kubectl(&["patch", "pod", "web", "--type=merge", "-p", merge]).await.ok();
    assert_eq!(cluster.ok("get pod web -o jsonpath={.metadata.labels}").await, r#"{"new":"1"}"#);
    let same = cluster.kubectl(&["patch", "pod", "web", "--type=merge", "-p", merge]).await.ok();
    assert_eq!(same, "pod/web patched (no change)\n");
    let bad = r#"[{"op":"test","path":"/spec/nodeName","value":"x"}]"#;
    let error = cluster.kubectl(&["patch", "pod", "web", "--type=json", "-p", bad]).await.failed();
    assert!(error.contains("the server rejected our request due to an error in our request"), "{error}");
    assert_eq!(cluster.ok("set image pod/web main=nginx:4").await, "pod/web image updated\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor() {
    let cluster = Cluster::start().await;
    cluster.ok("create configmap m --from-literal=key=before").await;
    let editor = cluster.file("editor", "#!/bin/sh\nsed -i s/before/after/ \"$1\"\n");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = cluster.command(&["edit", "cm", "m"]);
    command.env("EDITOR", editor);
    assert_eq!(cluster.run(command).await.ok(), "configmap/m edited\n");
    assert_eq!(cluster.ok("get cm m -o jsonpath={.data.key}").await, "after");
}
