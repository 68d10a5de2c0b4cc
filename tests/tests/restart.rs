//! What survives what: containers outlive the agent and the control plane, and `naru down` leaves nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, path::Path, process::Command};

use naru_tests::{Cluster, cluster::container, eventually, run, tools};
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

/// Everything on this machine that carries the cluster's name or directory.
fn left_of(name: &str, data: &Path) -> Vec<String> {
    let mut left = Vec::new();
    let marks = [format!("/run/naru/{name}"), data.display().to_string()];
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    left.extend(mounts.lines().filter(|line| marks.iter().any(|mark| line.contains(mark))).map(String::from));
    let links = run(Command::new(tools::installed("ip", "iproute2")).args(["-o", "link"]), "").ok();
    left.extend(links.lines().filter(|line| line.contains(name)).map(String::from));
    let tables = run(Command::new(tools::installed("nft", "nftables")).args(["list", "tables"]), "").ok();
    left.extend(tables.lines().filter(|line| line.contains(name)).map(String::from));
    for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
        let group = hierarchy.path().join(format!("naru-{name}"));
        left.extend(group.exists().then(|| group.display().to_string()));
    }
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        left.extend(marks.iter().any(|mark| line.contains(mark)).then_some(line.replace('\0', " ")));
    }
    left
}

fn shims(cluster: &Cluster) -> Vec<i32> {
    let run_dir = format!("/run/naru/{}", cluster.name());
    matching(|line| line.contains("naru-shim-") && line.contains(&run_dir))
}

/// Processes of the cluster's containers, found by their control group.
fn processes(cluster: &Cluster, program: &str) -> Vec<i32> {
    let group = format!("/naru-{}/", cluster.name());
    matching(|line| line.starts_with(program))
        .into_iter()
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|text| text.contains(&group))
        })
        .collect()
}

fn process_of(cluster: &Cluster, program: &str) -> i32 {
    let found = processes(cluster, program);
    assert_eq!(found.len(), 1, "one {program}");
    found[0]
}

fn matching(wanted: impl Fn(&str) -> bool) -> Vec<i32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        wanted(&line.replace('\0', " "))
    })
    .collect()
}
