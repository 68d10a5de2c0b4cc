//! sprig's map functions. Maps are shared: `set`, `unset` and the merging ones change the map they are given.
//!
//! In: `map[string]interface {}`, nil being an empty one that cannot be written. Out: maps, keys, values.

mod copy;
mod merge;

use super::{
    Call, Function,
    Parameter::{Any, Map as AnyMap, Str},
    argument::as_map,
    conversion::text_of,
};
use crate::{
    fault::Fault,
    value::{Map, MapType, Value},
};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::variadic("dict", &[Any], dict),
    Function::new("get", &[AnyMap, Str], get),
    Function::new("set", &[AnyMap, Str, Any], set),
    Function::new("unset", &[AnyMap, Str], unset),
    Function::new("hasKey", &[AnyMap, Str], has_key),
    Function::variadic("pluck", &[Str, AnyMap], pluck),
    Function::variadic("keys", &[AnyMap], keys),
    Function::new("values", &[AnyMap], values),
    Function::variadic("pick", &[AnyMap, Str], |call| selected(call, true)),
    Function::variadic("omit", &[AnyMap, Str], |call| selected(call, false)),
    Function::variadic("dig", &[Any], dig),
    Function::variadic("merge", &[AnyMap, AnyMap], merge::keep),
    Function::variadic("mustMerge", &[AnyMap, AnyMap], merge::keep),
    Function::variadic("mergeOverwrite", &[AnyMap, AnyMap], merge::overwrite),
    Function::variadic("mustMergeOverwrite", &[AnyMap, AnyMap], merge::overwrite),
    Function::new("deepCopy", &[Any], copy::deep_copy),
    Function::new("mustDeepCopy", &[Any], copy::deep_copy),
];

/// The map as the functions' declared result type; a nil map as an empty one.
fn declared(map: Option<&Map>) -> Value {
    match map {
        Some(map) => Value::Map(map.seen_as(MapType::Any)),
        None => Value::Map(Map::new(MapType::Any, <[(&str, Value); 0]>::default())),
    }
}

/// `dict KEY VALUE...`: a last key without a value gets an empty text.
fn dict(call: &Call<'_>) -> Result<Value, Fault> {
    let value = |pair: &[Value]| pair.get(1).cloned().unwrap_or_else(|| Value::from(""));
    Ok(Value::map(call.arguments.chunks(2).map(|pair| (text_of(&pair[0]), value(pair)))))
}

/// `get MAP KEY`: an empty text if there is no such key.
fn get(call: &Call<'_>) -> Result<Value, Fault> {
    let key = call.text(1)?;
    Ok(call.map(0)?.and_then(|map| map.get(key)).unwrap_or_else(|| Value::from("")))
}

/// `set MAP KEY VALUE`: the same map.
fn set(call: &Call<'_>) -> Result<Value, Fault> {
    let map = call.map(0)?.ok_or_else(|| Fault::new("assignment to entry in nil map"))?;
    map.set(call.text(1)?.clone(), call.value(2).clone());
    Ok(declared(Some(map)))
}

/// `unset MAP KEY`: the same map.
fn unset(call: &Call<'_>) -> Result<Value, Fault> {
    let (map, key) = (call.map(0)?, call.text(1)?);
    if let Some(map) = map {
        map.remove(key);
    }
    Ok(declared(map))
}

fn has_key(call: &Call<'_>) -> Result<Value, Fault> {
    let key = call.text(1)?;
    Ok(call.map(0)?.is_some_and(|map| map.entries().contains_key(&**key)).into())
}

/// `pluck KEY MAP...`: the values of all maps that have the key.
fn pluck(call: &Call<'_>) -> Result<Value, Fault> {
    let (key, mut found) = (call.text(0)?, Vec::new());
    for map in call.rest(1) {
        found.extend(as_map(map)?.and_then(|map| map.get(key)));
    }
    Ok(Value::list(found))
}

/// `keys MAP...`: of all maps, in order in each (Go's order is random).
fn keys(call: &Call<'_>) -> Result<Value, Fault> {
    let mut found = Vec::new();
    for map in call.arguments {
        if let Some(map) = as_map(map)? {
            found.extend(map.entries().keys().cloned());
        }
    }
    Ok(Value::strings(found))
}

/// `values MAP`: in the order of the keys (Go's order is random).
fn values(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(match call.map(0)? {
        Some(map) => Value::list(map.entries().values().cloned()),
        None => Value::list([]),
    })
}

/// `pick MAP KEY...` (`named`) and `omit MAP KEY...`: a new map of the keys named, or of the others.
fn selected(call: &Call<'_>, named: bool) -> Result<Value, Fault> {
    let names = (1..call.arguments.len()).map(|index| call.text(index)).collect::<Result<Vec<_>, _>>()?;
    let Some(map) = call.map(0)? else { return Ok(declared(None)) };
    let entries = map.entries();
    let chosen = entries.iter().filter(|(key, _)| names.contains(key) == named);
    Ok(Value::map(chosen.map(|(key, value)| (key.clone(), value.clone()))))
}

/// `dig KEY... DEFAULT MAP`: the value at that path; the default if a key is missing. Only a plain
/// `map[string]interface {}` is followed: `.Values` itself fails, as in Helm.
fn dig(call: &Call<'_>) -> Result<Value, Fault> {
    let [path @ .., default, start] = call.arguments else { return Err(too_few()) };
    if path.is_empty() {
        return Err(too_few());
    }
    let keys = path.iter().map(|key| match key {
        Value::Str(key) => Ok(key),
        other => Err(not_convertible(other, "string")),
    });
    let mut current = start.clone();
    let keys = keys.collect::<Result<Vec<_>, _>>();
    plain_map(start)?;
    for key in keys? {
        match plain_map(&current)?.get(key) {
            Some(found) => current = found,
            None => return Ok(default.clone()),
        }
    }
    Ok(current)
}

fn too_few() -> Fault {
    Fault::new("dig needs at least three arguments")
}

fn plain_map(value: &Value) -> Result<&Map, Fault> {
    match value {
        Value::Map(map) if map.map_type() == MapType::Any => Ok(map),
        other => Err(not_convertible(other, "map[string]interface {}")),
    }
}

fn not_convertible(value: &Value, wanted: &str) -> Fault {
    let name = if matches!(value, Value::Nil) { "nil" } else { value.type_name() };
    Fault::new(format!("interface conversion: interface {{}} is {name}, not {wanted}"))
}
