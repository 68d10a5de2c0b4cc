//! Builds a [`Value`] from any self-describing format and notes the paths of repeated keys.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, map::Entry};

/// Most repeated keys that are noted; a body of nothing else must not cost more memory than its size.
const DUPLICATES_MAX: usize = 100;

/// Collects the paths of repeated keys. They are built from the inside out, so that a body without any costs nothing:
/// whoever finds one notes its key, and each level above puts itself in front.
#[derive(Default)]
pub(super) struct Duplicates(RefCell<Vec<String>>);

impl Duplicates {
    pub(super) fn into_paths(self) -> Vec<String> {
        self.0.into_inner()
    }

    fn count(&self) -> usize {
        self.0.borrow().len()
    }

    fn note(&self, key: &str) {
        let mut paths = self.0.borrow_mut();
        if paths.len() < DUPLICATES_MAX {
            paths.push(key.into());
        }
    }

    /// Puts `outer` in front of what was noted since there were `from`.
    #[cold]
    fn prefix(&self, from: usize, outer: impl Fn(&str) -> String) {
        for path in &mut self.0.borrow_mut()[from..] {
            *path = outer(path);
        }
    }
}

fn under_key(key: &str, path: &str) -> String {
    if path.starts_with('[') { format!("{key}{path}") } else { format!("{key}.{path}") }
}

fn under_index(index: usize, path: &str) -> String {
    if path.starts_with('[') { format!("[{index}]{path}") } else { format!("[{index}].{path}") }
}

/// Decodes one value.
#[derive(Clone, Copy)]
pub(super) struct Seed<'a>(pub(super) &'a Duplicates);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let before = self.0.count();
            let Some(value) = seq.next_element_seed(self)? else { return Ok(Value::Array(list)) };
            if self.0.count() > before {
                self.0.prefix(before, |path| under_index(list.len(), path));
            }
            list.push(value);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key_seed(Key)? {
            let before = self.0.count();
            match map.entry(key) {
                Entry::Vacant(entry) => {
                    let value = access.next_value_seed(self)?;
                    if self.0.count() > before {
                        self.0.prefix(before, |path| under_key(entry.key(), path));
                    }
                    entry.insert(value);
                }
                Entry::Occupied(mut entry) => {
                    self.0.note(entry.key());
                    let before = self.0.count();
                    let value = access.next_value_seed(self)?;
                    if self.0.count() > before {
                        self.0.prefix(before, |path| under_key(entry.key(), path));
                    }
                    entry.insert(value);
                }
            }
        }
        Ok(Value::Object(map))
    }
}

/// A key; YAML's other scalars become strings, as JSON has no other keys.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        match Seed(&Duplicates::default()).deserialize(deserializer)? {
            Value::String(key) => Ok(key),
            key @ (Value::Bool(_) | Value::Number(_)) => Ok(key.to_string()),
            Value::Null => Ok("null".into()),
            _ => Err(D::Error::custom("a key must be a scalar")),
        }
    }
}
