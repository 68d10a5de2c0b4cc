//! One image layer onto the disk, in the form overlayfs wants, from an archive nobody vouches for.
//!
//! In: a tar stream and an empty directory. Out: the tree, with whiteouts (OCI image-spec, layer.md) turned into
//! overlayfs' own marks. Every path is resolved by `openat2(RESOLVE_IN_ROOT)` against the directory, so that neither `..`
//! nor symbolic links lead out of it; the last component is never followed. Sizes and counts are limited.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{Mode, SFlag, UtimensatFlags, fchmod, futimens, makedev, mkdirat, mknodat, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, LinkatFlags, Uid, UnlinkatFlags, fchown, fchownat, linkat, symlinkat, unlinkat};
use xattr::FileExt;

use crate::beneath::{bounded, normalise, resolve};
use crate::fault::Fault;
use crate::implied;
use crate::tarball::{Entry, Kind, TarReader};

/// Bounds on one layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Members of the archive.
    pub(crate) entries: u64,
    /// Bytes of file content.
    pub(crate) bytes: u64,
    /// Bytes behind the end of the archive (padding of tape blocks).
    pub(crate) trailing: u64,
}

/// Larger than any image known to us (ten million small files; models of hundreds of GB), smaller than a runaway.
pub(crate) const LAYER_LIMITS: Limits = Limits { entries: 10_000_000, bytes: 1 << 40, trailing: 16 << 20 };

/// Prefix of the names that mark what a layer takes away.
const WHITEOUT: &[u8] = b".wh.";
/// Takes away everything the lower layers have in this directory.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Other names with this prefix are bookkeeping of aufs.
const AUFS: &[u8] = b".wh..wh.";
/// overlayfs' mark of an opaque directory.
const OPAQUE_XATTR: &str = "trusted.overlay.opaque";
/// Extended attributes that a layer may set. `trusted.overlay.*` would let it speak to overlayfs, `security.selinux` to the host.
const XATTRS: [&[u8]; 2] = [b"security.capability", b"user."];
/// Mode of directories that no entry describes.
const IMPLIED_MODE: Mode = Mode::from_bits_truncate(0o755);

/// Unpacks the archive into `root`, an empty directory, and reads `tar` to its end.
pub(crate) fn unpack(tar: impl Read, root: &Path, limits: Limits) -> Result<(), Fault> {
    let mut reader = TarReader::new(tar);
    let mut tree = Tree::open(root)?;
    let (mut entries, mut bytes) = (0u64, 0u64);
    while let Some(entry) = reader.next().map_err(Fault::reading("layer"))? {
        entries += 1;
        bytes = bytes.saturating_add(entry.size);
        if entries > limits.entries {
            return Err(Fault::invalid(format!("layer has more than {} entries", limits.entries)));
        }
        if bytes > limits.bytes {
            return Err(Fault::invalid(format!("layer holds more than {} bytes", limits.bytes)));
        }
        tree.add(&entry, &mut reader)?;
    }
    reader.drain(limits.trailing).map_err(Fault::reading("layer"))?;
    implied::note(root, &tree.finish()?);
    Ok(())
}

/// The tree being built.
struct Tree {
    root: OwnedFd,
    /// The directory of the last entry: archives come in directory order, so this saves most look-ups.
    last: Option<(PathBuf, OwnedFd)>,
    /// Directories' times, set at the end because filling a directory changes them.
    times: Vec<(PathBuf, i64)>,
    /// Directories that no entry has described so far.
    implied: BTreeSet<PathBuf>,
}

impl Tree {
    fn open(root: &Path) -> Result<Self, Fault> {
        let root = File::open(root).map_err(Fault::io("open", root))?;
        Ok(Self { root: root.into(), last: None, times: Vec::new(), implied: BTreeSet::new() })
    }

    fn add(&mut self, entry: &Entry, data: &mut impl Read) -> Result<(), Fault> {
        let path = normalise(&entry.path)?;
        let Some(name) = path.file_name().map(|name| name.as_bytes().to_vec()) else {
            return self.add_root(entry);
        };
        let parent = path.parent().unwrap_or(Path::new(""));
        if name.starts_with(WHITEOUT) {
            return self.whiteout(parent, &name);
        }
        self.enter(parent)?;
        let name = Path::new(std::ffi::OsStr::from_bytes(&name));
        let result = match entry.kind {
            Kind::Directory => self.directory(&path, name, entry),
            Kind::HardLink => self.hard_link(&path, name, entry),
            Kind::File => self.file(name, entry, data),
            Kind::Symlink => self.symlink(name, entry),
            Kind::Character | Kind::Block | Kind::Fifo => self.node(name, entry),
        };
        result.map_err(|fault| at(&path, fault))
    }

