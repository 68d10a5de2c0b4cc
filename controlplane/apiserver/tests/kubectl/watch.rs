//! Watches as kubectl prints them.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};

use crate::harness::Cluster;

/// Ends a test that hangs.
const LINE_TIMEOUT: Duration = Duration::from_secs(60);

async fn line<R: tokio::io::AsyncBufRead + Unpin>(lines: &mut Lines<R>) -> String {
    tokio::time::timeout(LINE_TIMEOUT, lines.next_line())
        .await
        .expect("no line")
        .unwrap()
        .expect("no more lines")
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_as_things_happen() {
    let cluster = Cluster::start().await;
    cluster.ok("create configmap a").await;
    let mut watch = cluster.command(&["get", "cm", "-w", "--output-watch-events"]).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    assert!(line(&mut lines).await.starts_with("EVENT"));
    assert!(line(&mut lines).await.starts_with("ADDED      a      0"));
    cluster.ok("create configmap b --from-literal=x=y").await;
    assert!(line(&mut lines).await.starts_with("ADDED      b      1"));
    cluster.ok("label cm b c=d").await;
    assert!(line(&mut lines).await.starts_with("MODIFIED   b      1"));
    cluster.ok("delete cm a").await;
    assert!(line(&mut lines).await.starts_with("DELETED    a      0"));
    watch.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_end_when_it_is_so() {
    let cluster = Cluster::start().await;
    cluster.ok("create configmap a --from-literal=state=new").await;
    let patch = ["patch", "cm", "a", "-p", r#"{"data":{"state":"done"}}"#];
    let (waited, patched) = tokio::join!(
        cluster.ok("wait cm/a --for=jsonpath={.data.state}=done --timeout=60s"),
        cluster.kubectl(&patch)
    );
    assert_eq!(waited, "configmap/a condition met\n");
    patched.ok();
    let error = cluster
        .kubectl(&["wait", "cm/a", "--for=jsonpath={.data.state}=never", "--timeout=1s"])
        .await
        .failed();
    assert!(error.contains("timed out waiting for the condition"), "{error}");
}
