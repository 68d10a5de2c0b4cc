//! Makes the kernel ready for moving processes between control groups.
//!
//! Every such move waits for the whole machine's readers of group membership: 8 ms on an idle machine with Linux 6.18, and a
//! thirtieth of that within some 20 ms after another. Each new container needs one. So the agent makes a move that changes
//! nothing, of itself into the group it is in, when it begins to make a container, and the wait runs beside its other work.

use std::{
    fs,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;

const ROOT: &str = "/sys/fs/cgroup";
/// A controller of version 1 that every machine has.
const CONTROLLER: &str = "pids";

/// Makes such moves, one at a time.
#[derive(Debug)]
pub(super) struct Primer {
    file: Option<PathBuf>,
    busy: Mutex<()>,
}

impl Primer {
    /// Finds the group this process is in.
    pub(super) fn new() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self {
            file: group(Path::new(ROOT), &own).map(|group| group.join("cgroup.procs")),
            busy: Mutex::new(()),
        }
    }

    /// Makes the move, which blocks for milliseconds, unless one is being made. Nothing depends on its success.
    pub(super) fn prime(&self) {
        let (Some(file), Some(_busy)) = (&self.file, self.busy.try_lock()) else { return };
        if let Err(error) = fs::write(file, "0") {
            tracing::debug!(%error, file = %file.display(), "cannot make the kernel ready for moves between groups");
        }
    }
}

/// The directory of the process's own group from the text of `/proc/self/cgroup`.
fn group(root: &Path, own: &str) -> Option<PathBuf> {
    let of = |controller: &str| {
        own.lines().find_map(|line| line.split_once(':')?.1.strip_prefix(controller)?.strip_prefix(":/"))
    };
    let v1 = of(CONTROLLER).map(|path| root.join(CONTROLLER).join(path));
    v1.filter(|path| path.is_dir()).or_else(|| Some(root.join(of("")?)).filter(|path| path.is_dir()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_own_group() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir_all(root.join("pids/agent")).unwrap();
        fs::create_dir_all(root.join("system.slice/naru.service")).unwrap();
        let v1 = "9:name=systemd:/x\n8:pids:/agent\n0::/\n";
        assert_eq!(group(root, v1), Some(root.join("pids/agent")));
        assert_eq!(
            group(root, "0::/system.slice/naru.service\n"),
            Some(root.join("system.slice/naru.service"))
        );
        assert_eq!(group(root, "8:pids:/gone\n"), None);
        assert_eq!(group(root, ""), None);
    }
}