    /// `./`: the attributes of the image's root directory.
    fn add_root(&mut self, entry: &Entry) -> Result<(), Fault> {
        if entry.kind != Kind::Directory {
            return Err(Fault::invalid(format!(
                "{:?} is no file name",
                String::from_utf8_lossy(&entry.path)
            )));
        }
        let root = self.root.try_clone().map_err(io_fault("dup"))?;
        dress(&File::from(root), entry)?;
        self.times.push((PathBuf::new(), entry.mtime));
        Ok(())
    }

    /// Makes `path` the current directory, with any part of it that is missing.
    fn enter(&mut self, path: &Path) -> Result<(), Fault> {
        if self.last.as_ref().is_some_and(|(last, _)| last == path) {
            return Ok(());
        }
        let fd = match resolve(&self.root, path, OFlag::O_DIRECTORY) {
            Err(Errno::ENOENT) => self.make_parents(path),
            other => other,
        };
        let fd = fd.map_err(|errno| match errno {
            Errno::ENOTDIR | Errno::ELOOP | Errno::ENOENT => {
                Fault::invalid(format!("{}: not a directory in this layer", path.display()))
            }
            errno => Fault::Io { context: format!("open {}", path.display()), source: errno.into() },
        })?;
        self.last = Some((path.to_owned(), fd));
        Ok(())
    }

    fn make_parents(&mut self, path: &Path) -> Result<OwnedFd, Errno> {
        let mut done = PathBuf::new();
        let mut fd = resolve(&self.root, &done, OFlag::O_DIRECTORY)?;
        for part in path.components() {
            done.push(part);
            let made = match mkdirat(&fd, part.as_os_str(), IMPLIED_MODE) {
                Ok(()) => true,
                Err(Errno::EEXIST) => false,
                Err(errno) => return Err(errno),
            };
            // From the root again: a part may be a symbolic link whose target counts from there.
            fd = resolve(&self.root, &done, OFlag::O_DIRECTORY)?;
            if made {
                fchmod(&fd, IMPLIED_MODE)?; // mkdir obeys the umask
                self.implied.insert(done.clone());
            }
        }
        Ok(fd)
    }

    fn parent(&self) -> &OwnedFd {
        self.last.as_ref().map_or(&self.root, |(_, fd)| fd)
    }

    fn directory(&mut self, path: &Path, name: &Path, entry: &Entry) -> Result<(), Fault> {
        self.implied.remove(path);
        let mut opaque = false;
        match self.look(name)? {
            Some(found) if found.kind == Kind::Directory => {}
            found => {
                // Taken away and made anew within one layer: what lies below must not shine through.
                opaque = found.as_ref().is_some_and(Found::is_whiteout);
                if found.is_some() {
                    self.clear(name)?;
                }
                mkdirat(self.parent(), name, IMPLIED_MODE).map_err(errno_fault("make directory"))?;
            }
        }
        let file = File::from(self.child(name, OFlag::O_DIRECTORY)?);
        dress(&file, entry)?;
        if opaque {
            mark_opaque(&file)?;
        }
        self.times.push((path.to_owned(), entry.mtime));
        Ok(())
    }

