//! Limits are the kernel's, and a container cannot change its own.

use naru_runtime::{Resources, Runtime};

use crate::pod::Pod;

#[tokio::test]
async fn limits_are_in_the_containers_group() {
    let pod = Pod::new();
    let mut spec = pod.shell("sleep 1000000");
    let id = spec.id.clone();
    spec.resources = Resources {
        memory_bytes: Some(64 << 20),
        cpu_millis: Some(250),
        cpu_request_millis: Some(500),
        pids: Some(50),
        oom_score_adjust: 750,
    };
    let task = pod.start(spec).await;
    let file = |name: &str| pod.group_file(&id, name);
    if let Some(memory) = file("memory.max") {
        assert_eq!(memory, (64 << 20).to_string());
        assert_eq!(file("memory.swap.max").unwrap_or("0".into()), "0");
        assert_eq!(file("cpu.max").unwrap(), "25000 100000");
    } else {
        assert_eq!(file("memory.limit_in_bytes").unwrap(), (64 << 20).to_string());
        assert_eq!(
            file("memory.memsw.limit_in_bytes").unwrap_or((64 << 20).to_string()),
            (64 << 20).to_string()
        );
        assert_eq!(file("cpu.cfs_quota_us").unwrap(), "25000");
        assert_eq!(file("cpu.shares").unwrap(), "512");
    }
    assert_eq!(file("pids.max").unwrap(), "50");
    let naru_runtime::State::Running { pid: Some(pid), .. } = task.status().await.unwrap().state else {
        panic!("it runs")
    };
    assert_eq!(std::fs::read_to_string(format!("/proc/{pid}/oom_score_adj")).unwrap().trim(), "750");
    assert_ne!(std::fs::read_to_string("/proc/self/oom_score_adj").unwrap().trim(), "750");
    let stats = task.stats().await.unwrap();
    assert!(stats.memory_bytes > 0 && stats.memory_bytes < 64 << 20, "{stats:?}");
    assert!(stats.cpu_nanos > 0, "{stats:?}");
}

#[tokio::test]
async fn a_container_cannot_raise_its_own_limits() {
    let pod = Pod::new();
    let mut spec = pod.shell(
        "cd /sys/fs/cgroup; for file in memory/memory.limit_in_bytes memory.max pids/pids.max pids.max; do \
         if [ -e $file ]; then cat $file; echo 1073741824 > $file || echo refused; fi; done; \
         mkdir x pids/x || echo refused; mount -o remount,rw /sys/fs/cgroup || echo refused",
    );
    spec.resources = Resources { memory_bytes: Some(32 << 20), pids: Some(20), ..Resources::default() };
    let done = pod.run(spec).await;
    assert_eq!(done.stdout, "33554432\nrefused\n20\nrefused\nrefused\nrefused\n", "{}", done.stderr);
}

#[tokio::test]
async fn running_out_of_memory_is_told() {
    let pod = Pod::new();
    let mut spec = pod.container(&["tail", "/dev/zero"]);
    spec.resources.memory_bytes = Some(24 << 20);
    let done = pod.run(spec).await;
    assert_eq!(
        (done.exit.code, done.exit.signal, done.exit.oom_killed),
        (137, Some(9), true),
        "{:?}",
        done.exit
    );
}

#[tokio::test]
async fn too_many_processes_are_refused() {
    let pod = Pod::new();
    let mut spec = pod.shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 1000000 & done; echo all");
    spec.resources.pids = Some(5);
    let done = pod.run(spec).await;
    assert!(done.exit.code != 0 && !done.stdout.contains("all"), "{}", done.stdout);
    assert_eq!(pod.shims.list().await.unwrap().len(), 1);
}
