//! Which capabilities a container's program may use.

use std::{collections::HashSet, fs, str::FromStr};

use naru_runtime::{ContainerSpec, Error, Result};
use oci_spec::runtime::Capability;

/// What a container has if its pod does not say, as in Docker and containerd.
const DEFAULT: [Capability; 14] = [
    Capability::AuditWrite,
    Capability::Chown,
    Capability::DacOverride,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::Kill,
    Capability::Mknod,
    Capability::NetBindService,
    Capability::NetRaw,
    Capability::Setfcap,
    Capability::Setgid,
    Capability::Setpcap,
    Capability::Setuid,
    Capability::SysChroot,
];

/// All capabilities, at the index of their number in the kernel.
const BY_NUMBER: [Capability; 41] = [
    Capability::Chown,
    Capability::DacOverride,
    Capability::DacReadSearch,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::Kill,
    Capability::Setgid,
    Capability::Setuid,
    Capability::Setpcap,
    Capability::LinuxImmutable,
    Capability::NetBindService,
    Capability::NetBroadcast,
    Capability::NetAdmin,
    Capability::NetRaw,
    Capability::IpcLock,
    Capability::IpcOwner,
    Capability::SysModule,
    Capability::SysRawio,
    Capability::SysChroot,
    Capability::SysPtrace,
    Capability::SysPacct,
    Capability::SysAdmin,
    Capability::SysBoot,
    Capability::SysNice,
    Capability::SysResource,
    Capability::SysTime,
    Capability::SysTtyConfig,
    Capability::Mknod,
    Capability::Lease,
    Capability::AuditWrite,
    Capability::AuditControl,
    Capability::Setfcap,
    Capability::MacOverride,
    Capability::MacAdmin,
    Capability::Syslog,
    Capability::WakeAlarm,
    Capability::BlockSuspend,
    Capability::AuditRead,
    Capability::Perfmon,
    Capability::Bpf,
    Capability::CheckpointRestore,
];

/// The container's capabilities.
///
/// Under version 2 of control groups libcontainer cannot limit devices without a BPF compiler, so that the default set is
/// without `MKNOD` there: else a container could make a device node of the node's disk.
pub(super) fn of(spec: &ContainerSpec, unified_cgroups: bool) -> Result<HashSet<Capability>> {
    let available = available()?;
    if spec.privileged {
        return Ok(available);
    }
    let default = DEFAULT.into_iter().filter(|c| !(unified_cgroups && *c == Capability::Mknod)).collect();
    let wanted = change(default, &spec.capabilities.add, &spec.capabilities.drop)?;
    Ok(wanted.intersection(&available).copied().collect())
}

fn change(mut set: HashSet<Capability>, add: &[String], drop: &[String]) -> Result<HashSet<Capability>> {
    for name in drop {
        if name == "ALL" {
            set.clear();
        } else {
            set.remove(&parse(name)?);
        }
    }
    for name in add {
        if name == "ALL" {
            set.extend(BY_NUMBER);
        } else {
            set.insert(parse(name)?);
        }
    }
    Ok(set)
}

fn parse(name: &str) -> Result<Capability> {
    let plain = name.strip_prefix("CAP_").unwrap_or(name);
    Capability::from_str(plain).map_err(|_| Error::invalid(format!("unknown capability \"CAP_{plain}\"")))
}

/// What the shim itself has: more cannot be given.
fn available() -> Result<HashSet<Capability>> {
    let status = fs::read_to_string("/proc/self/status")
        .map_err(|error| Error::internal("cannot read the shim's capabilities", &error))?;
    let bits = status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("CapPrm:")?.trim(), 16).ok())
        .unwrap_or(0);
    Ok(from_bits(bits))
}

fn from_bits(bits: u64) -> HashSet<Capability> {
    BY_NUMBER.into_iter().enumerate().filter(|(number, _)| bits >> number & 1 == 1).map(|(_, c)| c).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn drops_then_adds() {
        let default: HashSet<_> = DEFAULT.into();
        assert_eq!(change(default.clone(), &[], &[]).unwrap().len(), 14);
        let only = change(default.clone(), &names(&["NET_ADMIN"]), &names(&["ALL"])).unwrap();
        assert_eq!(only, HashSet::from([Capability::NetAdmin]));
        let less = change(default.clone(), &[], &names(&["CAP_NET_RAW", "MKNOD"])).unwrap();
        assert_eq!(less.len(), 12);
        assert_eq!(change(default.clone(), &names(&["ALL"]), &[]).unwrap().len(), BY_NUMBER.len());
        let error = change(default, &names(&["FLY"]), &[]).unwrap_err();
        assert_eq!(error.to_string(), "unknown capability \"CAP_FLY\"");
    }

    #[test]
    fn reads_the_kernels_bits() {
        assert_eq!(from_bits(0), HashSet::new());
        assert_eq!(from_bits(1 | 1 << 21), HashSet::from([Capability::Chown, Capability::SysAdmin]));
        assert_eq!(from_bits(u64::MAX).len(), 41);
    }
}
