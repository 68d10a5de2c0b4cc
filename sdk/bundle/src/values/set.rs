//! The grammar of `--set`, `--set-string`, `--set-file` and `--set-json`: `a.b[0].c=1,d={x,y}`, with backslashes that
//! take the next character literally. Source: Helm's `strvals`.

use crate::{
    json,
    value::{Map, MapType, Value},
};

/// Highest index of a list.
pub const MAX_INDEX: i64 = 65_536;

/// How many dots a name may have.
pub const MAX_NESTING: usize = 30;

/// A text that is not of the grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetError(pub String);

/// Why reading a key stopped: at the end of the text, or at a fault.
pub(super) enum Stop {
    End,
    Fault(String),
}

/// Sets as `--set`: integers, booleans and null are recognised, everything else is a string.
///
/// # Errors
/// If `text` is not of the grammar or meets a value of another shape.
pub fn set_typed(text: &str, values: &Map) -> Result<(), SetError> {
    Parser::new(text, Kind::Text(&mut |text| Ok(typed(text)))).run(values)
}

/// Sets as `--set-string`: every value is a string.
///
/// # Errors
/// As [`set_typed`].
pub fn set_string(text: &str, values: &Map) -> Result<(), SetError> {
    Parser::new(text, Kind::Text(&mut |text| Ok(Value::from(text)))).run(values)
}

/// Sets as `--set-file`: every value is what `read` makes of the text.
///
/// # Errors
/// As [`set_typed`], and if `read` fails.
pub fn set_file(
    text: &str,
    values: &Map,
    read: &mut dyn FnMut(&str) -> Result<Value, String>,
) -> Result<(), SetError> {
    Parser::new(text, Kind::Text(&mut |text| read(&text))).run(values)
}

/// Sets as `--set-json`: every value is JSON; an empty one is null.
///
/// # Errors
/// As [`set_typed`], and if a value is no JSON.
pub fn set_json(text: &str, values: &Map) -> Result<(), SetError> {
    Parser::new(text, Kind::Json).run(values)
}

type ReadValue<'a> = &'a mut dyn FnMut(String) -> Result<Value, String>;

enum Kind<'a> {
    Text(ReadValue<'a>),
    Json,
}

struct Parser<'a> {
    rest: &'a str,
    kind: Kind<'a>,
}

fn typed(text: String) -> Value {
    if text.eq_ignore_ascii_case("true") {
        Value::Bool(true)
    } else if text.eq_ignore_ascii_case("false") {
        Value::Bool(false)
    } else if text.eq_ignore_ascii_case("null") {
        Value::Nil
    } else if text == "0" {
        Value::Int64(0)
    } else if let (false, Ok(number)) = (text.starts_with('0'), text.parse()) {
        Value::Int64(number)
    } else {
        Value::from(text)
    }
}

/// Sets `key`, unless it is empty.
pub(super) fn put(values: &Map, key: &str, value: Value) {
    if !key.is_empty() {
        values.set(key, value);
    }
}

/// The list `key` already has, as items that can be changed.
pub(super) fn list_of(values: &Map, key: &str) -> Result<Vec<Value>, Stop> {
    match values.get(key.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::List(list)) => Ok(list.to_vec()),
        Some(other) => {
            Err(fault(format!("unable to parse key: {} is a {}, no list", key, other.type_name())))
        }
    }
}

/// The map `key` already has, or a new one.
pub(super) fn map_of(values: &Map, key: &str) -> Result<Map, Stop> {
    match values.get(key.as_bytes()) {
        None => Ok(empty_map()),
        Some(Value::Map(map)) => Ok(map),
        Some(other) => Err(fault(format!("unable to parse key: {} is a {}, no map", key, other.type_name()))),
    }
}

/// The map at `index`, or a new one; something else there makes place for it at once.
pub(super) fn map_at(list: &mut [Value], index: usize) -> Map {
    match list.get(index) {
        Some(Value::Map(map)) => map.clone(),
        Some(_) => {
            let map = empty_map();
            list[index] = Value::Map(map.clone());
            map
        }
        None => empty_map(),
    }
}

/// The list at `index`, if there is one.
pub(super) fn list_at(list: &[Value], index: usize) -> Result<Vec<Value>, Stop> {
    match list.get(index) {
        None | Some(Value::Nil) => Ok(Vec::new()),
        Some(Value::List(inner)) => Ok(inner.to_vec()),
        Some(other) => {
            Err(fault(format!("unable to parse key: item {index} is a {}, no list", other.type_name())))
        }
    }
}

fn empty_map() -> Map {
    Map::new::<&str>(MapType::Any, [])
}

pub(super) fn fault(text: impl Into<String>) -> Stop {
    Stop::Fault(text.into())
}

/// Sets an item, lengthening the list with nulls.
pub(super) fn put_at(list: &mut Vec<Value>, index: usize, value: Value) -> Result<(), Stop> {
    if index as i64 > MAX_INDEX {
        return Err(fault(format!(
            "index of {index} is greater than maximum supported index of {MAX_INDEX}"
        )));
    }
    if list.len() <= index {
        list.resize(index + 1, Value::Nil);
    }
    list[index] = value;
    Ok(())
}

