//! A cluster whose state is in etcd, also while etcd is away.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use naru_tests::{Cluster, Setup, etcd::Etcd, eventually};
use nix::sys::signal::Signal;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: 'quickstart/httpd:1', command: [sh, -c, 'while :; do sleep 1; done']}]
";

#[test]
fn writes_are_refused_while_etcd_is_away_and_nothing_is_lost() {
    let mut etcd = Etcd::start();
    let setup = Setup { etcd: Some(etcd.endpoint()), images: true, ..Setup::default() };
    let mut cluster = Cluster::start_with(setup);
    cluster.apply(POD);
    let before = cluster.ready("web")["status"]["containerStatuses"][0]["containerID"].clone();

    etcd.kill();
    let refused = cluster.kubectl(&["create", "configmap", "lost", "--from-literal=a=b"]).failed();
    assert!(refused.contains("the store is unavailable"), "{refused}");
    // A container that ends meanwhile is started again; its status is told when the store is back.
    cluster.kubectl(&["get", "--raw", "/readyz"]).failed();
    etcd.restart();

    eventually("writes work again", || {
        let made = cluster.kubectl(&["create", "configmap", "kept", "--from-literal=a=b"]);
        if made.code == 0 || made.err.contains("AlreadyExists") { Ok(()) } else { Err(made.err) }
    });
    let pod = cluster.ready("web");
    assert_eq!(pod["status"]["containerStatuses"][0]["containerID"], before);
    cluster.apply(&POD.replace("name: web", "name: after"));
    cluster.ready("after");

    // Another server on the same etcd has the same state.
    cluster.stop(Signal::SIGKILL);
    cluster.up();
    assert!(cluster.get("configmap", "kept").is_some());
    assert_eq!(cluster.ready("web")["status"]["containerStatuses"][0]["containerID"], before);
}
