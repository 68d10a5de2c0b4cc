//! Limits are the kernel's, and a container cannot change its own.

use naru_runtime::{ContainerId, Resources, Runtime, SandboxId, SandboxResources};

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

#[tokio::test]
async fn pods_and_their_classes_weigh_what_they_request() {
    let mut pod = Pod::new();
    pod.spec.resources =
        SandboxResources { cpu_request_millis: 500, cpu_millis: Some(750), memory_bytes: Some(96 << 20) };
    pod.start(pod.shell("sleep 1000000")).await;
    let own = format!("burstable/pod{}", pod.spec.id);
    let unified = pod.file(&format!("{own}/cpu.weight")).is_some();
    // Of the pod, of its class, and of the class when another pod has come.
    let weights = |millis: u64| match millis {
        500 => {
            if unified {
                "59"
            } else {
                "512"
            }
        }
        _ => {
            if unified {
                "120"
            } else {
                "1280"
            }
        }
    };
    let weight =
        |group: &str| pod.file(&format!("{group}/{}", if unified { "cpu.weight" } else { "cpu.shares" }));
    assert_eq!(weight(&own).unwrap(), weights(500));
    assert_eq!(weight("burstable").unwrap(), weights(500));
    if unified {
        assert_eq!(pod.file(&format!("{own}/cpu.max")).unwrap(), "75000 100000");
        assert_eq!(pod.file(&format!("{own}/memory.max")).unwrap(), (96 << 20).to_string());
    } else {
        assert_eq!(pod.file(&format!("{own}/cpu.cfs_quota_us")).unwrap(), "75000");
        assert_eq!(pod.file(&format!("{own}/memory.limit_in_bytes")).unwrap(), (96 << 20).to_string());
    }
    let mut other = pod.shell("sleep 1000000");
    other.id = ContainerId("other-c-0".into());
    other.sandbox.id = SandboxId("other".into());
    other.sandbox.cgroup = format!("/naru-{}/burstable/podother", pod.cluster);
    other.sandbox.resources.cpu_request_millis = 750;
    pod.shims.create(other).await.unwrap();
    assert_eq!(weight("burstable").unwrap(), weights(1250));
    // Another agent knows what was there, and a pod that goes takes its weight along.
    pod.restarted_agent().delete_sandbox(&SandboxId("other".into())).await.unwrap();
    assert_eq!(weight("burstable").unwrap(), weights(500));
    assert!(pod.file("besteffort/cpu.shares").is_none(), "no pod of this class");
}
