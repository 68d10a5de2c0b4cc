//! What a pod's shim and its containers cost, beside `runc run` on the same bundle in the same run. Needs root, busybox-static
//! and runc. Prints medians; asserts nothing about time.
#![allow(clippy::unwrap_used, missing_docs, dead_code)]

#[path = "../tests/shim/pod.rs"]
mod pod;

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use naru_runtime::Runtime;
use pod::Pod;

const RUNS: usize = 30;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    spawning().await;
    let pod = Pod::new();
    let bundle = pod.path("bundle");
    living(&pod, &bundle).await;
    comparing(&bundle);
}

/// A new pod until its shim answers and its first container is made, and the end of it.
async fn spawning() {
    let (mut first, mut end) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let pod = Pod::new();
        let began = Instant::now();
        let task = pod.shims.create(pod.container(&["true"])).await.unwrap();
        first.push(began.elapsed());
        task.start().await.unwrap();
        task.wait().await.unwrap();
        let began = Instant::now();
        pod.shims.delete_sandbox(&pod.spec.id).await.unwrap();
        end.push(began.elapsed());
    }
    report("shim started and first container created", first);
    report("sandbox deleted", end);
}

async fn living(pod: &Pod, bundle: &std::path::Path) {
    let (mut create, mut start, mut life, mut delete) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let spec = pod.container(&["true"]);
        let id = spec.id.clone();
        let began = Instant::now();
        let task = pod.shims.create(spec).await.unwrap();
        create.push(began.elapsed());
        let created = Instant::now();
        task.start().await.unwrap();
        start.push(created.elapsed());
        task.wait().await.unwrap();
        if !bundle.exists() {
            fs::create_dir(bundle).unwrap();
            let config =
                pod.path("oci").join(&pod.spec.id.0).join("containers").join(&id.0).join("config.json");
            fs::copy(config, bundle.join("config.json")).unwrap();
        }
        let exited = Instant::now();
        pod.shims.delete(&id).await.unwrap();
        delete.push(exited.elapsed());
        life.push(began.elapsed());
    }
    report("create", create);
    report("start", start);
    report("delete", delete);
    report("whole life of `true`", life);
    let sleeping = pod.start(pod.container(&["sleep", "1000000"])).await;
    memory("shim with one container", pod.shim());
    pod.shims.delete(sleeping.id()).await.unwrap();
}

fn comparing(bundle: &std::path::Path) {
    // The namespaces of the shim's pod end with it; runc makes its own.
    let config = fs::read(bundle.join("config.json")).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    for namespace in config.pointer_mut("/linux/namespaces").unwrap().as_array_mut().unwrap() {
        namespace.as_object_mut().unwrap().remove("path");
    }
    fs::write(bundle.join("config.json"), config.to_string()).unwrap();
    let mut life = Vec::new();
    for run in 0..RUNS {
        let id = format!("naru-bench-{}-{run}", std::process::id());
        let began = Instant::now();
        let mut runc = Command::new("runc");
        runc.args(["run", "--bundle"]).arg(bundle).arg(&id).stdin(Stdio::null());
        match runc.status() {
            Ok(status) if status.success() => life.push(began.elapsed()),
            other => return println!("runc run: {other:?}"),
        }
    }
    report("`runc run` of the same", life);
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    println!("{what:42} median {:>9.3?} worst {:>9.3?}", times[times.len() / 2], times[times.len() - 1]);
}

fn memory(what: &str, pid: i32) {
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let kib = |key: &str| {
        smaps.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned()
    };
    println!("{what:42} RSS {} PSS {} private dirty {}", kib("Rss:"), kib("Pss:"), kib("Private_Dirty:"));
}
