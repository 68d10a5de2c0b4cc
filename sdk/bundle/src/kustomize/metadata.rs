//! `buildMetadata`: what a build says of itself in its objects. In: what is wanted; out: a label, and annotations that say where
//! objects come from.

use super::resource::{Resources, made};

/// Who manages the objects, by the label: the kustomize that the stock kubectl has.
const MANAGER: &str = "kustomize-v5.8.1";

/// The file that an object stands in, as its origin.
pub(super) fn of_file(path: &str) -> String {
    format!("path: {path}\n")
}

/// The kustomization that makes an object of a kind, as its origin.
pub(super) fn of_generator(path: &str, kind: &str) -> String {
    format!("configuredIn: {path}\nconfiguredBy:\n  apiVersion: builtin\n  kind: {kind}Generator\n")
}

/// A path as seen from a folder; both are whole or relative to one place.
pub(super) fn seen_from(folder: &str, path: &str) -> String {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
    };
    let (folder, path) = (parts(folder), parts(path));
    let common = folder.iter().zip(&path).take_while(|(one, other)| one == other).count();
    let up = folder[common..].iter().map(|_| "..");
    up.chain(path[common..].iter().map(String::as_str)).collect::<Vec<_>>().join("/")
}

/// Puts into the objects what is `wanted`.
///
/// # Errors
/// Something that is not here.
pub(super) fn annotate(wanted: &[String], resources: &mut Resources) -> Result<(), String> {
    for one in wanted {
        match one.as_str() {
            "managedByLabel" => {
                put(resources, "labels", "app.kubernetes.io/managed-by", |_| MANAGER.to_owned());
            }
            "originAnnotations" => {
                put(resources, "annotations", "config.kubernetes.io/origin", |origin| origin.to_owned());
            }
            "transformerAnnotations" => return Err(format!("{one} is not supported")),
            // Neither does kubectl ask what it may be.
            _ => {}
        }
    }
    Ok(())
}

/// Puts what `text` makes of an object's origin into a field of its metadata.
fn put(resources: &mut Resources, field: &str, key: &str, text: impl Fn(&str) -> String) {
    for resource in resources.iter_mut() {
        let text = text(&resource.origin);
        if let Some(pairs) = resource.object.get_mut("metadata").and_then(|metadata| made(metadata, field)) {
            pairs.insert(key.into(), text.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_folders() {
        for (folder, path, expected) in [
            (".", "a.yaml", "a.yaml"),
            ("x/overlay", "x/base/a.yaml", "../base/a.yaml"),
            ("/x/o", "/x/o/sub/a.yaml", "sub/a.yaml"),
            ("/x/o/p", "/y/a.yaml", "../../../y/a.yaml"),
        ] {
            assert_eq!(seen_from(folder, path), expected, "{folder} {path}");
        }
    }
}
