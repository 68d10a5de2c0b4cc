//! What the machine is and has: read from `/proc`, `/etc` and the kernel.
//!
//! Parsing is pure; [`Machine::read`] and [`Usage::read`] do the reading and are cheap enough for a heartbeat.

use std::{fs, io, path::Path};

use nix::sys::statvfs::statvfs;

/// What pods may use of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// Thousandths of a core.
    pub(crate) cpu_millis: u64,
    /// Bytes.
    pub(crate) memory_bytes: u64,
    /// Bytes of the file system that holds the agent's data.
    pub(crate) storage_bytes: u64,
    /// Pods.
    pub(crate) pods: u32,
}

impl Capacity {
    /// What a container without a limit may use of `resource`, in thousandths.
    pub(crate) fn default_limit(&self, resource: &str) -> i128 {
        match resource {
            "cpu" => i128::from(self.cpu_millis),
            "memory" => i128::from(self.memory_bytes) * 1000,
            "ephemeral-storage" => i128::from(self.storage_bytes) * 1000,
            _ => 0,
        }
    }
}

/// What does not change while the machine runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    /// `/etc/machine-id`.
    pub(crate) machine_id: String,
    /// The SMBIOS uuid, or the machine id.
    pub(crate) system_uuid: String,
    /// This boot.
    pub(crate) boot_id: String,
    /// `uname -r`.
    pub(crate) kernel: String,
    /// `PRETTY_NAME` of os-release.
    pub(crate) os_image: String,
    /// Go's name of the processor's architecture.
    pub(crate) architecture: &'static str,
    /// Cores.
    pub(crate) cores: u64,
    /// Bytes.
    pub(crate) memory_bytes: u64,
    /// Bytes of the file system of the data directory.
    pub(crate) storage_bytes: u64,
}

impl Machine {
    /// Reads the machine. What cannot be read is empty or zero. Blocking.
    pub(crate) fn read(data_dir: &Path) -> Machine {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let machine_id = text("/etc/machine-id");
        let system_uuid = Some(text("/sys/class/dmi/id/product_uuid")).filter(|uuid| !uuid.is_empty());
        Machine {
            system_uuid: system_uuid.unwrap_or_else(|| machine_id.clone()),
            machine_id,
            boot_id: text("/proc/sys/kernel/random/boot_id"),
            kernel: text("/proc/sys/kernel/osrelease"),
            os_image: pretty_name(&text("/etc/os-release")).unwrap_or_else(|| "Linux".into()),
            architecture: naru_api::architecture(),
            cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64),
            memory_bytes: meminfo(&text("/proc/meminfo"), "MemTotal").unwrap_or_default(),
            storage_bytes: disk(data_dir).map_or(0, |disk| disk.total),
        }
    }

    /// What pods may use: all there is.
    pub(crate) fn capacity(&self, pods: u32) -> Capacity {
        Capacity {
            cpu_millis: self.cores * 1000,
            memory_bytes: self.memory_bytes,
            storage_bytes: self.storage_bytes,
            pods,
        }
    }
}

/// What changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes of memory that could be had.
    pub(crate) memory_available: u64,
    /// Bytes of disk that are free, and of all.
    pub(crate) disk_available: u64,
    /// Bytes of disk in all, as df(1) counts them: without what is kept for root.
    pub(crate) disk_total: u64,
    /// Inodes that are free.
    pub(crate) inodes_available: u64,
    /// Inodes in all; 0 where the file system has no such bound.
    pub(crate) inodes_total: u64,
    /// Processes and threads.
    pub(crate) pids: u64,
    /// Most processes and threads.
    pub(crate) pids_max: u64,
}

impl Usage {
    /// Reads it. Blocking.
    pub(crate) fn read(data_dir: &Path) -> io::Result<Usage> {
        let memory = fs::read_to_string("/proc/meminfo")?;
        let disk = disk(data_dir)?;
        let load = fs::read_to_string("/proc/loadavg")?;
        let pids_max = fs::read_to_string("/proc/sys/kernel/pid_max")?;
        Ok(Usage {
            memory_available: meminfo(&memory, "MemAvailable").unwrap_or(u64::MAX),
            disk_available: disk.available,
            disk_total: disk.usable,
            inodes_available: disk.inodes_available,
            inodes_total: disk.inodes,
            pids: tasks(&load).unwrap_or_default(),
            pids_max: pids_max.trim().parse().unwrap_or(u64::MAX),
        })
    }
}

struct Disk {
    total: u64,
    /// What pods could fill at most: without the blocks that the file system keeps for root.
    usable: u64,
    available: u64,
    inodes: u64,
    inodes_available: u64,
}

fn disk(path: &Path) -> io::Result<Disk> {
    let stat = statvfs(path).map_err(io::Error::from)?;
    let block = stat.fragment_size() as u64;
    let reserved = (stat.blocks_free() as u64).saturating_sub(stat.blocks_available() as u64);
    Ok(Disk {
        total: (stat.blocks() as u64).saturating_mul(block),
        usable: (stat.blocks() as u64).saturating_sub(reserved).saturating_mul(block),
        available: (stat.blocks_available() as u64).saturating_mul(block),
        inodes: stat.files() as u64,
        inodes_available: stat.files_available() as u64,
    })
}

/// A field of `/proc/meminfo` in bytes.
fn meminfo(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.split(':').next() == Some(field))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The number of tasks in `/proc/loadavg`: the second part of its fourth field.
fn tasks(text: &str) -> Option<u64> {
    text.split_whitespace().nth(3)?.split_once('/')?.1.parse().ok()
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_parsed() {
        let memory = "MemTotal:       16303428 kB\nMemFree:  1 kB\nMemAvailable:   12345 kB\n";
        assert_eq!(meminfo(memory, "MemTotal"), Some(16_303_428 * 1024));
        assert_eq!(meminfo(memory, "MemAvailable"), Some(12345 * 1024));
        assert_eq!(meminfo(memory, "Mem"), None);
        assert_eq!(tasks("0.19 0.43 0.54 2/345 6789\n"), Some(345));
        assert_eq!(
            pretty_name("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n").as_deref(),
            Some("Debian GNU/Linux 12")
        );
    }

    #[test]
    fn this_machine_has_something() {
        let machine = Machine::read(Path::new("/"));
        assert!(machine.cores > 0 && machine.memory_bytes > 0 && machine.storage_bytes > 0);
        assert!(!machine.kernel.is_empty());
        let usage = Usage::read(Path::new("/")).unwrap();
        assert!(usage.memory_available <= machine.memory_bytes);
        assert!(usage.pids > 0 && usage.pids < usage.pids_max);
    }
}
