//! Nodes: as an agent registers them, and as administrators handle them.

use crate::harness::{Cluster, pod};

const NODE: &str = r#"
apiVersion: v1
kind: Node
metadata:
  name: worker
  labels: {node-role.kubernetes.io/worker: "", kubernetes.io/hostname: worker}
spec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24]}
status:
  capacity: {cpu: 2, memory: 4096Mi, pods: "110"}
  addresses: [{type: InternalIP, address: 10.0.0.5}]
  conditions:
  - {type: Ready, status: "True", reason: KubeletReady, lastHeartbeatTime: "2026-01-01T00:00:00Z", lastTransitionTime: "2026-01-01T00:00:00Z"}
  nodeInfo: {architecture: amd64, bootID: b, containerRuntimeVersion: "naru://0.1.0", kernelVersion: "6.1", kubeProxyVersion: "", kubeletVersion: v1.37.0, machineID: m, operatingSystem: linux, osImage: Debian, systemUUID: u}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_and_its_handling() {
    let cluster = Cluster::start().await;
    let file = cluster.file("node.yaml", NODE);
    cluster.ok(&format!("create -f {file}")).await;
    let wide = cluster.ok("get nodes -o wide --no-headers").await;
    let words: Vec<&str> = wide.split_whitespace().collect();
    assert_eq!(words[..3], ["worker", "Ready", "worker"]);
    assert_eq!(words[4..], ["v1.37.0", "10.0.0.5", "<none>", "Debian", "6.1", "naru://0.1.0"]);
    assert_eq!(cluster.ok("get node worker -o jsonpath={.status.allocatable.memory}").await, "4Gi");

    assert_eq!(cluster.ok("cordon worker").await, "node/worker cordoned\n");
    assert!(cluster.ok("get nodes --no-headers").await.contains("Ready,SchedulingDisabled"));
    cluster.ok("uncordon worker").await;
    assert_eq!(cluster.ok("taint node worker a=b:NoSchedule").await, "node/worker tainted\n");
    let error = cluster.kubectl(&["taint", "node", "worker", "a=c:NoSchedule"]).await.failed();
    assert!(error.contains("already has a taint"), "{error}");
    let described = cluster.ok("describe node worker").await;
    for part in
        ["Taints:             a=b:NoSchedule", "Unschedulable:      false", "PodCIDR:", "Allocated resources"]
    {
        assert!(described.contains(part), "{part}: {described}");
    }
    assert_eq!(cluster.ok("taint node worker a-").await, "node/worker untainted\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn binding_and_grace() {
    let cluster = Cluster::start().await;
    let file = cluster.file("node.yaml", NODE);
    cluster.ok(&format!("create -f {file}")).await;
    let file = cluster.file("pod.yaml", &pod("web", "i:1"));
    cluster.ok(&format!("create -f {file}")).await;
    let binding = cluster.file("binding.json", r#"{"apiVersion":"v1","kind":"Binding","metadata":{"name":"web"},"target":{"apiVersion":"v1","kind":"Node","name":"worker"}}"#);
    cluster.ok(&format!("create --raw /api/v1/namespaces/default/pods/web/binding -f {binding}")).await;
    assert_eq!(cluster.ok("get pods -o name --field-selector=spec.nodeName=worker").await, "pod/web\n");
    // A node runs it now: it goes when the node says so.
    cluster.ok("delete pod web --wait=false").await;
    assert!(cluster.ok("get pods --no-headers").await.contains("Terminating"));
    assert_eq!(cluster.ok("get pod web -o jsonpath={.metadata.deletionGracePeriodSeconds}").await, "30");
    cluster.ok("delete pod web --force --grace-period=0").await;
    assert_eq!(cluster.ok("get pods -o name").await, "");
}
