//! What there is of a cluster on this machine, seen from outside: processes, mounts, links, tables, control groups.

use std::{fs, path::Path, process::Command};

use crate::{Cluster, run, tools};

/// Everything on this machine that carries the cluster's name or directory.
pub fn left_of(name: &str, data: &Path) -> Vec<String> {
    let mut left = Vec::new();
    let marks = [format!("/run/naru/{name}"), data.display().to_string()];
    left.extend(marks.iter().filter(|mark| Path::new(mark).exists()).cloned());
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    left.extend(mounts.lines().filter(|line| marks.iter().any(|mark| line.contains(mark))).map(String::from));
    let links = run(Command::new(tools::installed("ip", "iproute2")).args(["-o", "link"]), "").ok();
    left.extend(links.lines().filter(|line| line.contains(name)).map(String::from));
    let tables = run(Command::new(tools::installed("nft", "nftables")).args(["list", "tables"]), "").ok();
    left.extend(tables.lines().filter(|line| line.contains(name)).map(String::from));
    for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
        let group = hierarchy.path().join(format!("naru-{name}"));
        left.extend(group.exists().then(|| group.display().to_string()));
    }
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        left.extend(marks.iter().any(|mark| line.contains(mark)).then_some(line.replace('\0', " ")));
    }
    left
}

/// The process ids of a cluster's shims; not those of the containers that a shim is just forking off.
pub fn shims(cluster: &Cluster) -> Vec<i32> {
    let run_dir = format!("/run/naru/{}", cluster.name());
    let found = matching(|line| line.contains("naru-shim-") && line.contains(&run_dir));
    found.iter().copied().filter(|pid| parent(*pid).is_none_or(|parent| !found.contains(&parent))).collect()
}

/// The process that a process is a child of, while it is there.
fn parent(pid: i32) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// Processes of the cluster's containers whose command line begins with `program`, found by their control group.
pub fn processes(cluster: &Cluster, program: &str) -> Vec<i32> {
    let group = format!("/naru-{}/", cluster.name());
    matching(|line| line.starts_with(program))
        .into_iter()
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|text| text.contains(&group))
        })
        .collect()
}

fn matching(wanted: impl Fn(&str) -> bool) -> Vec<i32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        wanted(&line.replace('\0', " "))
    })
    .collect()
}
