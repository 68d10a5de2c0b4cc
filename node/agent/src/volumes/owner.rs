//! `fsGroup`: a volume's files belong to the group and the group may use them. Blocking.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt, lchown},
    path::Path,
};

/// Most entries that are changed in one volume; beyond it the set-up fails rather than hangs.
const MAX_ENTRIES: usize = 1_000_000;

/// Gives `root` and everything below it to `group`. Files may be read and written by the group, or only read if
/// `read_only`; new files in directories get the same group.
pub(crate) fn set_group(root: &Path, group: u32, read_only: bool) -> io::Result<()> {
    let mut rest = vec![root.to_owned()];
    let mut count = 0;
    while let Some(path) = rest.pop() {
        count += 1;
        if count > MAX_ENTRIES {
            return Err(io::Error::other("the volume has too many files for fsGroup"));
        }
        let meta = fs::symlink_metadata(&path)?;
        lchown(&path, None, Some(group))?;
        if meta.is_symlink() {
            continue;
        }
        let mut mode = meta.permissions().mode() & 0o7777;
        mode |= if read_only { 0o440 } else { 0o660 };
        if meta.is_dir() {
            mode |= 0o2110;
            for entry in fs::read_dir(&path)? {
                rest.push(entry?.path());
            }
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_group_gets_the_tree_but_not_what_links_point_to() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        fs::write(&outside, "x").unwrap();
        let root = dir.path().join("volume");
        fs::create_dir_all(root.join("d")).unwrap();
        fs::write(root.join("d/f"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("l")).unwrap();
        set_group(&root, 4321, false).unwrap();
        let meta = |path: &Path| fs::symlink_metadata(path).unwrap();
        assert_eq!(meta(&root).gid(), 4321);
        assert_eq!(meta(&root).mode() & 0o2770, 0o2770);
        assert_eq!(meta(&root.join("d/f")).mode() & 0o060, 0o060);
        assert_eq!(meta(&root.join("l")).gid(), 4321);
        assert_ne!(meta(&outside).gid(), 4321);
    }
}
