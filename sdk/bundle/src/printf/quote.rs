//! Go's quoting (`strconv.Quote` and its relatives) and its inverse.

use std::borrow::Cow;

/// Whether Go prints the character as it is: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub fn is_print(character: char) -> bool {
    use icu_properties::{CodePointMapData, props::GeneralCategory as Category};
    if character.is_ascii() {
        return matches!(character, ' '..='~');
    }
    !matches!(
        CodePointMapData::<Category>::new().get(character),
        Category::Unassigned
            | Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::SpaceSeparator
            | Category::LineSeparator
            | Category::ParagraphSeparator
    )
}

/// Go's `strconv.Quote`: in double quotes, unprintable characters and invalid bytes escaped.
pub fn quote(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    append(&mut out, text, '"', false);
    out
}

/// Go's `strconv.QuoteToASCII`: everything beyond ASCII escaped too.
pub fn quote_ascii(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    append(&mut out, text, '"', true);
    out
}

/// Go's `strconv.QuoteRune` or, with `ascii`, `QuoteRuneToASCII`: in single quotes.
pub fn quote_character(character: char, ascii: bool) -> String {
    let mut out = String::from('\'');
    escape(&mut out, character, '\'', ascii);
    out.push('\'');
    out
}

fn append(out: &mut String, text: &[u8], mark: char, ascii: bool) {
    out.push(mark);
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            escape(out, character, mark, ascii);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push(mark);
}

fn escape(out: &mut String, character: char, mark: char, ascii: bool) {
    if character == mark || character == '\\' {
        out.push('\\');
        out.push(character);
        return;
    }
    if is_print(character) && (character.is_ascii() || !ascii) {
        out.push(character);
        return;
    }
    match character {
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        '\0'..' ' | '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(character))),
        '\u{80}'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
        _ => out.push_str(&format!("\\U{:08x}", u32::from(character))),
    }
}

/// Whether `text` can stand unchanged between backquotes (`strconv.CanBackquote`).
pub fn can_backquote(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| {
        text.chars().all(|character| match character {
            '\u{feff}' | '`' | '\x7f' => false,
            '\t' => true,
            other => other >= ' ',
        })
    })
}

/// Go's `strconv.Unquote` for a string in double quotes or backquotes; `None` if it is malformed.
pub fn unquote(quoted: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (&mark, rest) = quoted.split_first()?;
    let (&last, mut inner) = rest.split_last()?;
    if mark != last {
        return None;
    }
    match mark {
        b'`' if inner.contains(&b'`') => None,
        b'`' if !inner.contains(&b'\r') => Some(inner.into()),
        b'`' => Some(inner.iter().copied().filter(|byte| *byte != b'\r').collect()),
        b'"' if !inner.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'"')) => Some(inner.into()),
        b'"' => {
            let mut out = Vec::with_capacity(inner.len());
            while !inner.is_empty() {
                if inner[0] == b'\n' {
                    return None;
                }
                let (unit, rest) = unquote_unit(inner, b'"')?;
                unit.append_to(&mut out);
                inner = rest;
            }
            Some(out.into())
        }
        _ => None,
    }
}

/// The value of a character constant with its quotes; `None` if it is malformed.
pub fn unquote_character(quoted: &[u8]) -> Option<u32> {
    let (unit, rest) = unquote_unit(quoted.strip_prefix(b"'")?, b'\'')?;
    if rest != b"'" {
        return None;
    }
    Some(match unit {
        Unit::Byte(byte) => u32::from(byte),
        Unit::Character(character) => u32::from(character),
    })
}

/// One unit of a quoted text: `\x41` and `\101` are bytes, all else is a character.
enum Unit {
    Byte(u8),
    Character(char),
}

impl Unit {
    fn append_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => out.push(*byte),
            Self::Character(character) => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

fn unquote_unit(text: &[u8], mark: u8) -> Option<(Unit, &[u8])> {
    let (&first, rest) = text.split_first()?;
    if first == mark {
        return None;
    }
    if first != b'\\' {
        return Some(plain_unit(text));
    }
    let (&code, rest) = rest.split_first()?;
    let character = match code {
        b'a' => '\x07',
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\x0b',
        b'\\' => '\\',
        b'\'' | b'"' if code == mark => char::from(code),
        b'x' => {
            let (value, rest) = digits(rest, 2, 16)?;
            return Some((Unit::Byte(u8::try_from(value).ok()?), rest));
        }
        b'u' | b'U' => {
            let (value, rest) = digits(rest, if code == b'u' { 4 } else { 8 }, 16)?;
            return Some((Unit::Character(char::from_u32(value)?), rest));
        }
        b'0'..=b'7' => {
            let (value, rest) = digits(&text[1..], 3, 8)?;
            return Some((Unit::Byte(u8::try_from(value).ok()?), rest));
        }
        _ => return None,
    };
    Some((Unit::Character(character), rest))
}

/// The first character of `text`, which is not empty; an invalid byte stays a byte.
fn plain_unit(text: &[u8]) -> (Unit, &[u8]) {
    let first = text.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
    match first {
        Some(character) => (Unit::Character(character), &text[character.len_utf8()..]),
        None => (Unit::Byte(text[0]), &text[1..]),
    }
}

fn digits(text: &[u8], count: usize, base: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(count)?;
    let value = digits.iter().try_fold(0_u32, |value, digit| {
        value.checked_mul(base)?.checked_add(char::from(*digit).to_digit(base)?)
    })?;
    Some((value, rest))
}
