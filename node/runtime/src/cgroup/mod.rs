//! Control groups of version 1, hybrid and 2: the pods' groups, their classes', the shims' own, and what is asked of a
//! container's.
//!
//! Below `/naru-<cluster>` are a group for each Guaranteed pod, `burstable` and `besteffort` with those of the other pods
//! ([`classes`]), `shims` with the processes that hold OCI containers, and `wasm` with the one that runs the Wasm containers.
//! libcontainer makes a container's group and sets its limits; everything else is a few files read and written here.

mod classes;
mod tree;
mod weight;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};

use crate::{SandboxResources, Stats};

pub use classes::{BEST_EFFORT, BURSTABLE, Classes};
pub use weight::{CPU_PERIOD, quota, shares};

/// The group below the cluster's of the shims that hold OCI containers.
pub const SHIMS: &str = "shims";
/// The group below the cluster's of the process that runs Wasm containers.
pub const WASM: &str = "wasm";
/// Version 2's limit of swap, in bytes.
pub const SWAP_LIMIT: &str = "memory.swap.max";
const ROOT: &str = "/sys/fs/cgroup";
/// The controllers of version 2 that pods use.
const DELEGATED: [&str; 5] = ["+cpu", "+cpuset", "+io", "+memory", "+pids"];
/// How often removing a group is tried, and the pause between: its last process may not be gone yet.
const REMOVE_ATTEMPTS: (u32, Duration) = (200, Duration::from_millis(5));

/// One mounted hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Where it is mounted.
    pub mount: PathBuf,
    /// Its controllers of version 1 (a named one has `name=...`); none for version 2.
    pub controllers: Vec<String>,
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
pub struct Cgroups {
    /// Whether limits are set by version 2.
    pub unified: bool,
    hierarchies: Vec<Hierarchy>,
}

impl Cgroups {
    /// Looks at the machine.
    pub fn detect() -> io::Result<Self> {
        let unified = statfs(ROOT)?.filesystem_type() == CGROUP2_SUPER_MAGIC;
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let own = fs::read_to_string("/proc/self/cgroup")?;
        Ok(Self { unified, hierarchies: parse(&mounts, &own) })
    }

    /// The hierarchies that hold limits of containers under version 1: those that libcontainer puts them in.
    pub fn v1_controllers(&self) -> impl Iterator<Item = &Hierarchy> {
        let is_named = |hierarchy: &Hierarchy| hierarchy.controllers.iter().any(|c| c.starts_with("name="));
        self.hierarchies.iter().filter(move |h| !h.controllers.is_empty() && !is_named(h))
    }

    /// The directory of a group in the hierarchy that has a controller.
    fn path(&self, controller: &str, group: &str) -> Option<PathBuf> {
        let fits = |h: &&Hierarchy| if self.unified { h.controllers.is_empty() } else { h.has(controller) };
        Some(self.hierarchies.iter().find(fits)?.path(group))
    }

    /// The directory of a group in the hierarchy that has a controller, made if it is missing.
    fn ensure(&self, controller: &str, group: &str) -> io::Result<PathBuf> {
        let fits = |h: &&Hierarchy| if self.unified { h.controllers.is_empty() } else { h.has(controller) };
        let hierarchy = self.hierarchies.iter().find(fits).ok_or(io::ErrorKind::Unsupported)?;
        tree::make(hierarchy, group)?;
        Ok(hierarchy.path(group))
    }

    /// Moves this process out of the groups it was started in, so that a service manager that stops the agent does not find it
    /// there, nor the containers, which inherit its groups where libcontainer does not put them elsewhere.
    pub fn leave_agent(&self, group: &str) -> io::Result<()> {
        self.enter(group, |hierarchy| self.unified || hierarchy.own != "/")
    }

    /// Moves this process into a group, so that it weighs what the group does.
    pub fn enter_weighed(&self, group: &str) -> io::Result<()> {
        self.enter(group, |hierarchy| self.unified || hierarchy.own != "/" || hierarchy.has("cpu"))
    }

