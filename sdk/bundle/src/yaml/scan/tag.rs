//! Anchors, aliases, tags and directives.

use std::borrow::Cow;

use super::{Error, Kind, Scanner};
use crate::yaml::chars::{break_width, is_blank, is_blank_or_end, is_break_or_end, is_word, width};

/// Most digits of a number in `%YAML 1.1`.
const VERSION_DIGITS: usize = 2;

impl<'a, const COMMENTS: bool> Scanner<'a, COMMENTS> {
    /// `*name` or `&name`.
    pub(super) fn anchor(&mut self) -> Result<Kind<'a>, Error> {
        let alias = self.at(0) == b'*';
        self.skip(1);
        let name = self.name();
        let ends = is_blank_or_end(self.bytes, self.mark.offset)
            || matches!(self.at(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return Err(self.failure("did not find expected alphabetic or numeric character"));
        }
        Ok(if alias { Kind::Alias(name) } else { Kind::Anchor(name) })
    }

    /// Letters, digits, `_` and `-`.
    fn name(&mut self) -> &'a str {
        let start = self.mark.offset;
        while is_word(self.at(0)) {
            self.skip(1);
        }
        &self.text[start..self.mark.offset]
    }

    /// `!`, `!suffix`, `!!suffix`, `!handle!suffix` or `!<uri>`.
    pub(super) fn tag(&mut self) -> Result<Kind<'a>, Error> {
        let (handle, suffix) = if self.at(1) == b'<' {
            self.skip(2);
            let uri = self.uri("")?;
            if self.at(0) != b'>' {
                return Err(self.failure("did not find the expected '>'"));
            }
            self.skip(1);
            (Cow::Borrowed(""), uri)
        } else {
            let handle = self.handle(false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                (Cow::Borrowed(handle), self.uri("")?)
            } else {
                match self.uri(handle)? {
                    suffix if suffix.is_empty() => (Cow::Borrowed(""), Cow::Borrowed("!")),
                    suffix => (Cow::Borrowed("!"), suffix),
                }
            }
        };
        if !is_blank_or_end(self.bytes, self.mark.offset) {
            return Err(self.failure("did not find expected whitespace or line break"));
        }
        Ok(Kind::Tag(Box::new((handle, suffix))))
    }

    /// `!`, `!!` or `!name!`; outside directives also `!name`.
    fn handle(&mut self, directive: bool) -> Result<&'a str, Error> {
        let start = self.mark.offset;
        if self.at(0) != b'!' {
            return Err(self.failure("did not find expected '!'"));
        }
        self.skip(1);
        let name = self.name();
        if self.at(0) == b'!' {
            self.skip(1);
        } else if directive && !name.is_empty() {
            return Err(self.failure("did not find expected '!'"));
        }
        Ok(&self.text[start..self.mark.offset])
    }

    /// The rest of a tag; `head` is what was taken for a handle, `!` and perhaps the start of the suffix.
    fn uri(&mut self, head: &'a str) -> Result<Cow<'a, str>, Error> {
        let mut uri = head.get(1..).unwrap_or_default().as_bytes().to_vec();
        let mut found = !head.is_empty();
        loop {
            match self.at(0) {
                b'%' => self.uri_escape(&mut uri)?,
                byte if is_word(byte) || b";/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    uri.push(byte);
                    self.skip(1);
                }
                _ => break,
            }
            found = true;
        }
        if !found {
            return Err(self.failure("did not find expected tag URI"));
        }
        Ok(Cow::Owned(String::from_utf8_lossy(&uri).into_owned()))
    }

    /// One character in `%xx` octets.
    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Result<(), Error> {
        let mut left = None;
        while left != Some(0) {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (Some(high), Some(low), b'%') = (digit(self.at(1)), digit(self.at(2)), self.at(0)) else {
                return Err(self.failure("did not find URI escaped octet"));
            };
            let octet = high << 4 | low;
            left = Some(match left {
                None if matches!(octet, 0x80..=0xbf | 0xf8..) => {
                    return Err(self.failure("found an incorrect leading UTF-8 octet"));
                }
                None => width(octet) - 1,
                Some(_) if octet & 0xc0 != 0x80 => {
                    return Err(self.failure("found an incorrect trailing UTF-8 octet"));
                }
                Some(left) => left - 1,
            });
            uri.push(octet);
            self.skip(3);
        }
        Ok(())
    }

    /// `%YAML 1.1` or `%TAG ! prefix`, with the line break.
    pub(super) fn directive(&mut self) -> Result<Kind<'a>, Error> {
        self.skip(1);
        let name = self.name();
        if name.is_empty() {
            return Err(self.failure("could not find expected directive name"));
        }
        if !is_blank_or_end(self.bytes, self.mark.offset) {
            return Err(self.failure("found unexpected non-alphabetical character"));
        }
        let kind = match name {
            "YAML" => self.version()?,
            "TAG" => self.tag_prefix()?,
            _ => return Err(self.failure("found unknown directive name")),
        };
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_line_rest();
        }
        if !is_break_or_end(self.bytes, self.mark.offset) {
            return Err(self.failure("did not find expected comment or line break"));
        }
        if break_width(self.bytes, self.mark.offset) > 0 {
            self.skip_break();
        }
        Ok(kind)
    }

    fn version(&mut self) -> Result<Kind<'a>, Error> {
        self.skip_blanks();
        let major = self.version_number()?;
        if self.at(0) != b'.' {
            return Err(self.failure("did not find expected digit or '.' character"));
        }
        self.skip(1);
        Ok(Kind::Version(major, self.version_number()?))
    }

    fn version_number(&mut self) -> Result<u8, Error> {
        let mut number = 0;
        let mut digits = 0;
        while self.at(0).is_ascii_digit() {
            digits += 1;
            if digits > VERSION_DIGITS {
                return Err(self.failure("found extremely long version number"));
            }
            number = number * 10 + (self.at(0) - b'0');
            self.skip(1);
        }
        if digits == 0 {
            return Err(self.failure("did not find expected version number"));
        }
        Ok(number)
    }

    fn tag_prefix(&mut self) -> Result<Kind<'a>, Error> {
        self.skip_blanks();
        let handle = self.handle(true)?;
        if !is_blank(self.bytes, self.mark.offset) {
            return Err(self.failure("did not find expected whitespace"));
        }
        self.skip_blanks();
        let prefix = self.uri("")?;
        if !is_blank_or_end(self.bytes, self.mark.offset) {
            return Err(self.failure("did not find expected whitespace or line break"));
        }
        Ok(Kind::TagPrefix(Box::new((Cow::Borrowed(handle), prefix))))
    }
}
