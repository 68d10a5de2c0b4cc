//! Network namespaces pinned by a bind mount, so that they live without a process.

use std::{
    fs::{self, File},
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    sys::statfs::{NSFS_MAGIC, statfs},
};

use crate::{Result, error::Context};

/// The calling thread's network namespace.
const OWN: &str = "/proc/thread-self/ns/net";
/// Lets programs without privileges listen on ports below 1024 and send pings inside a pod, as containerd and Docker do.
const SYSCTLS: [(&str, &str); 2] = [
    ("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"),
    ("/proc/sys/net/ipv4/ping_group_range", "0 2147483647"),
];

/// The directory of a cluster's pinned namespaces: `<run dir>/netns`.
#[derive(Clone, Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(run_dir: &Path) -> Self {
        Self(run_dir.join("netns"))
    }

    /// Where a pod's namespace is pinned.
    pub(crate) fn path(&self, pod: &str) -> PathBuf {
        self.0.join(pod)
    }

    /// Makes the directory a private mount point: pins made in it do not spread into other mount namespaces, where they
    /// would keep a removed pod's namespace alive.
    pub(crate) fn prepare(&self) -> Result<()> {
        let none: Option<&str> = None;
        fs::create_dir_all(&self.0).context(|| format!("cannot make {}", self.0.display()))?;
        if !self.is_mount_point()? {
            mount(Some(&self.0), &self.0, none, MsFlags::MS_BIND, none)
                .context(|| format!("cannot make {} a mount point", self.0.display()))?;
        }
        mount(none, &self.0, none, MsFlags::MS_PRIVATE, none)
            .context(|| format!("cannot make the mount {} private", self.0.display()))
    }

    fn is_mount_point(&self) -> Result<bool> {
        let path = fs::canonicalize(&self.0).context(|| format!("cannot resolve {}", self.0.display()))?;
        let table =
            fs::read_to_string("/proc/thread-self/mountinfo").context(|| "cannot read the mount table")?;
        Ok(table.lines().any(|line| line.split(' ').nth(4).is_some_and(|point| Path::new(point) == path)))
    }

    /// Whether a namespace is pinned for the pod.
    pub(crate) fn is_pinned(&self, pod: &str) -> bool {
        statfs(&self.path(pod)).is_ok_and(|fs| fs.filesystem_type() == NSFS_MAGIC)
    }

    /// The names of all entries, pinned or not.
    pub(crate) fn entries(&self) -> Result<Vec<String>> {
        let listing = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listing => listing.context(|| format!("cannot list {}", self.0.display()))?,
        };
        let mut names = Vec::new();
        for entry in listing {
            let entry = entry.context(|| format!("cannot list {}", self.0.display()))?;
            names.extend(entry.file_name().into_string());
        }
        Ok(names)
    }

    /// Pins the namespace where the calling thread stands.
    pub(crate) fn pin(&self, pod: &str) -> Result<()> {
        let path = self.path(pod);
        let none: Option<&str> = None;
        File::create(&path).context(|| format!("cannot make {}", path.display()))?;
        mount(Some(OWN), &path, none, MsFlags::MS_BIND, none)
            .context(|| format!("cannot pin a network namespace at {}", path.display()))
    }

    /// Takes a pin away; nothing happens if there is none.
    pub(crate) fn unpin(&self, pod: &str) -> Result<()> {
        let path = self.path(pod);
        while self.is_pinned(pod) {
            umount2(&path, MntFlags::MNT_DETACH).context(|| format!("cannot unmount {}", path.display()))?;
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Removes the empty directory and its mount.
    pub(crate) fn remove(&self) -> Result<()> {
        while self.0.exists() && self.is_mount_point()? {
            umount2(&self.0, MntFlags::MNT_DETACH)
                .context(|| format!("cannot unmount {}", self.0.display()))?;
        }
        match fs::remove_dir(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).context(|| format!("cannot remove {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Moves the calling thread into a fresh network namespace and returns a handle of it. The thread must end afterwards.
pub(crate) fn enter_new() -> Result<impl AsFd> {
    unshare(CloneFlags::CLONE_NEWNET).context(|| "cannot make a network namespace")?;
    for (path, value) in SYSCTLS {
        fs::write(path, value).context(|| format!("cannot write {value} to {path}"))?;
    }
    File::open(OWN).context(|| format!("cannot open {OWN}"))
}
