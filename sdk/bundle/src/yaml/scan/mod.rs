//! A stream's tokens, found as libyaml finds them: one pass, with a queue that holds tokens back as long as a
//! simple key may still turn out to start before them.
//!
//! In: text without control characters. Out: [`Token`]s, or the first [`Error`] in goyaml's words. A scanner that
//! keeps comments looks two tokens further ahead, as goyaml v3 does, and has [`Comment`]s beside the tokens; for the
//! others all of that is compiled away.

mod block;
mod comments;
mod fetch;
mod plain;
mod quoted;
mod tag;
mod token;

use std::collections::VecDeque;

use comments::Comment;
pub(super) use comments::Place;
use memchr::{memchr2, memchr2_iter};
pub(super) use token::{Kind, Mark, Token};

use super::{
    Error,
    chars::{break_width, byte, is_blank, is_blank_or_end},
    error::Position,
};

/// Longest simple key, in characters from its start to its colon.
const SIMPLE_KEY: usize = 1024;

/// Beyond [`super::MAX_DEPTH`] levels of blocks, or of brackets.
const TOO_DEEP: &str = "exceeded max depth of 10000";
const _: () = assert!(super::MAX_DEPTH == 10_000, "the words name the limit");

/// A place where a simple key may start.
#[derive(Clone, Copy, Default)]
struct SimpleKey {
    possible: bool,
    /// Whether only a key can stand here.
    required: bool,
    /// The number of its first token, counted from the start of the stream.
    token: usize,
    mark: Mark,
    /// Whether its token is held back for it. goyaml forgets this for `[]` and `{}`, which are therefore no keys.
    held: bool,
}

/// The state of the pass over a stream.
pub(super) struct Scanner<'a, const COMMENTS: bool = false> {
    text: &'a str,
    bytes: &'a [u8],
    mark: Mark,
    queue: VecDeque<Token<'a>>,
    /// Whether the first token in the queue is certain.
    ready: bool,
    /// Tokens taken from the queue so far.
    taken: usize,
    /// The innermost block's column; -1 outside all blocks.
    indent: isize,
    indents: Vec<isize>,
    /// One for the block context, and one for each open `[` and `{`.
    keys: Vec<SimpleKey>,
    key_allowed: bool,
    /// What was found and not asked for yet.
    comments: VecDeque<Comment<'a>>,
}

