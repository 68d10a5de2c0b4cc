//! Paths from images, which nobody vouches for, within one directory.
//!
//! In: a directory and a path. Out: what is there, resolved by `openat2(RESOLVE_IN_ROOT)`, so that neither `..` nor symbolic links
//! lead out of the directory; or a name that is fit to be made in it.

use std::{
    ffi::OsStr,
    fs::File,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Component, Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat, openat2},
    sys::stat::Mode,
};

use crate::fault::Fault;

/// Linux' limit of a path.
const MAX_PATH: usize = 4096;

/// Opens a path for reading as if `root` were `/`; used for entry points of Wasm images too.
pub(crate) fn open_in(root: &Path, path: &Path) -> Result<File, Errno> {
    let root = openat(AT_FDCWD, root, OFlag::O_DIRECTORY | OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    resolve(&root, path, OFlag::O_NONBLOCK).map(File::from)
}

/// Opens a path in `root`, which is what `/` and `..` of the path mean at most; an empty one is `root` itself.
pub(crate) fn resolve(root: impl AsFd, path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let how = OpenHow::new()
        .flags(flags | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    openat2(root, path, how)
}

/// A member's name relative to the root: no leading slash, no `.`; `..` is refused.
pub(crate) fn normalise(raw: &[u8]) -> Result<PathBuf, Fault> {
    let mut path = PathBuf::new();
    for part in bounded(raw)?.components() {
        match part {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => path.push(name),
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Fault::invalid(format!(
                    "{:?} leads out of the layer",
                    String::from_utf8_lossy(raw)
                )));
            }
        }
    }
    Ok(path)
}

/// A path as it is, unless no file system would take it.
pub(crate) fn bounded(raw: &[u8]) -> Result<&Path, Fault> {
    if raw.len() > MAX_PATH || raw.contains(&0) {
        return Err(Fault::invalid("a name is too long or holds a zero byte"));
    }
    Ok(Path::new(OsStr::from_bytes(raw)))
}
