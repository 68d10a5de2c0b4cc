//! `vars`: fields of objects that others quote as `$(NAME)`. In: what the kustomizations define; out: at the end of a build, the
//! values in the places where they may be quoted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    fields,
    model::{Var, VarObject},
    replacement::field_at,
    resource::{CLUSTER_WIDE, Resource, Resources, effective},
};
use crate::printf::float;

/// The field that is meant where none is named.
const NAME: &str = "metadata.name";

/// Where containers may quote variables.
const IN_CONTAINERS: [&str; 4] = ["args", "command", "env/value", "volumeMounts/mountPath"];
/// Where other objects may: the kind, the path.
const ELSEWHERE: &[(&str, &str)] = &[
    ("Deployment", "spec/template/metadata/annotations"),
    ("Ingress", "spec/rules/host"),
    ("Ingress", "spec/tls/hosts"),
    ("Ingress", "spec/tls/secretName"),
    ("Service", "spec/ports/port"),
    ("Service", "spec/ports/targetPort"),
    ("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server"),
    ("PersistentVolume", "spec/nfs/server"),
];
/// Where every object may.
const EVERYWHERE: [&str; 2] = ["metadata/labels", "metadata/annotations"];
/// Kinds whose pods may quote nothing.
const SILENT: [&str; 2] = ["ReplicationController", "PodTemplate"];

/// Notes what a kustomization defines, and which of its objects that is taken from.
///
/// # Errors
/// A name that is taken, or that may mean several objects.
pub(super) fn define(own: &[Var], resources: &mut Resources) -> Result<(), String> {
    for var in own {
        let mut meant: Vec<&mut Resource> =
            resources.iter_mut().filter(|one| is_meant(&var.object, one)).collect();
        match meant.as_mut_slice() {
            [] => {}
            [one] => one.vars.push(var.name.clone()),
            _ => return Err(format!("{:?} may be taken from several objects", var.name)),
        }
        let field = var.field.path.as_deref().filter(|path| !path.is_empty()).unwrap_or(NAME);
        resources.define(&var.name, field)?;
    }
    Ok(())
}

/// Whether an object has, or had, the identity that a variable names.
fn is_meant(wanted: &VarObject, one: &Resource) -> bool {
    let (group, version) = match &wanted.api_version {
        Some(api_version) => api_version.split_once('/').unwrap_or((&wanted.group, api_version)),
        None => (wanted.group.as_str(), wanted.version.as_str()),
    };
    let any_namespace = wanted.namespace.is_empty() && !CLUSTER_WIDE.contains(&wanted.kind.as_str());
    let called = |name: &str, namespace: &str| {
        let near = effective(&wanted.kind, namespace) == effective(&wanted.kind, &wanted.namespace);
        name == wanted.name && (any_namespace || near)
    };
    one.group_version() == (group, version)
        && one.kind() == wanted.kind
        && (called(one.name(), one.namespace())
            || one.previous().iter().any(|(name, namespace)| called(name, namespace)))
}

/// Puts the values into the places where they are quoted.
///
/// # Errors
/// A variable without a value, or a list that quotes one and has items that are no texts.
pub(super) fn resolve(resources: &mut Resources) -> Result<(), String> {
    let values = values(resources)?;
    if values.is_empty() {
        return Ok(());
    }
    let further = resources.places.var_reference.clone();
    for resource in resources.iter_mut() {
        let kind = resource.kind().to_owned();
        let further = further.iter().filter(|spec| spec.means(resource)).map(|spec| spec.path.clone());
        let places: BTreeSet<String> = places(&kind).into_iter().chain(further).collect();
        for path in places {
            let mut outcome = Ok(());
            fields::each(&mut resource.object, &path, false, &mut |field| {
                if outcome.is_ok() {
                    outcome = fill(field, &values);
                    if EVERYWHERE.contains(&path.as_str()) {
                        as_texts(field);
                    }
                }
            });
            outcome.map_err(|problem| format!("{kind} {:?}: {path}: {problem}", resource.name()))?;
        }
    }
    Ok(())
}

