//! A part of a volume as a mount of its own, without a race that a container could win.
//!
//! The path is opened beneath the volume, links that lead out are refused by the kernel, and what was opened (not the
//! path) is bound to a place that only the node can change. Blocking; root only.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::BTreeSet,
    fs::{self, File},
    io,
    os::fd::{AsRawFd, OwnedFd},
    path::{Component, Path},
};

use k8s_openapi::api::core::v1::VolumeMount;
use naru_runtime::EnvVar;
use nix::{
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    sys::stat::{Mode, mkdirat},
};

use super::mounts;
use crate::container::expand::expand;

/// The part of its volume that a mount wants, `subPathExpr` expanded with the container's environment; `None`: the whole. The
/// error has kubelet's words.
pub(crate) fn of<'a>(mount: &'a VolumeMount, env: &[EnvVar]) -> Result<Option<Cow<'a, str>>, String> {
    let given = |text: &'a Option<String>| text.as_deref().filter(|text| !text.is_empty());
    let part = match (given(&mount.sub_path_expr), given(&mount.sub_path)) {
        (Some(expression), _) => Cow::Owned(expanded(expression, env)?),
        (None, Some(part)) => Cow::Borrowed(part),
        (None, None) => return Ok(None),
    };
    if part.starts_with('/') {
        return Err(format!("error SubPath `{part}` must not be an absolute path"));
    }
    if part.split('/').any(|step| step == "..") {
        return Err(format!("unable to provision SubPath `{part}`: must not contain '..'"));
    }
    Ok(Some(part))
}

/// Unlike in an environment, a variable without a value is an error: the path would be another one.
fn expanded(expression: &str, env: &[EnvVar]) -> Result<String, String> {
    let missing = RefCell::new(BTreeSet::new());
    let path = expand(expression, |name| {
        let value = env.iter().find(|var| var.name == name).map(|var| var.value.as_str());
        value.filter(|value| !value.is_empty()).or_else(|| {
            missing.borrow_mut().insert(name.to_owned());
            None
        })
    });
    let missing: Vec<String> = missing.into_inner().into_iter().collect();
    if missing.is_empty() { Ok(path) } else { Err(format!("missing value for {}", missing.join(", "))) }
}

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

/// Opens `path` beneath `root` component by component, making directories that are missing with the mode of `root`: whoever may
/// write to the volume may write to them.
fn open(root: &File, path: &Path) -> io::Result<OwnedFd> {
    match open_beneath(root, path) {
        Err(nix::Error::ENOENT) => {}
        other => return other.map_err(io::Error::from),
    }
    let mode = root.metadata()?.permissions();
    let mut so_far = std::path::PathBuf::new();
    let mut directory = open_beneath(root, Path::new("."))?;
    for component in path.components() {
        let Component::Normal(name) = component else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a subPath must stay within its volume"));
        };
        let made = match mkdirat(&directory, name, Mode::S_IRWXU) {
            Ok(()) => true,
            Err(nix::Error::EEXIST) => false,
            Err(error) => return Err(error.into()),
        };
        so_far.push(name);
        directory = open_beneath(root, &so_far)?;
        if made {
            // What the file descriptor refers to, which only a path through /proc can change for one that is opened as a path.
            fs::set_permissions(format!("/proc/self/fd/{}", directory.as_raw_fd()), mode.clone())?;
        }
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
    use std::os::unix::fs::{PermissionsExt, symlink};

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
    fn new_directories_have_the_mode_of_their_volume() {
        let dir = tempfile::tempdir().unwrap();
        for (name, mode) in [("open", 0o777), ("group", 0o2775), ("shut", 0o700)] {
            let volume = dir.path().join(name);
            fs::create_dir(&volume).unwrap();
            fs::set_permissions(&volume, fs::Permissions::from_mode(mode)).unwrap();
            let target = dir.path().join("places").join(name);
            bind(&volume, "a/b", &target).unwrap();
            for path in ["a", "a/b"] {
                let made = fs::metadata(volume.join(path)).unwrap().permissions().mode();
                assert_eq!(made & 0o7777, mode, "{name}/{path}");
            }
        }
        mounts::remove(&dir.path().join("places")).unwrap();
    }

    #[test]
    fn the_part_is_expanded_with_the_environment() {
        let env = [("POD", "p-0"), ("EMPTY", ""), ("ABS", "/etc"), ("UP", ".."), ("TICK", "`ls`")];
        let env = env.map(|(name, value)| EnvVar { name: name.into(), value: value.into() });
        for (part, expression, expected) in [
            ("", "", Ok(None)),
            ("a/b", "", Ok(Some("a/b"))),
            ("$(POD)", "", Ok(Some("$(POD)"))),
            ("", "$(POD)/logs", Ok(Some("p-0/logs"))),
            ("", "$$(POD)", Ok(Some("$(POD)"))),
            ("", "plain", Ok(Some("plain"))),
            ("", "$(TICK)", Ok(Some("`ls`"))),
            ("", "$(NONE)/$(EMPTY)/$(POD)/$(NONE)", Err("missing value for EMPTY, NONE")),
            ("", "$(ABS)/x", Err("error SubPath `/etc/x` must not be an absolute path")),
            ("", "a/$(UP)", Err("unable to provision SubPath `a/..`: must not contain '..'")),
        ] {
            let mount = VolumeMount {
                sub_path: Some(part.into()),
                sub_path_expr: Some(expression.into()),
                ..VolumeMount::default()
            };
            let found = of(&mount, &env);
            let found = found.as_ref().map(Option::as_deref).map_err(String::as_str);
            assert_eq!(found, expected, "{part} {expression}");
        }
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
