//! The values templates work on, with Go's types: what `typeOf`, `kindOf`, `%T`, truth, comparison and printing
//! depend on. Maps are shared and mutable (sprig's `set` is seen by everybody who holds the map), lists and
//! strings are immutable, strings are bytes (a `trunc` may cut a character).
//!
//! A rendering is one thread's work, so sharing is by `Rc`.

mod list;
mod map;
mod object;
mod string;

pub use list::{Element, List};
pub use map::{Map, MapType};
pub use object::{Object, Structure};
pub use string::Str;

use std::rc::Rc;

/// A value of Go's, as far as templates can make one.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `nil`: an interface that holds nothing. Also what a missing key yields (`missingkey=zero`).
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`: literals in templates, lengths, most of sprig's integers.
    Int(i64),
    /// `int64`: `--set`, `int64`, sprig's arithmetic.
    Int64(i64),
    /// `uint8`: an indexed string.
    Byte(u8),
    /// `uint64`: the parts of a semantic version.
    Uint64(u64),
    /// `float64`: every number that was YAML or JSON.
    Float(f64),
    /// `string`.
    Str(Str),
    /// `[]byte`.
    Bytes(Str),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// Anything with fields or methods of its own: times, durations, versions, files, capabilities, chart metadata.
    Object(Rc<dyn Object>),
}

impl Value {
    /// A `string`.
    pub fn string(text: impl Into<Str>) -> Self {
        Self::Str(text.into())
    }

    /// A `[]interface {}`.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(List::new(Element::Any, items))
    }

    /// A `[]string`.
    pub fn strings<S: Into<Str>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::List(List::new(Element::Str, items.into_iter().map(|item| Value::Str(item.into()))))
    }

    /// A `map[string]interface {}`.
    pub fn map<K: Into<Str>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(Map::new(MapType::Any, entries))
    }

    /// Go's `%T`: `string`, `map[string]interface {}`, `float64`, `<nil>`.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Byte(_) => "uint8",
            Self::Uint64(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Str(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::List(list) => list.element().slice_name(),
            Self::Map(map) => map.map_type().name(),
            Self::Object(object) => object.type_name(),
        }
    }

    /// Go's `reflect.Kind`: `string`, `map`, `slice`, `float64`, `invalid`.
    pub fn kind_name(&self) -> &str {
        match self {
            Self::Nil => "invalid",
            Self::Bytes(_) | Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Object(object) => object.kind_name(),
            scalar => scalar.type_name(),
        }
    }

    /// Go's truth in templates: false, zero, nil and everything empty are false.
    /// Source: Go's `text/template`, `IsTrue`.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) | Self::Int64(number) => *number != 0,
            Self::Byte(number) => *number != 0,
            Self::Uint64(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Str(text) | Self::Bytes(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.is_true(),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Self::Str(text)
    }
}
