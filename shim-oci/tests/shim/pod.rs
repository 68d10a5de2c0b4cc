//! A pod for one test: a random cluster name, a root file system with busybox, shims in a temporary directory, and a drop that
//! leaves nothing behind, whatever the test did.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use naru_runtime::{
    ContainerId, ContainerSpec, Error, Exit, Resources, Root, Runtime, SandboxId, SandboxSpec, State, Task,
    logs::{Line, Stream},
    shim::{PodShims, ShimDir},
};

const BUSYBOX: &str = "/bin/busybox";
const APPLETS: &str = "sh sleep cat id hostname true false echo env pwd ls touch dd tail head yes kill readlink grep wc seq \
    mount umount mkdir nc ps trap mknod";
/// How long anything may take before a test fails; no measure of speed.
pub(crate) const STUCK: Duration = Duration::from_secs(60);

pub(crate) struct Pod {
    dir: tempfile::TempDir,
    pub(crate) cluster: String,
    pub(crate) spec: SandboxSpec,
    pub(crate) shims: PodShims,
    next: AtomicU32,
}

/// What a container did.
pub(crate) struct Done {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Pod {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cluster: String = (0..6).map(|_| rand::random_range(b'a'..=b'z') as char).collect();
        let uid = format!("uid-{cluster}");
        let spec = SandboxSpec {
            id: SandboxId(uid.clone()),
            namespace: "default".into(),
            name: "pod".into(),
            hostname: "pod-host".into(),
            network_namespace: None,
            cgroup: format!("/naru-{cluster}/burstable/pod{uid}"),
            resources: Default::default(),
            share_process_namespace: false,
        };
        make_rootfs(&dir.path().join("rootfs"));
        fs::create_dir(dir.path().join("logs")).unwrap();
        Self { shims: shims(dir.path()), dir, cluster, spec, next: AtomicU32::new(0) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Another agent on the same directories.
    pub(crate) fn restarted_agent(&self) -> PodShims {
        shims(self.dir.path())
    }

    /// A shell command in a container of its own.
    pub(crate) fn shell(&self, script: &str) -> ContainerSpec {
        self.container(&["sh", "-c", script])
    }

    pub(crate) fn container(&self, args: &[&str]) -> ContainerSpec {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.named(ContainerId(format!("{}-c{number}-0", self.spec.id)), args)
    }

    pub(crate) fn named(&self, id: ContainerId, args: &[&str]) -> ContainerSpec {
        ContainerSpec {
            log_path: self.path("logs").join(format!("{id}.log")),
            id,
            sandbox: self.spec.clone(),
            name: "c".into(),
            attempt: 0,
            root: Root::Rootfs { path: self.path("rootfs"), read_only: false },
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: Vec::new(),
            working_dir: "/".into(),
            user: Default::default(),
            mounts: Vec::new(),
            resources: Resources::default(),
            capabilities: Default::default(),
            privileged: false,
            no_new_privileges: false,
            seccomp: false,
            termination_message_path: None,
        }
    }

    /// Creates and starts.
    pub(crate) async fn start(&self, spec: ContainerSpec) -> std::sync::Arc<dyn Task> {
        let task = self.shims.create(spec).await.unwrap();
        task.start().await.unwrap();
        task
    }

    /// Runs to the end.
    pub(crate) async fn run(&self, spec: ContainerSpec) -> Done {
        let log = spec.log_path.clone();
        let task = self.start(spec).await;
        let exit = tokio::time::timeout(STUCK, task.wait()).await.expect("stuck").unwrap();
        let (stdout, stderr) = (text(&log, Stream::Stdout), text(&log, Stream::Stderr));
        Done { exit, stdout, stderr }
    }

    /// What the shell printed.
    pub(crate) async fn output(&self, spec: ContainerSpec) -> String {
        let done = self.run(spec).await;
        assert_eq!((done.exit.code, &*done.stderr), (0, ""), "{}", done.stdout);
        done.stdout
    }

    /// The message of a container that cannot be created through its own fault.
    pub(crate) async fn refused(&self, spec: ContainerSpec) -> String {
        match self.shims.create(spec).await.map(|_| ()) {
            Err(Error::Invalid { message }) => message,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// The ids of all processes in the pod's groups.
    pub(crate) fn pids(&self) -> Vec<i32> {
        let mut pids: Vec<i32> = self.groups().iter().flat_map(|group| pids_in(group)).collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }

    /// The shim's process id.
    pub(crate) fn shim(&self) -> i32 {
        let shims = self.shims_running();
        assert_eq!(shims.len(), 1, "{shims:?}");
        shims[0]
    }

    /// The processes that hold the lock of the pod's socket: the shim, and nobody once a container's program runs.
    pub(crate) fn shims_running(&self) -> Vec<i32> {
        let dir = self.path("oci").join(&self.spec.id.0).into_os_string().into_string().unwrap();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid: &i32| {
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            // A container that waits for its start is a copy of the shim under another name.
            name.trim() == "naru-shim-oci"
                && command.split(|byte| *byte == 0).any(|arg| arg == dir.as_bytes())
        })
        .collect()
    }

    /// The cluster's groups that exist, in every hierarchy.
    pub(crate) fn groups(&self) -> Vec<PathBuf> {
        let name = format!("naru-{}", self.cluster);
        let root = Path::new("/sys/fs/cgroup");
        let hierarchies = fs::read_dir(root).unwrap().flatten().map(|entry| entry.path());
        std::iter::once(root.to_owned())
            .chain(hierarchies)
            .map(|hierarchy| hierarchy.join(&name))
            .filter(|group| group.is_dir())
            .collect()
    }

    /// A file of a container's group, in whatever hierarchy has it.
    pub(crate) fn group_file(&self, id: &ContainerId, file: &str) -> Option<String> {
        self.file(&format!("burstable/pod{}/{id}/{file}", self.spec.id))
    }

    /// A file below the cluster's group, in whatever hierarchy has it.
    pub(crate) fn file(&self, path: &str) -> Option<String> {
        let text = self.groups().iter().find_map(|group| fs::read_to_string(group.join(path)).ok());
        text.map(|text| text.trim().to_owned())
    }
}

/// The process of a running container.
pub(crate) async fn pid(task: &dyn Task) -> u32 {
    match task.status().await.unwrap().state {
        State::Running { pid: Some(pid), .. } => pid,
        other => panic!("not running: {other:?}"),
    }
}

/// A process's namespace.
pub(crate) fn namespace(pid: u32, name: &str) -> String {
    fs::read_link(format!("/proc/{pid}/ns/{name}")).unwrap().display().to_string()
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + STUCK;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn text(log: &Path, stream: Stream) -> String {
    let file = fs::read(log).unwrap();
    let mut text = Vec::new();
    for line in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line = Line::parse(line).unwrap();
        if line.stream == stream {
            text.extend_from_slice(line.text);
            text.extend(line.full.then_some(b'\n'));
        }
    }
    String::from_utf8(text).unwrap()
}

fn shims(dir: &Path) -> PodShims {
    let built = Path::new(env!("CARGO_BIN_EXE_naru-shim-oci")).parent().unwrap();
    // The benchmark is told of an optimised one.
    let given = std::env::var_os(ShimDir::ENV).map(PathBuf::from);
    PodShims::new(dir.join("oci"), ShimDir::new(given.unwrap_or(built.to_owned())))
}

fn make_rootfs(root: &Path) {
    assert!(Path::new(BUSYBOX).exists(), "these tests need {BUSYBOX}: install busybox-static");
    for dir in ["bin", "etc", "proc", "sys", "dev", "tmp"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::copy(BUSYBOX, root.join("bin/busybox")).unwrap();
    for applet in APPLETS.split_whitespace() {
        symlink("busybox", root.join("bin").join(applet)).unwrap();
    }
    fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n")
        .unwrap();
}

fn pids_in(group: &Path) -> Vec<i32> {
    let own = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let mut pids: Vec<i32> =
        own.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 0).collect();
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            pids.extend(pids_in(&entry.path()));
        }
    }
    pids
}

fn remove_group(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_group(&entry.path());
        }
    }
    // Its last process may not be gone yet; then the next round removes it.
    let _ = fs::remove_dir(group);
}

impl Drop for Pod {
    fn drop(&mut self) {
        for _ in 0..500 {
            for pid in self.pids().into_iter().chain(self.shims_running()) {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL);
            }
            self.groups().iter().for_each(|group| remove_group(group));
            if self.groups().is_empty() && self.shims_running().is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = nix::mount::umount2(
            &self.path("oci").join(&self.spec.id.0).join("shm"),
            nix::mount::MntFlags::MNT_DETACH,
        );
    }
}
