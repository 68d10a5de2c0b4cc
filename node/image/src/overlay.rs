//! Root file systems of containers: an image's layers below, a writable layer of the container's own on top.
//!
//! ```text
//! <root>/containers/<container>/{image, upper/, work/}    on the disk that holds the images
//! <rootfs>/<container>                                    the mount point
//! ```
//! The kernel's mount table is the only truth about what is mounted; nothing is remembered here.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statfs::{OVERLAYFS_SUPER_MAGIC, statfs};

use crate::content::make_dir;
use crate::fault::Fault;
use crate::implied;

/// Bytes of mount options that mount(2) takes: one page with its final zero.
const MAX_OPTIONS: usize = 4095;
/// Characters that separate lower directories or options, and the one that escapes them.
const SEPARATORS: [char; 3] = [':', ',', '\\'];
/// Mounts on one mount point that are taken away at once (a crash between mount and answer may leave two).
const MAX_STACKED: usize = 8;

/// The directories described above.
#[derive(Debug)]
pub(crate) struct Overlays {
    containers: PathBuf,
    rootfs: PathBuf,
}

impl Overlays {
    pub(crate) fn open(root: &Path, rootfs: &Path) -> Result<Self, Fault> {
        make_dir(rootfs)?;
        // The mount table has no symbolic links in it.
        let rootfs = rootfs.canonicalize().map_err(Fault::io("open", rootfs))?;
        // overlayfs cannot write to overlayfs: with images inside a container, writable layers go beside the mounts.
        let on_overlay = statfs(root).is_ok_and(|s| s.filesystem_type() == OVERLAYFS_SUPER_MAGIC);
        let containers = if on_overlay { rootfs.join(".containers") } else { root.join("containers") };
        make_dir(&containers)?;
        Ok(Self { containers, rootfs })
    }

    /// Mounts `layers` (lowest first) for `container`, or returns the mount point when that is done already.
    pub(crate) fn mount(&self, image: &str, layers: &[PathBuf], container: &str) -> Result<PathBuf, Fault> {
        let (dir, point) = self.paths(container)?;
        if self.is_mounted(&point)? {
            return Ok(point);
        }
        let (upper, work) = (dir.join("upper"), dir.join("work"));
        make_dir(&dir)?;
        // Before the mount: whoever finds the image unused must not miss this container.
        fs::write(dir.join("image"), image).map_err(Fault::io("write", &dir.join("image")))?;
        // The root directory of the container has the mode of the upper directory.
        make_open_dir(&upper)?;
        // A volatile mount that was not unmounted leaves a mark that forbids the next one.
        remove_tree(&work)?;
        make_open_dir(&work)?;
        make_open_dir(&point)?;
        implied::make_in(&upper, layers)?;
        mount_overlay(layers, &upper, &work, &point)?;
        Ok(point)
    }

