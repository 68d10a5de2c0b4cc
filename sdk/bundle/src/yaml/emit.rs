//! The layout of YAML text as goyaml's two emitters lay it out: block style only, two columns a level.
//!
//! In: a tree of [`Value`]s. Out: text. Version 2 writes sequences in mappings without indent and folds long
//! lines at spaces after column 80; version 3 indents them and never folds.

use std::borrow::Cow;

use super::{
    Error,
    number::push_general,
    order,
    resolve::{Resolved, Rules, is_base_60, old_bool, resolve},
    scalar::{Analysis, Style},
};
use crate::{
    json::{self, lossy},
    stack::deep,
    time::{Duration, Instant},
    value::{List, Map, Value},
};

/// Columns a level is indented by.
const INDENT: usize = 2;
/// The column after which version 2 folds at the next space.
const WIDTH: usize = 80;
/// Longest key, in bytes, that is written before its colon without a `?`.
const SIMPLE_KEY: usize = 128;
/// Deepest nesting that version 3 writes, in levels: it has no limit but for a value that contains itself.
const MAX_PRETTY_DEPTH: usize = 20_000;
/// The tag of strings that are not UTF-8.
const BINARY: &str = "!!binary";

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Value,
}

/// Text written so far and the state of its last line.
pub(super) struct Emitter {
    pub(super) out: String,
    pub(super) rules: Rules,
    /// Column of the next character, in characters.
    pub(super) column: usize,
    /// Column of the current block; `None` outside all blocks.
    pub(super) indent: Option<usize>,
    /// The column at which the next line comes after an empty one: that of a comment that ends there.
    pub(super) foot_indent: Option<usize>,
    /// Whether the last character separates: the next token needs no space before it.
    pub(super) whitespace: bool,
    /// Whether the line so far is indent and indicators only.
    pub(super) indention: bool,
    /// Whether the values have already been through JSON.
    indirect: bool,
}

/// Why emitting stopped.
pub(super) enum Stop {
    /// It failed.
    Failed(Error),
    /// A string changes on the way through JSON: the values have to take that way before they are written.
    Indirect,
}

impl Stop {
    /// The failure, of an emitter that needs no other way.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::Indirect => Error::Depth,
        }
    }
}

