//! Groups as directories: made with their parents, joined, emptied and removed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use super::{DELEGATED, Hierarchy};

const PROCS: &str = "cgroup.procs";

/// Makes a group with its parents, so that processes can be in it.
pub(super) fn make(hierarchy: &Hierarchy, group: &str) -> io::Result<()> {
    let mut path = hierarchy.mount.clone();
    for name in group.split('/').filter(|name| !name.is_empty()) {
        if hierarchy.controllers.is_empty() {
            // The hybrid's version 2 has no controllers to hand down, and some machines lack some.
            for controller in DELEGATED {
                let _ = fs::write(path.join("cgroup.subtree_control"), controller);
            }
        }
        let parent = path.clone();
        path.push(name);
        match fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        if hierarchy.has("cpuset") {
            inherit_cpuset(&parent, &path)?;
        }
    }
    Ok(())
}

/// A new group of version 1's cpuset is empty and takes no process.
fn inherit_cpuset(parent: &Path, path: &Path) -> io::Result<()> {
    for file in ["cpuset.cpus", "cpuset.mems"] {
        if fs::read_to_string(path.join(file))?.trim().is_empty() {
            fs::write(path.join(file), fs::read(parent.join(file))?)?;
        }
    }
    Ok(())
}

/// Moves this process into the group whose directory this is.
pub(super) fn join(path: &Path) -> io::Result<()> {
    fs::write(path.join(PROCS), "0")
}

/// The processes in the group whose directory this is; those of another pid namespace cannot be named.
fn pids(path: &Path) -> impl Iterator<Item = Pid> {
    let text = fs::read_to_string(path.join(PROCS)).unwrap_or_default();
    let pids: Vec<i32> = text.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 0).collect();
    pids.into_iter().map(Pid::from_raw)
}

fn children(path: &Path) -> Vec<PathBuf> {
    let Ok(listing) = fs::read_dir(path) else { return Vec::new() };
    let entries = listing.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    entries.map(|entry| entry.path()).collect()
}

/// Removes a group with those below it.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => {}
    }
    for child in children(path) {
        remove(&child)?;
    }
    match fs::remove_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Kills every process in a group and those below it, except this one.
pub(super) fn kill(path: &Path) {
    for child in children(path) {
        kill(&child);
    }
    for pid in pids(path).filter(|pid| *pid != Pid::this()) {
        // It may have ended meanwhile.
        let _ = signal::kill(pid, Signal::SIGKILL);
    }
}
