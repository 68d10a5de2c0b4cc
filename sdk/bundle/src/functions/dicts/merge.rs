//! `merge` and `mergeOverwrite`: the first map takes over what the others have. Source: mergo 1.0.1, whose rules
//! are not symmetric:
//! * Maps on both sides are merged in place. A map that the first one lacks is taken over as it is, not copied:
//!   from then on both maps share it.
//! * Keeping, an empty value (nil, "", 0, false, an empty list or map) counts as missing, and nil is never taken over.
//! * Overwriting, everything is taken over, empty values and nil too; but where both sides have maps, one that was
//!   not empty keeps its own keys.

use crate::{
    fault::Fault,
    functions::{
        Call,
        argument::{as_map, limit_items},
        reflection::descend,
    },
    value::{Map, MapType, Value},
};

/// `merge MAP MAP...`: earlier maps win.
pub(super) fn keep(call: &Call<'_>) -> Result<Value, Fault> {
    merged(call, false)
}

/// `mergeOverwrite MAP MAP...`: later maps win.
pub(super) fn overwrite(call: &Call<'_>) -> Result<Value, Fault> {
    merged(call, true)
}

fn merged(call: &Call<'_>, overwrite: bool) -> Result<Value, Fault> {
    let target = match call.map(0)? {
        Some(map) => map.seen_as(MapType::Any),
        None => Map::new(MapType::Any, <[(&str, Value); 0]>::default()),
    };
    let mut merged = 0;
    for source in call.rest(1) {
        if let Some(source) = as_map(source)? {
            merge(&target, source, overwrite, 0, &mut merged)?;
        }
    }
    Ok(Value::Map(target))
}

/// `merged` counts the entries that were looked at, since a map that occurs twice is merged twice.
fn merge(target: &Map, source: &Map, overwrite: bool, depth: usize, merged: &mut usize) -> Result<(), Fault> {
    *merged += source.len();
    limit_items(*merged)?;
    // A snapshot: the source may hold the target, or be it.
    for (key, value) in source.snapshot() {
        let before = target.get(&key);
        if matches!(value, Value::Nil) {
            if overwrite {
                target.set(key, value);
            }
            continue;
        }
        if let (Value::Map(source), Some(Value::Map(target))) = (&value, &before) {
            descend(depth, || merge(target, source, overwrite, depth + 1, merged))?;
            if !target.is_empty() {
                continue;
            }
        }
        // Looked at after the merging above, which may have filled an empty map.
        if overwrite || !before.is_some_and(|value| value.is_true()) {
            check_type(target, source)?;
            target.set(key, value);
        }
    }
    Ok(())
}

/// Go cannot put a value of any type into a `map[string]string`.
fn check_type(target: &Map, source: &Map) -> Result<(), Fault> {
    if target.map_type() == MapType::Str && source.map_type() != MapType::Str {
        return Err(Fault::new(
            "reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string",
        ));
    }
    Ok(())
}
