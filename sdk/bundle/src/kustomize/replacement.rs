//! `replacements`: values of one object copied into fields of others. In: where from and where to; out: changed objects.

use serde_json::{Map, Value, json};

use super::{
    Error, Place,
    model::{Destination, FieldOptions, Kustomization, Replacement, Source, deserialize},
    plain,
    resource::{Resource, Resources, effective},
    select::Selection,
};
use crate::yaml;

const FIELD: &str = "replacements";
/// The field that is meant where none is named.
const NAME: &str = "metadata.name";

/// Copies what the kustomization says, entry by entry.
pub(super) fn apply(at: &Place<'_, '_>, own: &Kustomization, resources: &mut Resources) -> Result<(), Error> {
    for entry in &own.replacements {
        match &entry.path {
            None => one(at, entry, resources)?,
            Some(_) if entry.source.is_some() || !entry.targets.is_empty() => {
                return Err(at.fault(FIELD, "needs either a path or a source and targets"));
            }
            Some(path) => {
                for entry in from_file(at, path)? {
                    one(at, &entry, resources)?;
                }
            }
        }
    }
    Ok(())
}

/// The entries of a file: a list of them, or one.
fn from_file(at: &Place<'_, '_>, path: &str) -> Result<Vec<Replacement>, Error> {
    let value =
        yaml::read_exact(&at.read(path)?).map_err(|source| Error::Yaml { path: path.into(), source })?;
    match plain(path, &value)? {
        Value::Array(entries) => {
            entries.into_iter().map(|entry| deserialize(path, "replacements: ", entry)).collect()
        }
        entry => Ok(vec![deserialize(path, "replacements: ", entry)?]),
    }
}

fn one(at: &Place<'_, '_>, entry: &Replacement, resources: &mut Resources) -> Result<(), Error> {
    let fault = |problem: String| at.fault(FIELD, problem);
    let value = match (&entry.source, &entry.source_value) {
        _ if entry.targets.is_empty() => None,
        (Some(source), None) => Some(found(source, resources).map_err(fault)?),
        (None, Some(text)) => Some(json!(text)),
        _ => None,
    };
    let value = value.ok_or_else(|| fault("needs a source and at least one target".into()))?;
    for target in &entry.targets {
        copy(&value, target, resources).map_err(fault)?;
    }
    Ok(())
}

/// The value at the source.
fn found(source: &Source, resources: &Resources) -> Result<Value, String> {
    let fits = |wanted: &Option<String>, own: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted == own)
    };
    let meant = |one: &&Resource| {
        let called = |name: &str, namespace: &str| {
            let wanted = source.namespace.as_deref().filter(|wanted| !wanted.is_empty());
            let near =
                wanted.is_none_or(|wanted| effective(one.kind(), wanted) == effective(one.kind(), namespace));
            fits(&source.name, name) && near
        };
        let (group, version) = one.group_version();
        fits(&source.group, group)
            && fits(&source.version, version)
            && fits(&source.kind, one.kind())
            && (called(one.name(), one.namespace())
                || one.previous().iter().any(|(name, namespace)| called(name, namespace)))
    };
    let mut all = resources.iter().filter(meant);
    let resource = all.next().ok_or("the source is no object")?;
    if all.next().is_some() {
        return Err("the source may be several objects".into());
    }
    let path = source.field_path.as_deref().filter(|path| !path.is_empty()).unwrap_or(NAME);
    let missing = || format!("fieldPath {path:?} is missing in {} {:?}", resource.kind(), resource.name());
    let mut value = None;
    let mut object = resource.object.clone();
    visit(&mut object, &steps(path), false, &mut |one| {
        value.get_or_insert_with(|| one.clone());
        Ok(())
    })?;
    let value = value.ok_or_else(missing)?;
    match source.options.delimiter.as_str() {
        "" => Ok(value),
        _ if is_collection(&value) => Err("the delimiter option goes with texts only".into()),
        delimiter => {
            let text = text_of(&value);
            let part =
                usize::try_from(source.options.index).ok().and_then(|at| text.split(delimiter).nth(at));
            let outside = || format!("options.index {} is out of bounds for {text:?}", source.options.index);
            part.map(|part| json!(part)).ok_or_else(outside)
        }
    }
}

