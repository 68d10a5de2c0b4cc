//! The cluster's control groups, in every hierarchy of cgroup v1 and in v2's.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill as send},
    unistd::Pid,
};

use super::{Error, failed};

const ROOT: &str = "/sys/fs/cgroup";
/// A killed process leaves its group a moment later.
const RETRY_PAUSE: Duration = Duration::from_millis(20);
const RETRIES_MAX: usize = 250;

/// Kills every process in the cluster's groups.
pub(super) fn kill(cluster: &str) -> Result<(), Error> {
    for root in groups(cluster)? {
        for _ in 0..RETRIES_MAX {
            let pids: Vec<i32> = tree(&root)?.iter().flat_map(|group| members(group)).collect();
            if pids.is_empty() {
                break;
            }
            for pid in pids {
                let _ = send(Pid::from_raw(pid), Signal::SIGKILL);
            }
            sleep(RETRY_PAUSE);
        }
    }
    Ok(())
}

/// Removes the cluster's groups, innermost first.
pub(super) fn remove(cluster: &str) -> Result<(), Error> {
    for root in groups(cluster)? {
        for group in tree(&root)?.iter().rev() {
            remove_group(group)?;
        }
    }
    Ok(())
}

fn remove_group(group: &Path) -> Result<(), Error> {
    for _ in 0..RETRIES_MAX {
        match fs::remove_dir(group) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => sleep(RETRY_PAUSE),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(format!("remove {}", group.display()))(error)),
            Ok(()) => return Ok(()),
        }
    }
    Err(failed(format!("remove {}", group.display()))(io::ErrorKind::ResourceBusy.into()))
}

/// The cluster's top group in each hierarchy: `/sys/fs/cgroup/naru-x` (v2) and `/sys/fs/cgroup/*/naru-x` (v1).
fn groups(cluster: &str) -> Result<Vec<PathBuf>, Error> {
    let name = format!("naru-{cluster}");
    let hierarchies = fs::read_dir(ROOT).map_err(failed(format!("read {ROOT}")))?;
    let mut found = vec![Path::new(ROOT).join(&name)];
    // Controllers that are mounted together have links beside the real directory.
    let real = hierarchies.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    found.extend(real.map(|entry| entry.path().join(&name)));
    found.retain(|path| path.is_dir());
    Ok(found)
}

/// A group and all below it, outermost first.
fn tree(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = vec![root.to_path_buf()];
    let mut next = 0;
    while let Some(group) = found.get(next).cloned() {
        next += 1;
        let entries = match fs::read_dir(&group) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(format!("read {}", group.display()))(error)),
        };
        found.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    Ok(found)
}

fn members(group: &Path) -> Vec<i32> {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
