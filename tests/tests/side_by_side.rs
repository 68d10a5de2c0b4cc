//! Two clusters on one machine, and a node that joins from another network namespace.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use naru_tests::Cluster;
use nix::sys::signal::Signal;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: 'quickstart/httpd:1', command: [httpd, -f, -p, '8080']}]
";

#[test]
fn two_clusters_do_not_meet() {
    let one = Cluster::start();
    let mut two = Cluster::start();
    assert_ne!(one.name(), two.name());
    for cluster in [&one, &two] {
        cluster.apply(POD);
    }
    let ip = |cluster: &Cluster| cluster.ready("web")["status"]["podIP"].as_str().unwrap().to_string();
    assert_ne!(ip(&one), ip(&two));
    // Keys of one do not open the other.
    let theirs = one.kubeconfig();
    let ours = format!("--server=https://127.0.0.1:{}", two.port());
    let refused = one.kubectl(&["--kubeconfig", theirs.to_str().unwrap(), &ours, "get", "pods"]).failed();
    assert!(refused.contains("certificate"), "{refused}");
    // The end of one is nothing to the other.
    two.stop(Signal::SIGTERM);
    drop(two);
    assert_eq!(one.ready("web")["status"]["containerStatuses"][0]["restartCount"], 0);
}