/// The value at a path in an object, in which `a[0]` may stand for `a.0`.
pub(super) fn field_at(object: &Value, path: &str) -> Result<Option<Value>, String> {
    let steps: Vec<Step> = steps(path).into_iter().flat_map(with_place).collect();
    let mut found = None;
    visit(&mut object.clone(), &steps, false, &mut |one| {
        found.get_or_insert_with(|| one.clone());
        Ok(())
    })?;
    Ok(found)
}

/// `a[0]`, taken apart; any other step alone.
fn with_place(step: Step) -> Vec<Step> {
    let place = |name: &str| {
        let (field, index) = name.strip_suffix(']')?.split_once('[')?;
        Some(vec![Step::Name(field.to_owned()), Step::Place(index.parse().ok()?)])
    };
    match &step {
        Step::Name(name) => place(name).unwrap_or_else(|| vec![step]),
        _ => vec![step],
    }
}

/// Copies a value to wherever a target says.
fn copy(value: &Value, target: &Destination, resources: &mut Resources) -> Result<(), String> {
    let select = target.select.as_ref().ok_or("a target needs to select objects")?;
    let select = Selection::new(select)?;
    let reject = target.reject.iter().map(Selection::new).collect::<Result<Vec<_>, _>>()?;
    let usual = [NAME.to_owned()];
    let paths = if target.field_paths.is_empty() { &usual[..] } else { &target.field_paths };
    let meant =
        |one: &&mut Resource| select.means_any(one) && !reject.iter().any(|reject| reject.means_name(one));
    for resource in resources.iter_mut().filter(meant) {
        let mut object = resource.object.clone();
        for path in paths {
            let steps = steps(path);
            let is_annotation = matches!(
                steps.as_slice(),
                [Step::Name(first), Step::Name(second), ..] if first == "metadata" && second == "annotations"
            );
            let within =
                |problem: String| format!("{} {:?}: {path}: {problem}", resource.kind(), resource.name());
            let changed = visit(&mut object, &steps, target.options.create, &mut |field| {
                put(field, value, &target.options, is_annotation)
            });
            if changed.map_err(within)? == 0 {
                return Err(within("there is no such field, and options.create is not set".into()));
            }
        }
        resource.replace(object)?;
        resource.remember();
    }
    Ok(())
}

/// Puts a value into a field. A scalar keeps its type; one that was made has the type that its text looks like.
fn put(field: &mut Value, value: &Value, options: &FieldOptions, is_annotation: bool) -> Result<(), String> {
    if is_collection(field) && !options.delimiter.is_empty() {
        return Err("the delimiter option goes with texts only".into());
    }
    if is_collection(field) || field.is_null() && is_collection(value) {
        *field = value.clone();
        return Ok(());
    }
    let mut text = text_of(value);
    if !options.delimiter.is_empty() {
        let own = text_of(field);
        let mut parts: Vec<&str> = own.split(&options.delimiter).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, &text),
            Ok(at) => match parts.get_mut(at) {
                Some(part) => *part = &text,
                None => parts.push(&text),
            },
        }
        text = parts.join(&options.delimiter);
    }
    let meaning = plain("", &yaml::scalar(&text)).map_err(|error| error.to_string())?;
    let unfit = |kind: &str| Err(format!("{text:?} is no {kind}"));
    *field = match field {
        Value::String(_) => json!(text),
        Value::Null if is_annotation => json!(text),
        Value::Number(_) if !meaning.is_number() => return unfit("number"),
        Value::Bool(_) if !meaning.is_boolean() => return unfit("boolean"),
        _ => meaning,
    };
    Ok(())
}

