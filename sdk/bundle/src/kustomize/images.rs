//! `images` and `replicas`.

use regex_automata::meta::Regex;
use serde_json::{Value, json};

use super::{
    Error, Place, fields,
    model::{FieldSpec, Image, Kustomization, Replicas},
    resource::Resources,
};

/// The kinds whose `spec.replicas` can be set.
const SCALED: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
/// The lists whose items have an image.
const CONTAINERS: [&str; 2] = ["containers", "initContainers"];
/// Where images usually are.
const USUAL: [&str; 6] = [
    "spec/containers[]/image",
    "spec/initContainers[]/image",
    "spec/volumes[]/image/reference",
    "spec/template/spec/containers[]/image",
    "spec/template/spec/initContainers[]/image",
    "spec/template/spec/volumes[]/image/reference",
];

/// Sets the numbers of replicas; an entry that means nothing is an error, as in kustomize.
pub(super) fn set_replicas(
    at: &Place<'_, '_>,
    own: &Kustomization,
    resources: &mut Resources,
) -> Result<(), Error> {
    let usual = SCALED.map(|kind| FieldSpec {
        kind: Some(kind.into()),
        path: "spec/replicas".into(),
        create: true,
        ..FieldSpec::default()
    });
    let specs = [&usual, resources.places.replicas.as_slice()].concat();
    let mut set = |entry| set_count(entry, &specs, resources);
    own.replicas.iter().try_for_each(&mut set).map_err(|problem| at.fault("replicas", problem))
}

/// Sets a number of replicas at the places that are named.
///
/// # Errors
/// No object of those kinds has that name.
pub(super) fn set_count(
    entry: &Replicas,
    specs: &[FieldSpec],
    resources: &mut Resources,
) -> Result<(), String> {
    let mut found = false;
    for spec in specs {
        for resource in resources.iter_mut().filter(|one| one.was_named(&entry.name) && spec.means(one)) {
            found = true;
            fields::each(&mut resource.object, &spec.path, spec.create, &mut |field| {
                *field = json!(entry.count);
            });
        }
    }
    let kinds = || specs.iter().filter_map(|spec| spec.kind.clone()).collect::<Vec<_>>().join(", ");
    if found { Ok(()) } else { Err(format!("no {} is called {:?}", kinds(), entry.name)) }
}

/// Sets the images of all containers.
pub(super) fn set_images(own: &Kustomization, resources: &mut Resources) {
    let usual = USUAL.map(|path| FieldSpec { path: path.into(), ..FieldSpec::default() });
    let specs = [&usual, resources.places.images.as_slice()].concat();
    own.images.iter().for_each(|image| set_image(image, &specs, resources));
}

/// Sets an image wherever a container has it, and at the places that are named, where a suffix is put twice, as with kubectl.
pub(super) fn set_image(image: &Image, specs: &[FieldSpec], resources: &mut Resources) {
    let pattern =
        Regex::new(&format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name));
    // What is no pattern means no image.
    let Ok(pattern) = pattern else { return };
    let mut set = |value: &mut Value| set(value, &pattern, image);
    for resource in resources.iter_mut().filter(|resource| resource.kind() != "CustomResourceDefinition") {
        containers(&mut resource.object, &mut set);
        let meant: Vec<&FieldSpec> = specs.iter().filter(|spec| spec.means(resource)).collect();
        for spec in meant {
            fields::each(&mut resource.object, &spec.path, false, &mut set);
        }
    }
}

/// Calls `set` with the image of each container, wherever an object has some.
fn containers(value: &mut Value, set: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if CONTAINERS.contains(&key.as_str()) {
                    for container in inner.as_array_mut().into_iter().flatten() {
                        fields::each(container, "image", false, set);
                    }
                }
                containers(inner, set);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| containers(item, set)),
        _ => {}
    }
}

fn set(value: &mut Value, pattern: &Regex, image: &Image) {
    let Some(text) = value.as_str() else { return };
    if pattern.is_match(text) {
        let (name, tag, digest) = split(text);
        *value = json!(changed(image, name, tag, digest));
    }
}

/// `name[:tag][@digest]`; a colon before a slash is a port.
fn split(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag), digest),
        _ => (rest, None, digest),
    }
}

fn changed(image: &Image, name: &str, tag: Option<&str>, digest: Option<&str>) -> String {
    let name = image.new_name.as_deref().unwrap_or(name);
    let new_tag = image.new_tag.as_deref().filter(|tag| !tag.is_empty());
    let suffix = image.tag_suffix.as_deref().unwrap_or_default();
    match (new_tag, image.digest.as_deref()) {
        (Some(tag), Some(digest)) => format!("{name}:{tag}@{digest}"),
        (Some(tag), None) => format!("{name}:{tag}"),
        (None, Some(digest)) => format!("{name}@{digest}"),
        (None, None) if !suffix.is_empty() => format!("{name}:{}{suffix}", tag.unwrap_or_default()),
        (None, None) => {
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
            format!("{name}{tag}{digest}")
        }
    }
}