fn values(resources: &Resources) -> Result<BTreeMap<String, Value>, String> {
    let mut values = BTreeMap::new();
    for (name, field) in resources.vars() {
        let resource = resources.iter().find(|one| one.vars.contains(name));
        let resource = resource.ok_or_else(|| format!("{name:?} is taken from no object that is there"))?;
        let value = field_at(&resource.object, field)?;
        let missing = || format!("{name:?}: {} {:?} has no {field}", resource.kind(), resource.name());
        values.insert(name.clone(), value.ok_or_else(missing)?);
    }
    Ok(values)
}

/// The paths at which objects of a kind may quote variables.
fn places(kind: &str) -> BTreeSet<String> {
    let mut places: BTreeSet<String> = EVERYWHERE.map(str::to_owned).into();
    if let Some(spec) = fields::pod_spec(kind).filter(|_| !SILENT.contains(&kind)) {
        for containers in ["containers", "initContainers"] {
            places.extend(IN_CONTAINERS.map(|path| format!("{spec}/{containers}/{path}")));
        }
        if !matches!(kind, "StatefulSet" | "CronJob") {
            places.insert(format!("{spec}/volumes/nfs/server"));
        }
    }
    places.extend(ELSEWHERE.iter().filter(|(known, _)| *known == kind).map(|(_, path)| (*path).to_owned()));
    places
}

/// Fills a text, the items of a list, or the texts of a map.
fn fill(field: &mut Value, values: &BTreeMap<String, Value>) -> Result<(), String> {
    match field {
        Value::String(text) => *field = filled(text, values),
        Value::Array(items) => {
            for item in items {
                let Value::String(text) = item else { return Err("an item is no text".into()) };
                *item = filled(text, values);
            }
        }
        Value::Object(all) => {
            for value in all.values_mut() {
                if let Value::String(text) = value {
                    *value = filled(text, values);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Makes the values of labels and annotations texts again.
fn as_texts(pairs: &mut Value) {
    for value in pairs.as_object_mut().into_iter().flat_map(|pairs| pairs.values_mut()) {
        if !value.is_string() {
            *value = json!(shown(value));
        }
    }
}

/// A text with the values of what it quotes. One that quotes a variable and says nothing else becomes its value, whatever
/// type that has; `$$` stands for one dollar.
fn filled(text: &str, values: &BTreeMap<String, Value>) -> Value {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        rest = behind;
        let quoted = behind.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match (quoted, behind.strip_prefix('$')) {
            (Some((name, after)), _) => {
                let value = values.get(name).filter(|value| !value.is_object() && !value.is_array());
                match value {
                    Some(value) if out.is_empty() && after.is_empty() && before.is_empty() => {
                        return value.clone();
                    }
                    Some(value) => out.push_str(&shown(value)),
                    None => out.extend(["$(", name, ")"]),
                }
                rest = after;
            }
            (None, Some(after)) => {
                out.push('$');
                rest = after;
            }
            (None, None) => out.push('$'),
        }
    }
    out.push_str(rest);
    json!(out)
}

/// A value within a text, as Go prints it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            float::format(number.as_f64().unwrap_or_default(), b'g', None)
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_filled() {
        let values = [("A", json!("x")), ("N", json!(80)), ("M", json!({"a": 1}))];
        let values = values.map(|(name, value)| (name.to_owned(), value)).into();
        for (text, expected) in [
            ("$(A)", json!("x")),
            ("$(N)", json!(80)),
            (":$(N)", json!(":80")),
            ("$(A)$(A) $(N)", json!("xx 80")),
            ("$(B) $(M)", json!("$(B) $(M)")),
            ("$$(A) $x $", json!("$(A) $x $")),
            ("$(A", json!("$(A")),
            ("", json!("")),
        ] {
            assert_eq!(filled(text, &values), expected, "{text}");
        }
    }
}
