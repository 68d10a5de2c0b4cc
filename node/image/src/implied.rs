//! Directories that a layer has only because something lies in them: their mode and owner are those that lower layers give them.
//!
//! overlayfs takes a directory's attributes from the highest layer that has it. So unpacking notes on the layer's root which
//! directories no entry described, and a container's writable layer gets them as the layers together have them. Most layers
//! have none, and then this costs a look at one attribute of each.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// The note: paths, each with a zero behind it. overlayfs does not show it, for the root directory is the writable layer's.
const NOTE: &str = "trusted.naru.implied";
/// Bytes of the note: what every file system takes. Deeper directories than fit are as if nobody had noted them.
const NOTE_MAX: usize = 3000;
/// overlayfs' mark of a directory that hides what lower layers have there.
const OPAQUE: &str = "trusted.overlay.opaque";

/// Notes the implied directories of the layer in `root`. On a file system without such attributes they have the usual mode.
pub(crate) fn note(root: &Path, implied: &BTreeSet<PathBuf>) {
    let mut text = Vec::new();
    let mut by_depth: Vec<&PathBuf> = implied.iter().collect();
    by_depth.sort_by_key(|path| path.components().count());
    for path in by_depth {
        let bytes = path.as_os_str().as_bytes();
        if text.len() + bytes.len() < NOTE_MAX {
            text.extend_from_slice(bytes);
            text.push(0);
        }
    }
    if !text.is_empty()
        && let Err(error) = xattr::set(root, NOTE, &text)
    {
        tracing::debug!(%error, layer = %root.display(), "a layer's implied directories cannot be noted");
    }
}

fn noted(layer: &Path) -> BTreeSet<PathBuf> {
    let text = xattr::get(layer, NOTE).ok().flatten().unwrap_or_default();
    let paths = text.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    paths.map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path))).collect()
}

/// Makes the implied directories of `layers` (lowest first) in an `upper` that is still empty there.
pub(crate) fn make_in(upper: &Path, layers: &[PathBuf]) -> Result<(), Fault> {
    // What the lowest layer implies nobody below describes.
    let notes: Vec<BTreeSet<PathBuf>> = layers.iter().map(|layer| noted(layer)).collect();
    let layers: Vec<(&Path, &BTreeSet<PathBuf>)> = layers.iter().map(PathBuf::as_path).zip(&notes).collect();
    for path in notes.iter().skip(1).flatten() {
        if described(&layers, path).is_none() {
            continue;
        }
        for part in ancestors(path) {
            let Some(wanted) = described(&layers, part).or_else(|| highest(&layers, part)) else { continue };
            let made = upper.join(part);
            match fs::create_dir(&made) {
                Ok(()) => {
                    let failed = Fault::io("make directory", &made);
                    dress(&made, &wanted).map_err(failed)?;
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Fault::io("make directory", &made)(error)),
            }
        }
    }
    Ok(())
}

fn dress(path: &Path, wanted: &Metadata) -> io::Result<()> {
    chown(path, Some(wanted.uid()), Some(wanted.gid()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(wanted.mode() & 0o7777))
}

/// The path's own ancestors and itself, outermost first.
fn ancestors(path: &Path) -> impl Iterator<Item = &Path> {
    let mut all: Vec<&Path> = path.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    all.reverse();
    all.into_iter()
}

/// What the highest layer that describes a directory says of it, if it can be seen from above.
fn described(layers: &[(&Path, &BTreeSet<PathBuf>)], path: &Path) -> Option<Metadata> {
    for (layer, implied) in layers.iter().rev() {
        match look(layer, path) {
            Look::Absent { hidden: true } | Look::Other => return None,
            Look::Absent { hidden: false } => {}
            Look::Directory(found, _) if !implied.contains(path) => return Some(found),
            Look::Directory(_, true) => return None,
            Look::Directory(_, false) => {}
        }
    }
    None
}

fn highest(layers: &[(&Path, &BTreeSet<PathBuf>)], path: &Path) -> Option<Metadata> {
    layers.iter().rev().find_map(|(layer, _)| match look(layer, path) {
        Look::Directory(found, _) => Some(found),
        _ => None,
    })
}

/// What a layer has at a path.
enum Look {
    /// Nothing; whether it hides what lower layers have.
    Absent { hidden: bool },
    /// A directory; whether lower layers are hidden.
    Directory(Metadata, bool),
    /// Something else, for example a whiteout or a symbolic link, there or on the way.
    Other,
}

fn look(layer: &Path, path: &Path) -> Look {
    let (mut hidden, mut found) = (false, None);
    for part in ancestors(path) {
        let part = layer.join(part);
        match part.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {
                hidden |= xattr::get(&part, OPAQUE).ok().flatten().is_some_and(|mark| mark == b"y");
                found = Some(meta);
            }
            Ok(_) => return Look::Other,
            Err(_) => return Look::Absent { hidden },
        }
    }
    found.map_or(Look::Absent { hidden }, |found| Look::Directory(found, hidden))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn directory(path: &Path, mode: u32, owner: u32) {
        fs::create_dir_all(path).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        chown(path, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn implied(layer: &Path, paths: &[&str]) {
        for path in paths {
            fs::create_dir_all(layer.join(path)).unwrap();
        }
        note(layer, &paths.iter().map(PathBuf::from).collect());
    }

    #[test]
    fn what_is_implied_above_is_as_it_is_described_below() {
        let dir = tempfile::tempdir().unwrap();
        let [low, middle, high, upper] = ["low", "middle", "high", "upper"].map(|name| dir.path().join(name));
        directory(&low.join("home/app"), 0o750, 1234);
        directory(&low.join("tmp"), 0o1777, 0);
        directory(&low.join("gone"), 0o700, 7);
        implied(&middle, &["home", "home/app", "new"]);
        directory(&middle.join("gone"), 0o755, 0);
        xattr::set(middle.join("gone"), OPAQUE, b"y").unwrap();
        implied(&high, &["tmp", "home", "home/app", "gone", "new"]);
        fs::create_dir(&upper).unwrap();
        make_in(&upper, &[low, middle, high]).unwrap();
        let found = |path: &str| {
            let meta = upper.join(path).symlink_metadata().ok()?;
            Some((meta.mode() & 0o7777, meta.uid()))
        };
        assert_eq!(found("tmp"), Some((0o1777, 0)));
        assert_eq!(found("home/app"), Some((0o750, 1234)));
        assert_eq!(found("gone"), Some((0o755, 0)), "the middle layer's, not the lowest's");
        assert_eq!(found("new"), None, "nobody describes it");
    }

    #[test]
    fn notes_are_short() {
        let dir = tempfile::tempdir().unwrap();
        let paths: BTreeSet<PathBuf> =
            (0..200).map(|n| PathBuf::from(format!("a/{n}/{}", "x".repeat(40)))).collect();
        note(dir.path(), &paths);
        let back = noted(dir.path());
        assert!(!back.is_empty() && back.is_subset(&paths));
        assert!(noted(Path::new("/nowhere")).is_empty());
    }
}
