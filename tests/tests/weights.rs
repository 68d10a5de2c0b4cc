//! What pods request is what their control groups weigh, as the kubelet has it, and what Wasm containers' threads do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fs, path::Path};

use naru_tests::{Cluster, eventually, machine};
use serde_json::{Value, json};

fn pod(cluster: &Cluster, name: &str, image: &str, resources: &[Value], init: &[Value]) -> String {
    let container = |(number, resources): (usize, &Value)| {
        let mut one = json!({"name": format!("c{number}"), "image": image, "resources": resources});
        if image.contains("httpd") {
            one["command"] = json!(["sleep", "1000000"]);
        }
        one
    };
    let mut first: Vec<Value> = init.iter().enumerate().map(container).collect();
    for one in &mut first {
        one["name"] = json!("first");
        one["command"] = json!(["true"]);
    }
    let containers: Vec<Value> = resources.iter().enumerate().map(container).collect();
    let spec = json!({"terminationGracePeriodSeconds": 1, "initContainers": first, "containers": containers});
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec});
    cluster.apply(&object.to_string());
    let ready = cluster.ready(name);
    format!("pod{}", ready["metadata"]["uid"].as_str().unwrap())
}

/// A file of a group below the cluster's, whichever version of control groups the machine has.
fn file(cluster: &Cluster, group: &str, v1: &str, v2: &str) -> Option<String> {
    let group = format!("naru-{}/{group}", cluster.name());
    let (controller, _) = v1.split_once('.').unwrap();
    let root = Path::new("/sys/fs/cgroup");
    let text = fs::read_to_string(root.join(controller).join(&group).join(v1));
    let text = text.or_else(|_| fs::read_to_string(root.join(&group).join(v2))).ok()?;
    Some(text.split_whitespace().next().unwrap().to_owned())
}

fn unified() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

/// The weight of a group as a share of version 1 or the weight of version 2.
fn weighs(cluster: &Cluster, group: &str, v1: u64, v2: u64) {
    let expected = if unified() { v2 } else { v1 };
    let found = file(cluster, group, "cpu.shares", "cpu.weight");
    assert_eq!(found.as_deref(), Some(&*expected.to_string()), "{group}");
}

/// Asserts a pod's limits: microseconds of each period and bytes.
fn is_limited(cluster: &Cluster, group: &str, cpu: Option<u64>, memory: Option<u64>) {
    let found = file(cluster, group, "cpu.cfs_quota_us", "cpu.max").unwrap();
    assert_eq!(found.parse().ok().filter(|quota: &i64| *quota > 0), cpu.map(|cpu| cpu as i64), "{group}");
    let found = file(cluster, group, "memory.limit_in_bytes", "memory.max").unwrap();
    let unlimited = |bytes: &u64| *bytes > 1 << 60;
    assert_eq!(found.parse().ok().filter(|bytes| !unlimited(bytes)), memory, "{group}");
}

#[test]
fn pods_weigh_what_they_request() {
    let cluster = Cluster::start();
    let both = |cpu: &str, memory: &str| json!({"cpu": cpu, "memory": memory});
    let asks = |cpu: &str| json!({"requests": {"cpu": cpu}});
    let httpd = "quickstart/httpd:1";

    let guaranteed = [json!({"limits": both("200m", "64Mi")}), json!({"limits": both("300m", "64Mi")})];
    let group = pod(&cluster, "whole", httpd, &guaranteed, &[json!({"limits": both("1", "32Mi")})]);
    weighs(&cluster, &group, 1024, 100);
    is_limited(&cluster, &group, Some(100_000), Some(128 << 20));

    let some = [asks("250m"), json!({"limits": {"memory": "64Mi"}})];
    let group = format!("burstable/{}", pod(&cluster, "some", httpd, &some, &[]));
    weighs(&cluster, &group, 256, 35);
    weighs(&cluster, "burstable", 256, 35);
    is_limited(&cluster, &group, None, None);

    let all = [json!({"requests": {"cpu": "50m"}, "limits": both("100m", "64Mi")})];
    let group = format!("burstable/{}", pod(&cluster, "all", httpd, &all, &[]));
    weighs(&cluster, &group, 51, 11);
    weighs(&cluster, "burstable", 307, 40);
    is_limited(&cluster, &group, Some(10_000), Some(64 << 20));

    let group = format!("besteffort/{}", pod(&cluster, "none", httpd, &[json!({})], &[]));
    weighs(&cluster, &group, 2, 1);
    weighs(&cluster, "besteffort", 2, 1);
    is_limited(&cluster, &group, None, None);

    cluster.kubectl(&["delete", "pod", "some", "--wait"]).ok();
    eventually("the class weighs less without the pod", || {
        let found = file(&cluster, "burstable", "cpu.shares", "cpu.weight");
        let expected = if unified() { "11" } else { "51" };
        if found.as_deref() == Some(expected) { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

#[test]
fn wasm_containers_weigh_what_they_request() {
    let cluster = Cluster::start();
    let greeter = "quickstart/greeter:1";
    pod(&cluster, "much", greeter, &[json!({"requests": {"cpu": "500m"}})], &[]);
    pod(&cluster, "little", greeter, &[json!({"requests": {"cpu": "100m"}})], &[]);
    pod(&cluster, "nothing", greeter, &[json!({})], &[]);
    eventually("their process weighs their sum", || {
        let found = file(&cluster, "wasm", "cpu.shares", "cpu.weight");
        let expected = if unified() { "67" } else { "614" };
        if found.as_deref() == Some(expected) { Ok(()) } else { Err(format!("{found:?}")) }
    });
    let [shim] = machine::shims(&cluster)[..] else { panic!("one shim for all") };
    let mut found: Vec<i32> =
        fs::read_dir(format!("/proc/{shim}/task")).unwrap().flatten().filter_map(nice).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, [0, 3, 10, 19]);
    let groups = fs::read_to_string(format!("/proc/{shim}/cgroup")).unwrap();
    assert!(groups.contains(&format!("/naru-{}/wasm", cluster.name())), "{groups}");
}

/// A thread's nice value.
fn nice(thread: fs::DirEntry) -> Option<i32> {
    let text = fs::read_to_string(thread.path().join("stat")).ok()?;
    text.rsplit(')').next()?.split_whitespace().nth(16)?.parse().ok()
}
