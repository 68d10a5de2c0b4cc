//! Lives of containers, shims and agents, and their ends.

use std::{fs, time::Duration};

use naru_runtime::{Error, Runtime, State, logs::Stream};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::pod::{Pod, STUCK, pid, text, until};

#[tokio::test]
async fn exit_codes_signals_and_output() {
    let pod = Pod::new();
    let done = pod.run(pod.shell("echo one; echo two >&2; echo three; printf 'no newline'; exit 42")).await;
    assert_eq!((done.exit.code, done.exit.signal), (42, None));
    assert_eq!((&*done.stdout, &*done.stderr), ("one\nthree\nno newline", "two\n"));
    assert!(done.exit.started_at.unwrap() <= done.exit.finished_at);

    let spec = pod.shell("trap 'echo bye; exit 7' TERM; echo ready; while true; do sleep 0.01; done");
    let log = spec.log_path.clone();
    let task = pod.start(spec).await;
    until("the trap is set", || text(&log, Stream::Stdout) == "ready\n").await;
    task.kill(15).await.unwrap();
    assert_eq!(tokio::time::timeout(STUCK, task.wait()).await.unwrap().unwrap().code, 7);
    assert_eq!(text(&log, Stream::Stdout), "ready\nbye\n");
    assert!(matches!(task.kill(999).await, Ok(()) | Err(Error::Invalid { .. })));
}

#[tokio::test]
async fn much_output_arrives_whole() {
    let pod = Pod::new();
    let output = pod.output(pod.shell("seq 1 50000")).await;
    assert!(output.lines().map(|line| line.parse::<u32>().unwrap()).eq(1..=50000));
}

#[tokio::test]
async fn sigkill_ends_the_whole_container() {
    let pod = Pod::new();
    let spec = pod.shell("sleep 1000001 & sleep 1000002 & wait");
    let id = spec.id.clone();
    let task = pod.start(spec).await;
    let processes = || pod.group_file(&id, "cgroup.procs").unwrap_or_default().lines().count();
    until("three processes", || processes() == 3).await;
    task.kill(9).await.unwrap();
    assert_eq!(task.wait().await.unwrap().code, 137);
    until("no process", || processes() == 0).await;
}

#[tokio::test]
async fn a_new_agent_finds_what_runs() {
    let pod = Pod::new();
    let spec = pod.shell("while [ ! -e /tmp/go ]; do sleep 0.01; done; exit 5");
    let id = spec.id.clone();
    let running = pid(&*pod.start(spec).await).await;
    let created = pod.shims.create(pod.shell("exit 6")).await.unwrap();
    let shim = pod.shim();

    let agent = pod.restarted_agent();
    let mut listed = agent.list().await.unwrap();
    listed.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(listed.len(), 2);
    assert!(matches!(listed[0].state, State::Running { pid: Some(pid), .. } if pid == running), "{listed:?}");
    assert_eq!(listed[1].state, State::Created);
    let task = agent.get(&id).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(20), task.wait()).await;
    assert!(waiting.is_err(), "it runs");
    fs::write(pod.path("rootfs/tmp/go"), "").unwrap();
    assert_eq!(tokio::time::timeout(STUCK, task.wait()).await.unwrap().unwrap().code, 5);
    let created = agent.get(created.id()).await.unwrap();
    created.start().await.unwrap();
    assert_eq!(tokio::time::timeout(STUCK, created.wait()).await.unwrap().unwrap().code, 6);
    assert_eq!(pod.shim(), shim, "the same shim all the time");
}

#[tokio::test]
async fn signals_do_not_end_the_shim() {
    let pod = Pod::new();
    let task = pod.start(pod.shell("sleep 1000000")).await;
    let shim = Pid::from_raw(pod.shim());
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        kill(shim, signal).unwrap();
    }
    pid(&*task).await;
    assert_eq!(pod.shim(), shim.as_raw());
    let sessions = fs::read_to_string(format!("/proc/{shim}/stat")).unwrap();
    let session = sessions.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap();
    assert_eq!(session, shim.to_string(), "a session of its own");
}

#[tokio::test]
async fn containers_die_with_a_killed_shim_and_are_found_dead() {
    let pod = Pod::new();
    let running = pod.start(pod.shell("sleep 1000000 & sleep 1000000")).await;
    let created = pod.shims.create(pod.shell("exit 0")).await.unwrap();
    let finished = pod.start(pod.shell("exit 9")).await;
    let known = finished.wait().await.unwrap();
    let wait = running.wait();
    kill(Pid::from_raw(pod.shim()), Signal::SIGKILL).unwrap();
    until("every process is gone", || pod.pids().is_empty() && pod.shims_running().is_empty()).await;

    let exit = tokio::time::timeout(STUCK, wait).await.unwrap().unwrap();
    assert_eq!((exit.code, exit.signal), (137, Some(9)));
    assert!(exit.started_at.is_some() && exit.message.unwrap().contains("shim"));
    assert_eq!(finished.wait().await.unwrap(), known, "an exit that was known stays");
    let exit = created.wait().await.unwrap();
    assert_eq!((exit.code, exit.started_at), (137, None));
    assert_eq!(pod.shims.list().await.unwrap().len(), 3);

    assert_eq!(pod.output(pod.shell("hostname")).await, "pod-host\n", "the pod goes on with a new shim");
    pod.shims.delete(running.id()).await.unwrap();
    assert_eq!(pod.shims.list().await.unwrap().len(), 3);
    pod.shims.delete_sandbox(&pod.spec.id).await.unwrap();
    nothing_is_left(&pod);
}

#[tokio::test]
async fn a_deleted_sandbox_leaves_nothing() {
    let pod = Pod::new();
    pod.start(pod.shell("sleep 1000000 & sleep 1000000")).await;
    pod.shims.create(pod.shell("true")).await.unwrap();
    pod.run(pod.shell("exit 1")).await;
    let shim = pod.shim();
    pod.shims.delete_sandbox(&pod.spec.id).await.unwrap();
    nothing_is_left(&pod);
    until("the shim has ended", || !pod.shims_running().contains(&shim)).await;
    pod.shims.delete_sandbox(&pod.spec.id).await.unwrap();
    assert_eq!(pod.shims.list().await.unwrap(), []);
    assert_eq!(pod.output(pod.shell("echo again")).await, "again\n", "the same pod may come back");
}

fn nothing_is_left(pod: &Pod) {
    assert!(!pod.path("oci").join(&pod.spec.id.0).exists());
    assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains(&pod.cluster));
    for group in pod.groups() {
        assert!(!group.join(format!("burstable/pod{}", pod.spec.id)).exists(), "{}", group.display());
    }
    let shims = pod.shims_running();
    assert!(pod.pids().iter().all(|pid| shims.contains(pid)), "only a shim that is about to end");
}
