//! Taking a cluster off this machine: its processes, mounts, links, control groups and directories.
//!
//! In: a [`Cluster`]. Everything is found by the cluster's name or directories, so nothing else is touched, and it does
//! not matter how much of it is left: each step succeeds when there is nothing to do.

mod cgroups;
mod mounts;
mod processes;

use std::{fs, path::Path};

use crate::cluster::{Cluster, LOCK_FILE};

pub use processes::stop_agent;

/// Why something of the cluster is still there.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}")]
pub struct Error {
    /// What was being done, and to what.
    doing: String,
    /// The cause.
    #[source]
    source: std::io::Error,
}

fn failed(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error { doing: doing.into(), source }
}

/// Ends every process of the cluster's pods and shims, then unmounts, then removes control groups and directories. The
/// agent must have stopped ([`stop_agent`]); the network is torn down by its own crate before this.
pub fn remove(cluster: &Cluster, keep_data: bool) -> Result<(), Error> {
    processes::kill_shims(cluster)?;
    cgroups::kill(cluster.name())?;
    mounts::unmount_below(&cluster.run_dir())?;
    mounts::unmount_below(&cluster.data_dir)?;
    cgroups::remove(cluster.name())?;
    remove_dir(&cluster.run_dir())?;
    // The parent goes with the last cluster; another cluster's directory keeps it.
    if let Some(parent) = cluster.run_dir().parent() {
        let _ = fs::remove_dir(parent);
    }
    if !keep_data {
        remove_data(cluster)?;
    }
    Ok(())
}

/// Removes what naru keeps in a data directory, by name: a user's own files in it stay.
fn remove_data(cluster: &Cluster) -> Result<(), Error> {
    const DIRECTORIES: &[&str] = &["images", "logs", "node", "pki", "state"];
    const FILES: &[&str] = &[
        "admin.kubeconfig",
        "join-token",
        "cluster.json",
        "naru.log",
        LOCK_FILE,
        // What a process left that was killed while it wrote.
        "admin.new",
        "join-token.new",
        "cluster.json.new",
    ];
    for name in DIRECTORIES {
        remove_dir(&cluster.data_dir.join(name))?;
    }
    for name in FILES {
        remove_file(&cluster.data_dir.join(name))?;
    }
    let _ = fs::remove_dir(&cluster.data_dir);
    Ok(())
}

/// Removes the lock of a process that was stopped before it had made its cluster, and the directory if nothing else is in it.
pub fn remove_lock(data_dir: &Path) -> Result<(), Error> {
    remove_file(&data_dir.join(LOCK_FILE))?;
    let _ = fs::remove_dir(data_dir);
    Ok(())
}

fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

fn remove_dir(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}
