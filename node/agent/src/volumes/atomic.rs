//! Writes a volume's files so that a reader sees all of the old content or all of the new: a fresh directory, and one
//! rename of the link `..data` to it.
//!
//! Layout, as kubelet's: `..<n>/` holds the files, `..data` points to it, and each first path component is a link
//! `name -> ..data/name`. Blocking.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use super::payload::Payload;

const DATA: &str = "..data";
const DATA_NEW: &str = "..data_tmp";

/// Makes `volume` hold exactly `files`; does nothing if it already does. Whether anything was written. `finish` sees the
/// new directory before any reader does.
pub(crate) fn write(
    volume: &Path,
    files: &Payload,
    finish: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<bool> {
    let current = current(volume)?;
    if let Some(current) = &current
        && holds(current, files)?
        && linked(volume, files)
    {
        return Ok(false);
    }
    let fresh = fresh_directory(volume)?;
    for (path, file) in files {
        let target = fresh.join(path);
        if let Some(parent) = target.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
        }
        let mut options = fs::OpenOptions::new();
        let mut handle = options.write(true).create_new(true).mode(file.mode).open(&target)?;
        io::Write::write_all(&mut handle, &file.bytes)?;
        // The umask has no say in what the pod asked for.
        handle.set_permissions(fs::Permissions::from_mode(file.mode))?;
    }
    finish(&fresh)?;
    swap(volume, &fresh)?;
    link(volume, files)?;
    if let Some(old) = current {
        fs::remove_dir_all(old)?;
    }
    Ok(true)
}

/// The directory that `..data` points to.
fn current(volume: &Path) -> io::Result<Option<PathBuf>> {
    match fs::read_link(volume.join(DATA)) {
        Ok(target) => Ok(Some(volume.join(target))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn holds(directory: &Path, files: &Payload) -> io::Result<bool> {
    let mut found = 0;
    let mut rest = vec![directory.to_owned()];
    while let Some(dir) = rest.pop() {
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                rest.push(entry.path());
                continue;
            }
            let path = entry.path();
            let name = path.strip_prefix(directory).ok().and_then(Path::to_str).unwrap_or_default();
            match files.get(name) {
                Some(file) if fs::read(&path)? == file.bytes => found += 1,
                _ => return Ok(false),
            }
        }
    }
    Ok(found == files.len())
}

/// The first components of the files' paths: what the pod sees at the top.
fn tops(files: &Payload) -> BTreeSet<&str> {
    files.keys().filter_map(|path| path.split('/').next()).collect()
}

fn linked(volume: &Path, files: &Payload) -> bool {
    tops(files).into_iter().all(|top| fs::symlink_metadata(volume.join(top)).is_ok())
}

fn fresh_directory(volume: &Path) -> io::Result<PathBuf> {
    for number in 0..u32::MAX {
        let path = volume.join(format!("..{number}"));
        match fs::DirBuilder::new().mode(0o755).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Left by a crash, unless it is the current one.
                if current(volume)?.as_ref() != Some(&path) {
                    fs::remove_dir_all(&path)?;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no free name for a volume's content"))
}

fn swap(volume: &Path, fresh: &Path) -> io::Result<()> {
    let link = volume.join(DATA_NEW);
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    symlink(fresh.file_name().unwrap_or_default(), &link)?;
    fs::rename(link, volume.join(DATA))
}

/// Adds the links that are missing and takes away those that point nowhere now.
fn link(volume: &Path, files: &Payload) -> io::Result<()> {
    let wanted = tops(files);
    for top in &wanted {
        match symlink(Path::new(DATA).join(top), volume.join(top)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    for entry in fs::read_dir(volume)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_symlink() && !name.starts_with("..") && !wanted.contains(&*name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::payload::File, *};

    fn payload(list: &[(&str, &str)]) -> Payload {
        let file = |text: &str| File { bytes: text.as_bytes().to_vec(), mode: 0o640 };
        list.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect()
    }

    fn write(volume: &Path, files: &Payload) -> io::Result<bool> {
        super::write(volume, files, |_| Ok(()))
    }

    fn read(volume: &Path, path: &str) -> Option<String> {
        fs::read_to_string(volume.join(path)).ok()
    }

    #[test]
    fn content_appears_changes_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path();
        assert!(write(volume, &payload(&[("a", "1"), ("d/e", "2")])).unwrap());
        assert_eq!(read(volume, "a").as_deref(), Some("1"));
        assert_eq!(read(volume, "d/e").as_deref(), Some("2"));
        assert_eq!(fs::metadata(volume.join("a")).unwrap().permissions().mode() & 0o777, 0o640);

        assert!(!write(volume, &payload(&[("a", "1"), ("d/e", "2")])).unwrap(), "nothing has changed");

        assert!(write(volume, &payload(&[("a", "3"), ("f", "4")])).unwrap());
        assert_eq!(read(volume, "a").as_deref(), Some("3"));
        assert_eq!(read(volume, "f").as_deref(), Some("4"));
        assert!(fs::symlink_metadata(volume.join("d")).is_err());

        assert!(write(volume, &Payload::new()).unwrap());
        assert_eq!(read(volume, "a"), None);
        let hidden: Vec<_> = fs::read_dir(volume).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(hidden.len(), 2, "one directory and ..data: {hidden:?}");
    }

    #[test]
    fn what_a_crash_left_is_put_right() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path();
        let files = payload(&[("a", "1")]);
        write(volume, &files).unwrap();
        fs::create_dir(volume.join("..1")).unwrap();
        fs::write(volume.join("..1/half"), "x").unwrap();
        fs::remove_file(volume.join("a")).unwrap();
        assert!(write(volume, &files).unwrap());
        assert_eq!(read(volume, "a").as_deref(), Some("1"));
    }

    #[test]
    fn a_reader_through_the_old_link_keeps_a_whole_view() {
        let dir = tempfile::tempdir().unwrap();
        let volume = dir.path();
        write(volume, &payload(&[("a", "1"), ("b", "1")])).unwrap();
        let before = fs::read_link(volume.join(DATA)).unwrap();
        write(volume, &payload(&[("a", "2"), ("b", "2")])).unwrap();
        let after = fs::read_link(volume.join(DATA)).unwrap();
        assert_ne!(before, after);
        assert_eq!(read(volume, "a"), read(volume, "b"));
    }
}
