//! A part of a volume as a mount of its own, without a race that a container could win.
//!
//! The path is opened beneath the volume, links that lead out are refused by the kernel, and what was opened (not the
//! path) is bound to a place that only the node can change. Blocking; root only.

use std::{
    fs::{self, File},
    io,
    os::fd::OwnedFd,
    path::{Component, Path},
};

use nix::{
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    sys::stat::{Mode, mkdirat},
};

use super::mounts;

/// Binds `path` within `volume` to `target`; a path that does not exist is made as a directory. Does nothing if `target`
/// is a mount point already.
pub(crate) fn bind(volume: &Path, path: &str, target: &Path) -> io::Result<()> {
    if mounts::mounted_under(target)?.iter().any(|mounted| mounted == target) {
        return Ok(());
    }
    let root = File::open(volume)?;
    let opened = File::from(open(&root, Path::new(path))?);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    if opened.metadata()?.is_dir() {
        fs::create_dir_all(target)?;
    } else {
        fs::OpenOptions::new().write(true).create(true).truncate(false).open(target)?;
    }
    mounts::bind(&opened, target)
}

/// Opens `path` beneath `root` component by component, making directories that are missing.
fn open(root: &File, path: &Path) -> io::Result<OwnedFd> {
    match open_beneath(root, path) {
        Err(nix::Error::ENOENT) => {}
        other => return other.map_err(io::Error::from),
    }
    let mut so_far = std::path::PathBuf::new();
    let mut directory = open_beneath(root, Path::new("."))?;
    for component in path.components() {
        let Component::Normal(name) = component else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a subPath must stay within its volume"));
        };
        match mkdirat(&directory, name, Mode::from_bits_truncate(0o750)) {
            Ok(()) | Err(nix::Error::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
        so_far.push(name);
        directory = open_beneath(root, &so_far)?;
    }
    Ok(directory)
}

fn open_beneath(root: &File, path: &Path) -> nix::Result<OwnedFd> {
    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
        .mode(Mode::empty())
        .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    openat2(root, path, how)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_directories_and_new_paths_are_bound() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path().join("volume");
        fs::create_dir_all(volume.join("a/b")).unwrap();
        fs::write(volume.join("a/file"), "text").unwrap();
        symlink("a/file", volume.join("link")).unwrap();
        let place = dir.path().join("places");
        for (index, path) in ["a/b", "a/file", "link", "new/deep"].into_iter().enumerate() {
            let target = place.join(index.to_string());
            bind(&volume, path, &target).unwrap();
            bind(&volume, path, &target).unwrap();
        }
        assert!(place.join("0").is_dir());
        assert_eq!(fs::read_to_string(place.join("1")).unwrap(), "text");
        assert_eq!(fs::read_to_string(place.join("2")).unwrap(), "text");
        fs::write(place.join("3/x"), "y").unwrap();
        assert_eq!(fs::read_to_string(volume.join("new/deep/x")).unwrap(), "y");
        mounts::remove(&place).unwrap();
    }

    #[test]
    fn nothing_leads_out_of_the_volume() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path().join("volume");
        fs::create_dir_all(&volume).unwrap();
        symlink("/etc", volume.join("abs")).unwrap();
        symlink("../../etc", volume.join("rel")).unwrap();
        for path in ["abs", "rel", "abs/passwd", "..", "../volume", "a/../../b"] {
            let target = dir.path().join("target");
            assert!(bind(&volume, path, &target).is_err(), "{path}");
            assert!(mounts::mounted_under(&target).unwrap().is_empty(), "{path}");
        }
    }
}
