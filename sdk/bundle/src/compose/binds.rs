//! Files beside the Compose file that services mount: a cluster's nodes do not have them, so their content goes along as
//! ConfigMaps. Folders cannot.

use serde_json::json;

use super::{
    Converted, Error, Surroundings, files,
    model::{MountKind, Project},
    object_name,
};

/// The largest file that fits a ConfigMap, in bytes: Kubernetes allows 1 MiB with everything around it.
const FILE_BYTES_MAX: usize = 1_000_000;

/// Turns the mounts of single files into mounts of ConfigMaps, and adds those.
///
/// # Errors
/// What is mounted is no file that can be read, or is too large.
pub(super) fn resolve(
    project: &mut Project,
    profiles: &[String],
    surroundings: &dyn Surroundings,
    converted: &mut Converted,
) -> Result<(), Error> {
    for (name, service) in &mut project.services {
        if !service.active(profiles) {
            continue;
        }
        for mount in &mut service.volumes {
            let Some(path) = mount.source.clone().filter(|path| !path.starts_with('/')) else { continue };
            if mount.kind != MountKind::Bind {
                continue;
            }
            let unsupported = |problem: String| Error::Unsupported { service: name.clone(), problem };
            let content = surroundings.file(&path).map_err(|problem| {
                unsupported(format!(
                    "volume {path:?} is a path of your machine, which a cluster's nodes do not have, and no single file \
                     that could go along as a ConfigMap ({problem}): use a named volume, a config, or an absolute path \
                     that each node has"
                ))
            })?;
            if content.len() > FILE_BYTES_MAX {
                return Err(unsupported(format!(
                    "volume {path:?} has {} bytes, a ConfigMap at most {FILE_BYTES_MAX}: put it into the image",
                    content.len()
                )));
            }
            let file = path.rsplit('/').next().unwrap_or(&path);
            let map = format!("{}-{}", object_name(name), object_name(file));
            if !converted.objects.iter().any(|one| one["metadata"]["name"] == json!(map)) {
                converted.objects.push(files::config_map(&map, &content));
            }
            if !mount.read_only {
                converted.warnings.push(format!(
                    "service {name}: the file {path} goes along as the ConfigMap {map}, which the service cannot write"
                ));
            }
            mount.kind = MountKind::File;
            mount.source = Some(map);
            mount.read_only = true;
        }
    }
    Ok(())
}
