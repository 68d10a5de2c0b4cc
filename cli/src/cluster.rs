//! A cluster's home on this machine: its data directory, its name, and the lock that keeps it to one process.
//!
//! In: the data directory. Out: a [`Cluster`] that knows every path. The name, six random characters, is in everything
//! the cluster makes outside its directory (bridge, cgroup, table, sockets), so that clusters live side by side.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::Ipv4Net;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

/// Where sockets, namespaces and mounts of all clusters are.
const RUN_ROOT: &str = "/run/naru";
const NAME_LENGTH: usize = 6;
/// Locked by the process that runs the cluster, which writes its process id into it.
pub const LOCK_FILE: &str = "naru.pid";
/// How often, and after which pauses, the process id of a locked cluster is looked for.
const PID_READS: u32 = 50;
const PID_READ_PAUSE: Duration = Duration::from_millis(20);

/// Why a cluster's home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {doing}")]
    Io {
        /// What was being done, and to which file.
        doing: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Another process runs this cluster.
    #[error(
        "another naru (pid {pid}) runs the cluster in {dir}; stop it with `naru down --data-dir {dir}`, or give this one another --data-dir"
    )]
    Busy {
        /// Its process id, as it wrote it.
        pid: String,
        /// The data directory.
        dir: String,
    },
    /// The cluster was made with other ranges.
    #[error(
        "the cluster in {dir} was made with {flag} {was}, which cannot change to {wanted}; remove it with `naru down --data-dir {dir}` first"
    )]
    Changed {
        /// The data directory.
        dir: String,
        /// Which flag.
        flag: &'static str,
        /// What it was.
        was: String,
        /// What was asked for.
        wanted: String,
    },
    /// cluster.json is damaged.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { doing: doing.into(), source }
}

/// What a cluster never changes after its first start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The cluster's name: six of `[a-z0-9]`.
    pub name: String,
    /// The pod range of this machine, if it has a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_cidr: Option<Ipv4Net>,
    /// The service range, if it has a control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_cidr: Option<Ipv4Net>,
}

/// A cluster's paths and name.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The data directory, absolute.
    pub data_dir: PathBuf,
    /// What never changes.
    pub identity: Identity,
}

/// Held while a process runs the cluster; released when it is dropped or the process dies.
#[derive(Debug)]
pub struct Lock(Flock<File>);

impl Lock {
    /// Keeps it until the process has died: what still runs in the background while it ends is not in the way of whoever waits
    /// for the lock.
    pub fn keep(self) {
        std::mem::forget(self.0);
    }
}

impl Cluster {
    /// Finds the cluster in `data_dir`, or `None`.
    pub fn find(data_dir: &Path) -> Result<Option<Self>, Error> {
        let data_dir = std::path::absolute(data_dir).map_err(io("find the current directory"))?;
        let path = data_dir.join("cluster.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io(format!("read {}", path.display()))(source)),
        };
        let identity = serde_json::from_str(&text).map_err(|error| Error::Damaged {
            path: path.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Some(Cluster { data_dir, identity }))
    }

    /// Finds the cluster in `data_dir` or makes one with this identity, and locks it for this process. An existing
    /// cluster must have the same ranges.
    pub fn open(data_dir: &Path, wanted: Identity) -> Result<(Self, Lock), Error> {
        let data_dir = std::path::absolute(data_dir).map_err(io("find the current directory"))?;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&data_dir);
        made.map_err(io(format!("make {}", data_dir.display())))?;
        let lock = lock(&data_dir)?;
        let identity = match Cluster::find(&data_dir)? {
            Some(found) => found.identity.check(&wanted, &data_dir)?,
            None => {
                write_identity(&data_dir, &wanted)?;
                wanted
            }
        };
        Ok((Cluster { data_dir, identity }, lock))
    }

    /// Makes [`Cluster::run_dir`]. Only nodes have something to put there: whoever takes a server's data directory away with his
    /// own hands leaves nothing else behind.
    pub fn make_run_dir(&self) -> Result<(), Error> {
        let run_dir = self.run_dir();
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&run_dir);
        made.map_err(io(format!("make {}", run_dir.display())))
    }

    /// The cluster's name.
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// Sockets, namespaces and mounts; empty after a reboot.
    pub fn run_dir(&self) -> PathBuf {
        Path::new(RUN_ROOT).join(self.name())
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.data_dir.join("admin.kubeconfig")
    }

    /// The images' directory.
    pub fn images(&self) -> PathBuf {
        self.data_dir.join("images")
    }

    /// Mount points of containers' root file systems.
    pub fn rootfs(&self) -> PathBuf {
        self.run_dir().join("rootfs")
    }
}