    fn file(&mut self, name: &Path, entry: &Entry, data: &mut impl Read) -> Result<(), Fault> {
        let how = OpenHow::new()
            .flags(OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW)
            .mode(Mode::S_IRUSR | Mode::S_IWUSR)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS);
        let fd = match openat2(self.parent(), name, how) {
            Err(Errno::EEXIST) => {
                self.clear_for(name)?;
                openat2(self.parent(), name, how)
            }
            other => other,
        };
        let mut file = File::from(fd.map_err(errno_fault("create"))?);
        // The archive's faults and the disk's must be told apart, so no plain `io::copy`.
        copy(data, &mut file)?;
        dress(&file, entry)?;
        let time = TimeSpec::new(entry.mtime, 0);
        futimens(&file, &time, &time).map_err(errno_fault("set times of"))
    }

    fn symlink(&mut self, name: &Path, entry: &Entry) -> Result<(), Fault> {
        let target = bounded(&entry.link)?;
        if target.as_os_str().is_empty() {
            return Err(Fault::invalid("symbolic link to nothing"));
        }
        if symlinkat(target, self.parent(), name) == Err(Errno::EEXIST) {
            self.clear_for(name)?;
            symlinkat(target, self.parent(), name).map_err(errno_fault("link"))?;
        }
        self.dress_link(name, entry)
    }

    fn hard_link(&mut self, path: &Path, name: &Path, entry: &Entry) -> Result<(), Fault> {
        let target = normalise(&entry.link)?;
        if target == path {
            return Ok(());
        }
        let (Some(from), dir) = (target.file_name(), target.parent().unwrap_or(Path::new(""))) else {
            return Err(Fault::invalid("hard link to the root directory"));
        };
        let broken =
            || Fault::invalid(format!("hard link to {}, which is not in this layer", target.display()));
        let dir = resolve(&self.root, dir, OFlag::O_DIRECTORY).map_err(|_| broken())?;
        let link = |tree: &Self| linkat(&dir, from, tree.parent(), name, LinkatFlags::empty());
        let linked = match link(self) {
            Err(Errno::EEXIST) => {
                self.clear_for(name)?;
                link(self)
            }
            other => other,
        };
        linked.map_err(|errno| match errno {
            Errno::ENOENT | Errno::EPERM => broken(),
            errno => errno_fault("link")(errno),
        })
    }

    fn node(&mut self, name: &Path, entry: &Entry) -> Result<(), Fault> {
        let kind = match entry.kind {
            Kind::Character => SFlag::S_IFCHR,
            Kind::Block => SFlag::S_IFBLK,
            _ => SFlag::S_IFIFO,
        };
        if kind == SFlag::S_IFCHR && entry.device == (0, 0) {
            // That would be overlayfs' whiteout, which layers spell differently.
            return Err(Fault::invalid("character device 0/0"));
        }
        let (major, minor) = entry.device;
        let make = |tree: &Self| {
            mknodat(tree.parent(), name, kind, Mode::empty(), makedev(major.into(), minor.into()))
        };
        if make(self) == Err(Errno::EEXIST) {
            self.clear_for(name)?;
            make(self).map_err(errno_fault("make node"))?;
        }
        self.dress_link(name, entry)?;
        // A device must not be opened: this goes by name, in a directory that only we write to.
        let mode = Mode::from_bits_truncate(entry.mode);
        nix::sys::stat::fchmodat(self.parent(), name, mode, nix::sys::stat::FchmodatFlags::FollowSymlink)
            .map_err(errno_fault("set mode of"))
    }

    fn whiteout(&mut self, parent: &Path, name: &[u8]) -> Result<(), Fault> {
        self.enter(parent)?;
        if name == OPAQUE {
            return mark_opaque(&File::from(resolve_dir(self.parent())?));
        }
        let hidden = &name[WHITEOUT.len()..];
        if name.starts_with(AUFS) {
            return Ok(());
        }
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(Fault::invalid(format!("{:?} takes nothing away", String::from_utf8_lossy(name))));
        }
        let hidden = Path::new(std::ffi::OsStr::from_bytes(hidden));
        match self.look(hidden)? {
            // Whiteouts are about lower layers: what this layer itself brings stays.
            Some(found) if found.kind == Kind::Directory => {
                mark_opaque(&File::from(self.child(hidden, OFlag::O_DIRECTORY)?))
            }
            Some(_) => Ok(()),
            None => mknodat(self.parent(), hidden, SFlag::S_IFCHR, Mode::empty(), 0)
                .map_err(errno_fault("mark as removed")),
        }
    }

    /// Owner, attributes and time of what cannot be opened.
    fn dress_link(&self, name: &Path, entry: &Entry) -> Result<(), Fault> {
        let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
        fchownat(self.parent(), name, Some(uid), Some(gid), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(errno_fault("set owner of"))?;
        let time = TimeSpec::new(entry.mtime, 0);
        utimensat(self.parent(), name, &time, &time, UtimensatFlags::NoFollowSymlink)
            .map_err(errno_fault("set times of"))
    }

    /// Makes room for an entry that is not a directory.
    fn clear_for(&mut self, name: &Path) -> Result<(), Fault> {
        match self.look(name)? {
            Some(found) if found.kind == Kind::Directory => {
                unlinkat(self.parent(), name, UnlinkatFlags::RemoveDir)
                    .map_err(|_| Fault::invalid("replaces a directory that is not empty"))
            }
            Some(_) => self.clear(name),
            None => Ok(()),
        }
    }

    fn clear(&mut self, name: &Path) -> Result<(), Fault> {
        unlinkat(self.parent(), name, UnlinkatFlags::NoRemoveDir).map_err(errno_fault("replace"))
    }

    fn look(&self, name: &Path) -> Result<Option<Found>, Fault> {
        match self.child(name, OFlag::O_PATH) {
            Ok(fd) => {
                let meta = File::from(fd).metadata().map_err(io_fault("stat"))?;
                Ok(Some(Found::of(&meta)))
            }
            Err(Fault::Io { source, .. }) if source.raw_os_error() == Some(Errno::ENOENT as i32) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn child(&self, name: &Path, flags: OFlag) -> Result<OwnedFd, Fault> {
        let how = OpenHow::new()
            .flags(flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_BENEATH);
        openat2(self.parent(), name, how).map_err(errno_fault("open"))
    }

    /// Sets what is set last; the directories that no entry described.
    fn finish(mut self) -> Result<BTreeSet<PathBuf>, Fault> {
        self.last = None;
        for (path, mtime) in self.times.iter().rev() {
            // A later entry may have replaced the directory; then there is nothing to set.
            let Ok(fd) = resolve(&self.root, path, OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW) else { continue };
            let time = TimeSpec::new(*mtime, 0);
            futimens(fd, &time, &time).map_err(errno_fault("set times of"))?;
        }
        Ok(self.implied)
    }
}

/// What stands under a name already.
struct Found {
    kind: Kind,
    device: u64,
}

impl Found {
    fn of(meta: &std::fs::Metadata) -> Self {
        let kind = match SFlag::from_bits_truncate(meta.mode() & SFlag::S_IFMT.bits()) {
            SFlag::S_IFDIR => Kind::Directory,
            SFlag::S_IFLNK => Kind::Symlink,
            SFlag::S_IFCHR => Kind::Character,
            SFlag::S_IFBLK => Kind::Block,
            SFlag::S_IFIFO => Kind::Fifo,
            _ => Kind::File,
        };
        Self { kind, device: meta.rdev() }
    }

    fn is_whiteout(&self) -> bool {
        self.kind == Kind::Character && self.device == 0
    }
}

fn resolve_dir(fd: impl AsFd) -> Result<OwnedFd, Fault> {
    resolve(fd, Path::new("."), OFlag::O_DIRECTORY).map_err(errno_fault("open"))
}

/// Owner, mode and attributes of an open file; the owner first, because changing it drops the set-user-id bits and capabilities.
fn dress(file: &File, entry: &Entry) -> Result<(), Fault> {
    fchown(file, Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)))
        .map_err(errno_fault("set owner of"))?;
    fchmod(file, Mode::from_bits_truncate(entry.mode)).map_err(errno_fault("set mode of"))?;
    for (name, value) in &entry.xattrs {
        if XATTRS.iter().any(|allowed| name.starts_with(allowed)) {
            file.set_xattr(std::ffi::OsStr::from_bytes(name), value).map_err(io_fault("set attribute of"))?;
        }
    }
    Ok(())
}

