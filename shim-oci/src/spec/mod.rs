//! From what the agent asks to the OCI runtime specification that libcontainer takes. Decides nothing about the pod;
//! the defaults are those of containerd's and Docker's runtime specification.

mod capabilities;
mod devices;
mod mounts;
mod seccomp;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use naru_runtime::{
    ContainerSpec, Error, Result, Root,
    cgroup::{CPU_PERIOD, Cgroups, SWAP_LIMIT, quota, shares},
};
use nix::sys::resource::{Resource, getrlimit};
use oci_spec::{
    OciSpecError,
    runtime::{
        Capability, Linux, LinuxBuilder, LinuxCapabilitiesBuilder, LinuxCpuBuilder, LinuxMemoryBuilder,
        LinuxNamespace, LinuxNamespaceBuilder, LinuxNamespaceType, LinuxPidsBuilder, LinuxResources,
        LinuxResourcesBuilder, PosixRlimit, PosixRlimitBuilder, PosixRlimitType, Process, ProcessBuilder,
        RootBuilder, Spec, SpecBuilder, UserBuilder,
    },
};

/// Where programs are looked for if the environment does not say.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The most open files a container is given, if the shim may have as many.
const MOST_FILES: u64 = 1_048_576;
/// Files of the kernel that tell of the node or change it.
const MASKED: [&str; 11] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];
/// Files of the kernel that must not be written.
const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// What the sandbox adds to a container.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// The process whose IPC and UTS namespaces are joined.
    pub(crate) holder: u32,
    /// The pod's shared memory.
    pub(crate) shm: &'a Path,
    /// The container's group, relative to each hierarchy's root.
    pub(crate) cgroup: &'a str,
    /// The machine's control groups.
    pub(crate) cgroups: &'a Cgroups,
}

/// The program's environment: the agent's, with what every container has.
pub(crate) fn environment(spec: &ContainerSpec) -> Vec<String> {
    let has = |name: &str| spec.env.iter().any(|var| var.name == name);
    let default = |name: &str, value: &str| (!has(name)).then(|| format!("{name}={value}"));
    let defaults = [default("PATH", DEFAULT_PATH), default("HOSTNAME", &spec.sandbox.hostname)];
    defaults
        .into_iter()
        .flatten()
        .chain(spec.env.iter().map(|var| format!("{}={}", var.name, var.value)))
        .collect()
}

/// Builds the specification; [`Error::Invalid`] for what cannot be.
pub(crate) fn build(spec: &ContainerSpec, place: &Place<'_>) -> Result<Spec> {
    check(spec)?;
    let Root::Rootfs { path, read_only } = &spec.root else {
        return Err(Error::invalid("the image is WebAssembly; the OCI runtime cannot run it"));
    };
    let capabilities = capabilities::of(spec, place.cgroups.unified)?;
    let (mounts, read_only_paths) = mounts::of(spec, place)?;
    let built = || -> Result<Spec, OciSpecError> {
        let root = RootBuilder::default().path(path.clone()).readonly(*read_only).build()?;
        let mut built = SpecBuilder::default()
            .version("1.0.2")
            .root(root)
            .mounts(mounts)
            .linux(linux(spec, place, read_only_paths, &capabilities)?)
            .process(process(spec, capabilities)?)
            .build()?;
        // The shim has set it; libcontainer only sets that of a namespace it makes.
        built.set_hostname(None);
        Ok(built)
    };
    built().map_err(|error| Error::internal("cannot build the runtime specification", &error))
}

fn check(spec: &ContainerSpec) -> Result<()> {
    if spec.args.first().is_none_or(String::is_empty) {
        return Err(Error::invalid("no command specified"));
    }
    if spec.sandbox.share_process_namespace {
        return Err(Error::invalid("sharing the process namespace is not supported by naru yet"));
    }
    if !spec.working_dir.is_absolute() {
        return Err(Error::invalid(format!(
            "working directory {} is not absolute",
            quoted(&spec.working_dir)
        )));
    }
    let texts = spec.args.iter().chain(spec.env.iter().flat_map(|var| [&var.name, &var.value]));
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err(Error::invalid("command, arguments and environment must not contain NUL bytes"));
    }
    if let Some(var) = spec.env.iter().find(|var| var.name.is_empty() || var.name.contains('=')) {
        return Err(Error::invalid(format!("environment variable name {:?} is not valid", var.name)));
    }
    Ok(())
}

/// A path as messages show it.
pub(crate) fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

