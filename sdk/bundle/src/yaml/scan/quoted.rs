//! Scalars in quotes.

use std::borrow::Cow;

use super::{Error, Kind, Scanner, plain::Breaks};
use crate::yaml::{
    chars::{break_width, is_blank},
    scalar::Style,
};

impl<'a, const COMMENTS: bool> Scanner<'a, COMMENTS> {
    pub(super) fn single_quoted(&mut self) -> Result<Kind<'a>, Error> {
        self.quoted(b'\'')
    }

    pub(super) fn double_quoted(&mut self) -> Result<Kind<'a>, Error> {
        self.quoted(b'"')
    }

    fn quoted(&mut self, quote: u8) -> Result<Kind<'a>, Error> {
        let style = if quote == b'"' { Style::Double } else { Style::Single };
        let first = self.mark;
        self.skip(1);
        let start = self.mark.offset;
        if let Some(text) = self.simple_quoted(quote) {
            self.skip(text.len() + 1);
            return Ok(Kind::Scalar { text: Cow::Borrowed(text), style });
        }
        debug_assert_eq!(start, self.mark.offset);
        let mut text = String::new();
        loop {
            if self.is_document_indicator() {
                return Err(self.failure_since(first, "found unexpected document indicator"));
            }
            if self.is_at_end() {
                return Err(self.failure_since(first, "found unexpected end of stream"));
            }
            let continued =
                self.quoted_word(quote, &mut text).map_err(|problem| self.failure_since(first, problem))?;
            if self.at(0) == quote {
                self.skip(1);
                return Ok(Kind::Scalar { text: Cow::Owned(text), style });
            }
            self.quoted_separation(continued, &mut text);
        }
    }

    /// The text up to the closing quote, if it needs no change: no escapes, no line breaks.
    fn simple_quoted(&self, quote: u8) -> Option<&'a str> {
        let start = self.mark.offset;
        let rest = &self.bytes[start..];
        let special = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0xc2 | 0xe2 | b'\\') || *byte == quote;
        let mut length = 0;
        loop {
            length += rest[length..].iter().position(special)?;
            match rest[length] {
                b'\\' if quote == b'\'' => {}
                byte if byte == quote => break,
                0xc2 | 0xe2 if break_width(rest, length) == 0 => {}
                _ => return None,
            }
            length += 1;
        }
        let doubled = quote == b'\'' && rest.get(length + 1) == Some(&quote);
        (!doubled).then(|| &self.text[start..start + length])
    }

    /// To a blank, a line break or the closing quote. Whether it ended with an escaped line break.
    fn quoted_word(&mut self, quote: u8, text: &mut String) -> Result<bool, &'static str> {
        loop {
            let from = self.mark.offset;
            let mut at = from;
            while let Some(&byte) = self.bytes.get(at) {
                let ends = matches!(byte, b' ' | b'\t' | b'\n' | b'\r') || byte == quote || byte == b'\\';
                if ends || (matches!(byte, 0xc2 | 0xe2) && break_width(self.bytes, at) > 0) {
                    break;
                }
                at += 1;
            }
            text.push_str(&self.text[from..at]);
            self.skip(at - from);
            match self.at(0) {
                b'\'' if quote == b'\'' && self.at(1) == b'\'' => {
                    text.push('\'');
                    self.skip(2);
                }
                b'\\' if quote == b'\'' => {
                    text.push('\\');
                    self.skip(1);
                }
                b'\\' if break_width(self.bytes, self.mark.offset + 1) > 0 => {
                    self.skip(1);
                    self.skip_break();
                    return Ok(true);
                }
                b'\\' => self.escape(text)?,
                _ => return Ok(false),
            }
        }
    }

    /// Past blanks and line breaks between words. After an escaped line break (`continued`) blanks vanish.
    fn quoted_separation(&mut self, continued: bool, text: &mut String) {
        let from = self.mark.offset;
        let mut breaks = Breaks::default();
        let mut blanks = 0;
        loop {
            if is_blank(self.bytes, self.mark.offset) {
                blanks += usize::from(!continued && !breaks.any());
                self.skip(1);
            } else if break_width(self.bytes, self.mark.offset) > 0 {
                let kept = self.take_break();
                if continued && !breaks.any() {
                    // The escaped break was the first one, and leaves nothing behind.
                    breaks.push("");
                }
                breaks.push(kept);
            } else {
                break;
            }
        }
        match breaks.take() {
            Some(separator) => text.push_str(&separator),
            None => text.push_str(&self.text[from..from + blanks]),
        }
    }

    /// One escape in double quotes.
    fn escape(&mut self, text: &mut String) -> Result<(), &'static str> {
        let (character, digits) = match self.at(1) {
            b'0' => ('\0', 0),
            b'a' => ('\u{7}', 0),
            b'b' => ('\u{8}', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\u{b}', 0),
            b'f' => ('\u{c}', 0),
            b'r' => ('\r', 0),
            b'e' => ('\u{1b}', 0),
            b' ' => (' ', 0),
            b'"' => ('"', 0),
            b'\'' => ('\'', 0),
            b'\\' => ('\\', 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{a0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => return Err("found unknown escape character"),
        };
        self.skip(2);
        if digits == 0 {
            text.push(character);
            return Ok(());
        }
        let mut code = 0u32;
        for ahead in 0..digits {
            let Some(digit) = char::from(self.at(ahead)).to_digit(16) else {
                return Err("did not find expected hexdecimal number");
            };
            code = code << 4 | digit;
        }
        let Some(character) = char::from_u32(code) else {
            return Err("found invalid Unicode character escape code");
        };
        text.push(character);
        self.skip(digits);
        Ok(())
    }
}
