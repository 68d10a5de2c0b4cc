//! YAML as Helm reads and writes it: sigs.k8s.io/yaml over goyaml, byte for byte.
//!
//! In: bytes of YAML 1.1, or a [`Value`]. Out: a [`Value`] as Go has it after the way through JSON (all numbers
//! `float64`, all keys strings), or text in one of the two layouts: [`write()`] for `toYaml`, [`write_pretty`]
//! for `toYamlPretty`.
//!
//! [`nodes`] keeps what values do not: order, styles, comments.
//!
//! Reading goes text → tokens (`scan`) → nodes (`parse`) → values (`decode`); writing goes values → lines
//! (`emit`), with the style of each scalar chosen by `scalar`. Source of the behaviour: libyaml's documented
//! rules and goyaml v2 and v3, observed through the stock helm.

mod binary;
mod chars;
mod decode;
mod emit;
mod error;
mod handles;
mod input;
mod lines;
mod locate;
mod node;
pub mod nodes;
mod number;
mod order;
mod parse;
mod plain;
mod resolve;
mod scalar;
mod scan;
mod split;
mod tags;
mod timestamp;

pub use error::{Error, Position};
pub use locate::locate;
pub use split::documents;

use crate::{
    json::{self, type_mismatch},
    value::{Element, List, Map, MapType, Str, Value},
};
use decode::{Numbers, Options};
use emit::{Emitter, Stop};
use resolve::{Resolved, Rules};

/// Deepest nesting, in levels, that is read or written: goyaml's own limit.
pub const MAX_DEPTH: usize = json::MAX_DEPTH;

/// Longest stream, in bytes, that is read: 256 MiB.
pub const MAX_BYTES: usize = 256 << 20;

/// The first document of `stream`, as `Unmarshal` of sigs.k8s.io/yaml reads it into an `interface {}`; nil if
/// there is none. What follows the first document is not looked at. Of equal keys the last wins.
///
/// # Errors
/// [`Error`], in goyaml's words.
pub fn read(stream: &[u8]) -> Result<Value, Error> {
    read_with(stream, Options { numbers: Numbers::Float, strict: false, rules: Rules::Version2 })
}

/// As [`read`], but integers of up to 64 bits are kept exactly, as `int64` or `uint64`.
///
/// # Errors
/// Those of [`read`].
pub fn read_exact(stream: &[u8]) -> Result<Value, Error> {
    read_with(stream, Options { numbers: Numbers::Exact, strict: false, rules: Rules::Version2 })
}

/// As [`read_exact`], by goyaml v3's rules: `y`, `no`, `on` and the like are strings, and a key may occur only once.
///
/// # Errors
/// Those of [`read_strict`].
pub fn read_modern(stream: &[u8]) -> Result<Value, Error> {
    read_with(stream, Options { numbers: Numbers::Exact, strict: true, rules: Rules::Version3 })
}

/// What an unquoted text means where goyaml v3 reads it; a time is a string.
pub fn scalar(text: &str) -> Value {
    match resolve::resolve(text, Rules::Version3) {
        Resolved::Null => Value::Nil,
        Resolved::Bool(flag) => Value::Bool(flag),
        Resolved::Int(number) => Value::Int64(number),
        Resolved::Unsigned(number) => Value::Uint64(number),
        Resolved::Float(number) => Value::Float(number),
        Resolved::Timestamp | Resolved::Str => Value::string(text),
    }
}

/// As [`read_exact`], but of a mapping only the entries whose key is `wanted` are built; the others are checked all
/// the same. For the few fields that decide what becomes of a manifest of any size.
///
/// # Errors
/// Those of [`read`].
pub fn read_some(stream: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Result<Value, Error> {
    let text = input::decode(stream)?;
    match parse::skim(&text, &|key| wanted(key.as_bytes()))? {
        None => Ok(Value::Nil),
        Some(document) if document.is_plain(0) => decode::decode_some(&document, wanted),
        Some(_) => decode_first(&text, decode::EXACT),
    }
}

/// As [`read`], but a key may occur only once in a mapping (`UnmarshalStrict`).
///
/// # Errors
/// Those of [`read`], and [`Error::Duplicates`].
pub fn read_strict(stream: &[u8]) -> Result<Value, Error> {
    read_with(stream, Options { numbers: Numbers::Float, strict: true, rules: Rules::Version2 })
}

/// As Go reads YAML into a `map[string]interface {}`: a mapping, or nothing, which leaves an empty map.
///
/// # Errors
/// Those of [`read`], and [`Error::Mismatch`] for any other document.
pub fn read_map(stream: &[u8]) -> Result<Map, Error> {
    match read(stream)? {
        Value::Map(map) => Ok(map),
        Value::Nil => Ok(Map::new(MapType::Any, std::iter::empty::<(Str, Value)>())),
        other => Err(Error::Mismatch(type_mismatch(&other, MapType::Any.name()))),
    }
}

/// As Go reads YAML into a `[]interface {}`: a sequence, or nothing, which leaves an empty list.
///
/// # Errors
/// Those of [`read`], and [`Error::Mismatch`] for any other document.
pub fn read_list(stream: &[u8]) -> Result<List, Error> {
    match read(stream)? {
        Value::List(list) => Ok(list),
        Value::Nil => Ok(List::new(Element::Any, [])),
        other => Err(Error::Mismatch(type_mismatch(&other, Element::Any.slice_name()))),
    }
}

/// Whether [`read`] succeeds: the same errors, without the cost of building values.
///
/// # Errors
/// Those of [`read`].
pub fn check(stream: &[u8]) -> Result<(), Error> {
    read_some(stream, |_| false).map(drop)
}

fn read_with(stream: &[u8], options: Options) -> Result<Value, Error> {
    decode_first(&input::decode(stream)?, options)
}

fn decode_first(text: &str, options: Options) -> Result<Value, Error> {
    parse::parse(text)?.map_or(Ok(Value::Nil), |document| decode::decode(&document, options))
}

/// `value` as `Marshal` of sigs.k8s.io/yaml writes it, with a newline at the end (`toYaml` cuts it off).
///
/// # Errors
/// [`Error::Json`] for numbers that JSON cannot hold; [`Error::Depth`]; and the rare strings that goyaml cannot
/// read back from JSON, such as those with a DEL character.
pub fn write(value: &Value) -> Result<String, Error> {
    match Emitter::new(Rules::Version2).document(value) {
        Ok(text) => Ok(text),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Indirect) => {
            let text = json::write(value, json::Style::Compact).map_err(Error::Json)?;
            let value = read_exact(text.as_bytes())?;
            Emitter::indirect().document(&value).map_err(Stop::into_error)
        }
    }
}

/// `value` as goyaml v3 writes it with an indent of two, with a newline at the end (`toYamlPretty` cuts it off).
///
/// # Errors
/// [`Error::Depth`].
pub fn write_pretty(value: &Value) -> Result<String, Error> {
    Emitter::new(Rules::Version3).document(value).map_err(Stop::into_error)
}
