//! Values by dotted paths.

use crate::value::{Map, Value};

/// There is no such value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a table")]
pub struct NoValue(pub String);

/// The map at `path`; names of keys that contain dots cannot be reached.
///
/// # Errors
/// Names the first element that is no map.
pub fn table_at(values: &Map, path: &str) -> Result<Map, NoValue> {
    path.split('.').try_fold(values.clone(), |table, name| match table.get(name.as_bytes()) {
        Some(Value::Map(inner)) => Ok(inner),
        _ => Err(NoValue(name.to_owned())),
    })
}

/// The value at `path`, if it is there and no map.
pub fn scalar_at(values: &Map, path: &str) -> Option<Value> {
    let (table, key) = match path.rsplit_once('.') {
        Some((table, key)) => (table_at(values, table).ok()?, key),
        None => (values.clone(), path),
    };
    table.get(key.as_bytes()).filter(|value| !matches!(value, Value::Map(_)))
}
