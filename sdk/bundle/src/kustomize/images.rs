//! `images` and `replicas`.

use regex_automata::meta::Regex;
use serde_json::{Value, json};

use super::{
    Error, Place, fields,
    model::{Image, Kustomization},
    resource::{Resources, made},
};

/// The kinds whose `spec.replicas` can be set.
const SCALED: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
/// The lists whose items have an image.
const CONTAINERS: [&str; 2] = ["containers", "initContainers"];

/// Sets the numbers of replicas; an entry that means nothing is an error, as in kustomize.
pub(super) fn set_replicas(
    at: &Place<'_, '_>,
    own: &Kustomization,
    resources: &mut Resources,
) -> Result<(), Error> {
    for entry in &own.replicas {
        let mut found = false;
        for resource in resources.iter_mut() {
            if resource.was_named(&entry.name)
                && SCALED.contains(&resource.kind())
                && let Some(spec) = made(&mut resource.object, "spec")
            {
                spec.insert("replicas".into(), json!(entry.count));
                found = true;
            }
        }
        if !found {
            let problem = format!("no {} is called {:?}", SCALED.join(", "), entry.name);
            return Err(at.fault("replicas", problem));
        }
    }
    Ok(())
}

/// Sets the images of all containers, wherever an object has some.
pub(super) fn set_images(own: &Kustomization, resources: &mut Resources) {
    if own.images.is_empty() {
        return;
    }
    // What is no pattern means no image.
    let pattern = |image: &Image| {
        Regex::new(&format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name)).ok()
    };
    let images: Vec<_> = own.images.iter().filter_map(|image| Some((pattern(image)?, image))).collect();
    for resource in resources.iter_mut().filter(|resource| resource.kind() != "CustomResourceDefinition") {
        walk(&mut resource.object, &images);
    }
}

fn walk(value: &mut Value, images: &[(Regex, &Image)]) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if CONTAINERS.contains(&key.as_str()) {
                    for container in inner.as_array_mut().into_iter().flatten() {
                        fields::each(container, "image", false, &mut |image| set(image, images));
                    }
                }
                if key == "volumes" {
                    for volume in inner.as_array_mut().into_iter().flatten() {
                        fields::each(volume, "image/reference", false, &mut |image| set(image, images));
                    }
                }
                walk(inner, images);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, images)),
        _ => {}
    }
}

fn set(value: &mut Value, images: &[(Regex, &Image)]) {
    for (pattern, image) in images {
        let Some(text) = value.as_str() else { return };
        if pattern.is_match(text) {
            let (name, tag, digest) = split(text);
            *value = json!(changed(image, name, tag, digest));
        }
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
        (Some(tag), None) => format!("{name}:{tag}{suffix}"),
        (None, Some(digest)) => format!("{name}@{digest}"),
        (None, None) => {
            let tag = tag.map(|tag| format!(":{tag}{suffix}")).unwrap_or_default();
            let digest = digest.filter(|_| suffix.is_empty()).map(|digest| format!("@{digest}"));
            format!("{name}{tag}{}", digest.unwrap_or_default())
        }
    }
}