/// The process that runs a cluster in `data_dir`, or is about to make one there.
pub fn running(data_dir: &Path) -> Result<Option<i32>, Error> {
    for _ in 0..PID_READS {
        let path = data_dir.join(LOCK_FILE);
        let failed = |source| io(format!("look at {}", path.display()))(source);
        let file = match OpenOptions::new().read(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        match Flock::lock(file, FlockArg::LockSharedNonblock) {
            Ok(_) => return Ok(None),
            Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(failed)?;
                if let Ok(pid) = pid.trim().parse() {
                    return Ok(Some(pid));
                }
            }
            Err((_, errno)) => return Err(failed(errno.into())),
        }
        // It has the lock and is about to write who it is.
        std::thread::sleep(PID_READ_PAUSE);
    }
    Err(Error::Busy { pid: "unknown".into(), dir: data_dir.display().to_string() })
}

impl Identity {
    /// A new cluster's identity, with a random name.
    pub fn generate(pod_cidr: Option<Ipv4Net>, service_cidr: Option<Ipv4Net>) -> Self {
        const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut random = rand::rng();
        let letters =
            (0..NAME_LENGTH).map(|_| ALPHABET[rand::Rng::random_range(&mut random, 0..ALPHABET.len())]);
        Identity { name: letters.map(char::from).collect(), pod_cidr, service_cidr }
    }

    fn check(self, wanted: &Identity, dir: &Path) -> Result<Self, Error> {
        let changed = |flag, was: &Option<Ipv4Net>, wanted: &Option<Ipv4Net>| Error::Changed {
            dir: dir.display().to_string(),
            flag,
            was: was.map(|cidr| cidr.to_string()).unwrap_or_default(),
            wanted: wanted.map(|cidr| cidr.to_string()).unwrap_or_default(),
        };
        if self.pod_cidr != wanted.pod_cidr {
            return Err(changed("--pod-cidr", &self.pod_cidr, &wanted.pod_cidr));
        }
        if self.service_cidr != wanted.service_cidr {
            return Err(changed("--service-cidr", &self.service_cidr, &wanted.service_cidr));
        }
        Ok(self)
    }
}

fn write_identity(data_dir: &Path, identity: &Identity) -> Result<(), Error> {
    let path = data_dir.join("cluster.json");
    let temporary = data_dir.join("cluster.json.new");
    let text = serde_json::to_vec_pretty(identity).expect("an identity is plain data");
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, &path))
        .map_err(io(format!("write {}", path.display())))
}

fn lock(data_dir: &Path) -> Result<Lock, Error> {
    let path = data_dir.join(LOCK_FILE);
    let doing = || format!("lock {}", path.display());
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    match Flock::lock(file.map_err(io(doing()))?, FlockArg::LockExclusiveNonblock) {
        Ok(mut file) => {
            let written = file.set_len(0).and_then(|()| file.rewind());
            written.and_then(|()| write!(file, "{}", std::process::id())).map_err(io(doing()))?;
            Ok(Lock(file))
        }
        Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(io(doing()))?;
            Err(Error::Busy { pid: pid.trim().into(), dir: data_dir.display().to_string() })
        }
        Err((_, errno)) => Err(io(doing())(errno.into())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn identity(pods: &str) -> Identity {
        Identity::generate(Some(pods.parse().unwrap()), Some("10.96.0.0/16".parse().unwrap()))
    }

    #[test]
    fn a_cluster_keeps_its_name_and_refuses_other_ranges() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Cluster::find(dir.path()).unwrap().is_none());
        let (first, lock) = Cluster::open(dir.path(), identity("10.1.0.0/16")).unwrap();
        drop(lock);
        let (again, lock) = Cluster::open(dir.path(), identity("10.1.0.0/16")).unwrap();
        drop(lock);
        assert_eq!(first.identity, again.identity);
        let error = Cluster::open(dir.path(), identity("10.2.0.0/16")).unwrap_err().to_string();
        assert!(error.contains("--pod-cidr 10.1.0.0/16, which cannot change to 10.2.0.0/16"), "{error}");
        assert!(!first.run_dir().exists(), "a cluster without a node has nothing to put there");
    }

    #[test]
    fn one_process_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let (cluster, lock) = Cluster::open(dir.path(), identity("10.1.0.0/16")).unwrap();
        assert_eq!(running(&cluster.data_dir).unwrap(), Some(std::process::id() as i32));
        let error = Cluster::open(dir.path(), identity("10.1.0.0/16")).unwrap_err().to_string();
        assert!(error.contains(&format!("another naru (pid {})", std::process::id())), "{error}");
        drop(lock);
        assert_eq!(running(&cluster.data_dir).unwrap(), None);
        assert_eq!(running(&dir.path().join("none")).unwrap(), None);
    }
}
