//! The profile that `seccompProfile.type: RuntimeDefault` asks for: what of the kernel a container's program cannot reach.
//!
//! The table names what reaches beyond a container (mounts, namespaces, modules, clocks, keys, the kernel's tracing and its youngest
//! interfaces) and the capabilities with which a call is let through; the rest is allowed. It refuses what the default profiles of
//! Docker and containerd refuse, but for `personality`.

use std::collections::HashSet;

use naru_runtime::ContainerSpec;
use nix::libc;
use oci_spec::{
    OciSpecError,
    runtime::{
        Arch, Capability, LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompArgBuilder,
        LinuxSeccompBuilder, LinuxSeccompOperator, LinuxSyscall, LinuxSyscallBuilder,
    },
};

/// What a refused call answers with: EPERM.
const REFUSED: u32 = libc::EPERM as u32;
/// What `clone3` answers with, so that the C library falls back to `clone`, whose flags can be looked at.
const UNKNOWN: u32 = libc::ENOSYS as u32;

/// System calls, and the capabilities each of which lets them through; none: they are always refused.
const TABLE: &[(&[&str], &[Capability])] = &[
    (
        &[
            "_sysctl",
            "add_key",
            "create_module",
            "get_kernel_syms",
            "io_uring_enter",
            "io_uring_register",
            "io_uring_setup",
            "keyctl",
            "nfsservctl",
            "pivot_root",
            "query_module",
            "request_key",
            "swapoff",
            "swapon",
            "sysfs",
            "uselib",
            "userfaultfd",
            "ustat",
            "vm86",
            "vm86old",
        ],
        &[],
    ),
    (
        &[
            "fanotify_init",
            "fsconfig",
            "fsmount",
            "fsopen",
            "fspick",
            "lookup_dcookie",
            "mount",
            "mount_setattr",
            "move_mount",
            "open_tree",
            "quotactl",
            "quotactl_fd",
            "setdomainname",
            "sethostname",
            "setns",
            "umount",
            "umount2",
            "unshare",
        ],
        &[Capability::SysAdmin],
    ),
    (&["bpf"], &[Capability::SysAdmin, Capability::Bpf]),
    (&["perf_event_open"], &[Capability::SysAdmin, Capability::Perfmon]),
    (&["syslog"], &[Capability::SysAdmin, Capability::Syslog]),
    (&["open_by_handle_at"], &[Capability::DacReadSearch]),
    (&["kexec_file_load", "kexec_load", "reboot"], &[Capability::SysBoot]),
    (&["chroot"], &[Capability::SysChroot]),
    (&["delete_module", "finit_module", "init_module"], &[Capability::SysModule]),
    (&["acct"], &[Capability::SysPacct]),
    (&["kcmp", "pidfd_getfd", "process_madvise"], &[Capability::SysPtrace]),
    (&["ioperm", "iopl"], &[Capability::SysRawio]),
    (&["clock_settime", "clock_settime64", "settimeofday", "stime"], &[Capability::SysTime]),
    (&["vhangup"], &[Capability::SysTtyConfig]),
    (
        &["get_mempolicy", "mbind", "move_pages", "set_mempolicy", "set_mempolicy_home_node"],
        &[Capability::SysNice],
    ),
];

/// The flags of `clone` that make a namespace (`CLONE_NEW*`).
const NAMESPACE_FLAGS: [u64; 7] = [
    libc::CLONE_NEWNS as u64,
    libc::CLONE_NEWCGROUP as u64,
    libc::CLONE_NEWUTS as u64,
    libc::CLONE_NEWIPC as u64,
    libc::CLONE_NEWUSER as u64,
    libc::CLONE_NEWPID as u64,
    libc::CLONE_NEWNET as u64,
];

