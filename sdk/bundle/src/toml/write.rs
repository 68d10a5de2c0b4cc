//! Values to TOML text. Source of the behaviour: BurntSushi/toml 1.6, `encode.go`.

use super::{MAX_DEPTH, TomlError, local};
use crate::{
    json::Shortest,
    stack::deep,
    time::{Duration, Instant, Zone},
    value::{Str, Value},
};

/// `value` as TOML. A map becomes a document; a scalar or list, the bare value.
///
/// # Errors
/// [`TomlError`] but for its `Syntax`.
pub fn write(value: &Value) -> Result<Vec<u8>, TomlError> {
    if matches!(value, Value::Nil) {
        return Err(TomlError::Nil);
    }
    let mut writer = Writer { out: Vec::new() };
    writer.entry(&[], value)?;
    Ok(writer.out)
}

/// What TOML makes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Left out.
    Nil,
    Scalar,
    Array,
    Table,
    /// A list of maps only.
    Tables,
}

/// How a value looks to TOML: objects that are not written in their own way are seen as plain values.
fn seen(value: &Value) -> Value {
    match value {
        Value::Object(object) if Instant::of(value).is_none() && Duration::of(value).is_none() => {
            object.plain()
        }
        Value::Bytes(bytes) => Value::list(bytes.iter().map(|byte| Value::Byte(*byte))),
        other => other.clone(),
    }
}

fn class(value: &Value, depth: usize) -> Result<Class, TomlError> {
    if depth > MAX_DEPTH {
        return Err(TomlError::Depth);
    }
    Ok(match value {
        Value::Nil => Class::Nil,
        Value::Map(_) => Class::Table,
        Value::List(list) if list.is_nil() => Class::Nil,
        Value::List(list) => {
            let mut tables = !list.is_empty();
            for item in list.iter() {
                match deep(|| class(&seen(item), depth + 1))? {
                    Class::Nil => return Err(TomlError::NilElement),
                    Class::Table => {}
                    _ => tables = false,
                }
            }
            if tables { Class::Tables } else { Class::Array }
        }
        _ => Class::Scalar,
    })
}

struct Writer {
    out: Vec<u8>,
}