    /// Takes a container's root file system away, and its writable layer out of the way: it is moved into `tmp`, for
    /// somebody to delete. None if there was none.
    pub(crate) fn unmount(&self, container: &str, tmp: &Path) -> Result<Option<PathBuf>, Fault> {
        let (dir, point) = self.paths(container)?;
        for _ in 0..MAX_STACKED {
            match umount2(&point, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
                Ok(()) => {}
                Err(Errno::EINVAL | Errno::ENOENT) => break,
                Err(errno) => return Err(Fault::io("unmount", &point)(errno.into())),
            }
        }
        match fs::remove_dir(&point) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Fault::io("remove", &point)(error));
            }
            _ => {}
        }
        let gone = tmp.join(format!("gone-{}-{container}", std::process::id()));
        match fs::rename(&dir, &gone) {
            Ok(()) => Ok(Some(gone)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            // Another file system, or the remains of a process with our id.
            Err(_) => remove_tree(&dir).map(|()| None),
        }
    }

    /// Containers that have anything here: a mount, or files that a crash or a reboot left.
    pub(crate) fn list(&self) -> Result<Vec<String>, Fault> {
        let mut names: Vec<String> = mount_points()?
            .filter_map(|point| Some(point.strip_prefix(&self.rootfs).ok()?.to_str()?.to_owned()))
            .filter(|name| check_name(name).is_ok())
            .collect();
        for entry in fs::read_dir(&self.containers).map_err(Fault::io("list", &self.containers))? {
            let entry = entry.map_err(Fault::io("list", &self.containers))?;
            names.extend(entry.file_name().into_string());
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Which container stands on which image (its manifest's digest).
    pub(crate) fn users(&self) -> Result<Vec<(String, String)>, Fault> {
        let mut users = Vec::new();
        for container in self.list()? {
            match fs::read_to_string(self.containers.join(&container).join("image")) {
                Ok(image) => users.push((container, image)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Fault::io("read", &self.containers.join(&container))(error)),
            }
        }
        Ok(users)
    }

    /// A mount point is on another device than its parent; reading the mount table would cost more with every container.
    fn is_mounted(&self, point: &Path) -> Result<bool, Fault> {
        match point.symlink_metadata() {
            Ok(meta) => {
                let parent = self.rootfs.metadata().map_err(Fault::io("stat", &self.rootfs))?;
                Ok(meta.dev() != parent.dev())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Fault::io("stat", point)(error)),
        }
    }

    fn paths(&self, container: &str) -> Result<(PathBuf, PathBuf), Fault> {
        check_name(container)?;
        Ok((self.containers.join(container), self.rootfs.join(container)))
    }
}

/// A container's id is one file name.
fn check_name(container: &str) -> Result<(), Fault> {
    match container {
        "" | "." | ".." | ".containers" => Err(Fault::invalid(format!("{container:?} is no container id"))),
        name if name.contains('/') || name.contains('\0') => {
            Err(Fault::invalid(format!("{name:?} is no container id")))
        }
        _ => Ok(()),
    }
}

fn mount_overlay(layers: &[PathBuf], upper: &Path, work: &Path, point: &Path) -> Result<(), Fault> {
    // Descriptors stand for names that are too long together, or that hold separators.
    let mut held = Vec::new();
    let mut options = options_of(layers, upper, work);
    let awkward = layers
        .iter()
        .map(PathBuf::as_path)
        .chain([upper, work])
        .any(|p| p.to_string_lossy().contains(SEPARATORS));
    if options.len() > MAX_OPTIONS || awkward {
        let mut short = |path: &Path| -> Result<PathBuf, Fault> {
            let dir = fs::File::open(path).map_err(Fault::io("open", path))?;
            let name = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd()));
            held.push(dir);
            Ok(name)
        };
        let layers = layers.iter().map(|layer| short(layer)).collect::<Result<Vec<_>, _>>()?;
        options = options_of(&layers, &short(upper)?, &short(work)?);
    }
    // A container's writable layer dies with it, so syncing it to the disk (at every unmount) is wasted.
    let volatile = [options.as_slice(), b",volatile"].concat();
    let attempts = [volatile, options];
    let mut last = Errno::EINVAL;
    for options in &attempts {
        match mount(Some("overlay"), point, Some("overlay"), MsFlags::empty(), Some(options.as_slice())) {
            Ok(()) => return Ok(()),
            // Linux before 5.10 does not know `volatile`.
            Err(Errno::EINVAL) => last = Errno::EINVAL,
            Err(errno) => return Err(mount_fault(point, errno)),
        }
    }
    Err(mount_fault(point, last))
}

fn mount_fault(point: &Path, errno: Errno) -> Fault {
    Fault::Io { context: format!("mount overlayfs on {}", point.display()), source: errno.into() }
}

fn options_of(layers: &[PathBuf], upper: &Path, work: &Path) -> Vec<u8> {
    let mut options = b"index=off,lowerdir=".to_vec();
    for (i, layer) in layers.iter().rev().enumerate() {
        if i > 0 {
            options.push(b':');
        }
        options.extend(layer.as_os_str().as_bytes());
    }
    options.extend(b",upperdir=");
    options.extend(upper.as_os_str().as_bytes());
    options.extend(b",workdir=");
    options.extend(work.as_os_str().as_bytes());
    options
}

/// Every mount point of this process' mount namespace (proc(5), field 5, with octal escapes).
fn mount_points() -> Result<impl Iterator<Item = PathBuf>, Fault> {
    let table = Path::new("/proc/self/mountinfo");
    let text = fs::read(table).map_err(Fault::io("read", table))?;
    let points: Vec<PathBuf> = text
        .split(|b| *b == b'\n')
        .filter_map(|line| line.split(|b| *b == b' ').nth(4))
        .map(unescape)
        .collect();
    Ok(points.into_iter())
}

/// `\040` is a space.
fn unescape(field: &[u8]) -> PathBuf {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        match rest {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..] => {
                out.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                rest = tail;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(out))
}

fn make_open_dir(path: &Path) -> Result<(), Fault> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(Fault::io("make directory", path)(error));
        }
        _ => {}
    }
    // Whatever the umask is.
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(Fault::io("set mode of", path))
}

/// Removes a tree; what others remove meanwhile is fine. Directories that overlayfs left without permissions are no obstacle to root.
pub(crate) fn remove_tree(path: &Path) -> Result<(), Fault> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Fault::io("remove", path)(error)),
        _ => Ok(()),
    }
}
