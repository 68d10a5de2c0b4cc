//! What is mounted in a container: the kernel's file systems, the pod's shared memory, then what the agent asks for.

use std::{fs, path::Path};

use naru_runtime::{ContainerSpec, Error, Result};
use oci_spec::{
    OciSpecError,
    runtime::{Mount, MountBuilder},
};

use super::{Place, quoted};

const CGROUP: &str = "/sys/fs/cgroup";

/// The mounts in order, and the paths below them that must be made read-only afterwards.
pub(super) fn of(spec: &ContainerSpec, place: &Place<'_>) -> Result<(Vec<Mount>, Vec<String>)> {
    let broken = |error: OciSpecError| Error::internal("cannot build the mounts", &error);
    let mut mounts = kernel(spec.privileged).map_err(broken)?;
    let shm = place.shm.to_string_lossy();
    mounts.push(
        mount("/dev/shm", "bind", &shm, &["rbind", "rw", "nosuid", "nodev", "noexec"]).map_err(broken)?,
    );
    let read_only = cgroup(spec.privileged, place, &mut mounts).map_err(broken)?;
    for asked in &spec.mounts {
        check(asked)?;
        let mode = if asked.read_only { "ro" } else { "rw" };
        let built = MountBuilder::default()
            .destination(asked.target.clone())
            .typ("bind")
            .source(asked.source.clone())
            .options(["rbind", "rprivate", mode].map(str::to_owned))
            .build();
        mounts.push(built.map_err(broken)?);
    }
    Ok((mounts, read_only))
}

/// Says what is wrong with a mount in the words other runtimes use, before libcontainer fails without them.
fn check(mount: &naru_runtime::Mount) -> Result<()> {
    let refused = |why: &str| {
        let (source, target) = (quoted(&mount.source), quoted(&mount.target));
        Error::invalid(format!(
            "error during container init: error mounting {source} to rootfs at {target}: {why}"
        ))
    };
    if !mount.target.is_absolute() {
        return Err(refused("the target is not an absolute path"));
    }
    if mount.target == Path::new("/") || mount.target.starts_with("/proc") {
        return Err(refused("the target is inside of the container's own file systems"));
    }
    match fs::metadata(&mount.source) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(refused("no such file or directory"))
        }
        Err(error) => Err(refused(&error.to_string())),
    }
}

fn mount(target: &str, kind: &str, source: &str, options: &[&str]) -> Result<Mount, OciSpecError> {
    MountBuilder::default()
        .destination(target)
        .typ(kind)
        .source(source)
        .options(options.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>())
        .build()
}

fn kernel(privileged: bool) -> Result<Vec<Mount>, OciSpecError> {
    let sys: &[&str] =
        if privileged { &["nosuid", "noexec", "nodev", "rw"] } else { &["nosuid", "noexec", "nodev", "ro"] };
    let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"];
    Ok(vec![
        mount("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"])?,
        mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"])?,
        mount("/dev/pts", "devpts", "devpts", &terminals)?,
        mount("/dev/mqueue", "mqueue", "mqueue", &["nosuid", "noexec", "nodev"])?,
        mount("/sys", "sysfs", "sysfs", sys)?,
    ])
}

/// The container's own control groups below [`CGROUP`].
///
/// libcontainer mounts version 1 writable, which would let a container's root raise its own limits. So each controller's
/// group is bound by itself; the tmpfs that holds them is made read-only when they are all in it.
fn cgroup(privileged: bool, place: &Place<'_>, mounts: &mut Vec<Mount>) -> Result<Vec<String>, OciSpecError> {
    let mode = if privileged { "rw" } else { "ro" };
    if place.cgroups.unified {
        mounts.push(mount(CGROUP, "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", mode])?);
        return Ok(Vec::new());
    }
    mounts.push(mount(CGROUP, "tmpfs", "tmpfs", &["nosuid", "noexec", "nodev", "mode=755", "size=64k"])?);
    for hierarchy in place.cgroups.v1_controllers() {
        let Some(name) = hierarchy.mount.file_name() else { continue };
        let target = Path::new(CGROUP).join(name);
        let source = hierarchy.mount.join(place.cgroup.trim_start_matches('/'));
        let options = ["bind", "nosuid", "noexec", "nodev", mode];
        mounts.push(mount(&target.to_string_lossy(), "bind", &source.to_string_lossy(), &options)?);
    }
    Ok(if privileged { Vec::new() } else { vec![CGROUP.to_owned()] })
}
