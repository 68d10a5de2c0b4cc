//! The pod's sandbox: what its containers share.
//!
//! The shim itself is in the pod's IPC and UTS namespaces, and containers join them by its entry in /proc. Shared memory
//! is a tmpfs in the pod's directory that every container sees as `/dev/shm`. The network namespace is pinned by the agent.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use naru_runtime::{
    SandboxSpec,
    cgroup::{Cgroups, SHIMS},
};
use nix::{
    errno::Errno,
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    unistd::sethostname,
};

/// The size of the pod's shared memory, as Docker and containerd have it.
const SHM_OPTIONS: &str = "mode=1777,size=64m";
/// The longest hostname the kernel takes, in bytes.
const HOSTNAME_LIMIT: usize = 63;

/// Why the pod cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {source}")]
pub(crate) struct SandboxError {
    doing: String,
    source: io::Error,
}

fn failed<E: Into<io::Error>>(doing: impl Into<String>) -> impl FnOnce(E) -> SandboxError {
    move |source| SandboxError { doing: doing.into(), source: source.into() }
}

/// The pod this shim is for.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// What the agent said of it.
    pub(crate) spec: SandboxSpec,
    /// The machine's control groups. The shim is not in the pod's: what it needs must not count against the pod's memory
    /// limit, where the kernel would choose it rather than a container of a Guaranteed pod.
    pub(crate) cgroups: Cgroups,
    /// Set when the sandbox is taken apart: nothing of it may be made any more.
    leaving: AtomicBool,
    run_dir: PathBuf,
}

impl Sandbox {
    /// Makes the shim the holder of the pod that `run_dir` is for.
    pub(crate) fn enter(run_dir: &Path) -> Result<Self, SandboxError> {
        let file = run_dir.join("sandbox.json");
        let json = fs::read(&file).map_err(failed(format!("read {}", file.display())))?;
        let spec: SandboxSpec =
            serde_json::from_slice(&json).map_err(failed(format!("read {}", file.display())))?;
        let cgroups = Cgroups::detect().map_err(failed("find the control groups"))?;
        let group = format!("{}/{SHIMS}", cluster_of(&spec.cgroup));
        cgroups.leave_agent(&group).map_err(failed(format!("enter the group {group}")))?;
        let pod = &spec.cgroup;
        cgroups.make_pod(pod, &spec.resources).map_err(failed(format!("set up the group {pod}")))?;
        unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS)
            .map_err(failed("make the pod's namespaces"))?;
        let hostname = &spec.hostname[..spec.hostname.floor_char_boundary(HOSTNAME_LIMIT)];
        sethostname(hostname).map_err(failed("set the hostname"))?;
        let sandbox = Self { spec, cgroups, leaving: AtomicBool::new(false), run_dir: run_dir.to_owned() };
        sandbox.mount_shm()?;
        Ok(sandbox)
    }

    /// The tmpfs that containers see as `/dev/shm`.
    pub(crate) fn shm(&self) -> PathBuf {
        self.run_dir.join("shm")
    }

    /// Where what is kept of the containers lies, a directory each.
    pub(crate) fn containers(&self) -> PathBuf {
        self.run_dir.join("containers")
    }

    /// Where libcontainer keeps its state.
    pub(crate) fn libcontainer(&self) -> PathBuf {
        self.run_dir.join("libcontainer")
    }

    fn mount_shm(&self) -> Result<(), SandboxError> {
        let path = self.shm();
        // A tmpfs left by a shim that was killed holds what its containers left in it.
        self.unmount_shm().map_err(failed(format!("unmount {}", path.display())))?;
        fs::create_dir_all(&path).map_err(failed(format!("make {}", path.display())))?;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("shm"), &path, Some("tmpfs"), flags, Some(SHM_OPTIONS))
            .map_err(failed(format!("mount {}", path.display())))
    }

    fn unmount_shm(&self) -> io::Result<()> {
        match umount2(&self.shm(), MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) | Err(Errno::EINVAL | Errno::ENOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// From now on nothing is made in the sandbox.
    pub(crate) fn close(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Whether the sandbox is being taken apart or is already.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Takes the closed sandbox apart; its containers are gone. The agent removes the directory when the shim has ended.
    pub(crate) async fn leave(&self) -> io::Result<()> {
        self.unmount_shm()?;
        self.cgroups.remove(&self.spec.cgroup).await
    }
}

/// The cluster's group around a pod's: the first part of its path.
fn cluster_of(group: &str) -> &str {
    let end = group[1..].find('/').map_or(group.len(), |end| end + 1);
    &group[..end]
}
