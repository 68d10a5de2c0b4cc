//! A pod's volumes on the node, and the mounts a container gets of them.
//!
//! In: the pod, the objects its volumes name. Out: directories under the pod's own directory ([`PodDir`]), and
//! [`Mount`]s. [`payload`] is pure; the rest is blocking and runs beside the reactor.

pub(crate) mod atomic;
pub(crate) mod host_path;
pub(crate) mod mounts;
pub(crate) mod owner;
pub(crate) mod payload;
pub(crate) mod sub_path;

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use k8s_openapi::api::core::v1::{Container, EmptyDirVolumeSource, Pod, Volume};
use naru_api::quantity::Quantity;
use naru_runtime::{EnvVar, Mount};

use crate::container::{env::Contents, fields::Facts};

/// Most bytes that secrets in one volume may take in memory.
const MAX_SECRET_BYTES: u64 = 64 << 20;

/// The directory of a pod on the node: `<data>/pods/<uid>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodDir(PathBuf);

impl PodDir {
    /// The directory that holds all pods' directories.
    pub(crate) fn parent(data: &Path) -> PathBuf {
        data.join("pods")
    }

    /// The directory of the pod `uid`.
    pub(crate) fn new(data: &Path, uid: &str) -> PodDir {
        PodDir(Self::parent(data).join(uid))
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where a volume is, for those that are not paths of the node.
    pub(crate) fn volume(&self, name: &str) -> PathBuf {
        self.volumes().join(name)
    }

    /// Where all volumes are.
    pub(crate) fn volumes(&self) -> PathBuf {
        self.0.join("volumes")
    }

    /// Where parts of volumes are bound.
    pub(crate) fn sub_paths(&self) -> PathBuf {
        self.0.join("subpaths")
    }

    /// Where `hosts`, `hostname` and `resolv.conf` are.
    pub(crate) fn etc(&self) -> PathBuf {
        self.0.join("etc")
    }

    /// Where the files of a container's attempts are.
    pub(crate) fn container(&self, name: &str) -> PathBuf {
        self.0.join("containers").join(name)
    }
}

fn volumes(pod: &Pod) -> &[Volume] {
    pod.spec.as_ref().and_then(|spec| spec.volumes.as_deref()).unwrap_or_default()
}

/// Whether any volume of the pod follows objects of the API or the pod's own metadata.
pub(crate) fn live(pod: &Pod) -> bool {
    volumes(pod).iter().any(payload::is_payload)
}

/// A digest of what volumes may show of the pod itself and may change while it runs: its labels and annotations.
pub(crate) fn shown(pod: &Pod) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&pod.metadata.labels, &pod.metadata.annotations).hash(&mut hasher);
    hasher.finish()
}

/// Makes all volumes, or brings them up to date. An error is for the pod's user. Blocking.
pub(crate) fn set_up(pod: &Pod, dir: &PodDir, facts: Facts<'_>, contents: &Contents) -> Result<(), String> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o750).create(dir.volumes());
    made.map_err(|error| format!("cannot make {}: {error}", dir.volumes().display()))?;
    for volume in volumes(pod) {
        set_up_one(pod, volume, dir, facts, contents)
            .map_err(|error| format!("MountVolume.SetUp failed for volume {:?} : {error}", volume.name))?;
    }
    Ok(())
}

fn set_up_one(
    pod: &Pod,
    volume: &Volume,
    dir: &PodDir,
    facts: Facts<'_>,
    contents: &Contents,
) -> Result<(), String> {
    let path = dir.volume(&volume.name);
    let group = fs_group(pod);
    let text = |error: io::Error| error.to_string();
    if let Some(source) = &volume.host_path {
        host_path::prepare(Path::new(&source.path), source.type_.as_deref().unwrap_or_default())
    } else if let Some(source) = &volume.empty_dir {
        empty_dir(&path, source, group).map_err(text)
    } else if payload::is_payload(volume) {
        let files = payload::payload(pod, volume, facts, contents)?;
        if payload::is_secret(volume) {
            mounts::tmpfs(&path, Some(MAX_SECRET_BYTES), 0o755).map_err(text)?;
        } else {
            make_dir(&path).map_err(text)?;
        }
        let own = |fresh: &Path| group.map_or(Ok(()), |group| owner::set_group(fresh, group, true));
        atomic::write(&path, &files, own).map(drop).map_err(text)
    } else {
        Err("no volume plugin matched".into())
    }
}

fn fs_group(pod: &Pod) -> Option<u32> {
    let context = pod.spec.as_ref()?.security_context.as_ref()?;
    context.fs_group.and_then(|group| u32::try_from(group).ok())
}

/// Makes a directory; whether it was not there.
fn make_dir(path: &Path) -> io::Result<bool> {
    match fs::DirBuilder::new().mode(0o755).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn empty_dir(path: &Path, source: &EmptyDirVolumeSource, group: Option<u32>) -> io::Result<()> {
    let fresh = if source.medium.as_deref() == Some("Memory") {
        let limit = source.size_limit.as_ref().and_then(|limit| Quantity::parse(&limit.0).ok());
        let fresh = !path.exists();
        mounts::tmpfs(path, limit.and_then(|limit| u64::try_from(limit.to_value()).ok()), 0o777)?;
        fresh
    } else {
        make_dir(path)?
    };
    if fresh {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777))?;
        if let Some(group) = group {
            owner::set_group(path, group, false)?;
        }
    }
    Ok(())
}

