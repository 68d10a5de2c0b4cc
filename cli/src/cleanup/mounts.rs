//! Unmounting everything below a directory, by what the kernel says is mounted (proc(5), mountinfo).

use std::{
    fs,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use nix::mount::{MntFlags, umount2};

use super::{Error, failed};

/// A mount that is covered by another can need more than one pass.
const PASSES_MAX: usize = 10;

/// Unmounts all that is mounted at or below `root`, innermost first; lazily, so that a busy mount cannot keep it.
pub(super) fn unmount_below(root: &Path) -> Result<(), Error> {
    for _ in 0..PASSES_MAX {
        let text = fs::read("/proc/self/mountinfo").map_err(failed("read /proc/self/mountinfo"))?;
        let mut mounts = below(&text, root);
        if mounts.is_empty() {
            return Ok(());
        }
        mounts.reverse();
        for mount in mounts {
            match umount2(&mount, MntFlags::MNT_DETACH) {
                // Gone with one above it, or by its own agent.
                Ok(()) | Err(nix::errno::Errno::EINVAL | nix::errno::Errno::ENOENT) => {}
                Err(errno) => return Err(failed(format!("unmount {}", mount.display()))(errno.into())),
            }
        }
    }
    Ok(())
}

/// Mount points at or below `root`, in the order they were mounted.
fn below(mountinfo: &[u8], root: &Path) -> Vec<PathBuf> {
    let lines = mountinfo.split(|byte| *byte == b'\n');
    let points = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4)).map(unescape);
    points.filter(|point| point.starts_with(root)).collect()
}

/// Undoes the kernel's octal escapes for space, tab, newline and backslash.
fn unescape(field: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(value) if byte == b'\\' => {
                out.push(value);
                rest = &after[3..];
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_below_the_directory_in_mount_order() {
        let text = b"22 1 0:21 / /proc rw - proc proc rw\n\
                     90 22 0:50 / /run/naru/abc/netns rw - tmpfs tmpfs rw\n\
                     91 22 0:51 / /run/naru/abc/rootfs/a\\040b rw - overlay overlay rw\n\
                     92 22 0:52 / /run/naru/abcd rw - tmpfs tmpfs rw\n";
        let found = below(text, Path::new("/run/naru/abc"));
        assert_eq!(found, [Path::new("/run/naru/abc/netns"), Path::new("/run/naru/abc/rootfs/a b")]);
    }
}