impl Emitter {
    /// An empty document.
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            out: String::new(),
            rules,
            column: 0,
            indent: None,
            foot_indent: None,
            whitespace: true,
            indention: true,
            indirect: false,
        }
    }

    /// An empty document for values that have been through JSON.
    pub(super) fn indirect() -> Self {
        Self { indirect: true, ..Self::new(Rules::Version2) }
    }

    /// The document of `value`, with a newline at its end.
    pub(super) fn document(mut self, value: &Value) -> Result<String, Stop> {
        self.node(value, Place::Root, 0)?;
        self.write_indent();
        Ok(self.out)
    }

    /// The column after which spaces become line breaks.
    pub(super) fn width(&self) -> usize {
        match self.rules {
            Rules::Version2 => WIDTH,
            Rules::Version3 => usize::MAX,
        }
    }

    fn node(&mut self, value: &Value, place: Place, depth: usize) -> Result<(), Stop> {
        let limit = match self.rules {
            Rules::Version2 => super::MAX_DEPTH,
            Rules::Version3 => MAX_PRETTY_DEPTH,
        };
        if depth >= limit && matches!(value, Value::List(_) | Value::Map(_) | Value::Object(_)) {
            return Err(Stop::Failed(Error::Depth));
        }
        if self.out.len() > json::MAX_WRITTEN_BYTES {
            return Err(Stop::Failed(Error::Json(json::Error::Size)));
        }
        match value {
            Value::Nil => self.token("null"),
            Value::Bool(flag) => self.token(if *flag { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) => self.token(&number.to_string()),
            Value::Uint64(number) => self.token(&number.to_string()),
            Value::Byte(number) => self.token(&number.to_string()),
            Value::List(list) if list.is_nil() && self.rules == Rules::Version2 => self.token("null"),
            Value::Map(map) if map.is_nil() && self.rules == Rules::Version2 => self.token("null"),
            Value::Float(number) => self.float(*number)?,
            Value::Str(text) => drop(self.string(text, false)?),
            Value::Bytes(bytes) => self.bytes(bytes, place, depth)?,
            Value::List(list) => deep(|| self.sequence(list, place, depth))?,
            Value::Map(map) => deep(|| self.mapping(map, depth))?,
            Value::Object(object) => match self.native(value) {
                Some(text) => self.token(&text),
                None => self.node(&object.plain(), place, depth + 1)?,
            },
        }
        Ok(())
    }

    /// Times and durations, which version 3 writes in Go's own forms, without quotes.
    fn native(&self, value: &Value) -> Option<String> {
        let native = || match (Instant::of(value), Duration::of(value)) {
            (Some(instant), _) => Some(instant.rfc3339()),
            (_, Some(duration)) => Some(duration.to_string()),
            _ => None,
        };
        (self.rules == Rules::Version3).then(native).flatten()
    }

    /// Version 2 sees the bytes as JSON has them, in base 64; version 3 sees a sequence of numbers.
    fn bytes(&mut self, bytes: &[u8], place: Place, depth: usize) -> Result<(), Stop> {
        match self.rules {
            Rules::Version2 => self.string(super::binary::encode(bytes).as_bytes(), false).map(drop),
            Rules::Version3 => {
                let numbers = bytes.iter().map(|byte| Value::Byte(*byte));
                self.node(&Value::list(numbers), place, depth)
            }
        }
    }

    fn float(&mut self, number: f64) -> Result<(), Stop> {
        let mut text = String::new();
        match self.rules {
            Rules::Version2 => through_json(&mut text, number).map_err(Stop::Failed)?,
            Rules::Version3 => push_general(&mut text, number),
        }
        self.token(&text);
        Ok(())
    }

    fn sequence(&mut self, list: &List, place: Place, depth: usize) -> Result<(), Stop> {
        if list.is_empty() {
            self.token("[]");
            return Ok(());
        }
        let outer = self.indent;
        let flush = self.rules == Rules::Version2 && place == Place::Value && !self.indention;
        self.indent = match outer {
            None => Some(0),
            Some(column) if flush => Some(column),
            Some(column) => Some(column + INDENT),
        };
        for item in list.iter() {
            self.write_indent();
            self.indicator("-", true, true);
            self.node(item, Place::Item, depth + 1)?;
        }
        self.indent = outer;
        Ok(())
    }

    fn mapping(&mut self, map: &Map, depth: usize) -> Result<(), Stop> {
        let entries = map.entries();
        if entries.is_empty() {
            self.token("{}");
            return Ok(());
        }
        let outer = self.indent;
        self.indent = Some(outer.map_or(0, |column| column + INDENT));
        let sorted = order::sort(entries.iter().map(|(key, item)| (lossy(key), (key, item))), self.rules);
        for (_, (key, item)) in sorted {
            self.write_indent();
            self.entry(key, item, depth)?;
        }
        self.indent = outer;
        Ok(())
    }

    fn entry(&mut self, key: &[u8], item: &Value, depth: usize) -> Result<(), Stop> {
        if self.string(key, true)? {
            self.indicator(":", false, false);
        } else {
            self.write_indent();
            self.indicator(":", true, true);
        }
        self.node(item, Place::Value, depth + 1)
    }

    /// A string; as a `key` it is given a `?` if it is too long for a simple one. Whether it was simple.
    fn string(&mut self, bytes: &[u8], key: bool) -> Result<bool, Stop> {
        let (text, tag) = match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(_) if self.rules == Rules::Version2 => (lossy(bytes), None),
            Err(_) => (Cow::Owned(super::binary::encode_lines(bytes)), Some(BINARY)),
        };
        if self.rules == Rules::Version2 && !self.indirect && !survives_json(&text, key) {
            return Err(Stop::Indirect);
        }
        let wanted = if text.contains('\n') {
            Style::Literal
        } else if tag.is_some() || self.can_be_plain(&text) {
            Style::Plain
        } else {
            Style::Double
        };
        let analysis = Analysis::new(text.as_bytes(), self.rules);
        let length = text.len() + tag.map_or(0, str::len);
        let simple = key && !analysis.multiline && length <= SIMPLE_KEY;
        if key && !simple {
            self.indicator("?", true, true);
        }
        if let Some(tag) = tag {
            self.token(tag);
        }
        let style = analysis.select(wanted, simple, text.is_empty());
        let outer = self.indent;
        self.indent = Some(outer.unwrap_or(0) + INDENT);
        self.scalar(&text, style, !simple);
        self.indent = outer;
        Ok(simple)
    }

    /// Whether the text would be read as a string if it stood there unquoted.
    fn can_be_plain(&self, text: &str) -> bool {
        let old = self.rules == Rules::Version3 && old_bool(text).is_some();
        resolve(text, self.rules) == Resolved::Str && !old && !is_base_60(text)
    }

    /// A word that needs no quotes and never folds.
    pub(super) fn token(&mut self, text: &str) {
        self.indicator(text, true, false);
        self.indention = false;
    }

    /// An indicator, after a space if it needs one; `leading` if only indicators may precede it on its line.
    pub(super) fn indicator(&mut self, text: &str, spaced: bool, leading: bool) {
        if spaced && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention &= leading;
    }

    /// One character that is no line break.
    pub(super) fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    /// A new line.
    pub(super) fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.indention = true;
    }

    /// To the column of the current block, on a new line unless this one is still free.
    pub(super) fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        let used = self.column > indent || (self.column == indent && !self.whitespace);
        if !self.indention || used {
            self.put_break();
        }
        if self.foot_indent.take() == Some(indent) {
            self.put_break();
        }
        let missing = indent.saturating_sub(self.column);
        self.out.extend(std::iter::repeat_n(' ', missing));
        self.column += missing;
        self.whitespace = true;
        self.indention = true;
    }
}

/// A number as it comes out of JSON: whole numbers up to 64 bits are integers.
fn through_json(text: &mut String, number: f64) -> Result<(), Error> {
    if !number.is_finite() {
        return Err(Error::Json(json::Error::unsupported(number)));
    }
    crate::json::push_float(text, number);
    match resolve(text, Rules::Version2) {
        Resolved::Int(0) => *text = "0".to_owned(),
        Resolved::Int(_) | Resolved::Unsigned(_) => {}
        _ => {
            text.clear();
            push_general(text, number);
        }
    }
    Ok(())
}

/// Whether a string is the same after goyaml has read it from JSON: it takes no control characters, takes NEL
/// for a line break, and no key longer than [`JSON_KEY`].
fn survives_json(text: &str, key: bool) -> bool {
    let bytes = text.as_bytes();
    let odd = bytes.iter().enumerate().any(|(at, byte)| match byte {
        0x7f => true,
        0xc2 => bytes[at + 1] < 0xa0,
        0xef => bytes[at + 1] == 0xbf && bytes[at + 2] >= 0xbe,
        _ => false,
    });
    let too_long = key && bytes.len() > JSON_KEY;
    !odd && !too_long
}

/// Longest key, in bytes, that cannot reach goyaml's limit of 1,024 characters however it is escaped.
const JSON_KEY: usize = 1024 / 6 - 2;