fn mark_opaque(dir: &File) -> Result<(), Fault> {
    dir.set_xattr(OPAQUE_XATTR, b"y").map_err(io_fault("mark as opaque"))
}

fn copy(from: &mut impl Read, to: &mut File) -> Result<(), Fault> {
    use std::io::Write;
    let mut buffer = [0u8; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => to.write_all(&buffer[..n]).map_err(io_fault("write"))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::reading("layer")(error)),
        }
    }
}

fn errno_fault(doing: &'static str) -> impl FnOnce(Errno) -> Fault {
    move |errno| io_fault(doing)(errno.into())
}

fn io_fault(doing: &'static str) -> impl FnOnce(io::Error) -> Fault {
    move |source| Fault::Io { context: doing.to_owned(), source }
}

/// Adds the member's name to what went wrong with it. Names that no file system takes are the archive's fault.
fn at(path: &Path, fault: Fault) -> Fault {
    match fault {
        Fault::Invalid(reason) => Fault::Invalid(format!("{}: {reason}", path.display())),
        Fault::Io { source, context } => match Errno::from_raw(source.raw_os_error().unwrap_or(0)) {
            Errno::ENAMETOOLONG
            | Errno::EINVAL
            | Errno::ELOOP
            | Errno::ENOTDIR
            | Errno::EISDIR
            | Errno::EMLINK => Fault::Invalid(format!("{}: {source}", path.display())),
            _ => Fault::Io { context: format!("{context} {}", path.display()), source },
        },
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