impl<'a, const COMMENTS: bool> Scanner<'a, COMMENTS> {
    /// A scanner at the start of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            mark: Mark::default(),
            queue: VecDeque::new(),
            ready: false,
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            key_allowed: true,
            comments: VecDeque::new(),
        }
    }

    /// The next token, left in place.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<&Token<'a>, Error> {
        if !self.ready {
            self.fill()?;
        }
        Ok(self.queue.front().expect("invariant: fetching goes on until there is a token"))
    }

    /// The next token. After the end of the stream there is none: do not ask.
    pub(super) fn next(&mut self) -> Result<Token<'a>, Error> {
        self.peek()?;
        self.ready = false;
        self.taken += 1;
        Ok(self.queue.pop_front().expect("invariant: peek leaves a token"))
    }

    /// Fetches until the first token in the queue is certain.
    fn fill(&mut self) -> Result<(), Error> {
        while self.wants_more()? {
            self.fetch()?;
        }
        self.ready = true;
        Ok(())
    }

    /// Whether the first token in the queue may still get a key before it.
    fn wants_more(&mut self) -> Result<bool, Error> {
        // Comments find their tokens only when the next two are known.
        let least = if COMMENTS { 3 } else { 1 };
        if self.queue.len() < least {
            return Ok(true);
        }
        let taken = self.taken;
        // What is further in starts later, so that few keys are looked at however many brackets are open.
        let end = self.keys.partition_point(|key| key.token <= taken);
        let mut here = self.keys[..end].iter().enumerate().rev().take_while(|(_, key)| key.token == taken);
        match here.find(|(_, key)| key.held).map(|(level, _)| level) {
            Some(level) => self.is_valid(level),
            None => Ok(false),
        }
    }

    /// Whether the key at `level` can still be one: it must end on its line and within [`SIMPLE_KEY`].
    fn is_valid(&mut self, level: usize) -> Result<bool, Error> {
        let key = self.keys[level];
        if !key.possible {
            return Ok(false);
        }
        let far = self.mark.offset - key.mark.offset > SIMPLE_KEY
            && self.text[key.mark.offset..self.mark.offset].chars().count() > SIMPLE_KEY;
        if key.mark.line == self.mark.line && !far {
            return Ok(true);
        }
        if key.required {
            return Err(self.failure_since(key.mark, "could not find expected ':'"));
        }
        self.keys[level].possible = false;
        Ok(false)
    }

    /// goyaml's failure at the current place; it names no line for the first.
    fn failure(&self, problem: &'static str) -> Error {
        let Mark { line, column, .. } = self.mark;
        let position = Position { line: line + 1, column: column + 1 };
        Error::Syntax { problem, position, shown: (line != 0).then_some(line + 1) }
    }

    /// The failure of something that began at `start`: goyaml v3, which keeps comments, names that line.
    fn failure_since(&self, start: Mark, problem: &'static str) -> Error {
        match self.failure(problem) {
            Error::Syntax { problem, position, .. } if COMMENTS && start.line != 0 => {
                Error::Syntax { problem, position, shown: Some(start.line + 1) }
            }
            other => other,
        }
    }

    fn in_flow(&self) -> bool {
        self.keys.len() > 1
    }

    /// The byte `ahead` of the current place.
    fn at(&self, ahead: usize) -> u8 {
        byte(self.bytes, self.mark.offset + ahead)
    }

    fn is_at_end(&self) -> bool {
        self.mark.offset >= self.bytes.len()
    }

    /// Past `count` bytes that are no line breaks.
    fn skip(&mut self, count: usize) {
        self.mark.offset += count;
        self.mark.column += count;
    }

    /// Past one line break; CR LF is one.
    fn skip_break(&mut self) {
        let crlf = self.at(0) == b'\r' && self.at(1) == b'\n';
        self.mark.offset += if crlf { 2 } else { break_width(self.bytes, self.mark.offset) };
        self.mark.line += 1;
        self.mark.column = 0;
    }

    /// Past one line break; what it is in a scalar: LS and PS stay, the others become a newline.
    fn take_break(&mut self) -> &'static str {
        let kept = match (self.at(0), self.at(2)) {
            (0xe2, 0xa8) => "\u{2028}",
            (0xe2, _) => "\u{2029}",
            _ => "\n",
        };
        self.skip_break();
        kept
    }

    /// Past blanks, comments and line breaks, to the next token.
    fn skip_to_token(&mut self) {
        let start = self.mark;
        loop {
            let tabs = self.in_flow() || !self.key_allowed;
            let rest = &self.bytes[self.mark.offset..];
            self.skip(rest.iter().take_while(|byte| **byte == b' ' || (tabs && **byte == b'\t')).count());
            if COMMENTS {
                self.lift_comment();
            }
            if self.at(0) == b'#' {
                if COMMENTS {
                    self.block_comments(start);
                } else {
                    self.skip_line_rest();
                }
            }
            if break_width(self.bytes, self.mark.offset) == 0 {
                return;
            }
            self.skip_break();
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    /// To the end of the line.
    fn skip_line_rest(&mut self) {
        let end = self.line_end();
        self.skip(end - self.mark.offset);
    }

    /// Where the current line ends.
    fn line_end(&self) -> usize {
        let start = self.mark.offset;
        let rest = &self.bytes[start..];
        let line = &rest[..memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())];
        // NEL, LS and PS end lines too.
        let rare = memchr2_iter(0xc2, 0xe2, line).find(|at| break_width(line, *at) > 0);
        start + rare.unwrap_or(line.len())
    }

    /// Whether a line `---` or `...` starts here.
    fn is_document_indicator(&self) -> bool {
        let mark = self.at(0);
        self.mark.column == 0
            && matches!(mark, b'-' | b'.')
            && self.at(1) == mark
            && self.at(2) == mark
            && is_blank_or_end(self.bytes, self.mark.offset + 3)
    }

    /// Finds one token more, or several at the ends of blocks.
    fn fetch(&mut self) -> Result<(), Error> {
        let start = self.mark;
        self.skip_to_token();
        self.unroll(self.mark.column as isize, start);
        if self.is_at_end() {
            return self.fetch_stream_end();
        }
        let first = self.at(0);
        if self.mark.column == 0 && first == b'%' {
            return self.fetch_directive();
        }
        if self.is_document_indicator() {
            let kind = if first == b'-' { Kind::DocumentStart } else { Kind::DocumentEnd };
            return self.fetch_document_indicator(kind);
        }
        if COMMENTS {
            let token = self.comment_token(first);
            self.fetch_indicated(first)?;
            self.line_comment_after(token);
            return Ok(());
        }
        self.fetch_indicated(first)
    }

    /// The token that starts with the byte `first`.
    #[inline]
    fn fetch_indicated(&mut self, first: u8) -> Result<(), Error> {
        let before_blank = is_blank_or_end(self.bytes, self.mark.offset + 1);
        let flow = self.in_flow();
        match first {
            b'[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Kind::FlowMappingStart),
            b']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if before_blank => self.fetch_block_entry(),
            b'?' if flow || before_blank => self.fetch_key(),
            b':' if flow || before_blank => self.fetch_value(),
            b'*' | b'&' => self.fetch_word(Self::anchor),
            b'!' => self.fetch_word(Self::tag),
            b'|' | b'>' if !flow => self.fetch_block_scalar(first == b'|'),
            b'\'' => self.fetch_word(Self::single_quoted),
            b'"' => self.fetch_word(Self::double_quoted),
            b'-' | b'?' | b':' => self.fetch_word(Self::plain),
            b' ' | b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                Err(self.failure("found character that cannot start any token"))
            }
            _ => self.fetch_word(Self::plain),
        }
    }

    fn push(&mut self, kind: Kind<'a>, mark: Mark) {
        self.queue.push_back(Token { kind, mark });
    }

    /// Takes an indicator of one byte.
    fn push_indicator(&mut self, kind: Kind<'a>) {
        self.push(kind, self.mark);
        self.skip(1);
    }

    /// Notes that a simple key may start here.
    fn save_key(&mut self) -> Result<(), Error> {
        if !self.key_allowed {
            return Ok(());
        }
        let required = !self.in_flow() && self.indent == self.mark.column as isize;
        self.remove_key()?;
        let token = self.taken + self.queue.len();
        let key = SimpleKey { possible: true, required, token, mark: self.mark, held: true };
        *self.keys.last_mut().expect("invariant: the block context stays") = key;
        Ok(())
    }

    /// Notes that what was noted here is no key.
    fn remove_key(&mut self) -> Result<(), Error> {
        let key = self.keys.last_mut().expect("invariant: the block context stays");
        let missing = key.possible && key.required;
        let start = key.mark;
        if std::mem::take(&mut key.possible) {
            key.held = false;
        }
        if missing { Err(self.failure_since(start, "could not find expected ':'")) } else { Ok(()) }
    }

    /// Opens a block if `column` is further right than the current one; its token goes before the token
    /// `number`, or to the end of the queue.
    fn roll(
        &mut self,
        column: usize,
        number: Option<usize>,
        kind: Kind<'a>,
        mark: Mark,
    ) -> Result<(), Error> {
        if self.in_flow() || self.indent >= column as isize {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column as isize;
        if self.indents.len() > super::MAX_DEPTH {
            let start = self.keys.last().map_or(self.mark, |key| key.mark);
            return Err(self.failure_since(start, TOO_DEEP));
        }
        self.insert(number, kind, mark);
        Ok(())
    }

    /// Puts a token before the token `number`, or to the end of the queue if that one is not in it.
    fn insert(&mut self, number: Option<usize>, kind: Kind<'a>, mark: Mark) {
        let at = number.and_then(|number| number.checked_sub(self.taken)).unwrap_or(self.queue.len());
        self.queue.insert(at, Token { kind, mark });
    }

    /// Closes the blocks that are further right than `column`; what was passed since `start` is no part of them.
    fn unroll(&mut self, column: isize, start: Mark) {
        if self.in_flow() {
            return;
        }
        let mut end = Mark { offset: start.offset.saturating_sub(1), ..start };
        while self.indent > column {
            if COMMENTS {
                end = self.block_end(end);
            }
            self.push(Kind::BlockEnd, if COMMENTS { end } else { self.mark });
            self.indent = self.indents.pop().expect("invariant: each block has its outer one's column");
        }
    }

    /// Past spaces and tabs.
    fn skip_blanks(&mut self) {
        while is_blank(self.bytes, self.mark.offset) {
            self.skip(1);
        }
    }
}