/// The mounts that a container gets of the pod's volumes, parts of volumes bound to places of their own. An error is for
/// the pod's user. Blocking.
///
/// `env` is the container's environment, which a `subPathExpr` is expanded with.
pub(crate) fn mounts_of(
    pod: &Pod,
    container: &Container,
    dir: &PodDir,
    env: &[EnvVar],
) -> Result<Vec<Mount>, String> {
    let mut list = Vec::new();
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let volume = volumes(pod).iter().find(|volume| volume.name == mount.name);
        let volume = volume.ok_or_else(|| format!("volume {:?} is not in the pod", mount.name))?;
        let mut source = match &volume.host_path {
            Some(host) => PathBuf::from(&host.path),
            None => dir.volume(&volume.name),
        };
        if let Some(part) = sub_path::of(mount, env)? {
            let target = dir.sub_paths().join(&container.name).join(index.to_string());
            sub_path::bind(&source, &part, &target).map_err(|error| {
                format!(
                    "failed to prepare subPath for volumeMount {:?} of container {:?}: {error}",
                    mount.name, container.name
                )
            })?;
            source = target;
        }
        // Objects of the API are never changed through a mount.
        let read_only = mount.read_only.unwrap_or(false) || payload::is_payload(volume);
        list.push(Mount { source, target: Path::new("/").join(&mount.mount_path), read_only });
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::MetadataExt, sync::Arc};

    use serde_json::json;

    use super::*;
    use crate::{
        node::Capacity,
        objects::{Content, Key},
    };

    fn contents(text: &str) -> Contents {
        let content = |key: &str| {
            let data = [(key.to_owned(), text.as_bytes().to_vec())].into();
            Some(Arc::new(Content { version: text.into(), data }))
        };
        [(Key::config_map("ns", "cfg"), content("a")), (Key::secret("ns", "top"), content("pass"))].into()
    }

    #[test]
    fn volumes_are_made_mounted_updated_and_removed() {
        let data = tempfile::tempdir().unwrap();
        let host = data.path().join("host");
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
            "spec": {
                "securityContext": {"fsGroup": 4321},
                "volumes": [
                    {"name": "disk", "emptyDir": {}},
                    {"name": "memory", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
                    {"name": "cfg", "configMap": {"name": "cfg"}},
                    {"name": "top", "secret": {"secretName": "top"}},
                    {"name": "host", "hostPath": {"path": host, "type": "DirectoryOrCreate"}},
                ],
                "containers": [{"name": "c", "volumeMounts": [
                    {"name": "disk", "mountPath": "/disk"},
                    {"name": "disk", "mountPath": "/part", "subPath": "x/y", "readOnly": true},
                    {"name": "cfg", "mountPath": "/etc/a.conf", "subPath": "a"},
                    {"name": "top", "mountPath": "/top"},
                    {"name": "host", "mountPath": "/host"},
                    {"name": "disk", "mountPath": "/own", "subPathExpr": "$(NAME)/z"},
                ]}],
            },
        }))
        .unwrap();
        let dir = PodDir::new(data.path(), "u");
        let capacity =
            Capacity { cpu_millis: 1000, memory_bytes: 1 << 30, storage_bytes: 1 << 30, pods: 110 };
        let facts = Facts { node_ip: [192, 0, 2, 1].into(), pod_ip: None, capacity: &capacity };
        set_up(&pod, &dir, facts, &contents("1")).unwrap();
        set_up(&pod, &dir, facts, &contents("1")).unwrap();
        assert_eq!(mounts::mounted_under(dir.path()).unwrap().len(), 2, "memory and secret");
        assert_eq!(fs::metadata(dir.volume("disk")).unwrap().gid(), 4321);

        let container = &pod.spec.as_ref().unwrap().containers[0];
        let env = [EnvVar { name: "NAME".into(), value: "p".into() }];
        let list = mounts_of(&pod, container, &dir, &env).unwrap();
        let read_only: Vec<bool> = list.iter().map(|mount| mount.read_only).collect();
        assert_eq!(read_only, [false, true, true, true, false, false]);
        assert_eq!(fs::metadata(dir.volume("disk").join("p/z")).unwrap().mode() & 0o777, 0o777);
        assert!(dir.volume("disk").join("x/y").is_dir());
        assert_eq!(fs::read_to_string(&list[2].source).unwrap(), "1");
        assert_eq!(fs::read_to_string(list[3].source.join("pass")).unwrap(), "1");
        assert_eq!(list[4].source, host);
        assert_eq!(mounts_of(&pod, container, &dir, &[]).unwrap_err(), "missing value for NAME");

        set_up(&pod, &dir, facts, &contents("2")).unwrap();
        assert_eq!(fs::read_to_string(list[3].source.join("pass")).unwrap(), "2");

        mounts::remove(dir.path()).unwrap();
        assert!(mounts::mounted_under(dir.path()).unwrap().is_empty());
        assert!(host.is_dir(), "a path of the node is never removed");
    }

    #[test]
    fn a_failed_volume_is_named() {
        let data = tempfile::tempdir().unwrap();
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "p", "namespace": "ns", "uid": "u"},
            "spec": {"containers": [], "volumes": [{"name": "v", "configMap": {"name": "none"}}]},
        }))
        .unwrap();
        let capacity =
            Capacity { cpu_millis: 1000, memory_bytes: 1 << 30, storage_bytes: 1 << 30, pods: 110 };
        let facts = Facts { node_ip: [192, 0, 2, 1].into(), pod_ip: None, capacity: &capacity };
        let error = set_up(&pod, &PodDir::new(data.path(), "u"), facts, &contents("1")).unwrap_err();
        assert_eq!(error, "MountVolume.SetUp failed for volume \"v\" : configmap \"none\" not found");
    }
}
