//! Named volumes as PersistentVolumeClaims.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    Converted, Error,
    model::{MountKind, Project, Service, Volume},
    object_name,
    short::scalar,
    units,
};

/// What a claim asks for when the volume does not say (`driver_opts.size`).
const DEFAULT_BYTES: u64 = 1 << 30;

/// Adds a claim for each named volume that an active service mounts.
pub(super) fn add(
    project: &Project,
    active: &BTreeMap<&String, &Service>,
    converted: &mut Converted,
) -> Result<(), Error> {
    let mounted = |name: &str| {
        let mut mounts = active.values().flat_map(|service| &service.volumes);
        mounts.any(|mount| mount.kind == MountKind::Volume && mount.source.as_deref() == Some(name))
    };
    for (name, volume) in &project.volumes {
        let default = Volume::default();
        let volume = volume.as_ref().unwrap_or(&default);
        if volume.external || !mounted(name) {
            continue;
        }
        if let Some(driver) = volume.driver.as_deref().filter(|driver| *driver != "local") {
            converted.warnings.push(format!(
                "volume {name}, left out: driver {driver}; the cluster's default storage class provides it"
            ));
        }
        let labels: BTreeMap<_, _> =
            volume.labels.iter().map(|(key, value)| (key, value.as_deref().unwrap_or_default())).collect();
        let mut metadata = json!({"name": claim(name, volume)});
        if !labels.is_empty() {
            metadata["labels"] = json!(labels);
        }
        converted.objects.push(json!({
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": metadata,
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": units::quantity(size(name, volume)?)}},
            },
        }));
    }
    Ok(())
}

/// The claim's name: the volume's own `name`, else its key.
pub(super) fn claim(key: &str, volume: &Volume) -> String {
    object_name(volume.name.as_deref().unwrap_or(key))
}

fn size(name: &str, volume: &Volume) -> Result<u64, Error> {
    let Some(given) = volume.driver_opts.get("size") else { return Ok(DEFAULT_BYTES) };
    scalar(given).and_then(|text| units::bytes(&text)).ok_or_else(|| Error::Form {
        path: format!("volumes.{name}.driver_opts.size"),
        problem: format!("{given} is no size: write 500m or 10g"),
    })
}
