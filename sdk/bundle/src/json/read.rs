//! JSON text to values, with Go's syntax errors.

use super::{Error, MAX_DEPTH, lossy, type_mismatch};
use crate::{
    stack::deep,
    value::{Element, List, Map, MapType, Str, Value},
};

/// The one JSON value in `text`; numbers become `float64`, of equal keys the last wins, invalid UTF-8 and lone
/// surrogates become U+FFFD.
///
/// # Errors
/// [`Error::Syntax`] with Go's description, [`Error::Mismatch`] for a number beyond `float64`, [`Error::Depth`].
pub fn read(text: &[u8]) -> Result<Value, Error> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

/// As Go reads JSON into a `map[string]interface {}`: an object, or `null`, which leaves an empty map.
///
/// # Errors
/// Those of [`read`], and [`Error::Mismatch`] for anything but an object or `null`.
pub fn read_map(text: &[u8]) -> Result<Map, Error> {
    match read(text)? {
        Value::Map(map) => Ok(map),
        Value::Nil => Ok(Map::new(MapType::Any, std::iter::empty::<(Str, Value)>())),
        other => Err(type_mismatch(&other, MapType::Any.name())),
    }
}

/// As Go reads JSON into a `[]interface {}`: an array, or `null`, which makes a nil list.
///
/// # Errors
/// Those of [`read`], and [`Error::Mismatch`] for anything but an array or `null`.
pub fn read_list(text: &[u8]) -> Result<List, Error> {
    match read(text)? {
        Value::List(list) => Ok(list),
        Value::Nil => Ok(List::nil(Element::Any)),
        other => Err(type_mismatch(&other, Element::Any.slice_name())),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Go's failure for the byte here, which is not what the grammar wants at this place.
    fn unexpected(&self, place: &str) -> Error {
        let problem = match self.peek() {
            None => "unexpected end of JSON input".to_owned(),
            Some(_) => format!("invalid character {} {place}", quoted(&self.text[self.at..])),
        };
        Error::Syntax { problem, offset: self.at + usize::from(self.at < self.text.len()) }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.blanks();
        match self.peek() {
            Some(b'{') => deep(|| self.object(depth + 1)),
            Some(b'[') => deep(|| self.array(depth + 1)),
            Some(b'"') => Ok(Value::Str(self.string()?)),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Nil),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::Depth);
        }
        self.at += 1;
        let mut entries = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::map(entries));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let key = self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.at += 1;
            entries.push((key, self.value(depth)?));
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
        self.at += 1;
        Ok(Value::map(entries))
    }

    fn array(&mut self, depth: usize) -> Result<Value, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::Depth);
        }
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected("after array element")),
            }
        }
        self.at += 1;
        Ok(Value::list(items))
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                let place = format!("in literal {word} (expecting {})", quoted(&[expected]));
                return Err(self.unexpected(&place));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Error> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).expect("invariant: digits are ASCII");
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err(Error::Mismatch { found: format!("number {text}"), wanted: "float64" }),
        }
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Error> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.unexpected("in numeric literal"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Str, Error> {
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    let raw = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Str::from(&*lossy(raw)));
                }
                b'\\' => return self.escaped_string(start),
                0..=0x1f => return Err(self.unexpected("in string")),
                _ => self.at += 1,
            }
        }
        Err(self.unexpected("in string"))
    }

    /// A string with escapes, from its first one on; `start` is the string's first byte.
    fn escaped_string(&mut self, start: usize) -> Result<Str, Error> {
        let mut text = lossy(&self.text[start..self.at]).into_owned();
        loop {
            let from = self.at;
            while matches!(self.peek(), Some(byte) if byte >= 0x20 && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            text.push_str(&lossy(&self.text[from..self.at]));
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Str::from(text));
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                _ => return Err(self.unexpected("in string")),
            }
        }
    }

    /// One escape, after its backslash.
    fn escape(&mut self) -> Result<char, Error> {
        let simple = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.four_digits()?;
                return self.surrogates(first);
            }
            None => return Err(self.unexpected("")),
            Some(_) => return Err(self.bad_escape(2)),
        };
        self.at += 1;
        Ok(simple)
    }

    /// Go's failure for an escape, which it shows in its whole `length` from the backslash on.
    fn bad_escape(&self, length: usize) -> Error {
        let start = self.text[..self.at].iter().rposition(|byte| *byte == b'\\').unwrap_or(self.at);
        let shown = lossy(&self.text[start..self.text.len().min(start + length)]);
        Error::Syntax { problem: format!("invalid escape sequence `{shown}` in string"), offset: self.at }
    }

    fn four_digits(&mut self) -> Result<u32, Error> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return Err(if self.peek().is_none() { self.unexpected("") } else { self.bad_escape(6) });
            };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// The character of a `\u` escape: with the escape that follows, if the two are a surrogate pair.
    fn surrogates(&mut self, first: u32) -> Result<char, Error> {
        let high = (0xd800..0xdc00).contains(&first);
        if high && self.text[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

/// The first character of `text` as Go's errors show it.
fn quoted(text: &[u8]) -> String {
    let character = match text.utf8_chunks().next() {
        Some(chunk) => chunk.valid().chars().next(),
        None => None,
    };
    match character {
        None => "'\\ufffd'".to_owned(),
        Some('\'') => "'\\''".to_owned(),
        Some('\n') => "'\\n'".to_owned(),
        Some('\t') => "'\\t'".to_owned(),
        Some('\r') => "'\\r'".to_owned(),
        Some('\\') => "'\\\\'".to_owned(),
        Some(control) if control.is_ascii_control() => format!("'\\x{:02x}'", u32::from(control)),
        Some(other) if !other.is_ascii() && other.escape_debug().len() > 1 => {
            format!("'\\u{:04x}'", u32::from(other))
        }
        Some(other) => format!("'{other}'"),
    }
}
