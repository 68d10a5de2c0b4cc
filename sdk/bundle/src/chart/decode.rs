//! Values as the fields of a Go struct: what encoding/json does with a document, after the YAML reader has made
//! scalars strings where the field is one. Field names match without regard to case; null leaves a field as it is.

use crate::value::{Map, Value};

/// A value that does not fit its field.
#[derive(Debug)]
pub(crate) struct Mismatch {
    path: Vec<String>,
    found: &'static str,
    wanted: &'static str,
}

impl Mismatch {
    fn new(value: &Value, wanted: &'static str) -> Self {
        Self { path: Vec::new(), found: json_kind(value), wanted }
    }

    fn within(mut self, field: &str) -> Self {
        self.path.insert(0, field.to_owned());
        self
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into ",
            self.found
        )?;
        if self.path.is_empty() {
            write!(out, "a value of type {}", self.wanted)
        } else {
            write!(out, "field {} of type {}", self.path.join("."), self.wanted)
        }
    }
}

type Decoded<T> = Result<T, Mismatch>;

fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "null",
        Value::Bool(_) => "bool",
        Value::Str(_) | Value::Bytes(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) | Value::Object(_) => "object",
        _ => "number",
    }
}

/// Runs `assign` with every entry of an object: the field's name and its value; the name is lower-case if it is one of
/// `fields` but for case, which are given in lower case or as they are.
pub(crate) fn object(value: &Value, mut assign: impl FnMut(&str, &Value) -> Decoded<()>) -> Decoded<()> {
    let map = match value {
        Value::Nil => return Ok(()),
        Value::Map(map) => map,
        other => return Err(Mismatch::new(other, "object")),
    };
    for (key, value) in map.entries().iter() {
        let lower = key.text().to_ascii_lowercase();
        assign(&lower, value).map_err(|mismatch| mismatch.within(&key.text()))?;
    }
    Ok(())
}

/// A `string` field.
pub(crate) fn string(value: &Value, into: &mut String) -> Decoded<()> {
    if !matches!(value, Value::Nil) {
        *into = text(value)?;
    }
    Ok(())
}

fn text(value: &Value) -> Decoded<String> {
    Ok(match value {
        Value::Nil => String::new(),
        Value::Str(text) => text.text().into_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) | Value::Int64(number) => number.to_string(),
        Value::Uint64(number) => number.to_string(),
        Value::Float(number) => crate::printf::float::shortest(*number),
        other => return Err(Mismatch::new(other, "string")),
    })
}

/// A `bool` field.
pub(crate) fn flag(value: &Value, into: &mut bool) -> Decoded<()> {
    match value {
        Value::Nil => Ok(()),
        Value::Bool(flag) => {
            *into = *flag;
            Ok(())
        }
        other => Err(Mismatch::new(other, "bool")),
    }
}

/// A `[]string` field.
pub(crate) fn strings(value: &Value, into: &mut Vec<String>) -> Decoded<()> {
    *into = list(value, text)?.unwrap_or_default();
    Ok(())
}

/// A slice field; `None` for null.
pub(crate) fn list<T>(value: &Value, item: impl Fn(&Value) -> Decoded<T>) -> Decoded<Option<Vec<T>>> {
    match value {
        Value::Nil => Ok(None),
        Value::List(items) => items.iter().map(item).collect::<Decoded<Vec<T>>>().map(Some),
        other => Err(Mismatch::new(other, "array")),
    }
}

/// A `map[string]string` field; `None` for null.
pub(crate) fn string_map(value: &Value) -> Decoded<Option<Vec<(String, String)>>> {
    match value {
        Value::Nil => Ok(None),
        Value::Map(map) => entries(map).map(Some),
        other => Err(Mismatch::new(other, "map[string]string")),
    }
}

fn entries(map: &Map) -> Decoded<Vec<(String, String)>> {
    map.entries()
        .iter()
        .map(|(key, value)| {
            let key = key.text().into_owned();
            text(value).map_err(|mismatch| mismatch.within(&key)).map(|value| (key, value))
        })
        .collect()
}
