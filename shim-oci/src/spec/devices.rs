//! Which devices a container may use. libcontainer adds those that every container has (null, zero, full, random, urandom,
//! tty, the pseudoterminals).

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use nix::sys::stat::{major, minor};
use oci_spec::{
    OciSpecError,
    runtime::{
        LinuxDevice, LinuxDeviceBuilder, LinuxDeviceCgroup, LinuxDeviceCgroupBuilder, LinuxDeviceType,
    },
};

/// Directories of `/dev` that a container has its own of, or that hold no devices of the node.
const SKIPPED: [&str; 6] = ["pts", "shm", "fd", "mqueue", "console", "ptmx"];
/// How deep device nodes are looked for below `/dev`.
const DEPTH: usize = 4;

/// What the container's group lets it open, before libcontainer's own.
pub(super) fn rules(privileged: bool) -> Result<Vec<LinuxDeviceCgroup>, OciSpecError> {
    Ok(vec![LinuxDeviceCgroupBuilder::default().allow(privileged).access("rwm").build()?])
}

/// Every device node below the node's `/dev`, for a privileged container.
pub(super) fn of_the_node() -> Vec<LinuxDevice> {
    let mut devices = Vec::new();
    collect(Path::new("/dev"), DEPTH, &mut devices);
    devices
}

fn collect(directory: &Path, depth: usize, devices: &mut Vec<LinuxDevice>) {
    let Ok(listing) = fs::read_dir(directory) else { return };
    for entry in listing.flatten() {
        if SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
            continue;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && depth > 0 {
            collect(&entry.path(), depth - 1, devices);
        } else if kind.is_block_device() || kind.is_char_device() {
            devices.extend(device(&entry.path(), kind.is_block_device()));
        }
    }
}

fn device(path: &Path, is_block: bool) -> Option<LinuxDevice> {
    let meta = fs::symlink_metadata(path).ok()?;
    let typ = if is_block { LinuxDeviceType::B } else { LinuxDeviceType::C };
    LinuxDeviceBuilder::default()
        .path(path)
        .typ(typ)
        .major(i64::try_from(major(meta.rdev())).ok()?)
        .minor(i64::try_from(minor(meta.rdev())).ok()?)
        .file_mode(meta.mode())
        .uid(meta.uid())
        .gid(meta.gid())
        .build()
        .ok()
}
