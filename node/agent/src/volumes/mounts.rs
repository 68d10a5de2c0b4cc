//! Mounting and unmounting on the node, and removing a tree that may have mounts in it. Blocking; root only.

use std::{
    fs, io,
    os::{fd::AsRawFd, unix::ffi::OsStringExt},
    path::{Path, PathBuf},
};

use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// Makes the directory `target` with a tmpfs of at most `bytes` and the mode `mode` on it; a mount that is there stays.
pub(crate) fn tmpfs(target: &Path, bytes: Option<u64>, mode: u32) -> io::Result<()> {
    match fs::create_dir(target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if mounted_under(target)?.iter().any(|path| path == target) {
                return Ok(());
            }
        }
        Err(error) => return Err(error),
    }
    let mut data = format!("mode={mode:o}");
    if let Some(bytes) = bytes {
        data.push_str(&format!(",size={bytes}"));
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), target, Some("tmpfs"), flags, Some(data.as_str())).map_err(io::Error::from)
}

/// Binds what `file` refers to on `target`.
pub(crate) fn bind(file: &impl AsRawFd, target: &Path) -> io::Result<()> {
    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    let none: Option<&str> = None;
    mount(Some(source.as_str()), target, none, MsFlags::MS_BIND, none).map_err(io::Error::from)
}

/// Unmounts whatever is mounted at or below `root`, and removes `root` with all it holds. Succeeds if there is nothing.
pub(crate) fn remove(root: &Path) -> io::Result<()> {
    let mut mounts = mounted_under(root)?;
    mounts.reverse(); // later mounts may stand on earlier ones
    for path in mounts {
        // Detached, so that a process which still uses it cannot keep the pod from going.
        match umount2(&path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) | Err(nix::Error::EINVAL | nix::Error::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match fs::remove_dir_all(root) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The mount points at or below `root`, in the order they were mounted.
pub(crate) fn mounted_under(root: &Path) -> io::Result<Vec<PathBuf>> {
    let table = fs::read("/proc/self/mountinfo")?;
    Ok(parse(&table).filter(|path| path.starts_with(root)).collect())
}

/// The mount points of a mountinfo table (proc(5)): the fifth field, with octal escapes.
fn parse(table: &[u8]) -> impl Iterator<Item = PathBuf> {
    table.split(|byte| *byte == b'\n').filter_map(|line| {
        let field = line.split(|byte| *byte == b' ').nth(4)?;
        Some(PathBuf::from(std::ffi::OsString::from_vec(unescape(field))))
    })
}

fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let code = (byte == b'\\')
            .then(|| after.get(..3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        match code {
            Some(code) => {
                out.push(code);
                rest = &after[3..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_with_their_escapes() {
        let table = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            30 22 0:25 / /a\\040b rw - tmpfs tmpfs rw\n\
            31 22 0:26 / /a\\134c rw - tmpfs tmpfs rw\n";
        let points: Vec<_> = parse(table).collect();
        assert_eq!(points, [PathBuf::from("/"), PathBuf::from("/a b"), PathBuf::from("/a\\c")]);
    }

    #[test]
    fn a_tree_with_mounts_goes_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("pod");
        let memory = root.join("memory");
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("file"), "x").unwrap();
        tmpfs(&memory, Some(1 << 20), 0o755).unwrap();
        tmpfs(&memory, Some(1 << 20), 0o755).unwrap();
        fs::create_dir(memory.join("sub")).unwrap();
        let bound = root.join("bound");
        fs::create_dir(&bound).unwrap();
        bind(&fs::File::open(memory.join("sub")).unwrap(), &bound).unwrap();
        assert_eq!(mounted_under(&root).unwrap(), [memory, bound]);
        remove(&root).unwrap();
        assert!(!root.exists());
        assert!(mounted_under(&root).unwrap().is_empty());
        remove(&root).unwrap();
    }
}
