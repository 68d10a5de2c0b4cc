//! Merging a map: directives, then field by field.

use std::collections::HashSet;
use std::mem;

use serde_json::{Map, Value};

use super::error::Error;
use super::list;
use super::{DELETE_FROM_PRIMITIVE_LIST, FieldFacts, PATCH, RETAIN_KEYS, SET_ELEMENT_ORDER, Schema, fresh};

/// Merges `patch` into `original`. How deep both are is limited where they were decoded.
pub(super) fn merge(
    schema: Schema,
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<(), Error> {
    if let Some(directive) = patch.get(PATCH) {
        return replace_or_delete(directive, original, patch);
    }
    if let Some(keys) = patch.get(RETAIN_KEYS) {
        retain(keys, original, patch)?;
    }
    let mut ordered = HashSet::new();
    for (key, order) in patch {
        if let Some(name) = key.strip_prefix(SET_ELEMENT_ORDER) {
            merge_ordered(schema.field(name), name, original, patch.get(name), order)?;
            ordered.insert(name);
        }
    }
    for (key, change) in patch {
        if let Some(name) = key.strip_prefix(DELETE_FROM_PRIMITIVE_LIST) {
            delete_scalars(original.get_mut(name), change)?;
        } else if key.starts_with(DELETE_FROM_PRIMITIVE_LIST.trim_end_matches('/')) {
            return Err(Error::PrimitiveList);
        } else if key != RETAIN_KEYS && !key.starts_with(SET_ELEMENT_ORDER) && !ordered.contains(key.as_str())
        {
            merge_field(schema, key, original, change)?;
        }
    }
    Ok(())
}

fn replace_or_delete(
    directive: &Value,
    original: &mut Map<String, Value>,
    patch: &Map<String, Value>,
) -> Result<(), Error> {
    match directive.as_str() {
        Some("replace") => {
            let mut replacement = patch.clone();
            replacement.shift_remove(PATCH);
            *original = match fresh(&Value::Object(replacement)) {
                Some(Value::Object(fields)) => fields,
                _ => Map::new(),
            };
            Ok(())
        }
        Some("delete") => {
            original.clear();
            Ok(())
        }
        _ => Err(Error::patch_type(directive, patch)),
    }
}

/// `$retainKeys`: what the patch sets must be listed, what is not listed goes.
fn retain(keys: &Value, original: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), Error> {
    let keys = keys.as_array().ok_or(Error::RetainKeys)?;
    let keys: HashSet<&str> = keys.iter().filter_map(Value::as_str).collect();
    let sets = |(key, value): (&String, &Value)| !value.is_null() && !super::is_directive(key);
    if patch.iter().filter(|pair| sets(*pair)).any(|(key, _)| !keys.contains(key.as_str())) {
        return Err(Error::RetainKeys);
    }
    original.retain(|key, _| keys.contains(key.as_str()));
    Ok(())
}

/// A list whose order is given by `$setElementOrder/<name>`.
fn merge_ordered(
    facts: FieldFacts,
    name: &str,
    original: &mut Map<String, Value>,
    patch: Option<&Value>,
    order: &Value,
) -> Result<(), Error> {
    let order = order.as_array().ok_or_else(|| Error::not_a_list(order))?;
    let patch = match patch {
        Some(Value::Array(items)) => items.as_slice(),
        // A null beside an order says that the list goes.
        Some(Value::Null) => {
            original.shift_remove(name);
            return Ok(());
        }
        Some(other) => return Err(Error::not_a_list(other)),
        None => &[],
    };
    let found = match original.get_mut(name) {
        Some(Value::Array(items)) => Some(mem::take(items)),
        Some(Value::Null) | None => None,
        Some(other) => return Err(Error::not_a_list(other)),
    };
    if found.is_none() && patch.is_empty() {
        return Ok(());
    }
    let merged = list::merge_ordered(facts, found, patch, order)?;
    original.insert(name.into(), Value::Array(merged));
    Ok(())
}

fn delete_scalars(list: Option<&mut Value>, gone: &Value) -> Result<(), Error> {
    let gone = gone.as_array().ok_or(Error::PrimitiveList)?;
    if let Some(Value::Array(items)) = list {
        let gone: HashSet<&Value> = gone.iter().collect();
        items.retain(|item| !gone.contains(item));
    }
    Ok(())
}

fn merge_field(
    schema: Schema,
    key: &str,
    original: &mut Map<String, Value>,
    change: &Value,
) -> Result<(), Error> {
    if change.is_null() {
        original.shift_remove(key);
        return Ok(());
    }
    let facts = schema.field(key);
    match (original.get_mut(key), change) {
        (Some(Value::Object(fields)), Value::Object(change)) if !facts.replaces() => {
            merge(facts.as_map(), fields, change)
        }
        (Some(Value::Array(items)), Value::Array(change)) if facts.merges() => {
            *items = list::merge(facts, mem::take(items), change)?;
            Ok(())
        }
        _ => {
            match fresh(change) {
                Some(value) => original.insert(key.into(), value),
                None => original.shift_remove(key),
            };
            Ok(())
        }
    }
}
