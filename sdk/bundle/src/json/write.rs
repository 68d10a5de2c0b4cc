//! Values to JSON text.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Error, MAX_DEPTH, MAX_WRITTEN_BYTES, push_float};
use crate::{
    stack::deep,
    value::{Str, Value},
};

/// How JSON is laid out and escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// One line, `<`, `>` and `&` escaped: `toJson`.
    Compact,
    /// Two spaces of indent a level, escaped: `toPrettyJson`.
    Pretty,
    /// One line, not escaped for HTML: `toRawJson`.
    Raw,
}

/// `value` as JSON; keys in the order of their bytes, no newline at the end.
///
/// # Errors
/// [`Error::Unsupported`] for infinite numbers and not-a-number, [`Error::Depth`] beyond [`MAX_DEPTH`],
/// [`Error::Size`] beyond [`MAX_WRITTEN_BYTES`].
pub fn write(value: &Value, style: Style) -> Result<String, Error> {
    let mut writer = Writer { out: String::new(), style };
    writer.value(value, 0)?;
    Ok(writer.out)
}

/// The failure Go reports for a JSON value of the wrong type.
pub(crate) fn type_mismatch(value: &Value, wanted: &'static str) -> Error {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Int64(_) | Value::Uint64(_) | Value::Byte(_) | Value::Float(_) => "number",
        Value::Str(_) | Value::Bytes(_) => "string",
        Value::List(_) => "array",
        Value::Nil | Value::Map(_) | Value::Object(_) => "object",
    };
    Error::Mismatch { found: found.to_owned(), wanted }
}

struct Writer {
    out: String,
    style: Style,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        match value {
            Value::Nil => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) => self.display(number),
            Value::Uint64(number) => self.display(number),
            Value::Byte(number) => self.display(number),
            Value::List(list) if list.is_nil() => self.out.push_str("null"),
            Value::Map(map) if map.is_nil() => self.out.push_str("null"),
            Value::Float(number) => self.float(*number)?,
            Value::Str(text) => self.string(text),
            Value::Bytes(bytes) => {
                self.out.push('"');
                STANDARD.encode_string(&**bytes, &mut self.out);
                self.out.push('"');
            }
            Value::List(list) => {
                let each = |writer: &mut Self, item: &Value| writer.value(item, depth + 1);
                deep(|| self.collection('[', ']', list.iter(), depth, each))?;
            }
            Value::Map(map) => {
                let entries = map.entries();
                let each = |writer: &mut Self, (key, item): (&Str, &Value)| {
                    writer.string(key);
                    writer.out.push_str(if writer.style == Style::Pretty { ": " } else { ":" });
                    writer.value(item, depth + 1)
                };
                deep(|| self.collection('{', '}', entries.iter(), depth, each))?;
            }
            Value::Object(object) => match object.members() {
                Some(members) => {
                    self.collection('{', '}', members.iter(), depth, |writer, (name, item)| {
                        writer.string(name.as_bytes());
                        writer.out.push_str(if writer.style == Style::Pretty { ": " } else { ":" });
                        writer.value(item, depth + 1)
                    })?
                }
                None => self.value(&object.plain(), depth + 1)?,
            },
        }
        Ok(())
    }

    fn display(&mut self, number: impl std::fmt::Display) {
        write!(self.out, "{number}").expect("invariant: writing to a String cannot fail");
    }

    fn float(&mut self, number: f64) -> Result<(), Error> {
        if !number.is_finite() {
            return Err(Error::unsupported(number));
        }
        push_float(&mut self.out, number);
        Ok(())
    }

    fn collection<T>(
        &mut self,
        open: char,
        close: char,
        items: impl ExactSizeIterator<Item = T>,
        depth: usize,
        mut each: impl FnMut(&mut Self, T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Go takes an empty list or map for no level more, but where it lays the text out.
        let empty = items.len() == 0;
        if depth >= MAX_DEPTH && !(empty && self.style != Style::Pretty) {
            return Err(Error::Depth);
        }
        if self.out.len() > MAX_WRITTEN_BYTES {
            return Err(Error::Size);
        }
        self.out.push(open);
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.line(depth + 1);
            each(self, item)?;
        }
        if !empty {
            self.line(depth);
        }
        self.out.push(close);
        Ok(())
    }

    /// A new line, where the style has lines.
    fn line(&mut self, depth: usize) {
        if self.style == Style::Pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", depth));
        }
    }

    fn string(&mut self, bytes: &[u8]) {
        self.out.push('"');
        for chunk in bytes.utf8_chunks() {
            self.escaped(chunk.valid());
            self.out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        }
        self.out.push('"');
    }

    fn escaped(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut written = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            let width = match byte {
                b'"' | b'\\' | 0..=0x1f => 1,
                b'<' | b'>' | b'&' if self.style != Style::Raw => 1,
                0xe2 if matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])) => 3,
                _ => continue,
            };
            self.out.push_str(&text[written..at]);
            match byte {
                b'"' => self.out.push_str("\\\""),
                b'\\' => self.out.push_str("\\\\"),
                b'\n' => self.out.push_str("\\n"),
                b'\r' => self.out.push_str("\\r"),
                b'\t' => self.out.push_str("\\t"),
                0x08 => self.out.push_str("\\b"),
                0x0c => self.out.push_str("\\f"),
                0xe2 => self.out.push_str(if bytes[at + 2] == 0xa8 { "\\u2028" } else { "\\u2029" }),
                other => {
                    write!(self.out, "\\u{other:04x}").expect("invariant: writing to a String cannot fail");
                }
            }
            written = at + width;
        }
        self.out.push_str(&text[written..]);
    }
}