fn process(spec: &ContainerSpec, capabilities: HashSet<Capability>) -> Result<Process, OciSpecError> {
    let user = UserBuilder::default()
        .uid(spec.user.uid)
        .gid(spec.user.gid)
        .additional_gids(spec.user.additional_gids.clone())
        .build()?;
    let capabilities = LinuxCapabilitiesBuilder::default()
        .bounding(capabilities.clone())
        .permitted(capabilities.clone())
        .effective(capabilities)
        .inheritable(HashSet::new())
        .ambient(HashSet::new())
        .build()?;
    let mut process = ProcessBuilder::default()
        .terminal(false)
        .user(user)
        .args(spec.args.clone())
        .env(environment(spec))
        .cwd(spec.working_dir.clone())
        .capabilities(capabilities)
        .rlimits(rlimits()?)
        .build()?;
    // libcontainer asks whether there is a value, not which: with any it loads seccomp's filter after the capabilities are gone.
    process.set_no_new_privileges(spec.no_new_privileges.then_some(true));
    Ok(process)
}

/// As many open files as the shim may have, not as few as its soft limit: servers ask for thousands.
fn rlimits() -> Result<Vec<PosixRlimit>, OciSpecError> {
    let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(Vec::new()) };
    let files = hard.min(MOST_FILES);
    let limit = PosixRlimitBuilder::default().typ(PosixRlimitType::RlimitNofile).soft(files).hard(files);
    Ok(vec![limit.build()?])
}

fn linux(
    spec: &ContainerSpec,
    place: &Place<'_>,
    read_only_paths: Vec<String>,
    capabilities: &HashSet<Capability>,
) -> Result<Linux, OciSpecError> {
    let texts = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
    let (masked, mut read_only) =
        if spec.privileged { (Vec::new(), Vec::new()) } else { (texts(&MASKED), texts(&READ_ONLY)) };
    read_only.extend(read_only_paths);
    let devices = if spec.privileged { devices::of_the_node() } else { Vec::new() };
    let mut linux = LinuxBuilder::default()
        .resources(resources(spec, place.cgroups)?)
        .cgroups_path(place.cgroup)
        .namespaces(namespaces(spec, place.holder)?)
        .devices(devices)
        .rootfs_propagation("private")
        .masked_paths(masked)
        .readonly_paths(read_only)
        .build()?;
    linux.set_uid_mappings(None);
    linux.set_gid_mappings(None);
    linux.set_sysctl(None);
    linux.set_seccomp(seccomp::profile(spec, capabilities)?);
    Ok(linux)
}

fn namespaces(spec: &ContainerSpec, holder: u32) -> Result<Vec<LinuxNamespace>, OciSpecError> {
    let own = |typ| LinuxNamespaceBuilder::default().typ(typ).build();
    let joined = |typ, name: &str| {
        LinuxNamespaceBuilder::default().typ(typ).path(format!("/proc/{holder}/ns/{name}")).build()
    };
    let mut namespaces = vec![
        own(LinuxNamespaceType::Pid)?,
        own(LinuxNamespaceType::Mount)?,
        own(LinuxNamespaceType::Cgroup)?,
        joined(LinuxNamespaceType::Ipc, "ipc")?,
        joined(LinuxNamespaceType::Uts, "uts")?,
    ];
    if let Some(path) = &spec.sandbox.network_namespace {
        let network = LinuxNamespaceBuilder::default().typ(LinuxNamespaceType::Network).path(path.clone());
        namespaces.push(network.build()?);
    }
    Ok(namespaces)
}

fn resources(spec: &ContainerSpec, cgroups: &Cgroups) -> Result<LinuxResources, OciSpecError> {
    let wanted = &spec.resources;
    let mut cpu = LinuxCpuBuilder::default();
    if let Some(millis) = wanted.cpu_request_millis {
        cpu = cpu.shares(shares(millis));
    }
    if let Some(millis) = wanted.cpu_millis {
        cpu = cpu.period(CPU_PERIOD).quota(saturating_i64(quota(millis)));
    }
    let mut resources =
        LinuxResourcesBuilder::default().cpu(cpu.build()?).devices(devices::rules(spec.privileged)?);
    if let Some(bytes) = wanted.memory_bytes {
        let bytes = saturating_i64(bytes);
        // Memory and swap together: a container without swap of its own.
        resources = resources.memory(LinuxMemoryBuilder::default().limit(bytes).swap(bytes).build()?);
        // Version 2 counts swap apart, and libcontainer does not write a limit of zero.
        if cgroups.limits_swap(&spec.sandbox.cgroup) {
            resources = resources.unified(HashMap::from([(SWAP_LIMIT.to_owned(), "0".to_owned())]));
        }
    }
    if let Some(most) = wanted.pids {
        resources = resources.pids(LinuxPidsBuilder::default().limit(saturating_i64(most)).build()?);
    }
    resources.build()
}

fn saturating_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
