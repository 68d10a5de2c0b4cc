//! What survives what: containers outlive the agent and the control plane, and `naru down` leaves nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use naru_tests::{
    Cluster,
    cluster::{container, free_port},
    eventually,
    machine::{left_of, processes, shims},
    run, tools,
};
use nix::sys::signal::Signal;
use serde_json::Value;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: both}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: oci, image: 'quickstart/httpd:1', volumeMounts: [{name: work, mountPath: /work}]}
  - {name: wasm, image: 'quickstart/greeter:1', volumeMounts: [{name: work, mountPath: /work}]}
  volumes: [{name: work, emptyDir: {}}]
";

fn identity(pod: &Value) -> Vec<(Value, Value, Value)> {
    let of = |name| {
        let one = container(pod, name);
        (
            one["containerID"].clone(),
            one["restartCount"].clone(),
            one["state"]["running"]["startedAt"].clone(),
        )
    };
    vec![of("oci"), of("wasm")]
}

#[test]
fn containers_go_on_while_naru_is_away_and_are_adopted() {
    let mut cluster = Cluster::start();
    cluster.apply(POD);
    let before = identity(&cluster.ready("both"));
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        cluster.stop(signal);
        assert_eq!(shims(&cluster).len(), 2, "the shims go on after {signal}");
        cluster.up();
        let pod = cluster.ready("both");
        assert_eq!(identity(&pod), before, "after {signal}");
        let log = cluster.kubectl(&["logs", "both", "-c", "wasm", "--tail=1"]).ok();
        assert!(!log.is_empty());
    }
    // A container that ends while nobody looks is started again by the next agent.
    cluster.stop(Signal::SIGKILL);
    let pid = process_of(&cluster, "httpd");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    cluster.up();
    let pod = cluster.pod("both", "has restarted its container", |pod| {
        let oci = container(pod, "oci");
        oci["restartCount"] == 1 && oci["ready"] == true
    });
    assert_eq!(container(&pod, "oci")["lastState"]["terminated"]["exitCode"], 137);
    assert_eq!(identity(&pod)[1], before[1]);
    cluster.kubectl(&["delete", "pod", "both"]).ok();
}

#[test]
fn a_pod_deleted_while_naru_is_away_goes_when_it_is_back() {
    let mut cluster = Cluster::start();
    cluster.apply(POD);
    cluster.ready("both");
    cluster.kubectl(&["delete", "pod", "both", "--wait=false"]).ok();
    cluster.stop(Signal::SIGKILL);
    cluster.up();
    eventually("the pod has gone", || match cluster.get("pod", "both") {
        None => Ok(()),
        Some(pod) => Err(pod.to_string()),
    });
    eventually("its processes have gone", || {
        let left = processes(&cluster, "httpd");
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
}

#[test]
fn down_leaves_nothing() {
    let cluster = Cluster::start();
    cluster.apply(POD);
    cluster.ready("both");
    let (name, data, run_dir) = (cluster.name(), cluster.data_dir(), format!("/run/naru/{}", cluster.name()));
    assert!(!left_of(&name, &data).is_empty());
    for _ in 0..2 {
        run(Command::new(tools::ours("naru")).arg("down").arg("--data-dir").arg(&data), "").ok();
    }
    assert_eq!(left_of(&name, &data), Vec::<String>::new());
    assert!(!data.exists() && !Path::new(&run_dir).exists());
}

/// Whatever `naru up` has come to when `naru down` is called, nothing of it stays.
#[test]
fn down_stops_what_has_only_begun() {
    for milliseconds in [0, 3, 6, 10, 20, 40, 80, 160, 320] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let mut up = Command::new(tools::ours("naru"));
        up.args(["up", "--bind", &format!("127.0.0.1:{}", free_port()), "--data-dir"]).arg(&data);
        up.args(["--pod-cidr", "10.126.0.0/24", "--service-cidr", "10.126.1.0/24"]);
        let mut up = up.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        let mut names = Vec::new();
        eventually("it has ended", || {
            names.extend(name_in(&data));
            let down =
                run(Command::new(tools::ours("naru")).arg("down").arg("--data-dir").arg(&data), "").ok();
            if up.try_wait().unwrap().is_some() { Ok(()) } else { Err(down) }
        });
        for name in names {
            assert_eq!(left_of(&name, &data), Vec::<String>::new(), "after {milliseconds} ms");
        }
        assert!(!data.exists(), "after {milliseconds} ms");
    }
}

/// The name of the cluster in a data directory, if there is one by now.
fn name_in(data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join("cluster.json")).ok()?;
    serde_json::from_str::<Value>(&text).ok()?["name"].as_str().map(str::to_string)
}

fn process_of(cluster: &Cluster, program: &str) -> i32 {
    let found = processes(cluster, program);
    assert_eq!(found.len(), 1, "one {program}");
    found[0]
}