    fn enter(&self, group: &str, wanted: impl Fn(&Hierarchy) -> bool) -> io::Result<()> {
        for hierarchy in self.hierarchies.iter().filter(|hierarchy| wanted(hierarchy)) {
            tree::make(hierarchy, group)?;
            tree::join(&hierarchy.path(group))?;
        }
        Ok(())
    }

    /// Gives a group its weight among its siblings, by the CPU that is requested in it, in thousandths of a core. Makes the
    /// group if it is missing.
    pub fn weigh(&self, group: &str, millis: u64) -> io::Result<()> {
        let (file, value) = match self.unified {
            true => ("cpu.weight", weight::of_shares(shares(millis))),
            false => ("cpu.shares", shares(millis)),
        };
        write(&self.ensure("cpu", group)?, file, value)
    }

    /// Makes a pod's group with its weight and its limits.
    pub fn make_pod(&self, group: &str, resources: &SandboxResources) -> io::Result<()> {
        self.weigh(group, resources.cpu_request_millis)?;
        if let Some(millis) = resources.cpu_millis {
            let path = self.ensure("cpu", group)?;
            if self.unified {
                write(&path, "cpu.max", format_args!("{} {CPU_PERIOD}", quota(millis)))?;
            } else {
                write(&path, "cpu.cfs_period_us", CPU_PERIOD)?;
                write(&path, "cpu.cfs_quota_us", quota(millis))?;
            }
        }
        if let Some(bytes) = resources.memory_bytes {
            let file = if self.unified { "memory.max" } else { "memory.limit_in_bytes" };
            write(&self.ensure("memory", group)?, file, bytes)?;
        }
        Ok(())
    }

    /// Removes a group and those below it, killing what is left in them.
    pub async fn remove(&self, group: &str) -> io::Result<()> {
        let (mut left, pause) = REMOVE_ATTEMPTS;
        loop {
            let failure = self.hierarchies.iter().find_map(|h| tree::remove(&h.path(group)).err());
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
    pub fn kill(&self, group: &str) {
        for hierarchy in &self.hierarchies {
            tree::kill(&hierarchy.path(group));
        }
    }

    /// Whether groups below an existing one have a limit of swap apart from that of memory.
    pub fn limits_swap(&self, group: &str) -> bool {
        self.unified && self.path("memory", group).is_some_and(|path| path.join(SWAP_LIMIT).exists())
    }

    /// How often the memory limit has killed a process of the group.
    pub fn oom_kills(&self, group: &str) -> u64 {
        let file = if self.unified { "memory.events" } else { "memory.oom_control" };
        let path = self.path("memory", group).map(|path| path.join(file));
        path.and_then(|path| fs::read_to_string(path).ok())
            .and_then(|text| value_of(&text, "oom_kill"))
            .unwrap_or(0)
    }

    /// What a group uses. Memory is without what the kernel can take back at once, as the kubelet counts it.
    pub fn stats(&self, group: &str) -> io::Result<Stats> {
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

/// Writes a value to a group's file; an error names both.
fn write(group: &Path, file: &str, value: impl std::fmt::Display) -> io::Result<()> {
    let path = group.join(file);
    fs::write(&path, value.to_string())
        .map_err(|error| io::Error::new(error.kind(), format!("{value} for {}: {error}", path.display())))
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
    }

    #[test]
    fn reads_unified_machines() {
        let mounts = "30 1 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
        let cgroups = Cgroups { unified: true, hierarchies: parse(mounts, "0::/user.slice\n") };
        assert_eq!(cgroups.path("memory", "/naru-x").unwrap(), Path::new("/sys/fs/cgroup/naru-x"));
        assert_eq!(cgroups.v1_controllers().count(), 0);
    }

    #[test]
    fn finds_values() {
        let text = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
        assert_eq!(value_of(text, "oom_kill"), Some(3));
        assert_eq!(value_of(text, "oom"), None);
    }
}
