//! `deepCopy`: maps and lists anew at every level, everything else shared (it cannot be changed).

use crate::{
    fault::Fault,
    functions::{Call, argument::limit_items, reflection::descend},
    value::{List, Map, Value},
};

/// `deepCopy VALUE`; nil fails, as in sprig.
pub(super) fn deep_copy(call: &Call<'_>) -> Result<Value, Fault> {
    match call.value(0) {
        Value::Nil => Err(Fault::new("reflect: call of reflect.Value.Type on zero Value")),
        value => copy(value, 0, &mut 0),
    }
}

/// `value` anew; `items` counts what was copied, since a map that occurs twice is copied twice.
fn copy(value: &Value, depth: usize, items: &mut usize) -> Result<Value, Fault> {
    *items += 1;
    limit_items(*items)?;
    descend(depth, || copy_of(value, depth, items))
}

fn copy_of(value: &Value, depth: usize, items: &mut usize) -> Result<Value, Fault> {
    Ok(match value {
        Value::Map(map) if !map.is_nil() => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map.entries().iter() {
                entries.push((key.clone(), copy(value, depth + 1, items)?));
            }
            Value::Map(Map::new(map.map_type(), entries))
        }
        Value::List(list) if !list.is_nil() => {
            let copies =
                list.iter().map(|item| copy(item, depth + 1, items)).collect::<Result<Vec<_>, _>>()?;
            Value::List(List::new(list.element(), copies))
        }
        other => other.clone(),
    })
}