pub(super) fn index(text: &str) -> Result<usize, Stop> {
    let number: i64 =
        text.parse().map_err(|_| fault(format!("error parsing index: {text:?} is no number")))?;
    usize::try_from(number).map_err(|_| fault(format!("negative {number} index not allowed")))
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, kind: Kind<'a>) -> Self {
        Self { rest: text, kind }
    }

    fn run(mut self, values: &Map) -> Result<(), SetError> {
        loop {
            match self.key(values, 0) {
                Ok(()) => {}
                Err(Stop::End) => return Ok(()),
                Err(Stop::Fault(text)) => return Err(SetError(text)),
            }
        }
    }

    /// The text up to one of `stops`, which is taken too; `None` at the end of the text, or after a lone backslash.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        let mut letters = self.rest.chars();
        let stop = loop {
            match letters.next() {
                Some('\\') => match letters.next() {
                    Some(letter) => text.push(letter),
                    None => break None,
                },
                Some(letter) if stops.contains(&letter) => break Some(letter),
                Some(letter) => text.push(letter),
                None => break None,
            }
        };
        self.rest = letters.as_str();
        (text, stop)
    }

    fn key(&mut self, values: &Map, nesting: usize) -> Result<(), Stop> {
        let (key, stop) = self.until(&['=', '[', ',', '.']);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => Err(fault(format!("key {key:?} has no value"))),
            Some('[') => {
                let index = self.index()?;
                let mut list = list_of(values, &key)?;
                let outcome = self.item(&mut list, index, nesting);
                put(values, &key, Value::list(list));
                outcome
            }
            Some('=') => self.value_of(values, &key),
            Some('.') => {
                if nesting + 1 > MAX_NESTING {
                    return Err(too_nested());
                }
                let inner = map_of(values, &key)?;
                let outcome = self.key(&inner, nesting + 1);
                finish_map(values, &key, &inner, outcome)
            }
            Some(_) => Err(fault(format!("key {key:?} has no value (cannot end with ,)"))),
        }
    }

    fn value_of(&mut self, values: &Map, key: &str) -> Result<(), Stop> {
        if matches!(self.kind, Kind::Json) {
            let value = self.json()?;
            put(values, key, value);
            return Ok(());
        }
        if self.rest.is_empty() {
            put(values, key, Value::from(""));
            return Err(Stop::End);
        }
        let value = self.value()?;
        put(values, key, value);
        Ok(())
    }

    fn index(&mut self) -> Result<usize, Stop> {
        match self.until(&[']']) {
            (text, Some(_)) => index(&text),
            // Helm takes what ends too early for what ends.
            (_, None) => Err(Stop::End),
        }
    }

    /// What follows `name[index]`.
    fn item(&mut self, list: &mut Vec<Value>, index: usize, nesting: usize) -> Result<(), Stop> {
        let (text, stop) = self.until(&['[', '.', '=']);
        if !text.is_empty() {
            return Err(fault(format!("unexpected data at end of array index: {text:?}")));
        }
        match stop {
            None => Err(Stop::End),
            Some('=') if matches!(self.kind, Kind::Json) => {
                let value = self.json()?;
                put_at(list, index, value)
            }
            Some('=') if self.rest.is_empty() => put_at(list, index, Value::from("")),
            Some('=') => {
                let value = self.value()?;
                put_at(list, index, value)
            }
            Some('[') => {
                let next = self.index()?;
                let mut inner = list_at(list, index)?;
                self.item(&mut inner, next, nesting)?;
                put_at(list, index, Value::list(inner))
            }
            Some(_) => {
                let inner = map_at(list, index);
                self.key(&inner, nesting)?;
                put_at(list, index, Value::Map(inner))
            }
        }
    }

    /// A list in braces, or the text up to the next comma.
    fn value(&mut self) -> Result<Value, Stop> {
        let Some(rest) = self.rest.strip_prefix('{') else {
            let (text, _) = self.until(&[',']);
            return self.read(text);
        };
        self.rest = rest;
        let mut items = Vec::new();
        loop {
            match self.until(&[',', '}']) {
                (_, None) => return Err(fault("list must terminate with '}'")),
                (text, Some(',')) => items.push(self.read(text)?),
                (text, Some(_)) => {
                    self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
                    items.push(self.read(text)?);
                    return Ok(Value::list(items));
                }
            }
        }
    }

    fn read(&mut self, text: String) -> Result<Value, Stop> {
        match &mut self.kind {
            Kind::Text(read) => read(text).map_err(Stop::Fault),
            Kind::Json => Ok(Value::from(text)),
        }
    }

    /// One JSON value and the comma after it; null if there is none.
    fn json(&mut self) -> Result<Value, Stop> {
        if self.skip_blanks_and_comma() {
            return Ok(Value::Nil);
        }
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<serde::de::IgnoredAny>();
        let length = match stream.next() {
            Some(Ok(_)) => stream.byte_offset(),
            Some(Err(error)) => return Err(fault(error.to_string())),
            None => return Err(fault("unexpected EOF")),
        };
        let (text, rest) = self.rest.split_at(length);
        let value = json::read(text.as_bytes()).map_err(|error| fault(error.to_string()))?;
        self.rest = rest;
        self.skip_blanks_and_comma();
        Ok(value)
    }

    /// Whether nothing but blanks was left before a comma, which is skipped too, or the end.
    fn skip_blanks_and_comma(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(',') {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => self.rest.is_empty(),
        }
    }
}

pub(super) fn too_nested() -> Stop {
    fault(format!("value name nested level is greater than maximum supported nested level of {MAX_NESTING}"))
}

/// Stores what was read below `key`.
pub(super) fn finish_map(
    values: &Map,
    key: &str,
    inner: &Map,
    outcome: Result<(), Stop>,
) -> Result<(), Stop> {
    if outcome.is_ok() && inner.is_empty() {
        return Err(fault(format!("key map {key:?} has no value")));
    }
    if !inner.is_empty() {
        put(values, key, Value::Map(inner.clone()));
    }
    outcome
}
