//! Control groups of version 1, hybrid and 2: the pod's group, the shim's own in it, and what is asked of a container's.
//!
//! libcontainer makes a container's group and sets its limits; everything else is a few files read and written here.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use naru_runtime::Stats;
use nix::{
    sys::{
        signal::{Signal, kill},
        statfs::{CGROUP2_SUPER_MAGIC, statfs},
    },
    unistd::Pid,
};

/// The shim's own group in the pod's.
pub(crate) const SHIM_GROUP: &str = "shim";
/// Version 2's limit of swap, in bytes.
pub(crate) const SWAP_LIMIT: &str = "memory.swap.max";
const ROOT: &str = "/sys/fs/cgroup";
const PROCS: &str = "cgroup.procs";
/// The controllers of version 1 whose group the shim must be in, so that its use is the pod's.
const ACCOUNTED: [&str; 4] = ["cpu", "cpuacct", "memory", "pids"];
/// The controllers of version 2 that pods use.
const DELEGATED: [&str; 5] = ["+cpu", "+cpuset", "+io", "+memory", "+pids"];
/// How often removing a group is tried, and the pause between: its last process may not be gone yet.
const REMOVE_ATTEMPTS: (u32, Duration) = (200, Duration::from_millis(5));

/// Why the shim is in a group of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A service manager that stops the agent must not find the shim and its containers in the agent's group. Containers
    /// inherit it where libcontainer does not put them elsewhere.
    Membership,
    /// What the shim uses is the pod's use.
    Accounting,
}

/// One mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hierarchy {
    /// Where it is mounted.
    pub(crate) mount: PathBuf,
    /// Its controllers of version 1 (a named one has `name=...`); none for version 2.
    pub(crate) controllers: Vec<String>,
    /// The group this process was in when it was looked at.
    own: String,
}

impl Hierarchy {
    fn has(&self, controller: &str) -> bool {
        self.controllers.iter().any(|own| own == controller)
    }

    fn path(&self, group: &str) -> PathBuf {
        self.mount.join(group.trim_start_matches('/'))
    }
}

/// The machine's hierarchies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cgroups {
    /// Whether limits are set by version 2.
    pub(crate) unified: bool,
    hierarchies: Vec<Hierarchy>,
}

impl Cgroups {
    /// Looks at the machine.
    pub(crate) fn detect() -> io::Result<Self> {
        let unified = statfs(ROOT)?.filesystem_type() == CGROUP2_SUPER_MAGIC;
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let own = fs::read_to_string("/proc/self/cgroup")?;
        Ok(Self { unified, hierarchies: parse(&mounts, &own) })
    }

    /// The hierarchies that hold limits of containers under version 1: those that libcontainer puts them in.
    pub(crate) fn v1_controllers(&self) -> impl Iterator<Item = &Hierarchy> {
        let is_named = |hierarchy: &Hierarchy| hierarchy.controllers.iter().any(|c| c.starts_with("name="));
        self.hierarchies.iter().filter(move |h| !h.controllers.is_empty() && !is_named(h))
    }

    /// The directory of a group in the hierarchy that has a controller.
    fn path(&self, controller: &str, group: &str) -> Option<PathBuf> {
        let fits = |h: &&Hierarchy| if self.unified { h.controllers.is_empty() } else { h.has(controller) };
        Some(self.hierarchies.iter().find(fits)?.path(group))
    }

    /// Why the shim leaves the group it was started in, if it does.
    fn purpose(&self, hierarchy: &Hierarchy) -> Option<Purpose> {
        if ACCOUNTED.iter().any(|controller| hierarchy.has(controller)) {
            Some(Purpose::Accounting)
        } else if self.unified || hierarchy.own != "/" {
            Some(Purpose::Membership)
        } else {
            None
        }
    }

    /// Makes a group in the hierarchies of one purpose and moves this process into it.
    pub(crate) fn enter(&self, group: &str, purpose: Purpose) -> io::Result<()> {
        for hierarchy in self.hierarchies.iter().filter(|h| self.purpose(h) == Some(purpose)) {
            make(hierarchy, group)?;
            join(&hierarchy.path(group))?;
        }
        Ok(())
    }

    /// Moves this process to the root groups if it is in the pod's.
    pub(crate) fn leave(&self, pod: &str) -> io::Result<()> {
        for hierarchy in &self.hierarchies {
            if pids(&hierarchy.path(pod).join(SHIM_GROUP)).any(|pid| pid == Pid::this()) {
                join(&hierarchy.mount)?;
            }
        }
        Ok(())
    }

    /// Removes a group and those below it, killing what is left in them.
    pub(crate) async fn remove(&self, group: &str) -> io::Result<()> {
        let (mut left, pause) = REMOVE_ATTEMPTS;
        loop {
            let failure = self.hierarchies.iter().find_map(|h| remove_tree(&h.path(group)).err());
            let Some(error) = failure else { return Ok(()) };
            left -= 1;
            if left == 0 {
                return Err(error);
            }
            self.kill(group);
            tokio::time::sleep(pause).await;
        }
    }

    /// Kills every process in a group and those below it, except this one.
    pub(crate) fn kill(&self, group: &str) {
        for hierarchy in &self.hierarchies {
            kill_tree(&hierarchy.path(group));
        }
    }

    /// Whether groups below an existing one have a limit of swap apart from that of memory.
    pub(crate) fn limits_swap(&self, group: &str) -> bool {
        self.unified && self.path("memory", group).is_some_and(|path| path.join(SWAP_LIMIT).exists())
    }