impl Writer {
    fn push(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    /// A line end, unless nothing was written yet.
    fn line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn indent(&mut self, key: &[Str]) {
        for _ in 1..key.len() {
            self.push("  ");
        }
    }

    /// The value of a key of a document; with an empty key the whole document.
    fn entry(&mut self, key: &[Str], value: &Value) -> Result<(), TomlError> {
        let value = seen(value);
        match class(&value, key.len())? {
            Class::Nil => Ok(()),
            Class::Table => self.table(key, &value),
            Class::Tables => self.tables(key, &value),
            Class::Scalar | Class::Array => self.key_value(key, &value, false),
        }
    }

    fn key_value(&mut self, key: &[Str], value: &Value, inline: bool) -> Result<(), TomlError> {
        let Some(last) = key.last() else {
            return self.element(value, 0);
        };
        self.indent(key);
        self.key_part(last);
        self.push(" = ");
        self.element(value, key.len())?;
        if !inline {
            self.line();
        }
        Ok(())
    }

    fn table(&mut self, key: &[Str], value: &Value) -> Result<(), TomlError> {
        if key.len() == 1 {
            self.line();
        }
        if !key.is_empty() {
            self.header(key, "[", "]");
        }
        self.entries(key, value)
    }

    fn tables(&mut self, key: &[Str], value: &Value) -> Result<(), TomlError> {
        let Value::List(list) = value else {
            return Ok(());
        };
        if key.is_empty() {
            return Err(TomlError::NoKey);
        }
        for item in list.iter() {
            self.line();
            self.header(key, "[[", "]]");
            self.entries(key, &seen(item))?;
        }
        Ok(())
    }

    fn header(&mut self, key: &[Str], open: &str, close: &str) {
        self.indent(key);
        self.push(open);
        for (index, part) in key.iter().enumerate() {
            self.push(if index > 0 { "." } else { "" });
            self.key_part(part);
        }
        self.push(close);
        self.line();
    }

    /// A map's entries: those that are tables after the others, both by key.
    fn entries(&mut self, key: &[Str], value: &Value) -> Result<(), TomlError> {
        let (direct, tables) = sorted(value, key.len())?;
        let mut path = key.to_vec();
        for (name, item) in direct.iter().chain(&tables) {
            path.push(name.clone());
            deep(|| self.entry(&path, item))?;
            path.pop();
        }
        Ok(())
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), TomlError> {
        if depth > MAX_DEPTH {
            return Err(TomlError::Depth);
        }
        match value {
            Value::Nil => return Err(TomlError::Nil),
            Value::Bool(flag) => self.push(flag.to_string()),
            Value::Int(number) | Value::Int64(number) => self.push(number.to_string()),
            Value::Byte(number) => self.push(number.to_string()),
            Value::Uint64(number) => self.push(number.to_string()),
            Value::Float(number) => self.push(float(*number)),
            Value::Str(text) => self.quoted(text),
            Value::List(list) => {
                self.push("[");
                for (index, item) in list.iter().enumerate() {
                    self.push(if index > 0 { ", " } else { "" });
                    deep(|| self.element(&seen(item), depth + 1))?;
                }
                self.push("]");
            }
            Value::Map(_) => self.inline(value, depth + 1)?,
            Value::Bytes(_) | Value::Object(_) => self.object(value),
        }
        Ok(())
    }

    fn object(&mut self, value: &Value) {
        if let Some(duration) = Duration::of(value) {
            self.quoted(duration.to_string().as_bytes());
        } else if let Some(instant) = Instant::of(value) {
            self.push(datetime(instant));
        }
    }

    /// A map in one line. A nil entry is left out, but not the comma after it, as in the original.
    fn inline(&mut self, value: &Value, depth: usize) -> Result<(), TomlError> {
        let (direct, tables) = sorted(value, depth)?;
        self.push("{");
        for (entries, more) in [(&direct, !tables.is_empty()), (&tables, false)] {
            for (index, (name, item)) in entries.iter().enumerate() {
                if class(item, depth)? == Class::Nil {
                    continue;
                }
                self.key_part(name);
                self.push(" = ");
                self.element(item, depth)?;
                if more || index + 1 < entries.len() {
                    self.push(", ");
                }
            }
        }
        self.push("}");
        Ok(())
    }

    fn key_part(&mut self, key: &Str) {
        let bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !key.is_empty() && key.iter().all(bare) { self.push(&**key) } else { self.quoted(key) }
    }

    fn quoted(&mut self, text: &[u8]) {
        self.push("\"");
        for byte in text {
            match byte {
                b'"' => self.push("\\\""),
                b'\\' => self.push("\\\\"),
                b'\n' => self.push("\\n"),
                b'\r' => self.push("\\r"),
                b'\t' => self.push("\\t"),
                0x08 => self.push("\\b"),
                0x0c => self.push("\\f"),
                0..=0x1f | 0x7f => self.push(format!("\\u{byte:04x}")),
                other => self.out.push(*other),
            }
        }
        self.push("\"");
    }
}

type Entries = Vec<(Str, Value)>;

/// A map's entries by key: those that are no tables, and those that are.
fn sorted(value: &Value, depth: usize) -> Result<(Entries, Entries), TomlError> {
    let (mut direct, mut tables) = (Vec::new(), Vec::new());
    if let Value::Map(map) = value {
        for (key, item) in map.snapshot() {
            let item = seen(&item);
            match class(&item, depth)? {
                Class::Table | Class::Tables => tables.push((key, item)),
                _ => direct.push((key, item)),
            }
        }
    }
    Ok((direct, tables))
}

fn datetime(instant: &Instant) -> Vec<u8> {
    let layout: &[u8] = match instant.zone() {
        Zone::Fixed { name, .. } if &**name == local::DATETIME => b"2006-01-02T15:04:05.999999999",
        Zone::Fixed { name, .. } if &**name == local::DATE => b"2006-01-02",
        Zone::Fixed { name, .. } if &**name == local::TIME => b"15:04:05.999999999",
        _ => return instant.rfc3339().into_bytes(),
    };
    // BurntSushi writes the local kinds in UTC, so away from UTC they come back shifted.
    instant.in_zone(Zone::Utc).format(layout)
}

/// Exponents from this one on are written as such: Go's `%g` at its shortest.
const LARGE_EXPONENT: i32 = 6;
const SMALL_EXPONENT: i32 = -4;

fn float(number: f64) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let (shortest, mut text) = (Shortest::of(number), String::new());
    if !(SMALL_EXPONENT..LARGE_EXPONENT).contains(&shortest.exponent) {
        shortest.push_scientific(&mut text, 2);
        return text;
    }
    shortest.push_decimal(&mut text);
    if !text.contains('.') {
        text.push_str(".0");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_go_prints_them() {
        for (number, expected) in [
            (1.0, "1.0"),
            (1e6, "1e+06"),
            (123_456_789.0, "1.23456789e+08"),
            (999_999.0, "999999.0"),
            (1e21, "1e+21"),
            (0.00001, "1e-05"),
            (0.0001, "0.0001"),
            (-0.0, "-0.0"),
            (1e100, "1e+100"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(float(number), expected);
        }
    }
}
