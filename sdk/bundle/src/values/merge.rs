//! Copies and plain merges of values.

use crate::{
    stack::deep,
    value::{List, Map, MapType, Value},
};

/// A copy that shares no map with the original.
pub fn deep_copy_map(map: &Map) -> Map {
    // To clone the tree and change its values takes less than to build another, whose entries would be sorted anew.
    let mut entries = map.entries().clone();
    for value in entries.values_mut().filter(|value| matches!(value, Value::Map(_) | Value::List(_))) {
        *value = deep_copy(value);
    }
    Map::of(map.map_type(), entries)
}

/// A copy that shares no map with the original.
pub fn deep_copy(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(deep(|| deep_copy_map(map))),
        Value::List(list) if list.iter().any(|item| matches!(item, Value::Map(_) | Value::List(_))) => {
            deep(|| Value::List(List::new(list.element(), list.iter().map(deep_copy))))
        }
        scalar => scalar.clone(),
    }
}

/// A new map with the entries of both; where both have a map, these are merged, else `over` wins. Maps that only one
/// side has are shared with it.
pub fn merge_maps(base: &Map, over: &Map) -> Map {
    let merged = Map::new(MapType::Any, base.snapshot());
    for (key, value) in over.snapshot() {
        let value = match (&value, merged.get(&key)) {
            (Value::Map(over), Some(Value::Map(base))) => Value::Map(deep(|| merge_maps(&base, over))),
            _ => value,
        };
        merged.set(key, value);
    }
    merged
}