/// The profile of a container with these capabilities; `None` if its pod does not ask for one.
pub(super) fn profile(
    spec: &ContainerSpec,
    capabilities: &HashSet<Capability>,
) -> Result<Option<LinuxSeccomp>, OciSpecError> {
    if !spec.seccomp || spec.privileged {
        return Ok(None);
    }
    let mut calls = Vec::with_capacity(TABLE.len() + NAMESPACE_FLAGS.len() + 2);
    for (names, through) in TABLE {
        if !through.iter().any(|one| capabilities.contains(one)) {
            calls.push(refused(names, REFUSED, None)?);
        }
    }
    // Sockets to the machine below a virtual one.
    calls.push(refused(
        &["socket"],
        REFUSED,
        Some(argument(libc::AF_VSOCK as u64, LinuxSeccompOperator::ScmpCmpEq)?),
    )?);
    if !capabilities.contains(&Capability::SysAdmin) {
        for flag in NAMESPACE_FLAGS {
            let set = argument(flag, LinuxSeccompOperator::ScmpCmpMaskedEq)?;
            calls.push(refused(&["clone"], REFUSED, Some(set))?);
        }
        calls.push(refused(&["clone3"], UNKNOWN, None)?);
    }
    let profile = LinuxSeccompBuilder::default()
        .default_action(LinuxSeccompAction::ScmpActAllow)
        .architectures(architectures())
        .syscalls(calls)
        .build()?;
    Ok(Some(profile))
}

/// The machine's own, and those whose programs it runs beside.
fn architectures() -> Vec<Arch> {
    match std::env::consts::ARCH {
        "x86_64" => vec![Arch::ScmpArchX86_64, Arch::ScmpArchX86, Arch::ScmpArchX32],
        "aarch64" => vec![Arch::ScmpArchAarch64, Arch::ScmpArchArm],
        _ => vec![Arch::ScmpArchNative],
    }
}

/// The first argument compared with a value; for a mask: whether all its bits are set.
fn argument(value: u64, operator: LinuxSeccompOperator) -> Result<LinuxSeccompArg, OciSpecError> {
    LinuxSeccompArgBuilder::default().index(0_usize).value(value).value_two(value).op(operator).build()
}

fn refused(
    names: &[&str],
    errno: u32,
    argument: Option<LinuxSeccompArg>,
) -> Result<LinuxSyscall, OciSpecError> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut call =
        LinuxSyscallBuilder::default().names(names).action(LinuxSeccompAction::ScmpActErrno).errno_ret(errno);
    if let Some(argument) = argument {
        call = call.args(vec![argument]);
    }
    call.build()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
    use super::*;
    use crate::spec::tests::spec;

    fn calls(capabilities: &[Capability]) -> Vec<String> {
        let mut asked = spec();
        asked.seccomp = true;
        let profile = profile(&asked, &capabilities.iter().copied().collect()).unwrap().unwrap();
        profile.syscalls().iter().flatten().flat_map(|call| call.names().clone()).collect()
    }

    #[test]
    fn capabilities_let_calls_through() {
        for (call, capability) in [
            ("mount", Capability::SysAdmin),
            ("clone", Capability::SysAdmin),
            ("clone3", Capability::SysAdmin),
            ("bpf", Capability::Bpf),
            ("reboot", Capability::SysBoot),
            ("chroot", Capability::SysChroot),
            ("clock_settime", Capability::SysTime),
        ] {
            assert!(calls(&[]).iter().any(|one| one == call), "{call}");
            assert!(!calls(&[capability]).iter().any(|one| one == call), "{call}");
        }
        assert!(calls(&[Capability::SysAdmin]).iter().any(|one| one == "keyctl"));
    }

    #[test]
    fn only_those_who_ask_have_one() {
        let mut asked = spec();
        assert!(profile(&asked, &HashSet::new()).unwrap().is_none());
        asked.seccomp = true;
        assert!(profile(&asked, &HashSet::new()).unwrap().is_some());
        asked.privileged = true;
        assert!(profile(&asked, &HashSet::new()).unwrap().is_none());
    }
}
