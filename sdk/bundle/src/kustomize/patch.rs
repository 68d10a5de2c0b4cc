//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use naru_api::{patch, schema, selector::LabelSelector};
use regex_automata::meta::Regex;
use serde_json::Value;

use super::{
    Error, Place,
    model::{Kustomization, Patch, Target},
    plain,
    resource::{Resource, Resources},
};
use crate::yaml;

/// `patchesStrategicMerge`: each entry a file or the patch itself.
pub(super) fn strategic_files(
    at: &Place<'_, '_>,
    own: &Kustomization,
    resources: &mut Resources,
) -> Result<(), Error> {
    const FIELD: &str = "patchesStrategicMerge";
    for entry in &own.patches_strategic_merge {
        for patch in at.documents(entry)? {
            merge_by_name(at, FIELD, &patch, resources)?;
        }
    }
    Ok(())
}

/// `patchesJson6902`.
pub(super) fn json_files(
    at: &Place<'_, '_>,
    own: &Kustomization,
    resources: &mut Resources,
) -> Result<(), Error> {
    own.patches_json.iter().try_for_each(|entry| one(at, "patchesJson6902", entry, resources))
}

/// `patches`.
pub(super) fn apply(at: &Place<'_, '_>, own: &Kustomization, resources: &mut Resources) -> Result<(), Error> {
    own.patches.iter().try_for_each(|entry| one(at, "patches", entry, resources))
}

fn one(at: &Place<'_, '_>, field: &str, entry: &Patch, resources: &mut Resources) -> Result<(), Error> {
    if let Some((option, _)) = entry
        .options
        .iter()
        .find(|(name, _)| !["allowNameChange", "allowKindChange"].contains(&name.as_str()))
    {
        return Err(at.fault(field, format!("options: unknown option {option:?}")));
    }
    let text = match (&entry.patch, &entry.path) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(path)) => at.read(path)?,
        _ => return Err(at.fault(field, "needs exactly one of patch and path")),
    };
    let value = yaml::read_exact(&text).map_err(|source| Error::Yaml { path: at.path.into(), source })?;
    let value = plain(at.path, &value)?;
    match (value, &entry.target) {
        (Value::Array(operations), Some(target)) => {
            for resource in chosen(at, field, target, resources)? {
                let fault = |problem: String| at.fault(field, format!("{}: {problem}", resource.name()));
                let patched = patch::json(&resource.object, &Value::Array(operations.clone()));
                let patched = patched.map_err(|status| fault(status.message))?;
                resource.replace(patched).map_err(|problem| at.fault(field, problem))?;
            }
            Ok(())
        }
        (Value::Array(_), None) => Err(at.fault(field, "a JSON patch needs a target")),
        (Value::Object(merge), Some(target)) => {
            let merge = Value::Object(merge);
            let mut gone = Vec::new();
            for resource in chosen(at, field, target, resources)? {
                match deletes(&merge) {
                    true => gone.push((resource.kind().to_owned(), resource.name().to_owned())),
                    false => merge_into(at, field, resource, &merge)?,
                }
            }
            resources.retain(|one| !gone.contains(&(one.kind().into(), one.name().into())));
            Ok(())
        }
        (Value::Object(_), None) => {
            for patch in super::documents(at.path, &text)? {
                merge_by_name(at, field, &patch, resources)?;
            }
            Ok(())
        }
        _ => Err(at.fault(field, "is neither an object nor a list of operations")),
    }
}

fn deletes(patch: &Value) -> bool {
    patch["$patch"] == "delete"
}

/// Merges a patch into the object that has its kind and name.
fn merge_by_name(
    at: &Place<'_, '_>,
    field: &str,
    patch: &Value,
    resources: &mut Resources,
) -> Result<(), Error> {
    let wanted = Resource::new(patch.clone()).map_err(|problem| at.fault(field, problem))?;
    let meant = |one: &Resource| {
        one.kind() == wanted.kind()
            && one.group_version().0 == wanted.group_version().0
            && one.was_named(wanted.name())
            && (wanted.namespace().is_empty() || one.namespace() == wanted.namespace())
    };
    if !resources.iter().any(meant) {
        let problem = format!("no {} is called {:?}", wanted.kind(), wanted.name());
        return Err(at.fault(field, problem));
    }
    if deletes(patch) {
        resources.retain(|one| !meant(one));
        return Ok(());
    }
    resources.iter_mut().filter(|one| meant(one)).try_for_each(|one| merge_into(at, field, one, patch))
}

/// Merges strategically where the kind is built in, else as a JSON merge patch; names stay.
fn merge_into(at: &Place<'_, '_>, field: &str, resource: &mut Resource, merge: &Value) -> Result<(), Error> {
    let text = |field: &str| resource.object[field].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (name, namespace) = (resource.name().to_owned(), resource.namespace().to_owned());
    match schema::by_kind(&api_version, &kind) {
        Some(definition) => {
            resource.object = patch::strategic(definition.name, &resource.object, merge)
                .map_err(|status| at.fault(field, format!("{name}: {}", status.message)))?;
        }
        None => patch::merge(&mut resource.object, merge),
    }
    if resource.object.get("metadata").is_some_and(|metadata| !metadata.is_object() && !metadata.is_null()) {
        return Err(at.fault(field, format!("{name}: metadata is not an object")));
    }
    resource.set_metadata("name", &name);
    if !namespace.is_empty() {
        resource.set_metadata("namespace", &namespace);
    }
    Ok(())
}

/// The objects that a target means.
fn chosen<'a>(
    at: &Place<'_, '_>,
    field: &str,
    target: &Target,
    resources: &'a mut Resources,
) -> Result<Vec<&'a mut Resource>, Error> {
    let pattern = |text: &Option<String>| {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let made = Regex::new(&format!("^(?:{text})$")).map(Some);
        made.map_err(|error| at.fault(field, format!("target: {error}")))
    };
    let selector = |text: &Option<String>| {
        let made = text.as_deref().map(LabelSelector::parse);
        made.transpose().map_err(|problem| at.fault(field, format!("target: {problem}")))
    };
    let (name, namespace) = (pattern(&target.name)?, pattern(&target.namespace)?);
    let (group, version, kind) = (pattern(&target.group)?, pattern(&target.version)?, pattern(&target.kind)?);
    let (labels, annotations) = (selector(&target.label_selector)?, selector(&target.annotation_selector)?);
    let fits =
        |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
    let selects = |selector: &Option<LabelSelector>, pairs: &Value| {
        selector.as_ref().is_none_or(|selector| selector.matches(|key| pairs[key].as_str()))
    };
    let meant = |one: &&mut Resource| {
        let (own_group, own_version) = one.group_version();
        fits(&group, own_group)
            && fits(&version, own_version)
            && fits(&kind, one.kind())
            && (fits(&name, one.name()) || fits(&name, one.original_name()))
            && fits(&namespace, one.namespace())
            && selects(&labels, &one.object["metadata"]["labels"])
            && selects(&annotations, &one.object["metadata"]["annotations"])
    };
    Ok(resources.iter_mut().filter(meant).collect())
}
