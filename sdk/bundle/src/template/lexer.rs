//! Splits a template's text into tokens: text with its trim markers applied, and the words inside actions.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{
    phrases::{MAX_PHRASE_BYTES, Phrase, Phrasebook},
    source::Source,
    token::{Keyword, Kind, Token},
    tree::position,
};
use crate::fault::Fault;

const LEFT: &[u8] = b"{{";
static FIND_LEFT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(LEFT));
const RIGHT: &[u8] = b"}}";
static FIND_RIGHT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(RIGHT));
const COMMENT_START: &[u8] = b"/*";
const COMMENT_END: &[u8] = b"*/";
/// Bytes of a trim marker: the minus and the space that must go with it.
const MARKER: usize = 2;

/// Tokens of a text, an action at a time.
pub(super) struct Lexer<'a> {
    pub(super) source: &'a Source,
    pub(super) text: &'a [u8],
    pub(super) position: usize,
    /// The next texts and the action after them, or the end: the last token is of the kind
    /// [`Kind::RightDelimiter`], [`Kind::Known`] or [`Kind::End`].
    pub(super) tokens: Vec<Token>,
    /// Where in `tokens` the action is, after its delimiter.
    pub(super) action: usize,
    /// Where in the text the action is, after its delimiter and the space there.
    pub(super) start: usize,
    /// Where it ends, before space and delimiter, if it is short and its first right delimiter is one.
    end: Option<usize>,
    /// Whether nothing more is to be told apart.
    is_over: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self {
            source,
            text: &source.text,
            position: 0,
            tokens: Vec::new(),
            action: 0,
            start: 0,
            end: None,
            is_over: false,
        }
    }

    /// The length of what the action says whose tokens are at hand, if it can be found by that again.
    pub(super) fn phrase(&self) -> Option<usize> {
        let delimiter = self.tokens.last()?.start as usize;
        let length = trimmed_end(self.text.get(self.start..delimiter)?);
        // Otherwise the first right delimiter is in a string, and what is before it no action.
        (self.end == Some(self.start + length)).then_some(length)
    }

    /// Replaces the tokens by the next ones. An action that `phrases` has is one token; it is returned.
    ///
    /// # Errors
    /// If an action, comment, string or number is malformed; the end comes after what is before it.
    pub(super) fn advance(&mut self, phrases: Option<&Phrasebook>) -> Result<Option<Phrase>, Fault> {
        self.tokens.clear();
        let result = if self.is_over { Ok(None) } else { self.run(phrases) };
        let whole = matches!(self.tokens.last(), Some(token) if matches!(token.kind, Kind::RightDelimiter | Kind::Known));
        if !whole || result.is_err() {
            self.is_over = true;
            let end = self.text.len();
            self.push(Kind::End, end, end);
        }
        result
    }

    /// The tokens up to the end of the next action; all that are left if there is none.
    fn run(&mut self, phrases: Option<&Phrasebook>) -> Result<Option<Phrase>, Fault> {
        while let Some(offset) = FIND_LEFT.find(self.rest()) {
            let delimiter = self.position + offset;
            let marked = left_marker(&self.text[delimiter + LEFT.len()..]);
            let text = &self.text[self.position..delimiter];
            let kept = if marked { trimmed_end(text) } else { text.len() };
            if kept > 0 {
                self.push(Kind::Text, self.position, self.position + kept);
            }
            self.position = delimiter + LEFT.len() + if marked { MARKER } else { 0 };
            if self.rest().starts_with(COMMENT_START) {
                self.comment()?;
                continue;
            }
            self.push(Kind::LeftDelimiter, delimiter, delimiter + LEFT.len());
            self.skip_space();
            (self.action, self.start) = (self.tokens.len(), self.position);
            let marked = self.find_end();
            if let (Some(phrases), Some(end)) = (phrases, self.end)
                && let Some(phrase) = phrases.find(&self.text[self.start..end])
            {
                self.pass(phrase, end, marked);
                return Ok(Some(phrase.clone()));
            }
            self.action()?;
            return Ok(None);
        }
        let end = self.text.len();
        if self.position < end {
            self.push(Kind::Text, self.position, end);
        }
        Ok(None)
    }

    /// Looks where the action at hand ends if its first right delimiter is one; whether a trim marker goes with that.
    fn find_end(&mut self) -> bool {
        let rest = &self.text[self.start..];
        let rest = &rest[..rest.len().min(MAX_PHRASE_BYTES)];
        self.end = None;
        if rest.first() == Some(&b'`') {
            // Most often it is only that string, which is a text.
            return false;
        }
        let Some(length) = FIND_RIGHT.find(rest) else { return false };
        let marked = matches!(rest[..length], [.., space, b'-'] if is_space(space));
        let length = trimmed_end(&rest[..if marked { length - 1 } else { length }]);
        if length > 0 {
            self.end = Some(self.start + length);
        }
        marked
    }

    /// Passes the action at hand, which is known.
    fn pass(&mut self, phrase: &Phrase, end: usize, marked: bool) {
        let start = self.start;
        if let Some(keyword) = phrase.keyword {
            self.push(Kind::Keyword(keyword), start, start + keyword.length());
        }
        self.push(Kind::Known, start, end);
        self.position = end;
        self.skip_space();
        self.close(marked);
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.position..]
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token { kind, start: position(start), end: position(end) });
    }

    /// Pushes a token that ends here.
    pub(super) fn emit(&mut self, kind: Kind, start: usize) {
        self.push(kind, start, self.position);
    }

    fn fault(&self, cause: impl Into<String>) -> Fault {
        self.source.fault(self.position, cause)
    }

    /// A comment, up to and with its delimiter.
    fn comment(&mut self) -> Result<(), Fault> {
        let Some(offset) = memchr::memmem::find(&self.rest()[COMMENT_START.len()..], COMMENT_END) else {
            return Err(self.fault("unclosed comment"));
        };
        self.position += COMMENT_START.len() + offset + COMMENT_END.len();
        match self.right_delimiter() {
            Some(marked) => {
                self.close(marked);
                Ok(())
            }
            None => Err(self.fault("comment ends before closing delimiter")),
        }
    }

    /// Whether a right delimiter is here, and if so whether a trim marker goes with it.
    fn right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        match rest {
            [space, b'-', after @ ..] if is_space(*space) && after.starts_with(RIGHT) => Some(true),
            _ if rest.starts_with(RIGHT) => Some(false),
            _ => None,
        }
    }

    /// Passes the right delimiter and, with a marker, the space after it.
    fn close(&mut self, marked: bool) {
        self.position += RIGHT.len();
        if marked {
            self.position += MARKER;
            self.position += self.rest().iter().take_while(|byte| is_space(**byte)).count();
        }
    }

    /// The tokens of one action, its right delimiter included.
    fn action(&mut self) -> Result<(), Fault> {
        let mut parentheses = 0_usize;
        loop {
            if let Some(marked) = self.right_delimiter() {
                if parentheses > 0 {
                    return Err(self.fault("unclosed left paren"));
                }
                let start = self.position;
                self.close(marked);
                self.push(Kind::RightDelimiter, start, start + RIGHT.len());
                return Ok(());
            }
            let start = self.position;
            let Some(byte) = self.byte() else {
                return Err(self.fault("unclosed action"));
            };
            match byte {
                _ if is_space(byte) => self.space(),
                b'"' => self.quoted(b'"', Kind::QuotedString, "unterminated quoted string")?,
                b'\'' => self.quoted(b'\'', Kind::CharacterConstant, "unterminated character constant")?,
                b'`' => self.raw()?,
                b'$' => self.name(Kind::Variable, Kind::Variable)?,
                b'.' if !self.text.get(start + 1).is_some_and(u8::is_ascii_digit) => {
                    self.name(Kind::Dot, Kind::Field)?;
                }
                b'.' | b'+' | b'-' | b'0'..=b'9' => self.number()?,
                b'(' => {
                    parentheses += 1;
                    self.single(Kind::LeftParenthesis);
                }
                b')' => {
                    parentheses =
                        parentheses.checked_sub(1).ok_or_else(|| self.fault("unexpected right paren"))?;
                    self.single(Kind::RightParenthesis);
                }
                b'=' => self.single(Kind::Assign),
                b':' => {
                    if self.text.get(start + 1) != Some(&b'=') {
                        return Err(self.fault("expected :="));
                    }
                    self.position += 2;
                    self.emit(Kind::Declare, start);
                }
                b'|' => self.single(Kind::Pipe),
                b',' => self.single(Kind::Comma),
                _ if self.alphanumeric().is_some() => self.identifier()?,
                b'!'..=b'~' => self.single(Kind::Character),
                _ => return Err(self.fault("unrecognized character in action")),
            }
        }
    }

    fn single(&mut self, kind: Kind) {
        self.position += 1;
        self.emit(kind, self.position - 1);
    }

    /// A run of spaces; the last one stays if it belongs to a trim marker.
    fn space(&mut self) {
        let start = self.position;
        self.skip_space();
        if self.position > start {
            self.emit(Kind::Space, start);
        }
    }

    fn skip_space(&mut self) {
        let start = self.position;
        while self.byte().is_some_and(is_space) {
            self.position += 1;
        }
        if self.position > start && self.rest().starts_with(b"-}}") {
            self.position -= 1;
        }
    }

    /// A string or character constant, in which a backslash takes the next character with it.
    fn quoted(&mut self, mark: u8, kind: Kind, unterminated: &str) -> Result<(), Fault> {
        let start = self.position;
        self.position += 1;
        loop {
            match self.byte() {
                None | Some(b'\n') => return Err(self.source.fault(start, unterminated)),
                Some(b'\\') if self.text.get(self.position + 1).is_some_and(|byte| *byte != b'\n') => {
                    self.position += 2;
                }
                Some(b'\\') => return Err(self.source.fault(start, unterminated)),
                Some(byte) => {
                    self.position += 1;
                    if byte == mark {
                        self.emit(kind, start);
                        return Ok(());
                    }
                }
            }
        }
    }

    fn raw(&mut self) -> Result<(), Fault> {
        let start = self.position;
        match memchr::memchr(b'`', &self.text[start + 1..]) {
            None => Err(self.fault("unterminated raw quoted string")),
            Some(length) => {
                self.position = start + 1 + length + 1;
                self.emit(Kind::RawString, start);
                Ok(())
            }
        }
    }

    /// `.`, `.name`, `$` or `$name`.
    fn name(&mut self, bare: Kind, named: Kind) -> Result<(), Fault> {
        let start = self.position;
        self.position += 1;
        if self.at_terminator() {
            self.emit(bare, start);
            return Ok(());
        }
        self.word()?;
        self.emit(named, start);
        Ok(())
    }

    fn identifier(&mut self) -> Result<(), Fault> {
        let start = self.position;
        self.word()?;
        let word = &self.text[start..self.position];
        let kind = match word {
            b"true" | b"false" => Kind::Bool,
            b"nil" => Kind::Nil,
            _ => Keyword::find(word).map_or(Kind::Identifier, Kind::Keyword),
        };
        self.emit(kind, start);
        Ok(())
    }

    /// Passes letters and digits up to a terminator.
    fn word(&mut self) -> Result<(), Fault> {
        loop {
            let plain = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            self.position += self.rest().iter().take_while(plain).count();
            match self.alphanumeric() {
                Some(length) => self.position += length,
                None => break,
            }
        }
        if self.at_terminator() { Ok(()) } else { Err(self.fault("bad character")) }
    }

    /// The length of the letter, digit or underscore here.
    pub(super) fn alphanumeric(&self) -> Option<usize> {
        let byte = self.byte()?;
        if byte.is_ascii() {
            return (byte == b'_' || byte.is_ascii_alphanumeric()).then_some(1);
        }
        let rest = self.rest();
        let head = &rest[..rest.len().min(4)];
        let character = head.utf8_chunks().next()?.valid().chars().next()?;
        is_letter_or_digit(character).then(|| character.len_utf8())
    }

    fn at_terminator(&self) -> bool {
        match self.byte() {
            None => true,
            Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b')' | b'(') => true,
            Some(_) => self.rest().starts_with(RIGHT),
        }
    }
}

fn left_marker(after: &[u8]) -> bool {
    matches!(after, [b'-', space, ..] if is_space(*space))
}

/// How much of `text` is left when the space at its end is trimmed.
fn trimmed_end(text: &[u8]) -> usize {
    text.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Go's `unicode.IsLetter` or `unicode.IsDigit`.
fn is_letter_or_digit(character: char) -> bool {
    use icu_properties::{CodePointMapData, props::GeneralCategory as Category};
    matches!(
        CodePointMapData::<Category>::new().get(character),
        Category::UppercaseLetter
            | Category::LowercaseLetter
            | Category::TitlecaseLetter
            | Category::ModifierLetter
            | Category::OtherLetter
            | Category::DecimalNumber
    )
}
