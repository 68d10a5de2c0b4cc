//! A container's mounts as a guest's preopened directories.
//!
//! A directory is opened as it is. A single file cannot be: it is bound into a private directory, which stands for the
//! directory the file is mounted in and holds nothing else.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use naru_runtime::{Error, Mount, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// A directory for the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Preopen {
    source: PathBuf,
    target: PathBuf,
    read_only: bool,
}

/// What to do for a list of mounts; pure.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    preopens: Vec<Preopen>,
    /// Files by the directory that shall hold them, each with its name there.
    files: BTreeMap<PathBuf, Vec<(String, Mount)>>,
}

fn plan(mounts: &[Mount], is_dir: impl Fn(&Path) -> bool) -> Result<Plan> {
    let mut plan = Plan::default();
    for mount in mounts {
        if is_dir(&mount.source) {
            let (source, target) = (mount.source.clone(), mount.target.clone());
            plan.preopens.push(Preopen { source, target, read_only: mount.read_only });
            continue;
        }
        let target = &mount.target;
        let (Some(dir), Some(name)) = (target.parent(), target.file_name().and_then(|name| name.to_str()))
        else {
            return Err(Error::invalid(format!("a file cannot be mounted at {}", target.display())));
        };
        plan.files.entry(dir.to_owned()).or_default().push((name.to_owned(), mount.clone()));
    }
    for dir in plan.files.keys() {
        if plan.preopens.iter().any(|preopen| preopen.target == *dir) {
            let message = format!(
                "a Wasm container cannot have a file mounted in {0}, where a volume is",
                dir.display()
            );
            return Err(Error::invalid(message));
        }
    }
    Ok(plan)
}

/// The private directory of one container, if it needs one; gone when dropped.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    bound: Vec<PathBuf>,
}

impl Drop for Files {
    fn drop(&mut self) {
        for file in &self.bound {
            // Detached: the guest that had it open is gone or going.
            let _ = umount2(file, MntFlags::MNT_DETACH);
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Removes what a former shim left in `dir`.
pub(crate) fn sweep(dir: &Path) -> io::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    // The fifth field is the mount point.
    let points = table.lines().filter_map(|line| line.split(' ').nth(4)).map(Path::new);
    for point in points.filter(|point| point.starts_with(dir)) {
        umount2(point, MntFlags::MNT_DETACH)?;
    }
    fs::remove_dir_all(dir)
}

/// Opens the mounts for the guest. `dir` is a place for this container's private directory.
pub(crate) fn open(mounts: &[Mount], dir: PathBuf, wasi: &mut WasiCtxBuilder) -> Result<Option<Files>> {
    let plan = plan(mounts, Path::is_dir)?;
    for preopen in &plan.preopens {
        add(wasi, preopen)?;
    }
    if plan.files.is_empty() {
        return Ok(None);
    }
    let mut files = Files { dir, bound: Vec::new() };
    for (number, (target, mounts)) in plan.files.into_iter().enumerate() {
        let source = files.dir.join(number.to_string());
        let made = fs::create_dir_all(&source);
        made.map_err(|error| Error::internal(&format!("cannot make {}", source.display()), &error))?;
        for (name, mount) in mounts {
            files.bind(&source.join(name), &mount)?;
        }
        // Each file carries its own permission; the directory has nothing else to write.
        add(wasi, &Preopen { source, target, read_only: false })?;
    }
    Ok(Some(files))
}

impl Files {
    fn bind(&mut self, at: &Path, file: &Mount) -> Result<()> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            Error::internal(
                &format!("cannot mount {} at {}", file.source.display(), file.target.display()),
                error,
            )
        };
        fs::File::create(at).map_err(|error| failed(&error))?;
        let none = None::<&str>;
        mount(Some(&file.source), at, none, MsFlags::MS_BIND, none).map_err(|error| failed(&error))?;
        self.bound.push(at.to_owned());
        if file.read_only {
            let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
            mount(none, at, none, flags, none).map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

fn add(wasi: &mut WasiCtxBuilder, preopen: &Preopen) -> Result<()> {
    let perms = if preopen.read_only { FsPerms::ReadOnly } else { FsPerms::ReadWrite };
    let Some(target) = preopen.target.to_str() else {
        return Err(Error::invalid(format!("the mount path {} is not text", preopen.target.display())));
    };
    match wasi.preopened_dir(&preopen.source, target, perms) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Internal {
            message: format!("cannot open {} for {target}: {error:#}", preopen.source.display()),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn mount(source: &str, target: &str) -> Mount {
        Mount { source: source.into(), target: target.into(), read_only: true }
    }

    #[test]
    fn files_are_gathered_by_directory() {
        let mounts =
            [mount("/v/d", "/data"), mount("/v/hosts", "/etc/hosts"), mount("/v/dns", "/etc/resolv.conf")];
        let plan = plan(&mounts, |path| path.ends_with("d")).unwrap();
        assert_eq!(plan.preopens.len(), 1);
        let names: Vec<_> = plan.files[Path::new("/etc")].iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["hosts", "resolv.conf"]);
    }

    #[test]
    fn what_cannot_be_is_said() {
        let in_a_volume = [mount("/v/d", "/data"), mount("/v/f", "/data/f")];
        let error = plan(&in_a_volume, |path| path.ends_with("d")).unwrap_err();
        assert!(error.to_string().contains("/data"), "{error}");
        assert!(plan(&[mount("/v/f", "/")], |_| false).is_err());
    }
}