fn is_collection(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// A scalar as it is written; of anything else nothing.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => String::new(),
    }
}

/// A step of a field's path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    /// An item by its place.
    Place(usize),
    /// All items.
    Every,
    /// The items whose field has this value: `[name=web]`.
    Where(String, String),
}

/// Steps are separated by points; a backslash keeps one, and so do brackets.
fn steps(path: &str) -> Vec<Step> {
    let mut parts = vec![String::new()];
    let mut within = false;
    let mut escaped = false;
    for character in path.chars() {
        let last = parts.len() - 1;
        match character {
            _ if escaped => {
                escaped = false;
                parts[last].push(character);
            }
            '\\' => escaped = true,
            '.' if !within => parts.push(String::new()),
            _ => {
                within = character == '[' || within && character != ']';
                parts[last].push(character);
            }
        }
    }
    parts.into_iter().filter(|part| !part.is_empty()).map(step).collect()
}

fn step(part: String) -> Step {
    let bracketed = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bracketed.map(|inner| (inner, inner.split_once('='))) {
        Some((_, Some((field, value)))) => Step::Where(field.into(), value.into()),
        Some((name, None)) => Step::Name(name.into()),
        None if part == "*" => Step::Every,
        None => part.parse().map_or(Step::Name(part), Step::Place),
    }
}

/// Calls `change` with each value at a path, and makes what is missing if it is to; gives how many there were.
fn visit(
    value: &mut Value,
    path: &[Step],
    create: bool,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<usize, String> {
    let Some((step, rest)) = path.split_first() else { return change(value).map(|()| 1) };
    if value.is_null() && create {
        *value = if matches!(step, Step::Name(_)) { Value::Object(Map::new()) } else { json!([]) };
    }
    if let Step::Name(name) = step {
        let Value::Object(fields) = value else { return wrong(value, "an object") };
        return match fields.get_mut(name) {
            Some(field) => visit(field, rest, create, change),
            None if create => visit(fields.entry(name).or_insert(Value::Null), rest, create, change),
            None => Ok(0),
        };
    }
    let Value::Array(items) = value else { return wrong(value, "a list") };
    match step {
        Step::Place(at) if *at < items.len() => visit(&mut items[*at], rest, create, change),
        Step::Place(at) if *at == items.len() && create => {
            items.push(Value::Null);
            visit(&mut items[*at], rest, create, change)
        }
        Step::Place(at) => Err(format!("index {at} specified but only {} elements found", items.len())),
        Step::Where(field, wanted) => {
            let mut count = 0;
            for item in items.iter_mut().filter(|item| text_of(&item[field.as_str()]) == *wanted) {
                count += visit(item, rest, create, change)?;
            }
            if count == 0 && create {
                let meaning = plain("", &yaml::scalar(wanted)).map_err(|error| error.to_string())?;
                let mut made = json!({});
                made[field] = meaning;
                count = visit(&mut made, rest, create, change)?;
                items.push(made);
            }
            Ok(count)
        }
        Step::Every | Step::Name(_) => {
            let mut count = 0;
            for item in items {
                count += visit(item, rest, create, change)?;
            }
            Ok(count)
        }
    }
}

fn wrong(value: &Value, wanted: &str) -> Result<usize, String> {
    // What is not there has no kind.
    if value.is_null() { Ok(0) } else { Err(format!("{value} is not {wanted}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_steps() {
        let name = |text: &str| Step::Name(text.into());
        for (path, expected) in [
            ("a.b", vec![name("a"), name("b")]),
            ("a.0.*.-", vec![name("a"), Step::Place(0), Step::Every, name("-")]),
            ("a.[b.c/d].e", vec![name("a"), name("b.c/d"), name("e")]),
            (r"a.b\.c", vec![name("a"), name("b.c")]),
            ("a.[name=x.y].b", vec![name("a"), Step::Where("name".into(), "x.y".into()), name("b")]),
        ] {
            assert_eq!(steps(path), expected, "{path}");
        }
    }
}