    /// How often the memory limit has killed a process of the group.
    pub(crate) fn oom_kills(&self, group: &str) -> u64 {
        let file = if self.unified { "memory.events" } else { "memory.oom_control" };
        let path = self.path("memory", group).map(|path| path.join(file));
        path.and_then(|path| fs::read_to_string(path).ok())
            .and_then(|text| value_of(&text, "oom_kill"))
            .unwrap_or(0)
    }

    /// What a group uses. Memory is without what the kernel can take back at once, as the kubelet counts it.
    pub(crate) fn stats(&self, group: &str) -> io::Result<Stats> {
        let read = |controller: &str, file: &str| {
            let path = self.path(controller, group).ok_or(io::ErrorKind::Unsupported)?;
            fs::read_to_string(path.join(file))
        };
        let number = |text: String| text.trim().parse::<u64>().map_err(io::Error::other);
        let (cpu_nanos, used, inactive) = if self.unified {
            let micros = value_of(&read("cpu", "cpu.stat")?, "usage_usec").unwrap_or(0);
            (micros * 1000, number(read("memory", "memory.current")?)?, "inactive_file")
        } else {
            let usage = number(read("memory", "memory.usage_in_bytes")?)?;
            (number(read("cpuacct", "cpuacct.usage")?)?, usage, "total_inactive_file")
        };
        let inactive = value_of(&read("memory", "memory.stat")?, inactive).unwrap_or(0);
        Ok(Stats { cpu_nanos, memory_bytes: used.saturating_sub(inactive) })
    }
}

/// The hierarchies below [`ROOT`] from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`.
fn parse(mounts: &str, own: &str) -> Vec<Hierarchy> {
    let mut hierarchies: Vec<Hierarchy> = Vec::new();
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(mount), mut after) = (before.split(' ').nth(4), after.split(' ')) else { continue };
        let (kind, options) = (after.next().unwrap_or_default(), after.nth(1).unwrap_or_default());
        if !mount.starts_with(ROOT) || !matches!(kind, "cgroup" | "cgroup2") {
            continue;
        }
        let (own, controllers) =
            own.lines().find_map(|line| own_group(line, kind, options)).unwrap_or_default();
        if hierarchies.iter().all(|known| known.controllers != controllers) {
            hierarchies.push(Hierarchy { mount: mount.into(), controllers, own });
        }
    }
    hierarchies
}

/// The group and the controllers of a line `<id>:<controllers>:<group>` if it is the mounted hierarchy's.
fn own_group(line: &str, kind: &str, options: &str) -> Option<(String, Vec<String>)> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, group) = (parts.next()?, parts.next()?);
    let fits = match kind {
        "cgroup2" => controllers.is_empty(),
        _ => !controllers.is_empty() && controllers.split(',').all(|c| options.split(',').any(|o| o == c)),
    };
    let controllers = controllers.split(',').filter(|c| !c.is_empty()).map(str::to_owned).collect();
    fits.then(|| (group.to_owned(), controllers))
}

/// The number after a key in a file of lines `key value`.
fn value_of(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// Makes a group with its parents, so that processes can be in it.
fn make(hierarchy: &Hierarchy, group: &str) -> io::Result<()> {
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
fn join(path: &Path) -> io::Result<()> {
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

fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) => {}
    }
    for child in children(path) {
        remove_tree(&child)?;
    }
    match fs::remove_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn kill_tree(path: &Path) {
    for child in children(path) {
        kill_tree(&child);
    }
    for pid in pids(path).filter(|pid| *pid != Pid::this()) {
        // It may have ended meanwhile.
        let _ = kill(pid, Signal::SIGKILL);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HYBRID_MOUNTS: &str = "\
24 1 0:22 / /proc rw - proc proc rw
30 1 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
35 1 0:28 / /run/other/memory rw - cgroup cgroup rw,memory
";
    const HYBRID_OWN: &str = "\
4:memory:/agent
3:cpu,cpuacct:/
2:name=systemd:/system.slice/naru.service
0::/system.slice/naru.service
";

    #[test]
    fn reads_hybrid_machines() {
        let cgroups = Cgroups { unified: false, hierarchies: parse(HYBRID_MOUNTS, HYBRID_OWN) };
        let seen: Vec<_> = cgroups.hierarchies.iter().map(|h| (h.mount.to_str().unwrap(), &*h.own)).collect();
        assert_eq!(
            seen,
            [
                ("/sys/fs/cgroup/cpu,cpuacct", "/"),
                ("/sys/fs/cgroup/memory", "/agent"),
                ("/sys/fs/cgroup/systemd", "/system.slice/naru.service"),
                ("/sys/fs/cgroup/unified", "/system.slice/naru.service"),
            ]
        );
        assert_eq!(cgroups.v1_controllers().count(), 2);
        assert_eq!(
            cgroups.path("memory", "/naru-x/pod1").unwrap(),
            Path::new("/sys/fs/cgroup/memory/naru-x/pod1")
        );
        let purposes: Vec<_> = cgroups.hierarchies.iter().map(|h| cgroups.purpose(h)).collect();
        let (membership, accounting) = (Some(Purpose::Membership), Some(Purpose::Accounting));
        assert_eq!(purposes, [accounting, accounting, membership, membership]);
    }

    #[test]
    fn reads_unified_machines() {
        let mounts = "30 1 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let cgroups = Cgroups { unified: true, hierarchies: parse(mounts, "0::/user.slice\n") };
        assert_eq!(cgroups.path("memory", "/naru-x").unwrap(), Path::new("/sys/fs/cgroup/naru-x"));
        assert_eq!(cgroups.v1_controllers().count(), 0);
        assert_eq!(cgroups.purpose(&cgroups.hierarchies[0]), Some(Purpose::Membership));
    }

    #[test]
    fn finds_values() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(value_of(text, "oom_kill"), Some(3));
        assert_eq!(value_of(text, "oom"), None);
    }
}
