//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use naru_api::{patch, schema};
use serde_json::Value;

use super::{
    Error, Place,
    model::{Kustomization, Patch, PatchOptions},
    plain,
    resource::{Resource, Resources},
    select::Selection,
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
            merge_by_name(at, FIELD, &patch, resources, PatchOptions::default())?;
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
    let text = match (&entry.patch, &entry.path) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(path)) => at.read(path)?,
        _ => return Err(at.fault(field, "needs exactly one of patch and path")),
    };
    let value = yaml::read_modern(&text).map_err(|source| Error::Yaml { path: at.path.into(), source })?;
    let value = plain(at.path, &value)?;
    match (value, &entry.target) {
        (Value::Array(operations), Some(target)) => {
            let target = Selection::new(target).map_err(|problem| at.fault(field, problem))?;
            for resource in resources.iter_mut().filter(|one| target.means(one)) {
                let fault = |problem: String| at.fault(field, format!("{}: {problem}", resource.name()));
                let operations = replacing(&resource.object, operations.clone());
                let patched = patch::json(&resource.object, &Value::Array(operations));
                let patched = patched.map_err(|status| fault(status.message))?;
                resource.replace(patched).map_err(|problem| at.fault(field, problem))?;
            }
            Ok(())
        }
        (Value::Array(_), None) => Err(at.fault(field, "a JSON patch needs a target")),
        (Value::Object(merge), Some(target)) => {
            if super::documents(at.path, &text)?.len() > 1 {
                return Err(at.fault(field, "a target goes with one patch, not with several documents"));
            }
            let merge = Value::Object(merge);
            let target = Selection::new(target).map_err(|problem| at.fault(field, problem))?;
            if deletes(&merge) {
                resources.retain(|one| !target.means(one));
                return Ok(());
            }
            for resource in resources.iter_mut().filter(|one| target.means(one)) {
                merge_into(at, field, resource, &merge, entry.options)?;
            }
            Ok(())
        }
        (Value::Object(_), None) => {
            for patch in super::documents(at.path, &text)? {
                merge_by_name(at, field, &patch, resources, entry.options)?;
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
    options: PatchOptions,
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
    resources
        .iter_mut()
        .filter(|one| meant(one))
        .try_for_each(|one| merge_into(at, field, one, patch, options))
}

/// A JSON patch in which what replaces a field that an object does not have yet adds it, as with kubectl.
fn replacing(object: &Value, mut operations: Vec<Value>) -> Vec<Value> {
    for operation in operations.iter_mut().filter(|operation| operation["op"] == "replace") {
        let Some((parent, _)) = operation["path"].as_str().and_then(|path| path.rsplit_once('/')) else {
            continue;
        };
        if object.pointer(parent).is_some_and(Value::is_object) {
            operation["op"] = "add".into();
        }
    }
    operations
}

/// Merges strategically where the kind is built in, else as a JSON merge patch; what the object is called stays, unless the
/// patch may change it.
fn merge_into(
    at: &Place<'_, '_>,
    field: &str,
    resource: &mut Resource,
    merge: &Value,
    options: PatchOptions,
) -> Result<(), Error> {
    let text = |field: &str| resource.object[field].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (name, namespace) = (resource.name().to_owned(), resource.namespace().to_owned());
    match schema::by_kind(&api_version, &kind) {
        Some(definition) => {
            resource.object = patch::strategic(definition.name, &resource.object, merge)
                .map_err(|status| at.fault(field, format!("{name}: {}", status.message)))?;
            put_first(&mut resource.object, merge);
        }
        None => patch::merge(&mut resource.object, merge),
    }
    if resource.object.get("metadata").is_some_and(|metadata| !metadata.is_object() && !metadata.is_null()) {
        return Err(at.fault(field, format!("{name}: metadata is not an object")));
    }
    resource.object["apiVersion"] = api_version.into();
    if !options.allow_kind_change || resource.kind().is_empty() {
        resource.object["kind"] = kind.into();
    }
    if !options.allow_name_change || resource.name().is_empty() {
        resource.set_metadata("name", &name);
    }
    match (namespace.is_empty(), resource.object["metadata"].as_object_mut()) {
        (true, Some(metadata)) => drop(metadata.remove("namespace")),
        _ => resource.set_metadata("namespace", &namespace),
    }
    resource.remember();
    Ok(())
}

/// Puts what a patch names of a list's items before the others, in the patch's order, as kubectl does; API servers leave
/// items where they are.
fn put_first(merged: &mut Value, patch: &Value) {
    match (merged, patch) {
        (Value::Object(merged), Value::Object(patch)) => {
            for (field, patch) in patch {
                if let Some(merged) = merged.get_mut(field) {
                    put_first(merged, patch);
                }
            }
        }
        (Value::Array(merged), Value::Array(patch)) if patch.iter().all(Value::is_object) => {
            let mut first = Vec::new();
            for wanted in patch.iter().filter(|wanted| wanted.get("$patch").is_none()) {
                if let Some(at) = merged.iter().position(|item| says(item, wanted)) {
                    let mut item = merged.remove(at);
                    put_first(&mut item, wanted);
                    first.push(item);
                }
            }
            merged.splice(0..0, first);
        }
        _ => {}
    }
}

/// Whether a merged value says what a patch says, apart from lists and what the patch takes away.
fn says(merged: &Value, patch: &Value) -> bool {
    match patch {
        Value::Null | Value::Array(_) => true,
        Value::Object(fields) => {
            let mut fields =
                fields.iter().filter(|(field, value)| !field.starts_with('$') && !value.is_null());
            fields.all(|(field, value)| merged.get(field).is_some_and(|merged| says(merged, value)))
        }
        scalar => merged == scalar,
    }
}
