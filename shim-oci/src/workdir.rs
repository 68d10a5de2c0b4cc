//! Makes a container's working directory in its root file system if the image has none, as every runtime does.
//!
//! Paths are resolved as if the root file system were `/`, so that a link in an image leads nowhere outside.

use std::{
    os::fd::OwnedFd,
    path::{Component, Path},
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2},
    sys::stat::{Mode, mkdirat},
};

/// The mode of a directory made here.
const MODE: Mode = Mode::from_bits_truncate(0o755);

/// Makes `directory` with its parents below `root`, unless a mount covers it. What cannot be made is left to the error that
/// changing to it gives.
pub(crate) fn ensure<'a>(root: &Path, directory: &Path, mounts: impl IntoIterator<Item = &'a Path>) {
    let covers = |target: &Path| target != Path::new("/") && directory.starts_with(target);
    if mounts.into_iter().any(covers) {
        return;
    }
    if let Err(error) = make(root, directory) {
        tracing::debug!(%error, directory = %directory.display(), "cannot make the working directory");
    }
}

fn make(root: &Path, directory: &Path) -> Result<(), Errno> {
    let root = open(root, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?;
    if enter(&root, directory).is_ok() {
        return Ok(());
    }
    let mut path = std::path::PathBuf::from("/");
    let mut parent = enter(&root, &path)?;
    for component in directory.components() {
        let name = match component {
            Component::Normal(name) => name,
            Component::ParentDir => return Err(Errno::EINVAL),
            _ => continue,
        };
        path.push(name);
        parent = match enter(&root, &path) {
            Err(Errno::ENOENT) => {
                mkdirat(&parent, name, MODE)?;
                enter(&root, &path)?
            }
            entered => entered?,
        };
    }
    Ok(())
}

fn enter(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT);
    openat2(root, path, how)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn makes_what_is_missing_and_stays_inside() {
        let outside = tempfile::tempdir().unwrap();
        let root = tempfile::tempdir().unwrap();
        symlink(outside.path(), root.path().join("link")).unwrap();
        std::fs::create_dir(root.path().join("real")).unwrap();
        symlink("/real", root.path().join("inside")).unwrap();
        std::fs::write(root.path().join("file"), "").unwrap();
        for directory in ["/", "/a/b/c", "/link/x", "/inside/y", "/file/z", "/mounted/here", "/up/../up"] {
            ensure(root.path(), Path::new(directory), [Path::new("/mounted"), Path::new("/")]);
        }
        assert!(root.path().join("a/b/c").is_dir());
        assert!(root.path().join("real/y").is_dir());
        assert!(!root.path().join("mounted").exists());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
