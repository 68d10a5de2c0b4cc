//! A parser's place among its tokens: what comes next, what is known of it already, and faults there.

use std::sync::Arc;

use super::{
    parser::Parser,
    phrases::Phrase,
    token::{Keyword, Kind, Token},
    tree::{Placed, Position, position},
};
use crate::fault::Fault;

impl<'a> Parser<'a> {
    /// The next token, passed.
    pub(super) fn take(&mut self) -> Token {
        let token = self.peek();
        self.next += 1;
        token
    }

    /// The next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Token {
        match self.lexer.tokens.get(self.next) {
            Some(token) => *token,
            None => self.advance(),
        }
    }

    /// The first of the tokens that come after those at hand, which are passed.
    #[inline(never)]
    fn advance(&mut self) -> Token {
        let phrases = self.is_root_certain.then_some(&*self.phrases);
        match self.lexer.advance(phrases) {
            Ok(known) => self.known = known,
            Err(fault) => self.malformed = Some(fault),
        }
        self.next = 0;
        self.lexer.tokens[0]
    }

    /// The next token that is no space, passed.
    pub(super) fn take_word(&mut self) -> Token {
        self.skip_space();
        self.take()
    }

    /// The next token that is no space.
    pub(super) fn peek_word(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().kind == Kind::Space {
            self.next += 1;
        }
    }

    /// Where the action at hand is, from which the positions in it count.
    pub(super) fn action_start(&self) -> usize {
        self.lexer.start
    }

    /// A place in the action at hand.
    pub(super) fn inside(&self, token: Token) -> Position {
        token.start - position(self.lexer.start)
    }

    /// The rest of the action at hand, which is a pipeline; `context` names it in faults.
    pub(super) fn placed(&mut self, context: &str) -> Result<Placed, Fault> {
        let at = position(self.lexer.start);
        if self.peek_word().kind == Kind::Known
            && let Some(phrase) = self.known.take()
        {
            self.take();
            self.is_slow |= phrase.is_slow;
            return Ok(Placed { at, pipeline: phrase.pipeline });
        }
        let is_slow = std::mem::take(&mut self.is_slow);
        let pipeline = Arc::new(self.pipeline(context, Kind::RightDelimiter)?);
        let phrase = Phrase { keyword: None, pipeline: Arc::clone(&pipeline), is_slow: self.is_slow };
        self.keep(phrase);
        self.is_slow |= is_slow;
        Ok(Placed { at, pipeline })
    }

    /// Keeps the action that just ended if all that matters to its pipeline stands in it.
    fn keep(&mut self, phrase: Phrase) {
        let Some(length) = self.lexer.phrase() else { return };
        let tokens = &self.lexer.tokens[self.lexer.action..];
        let keyword = match tokens.first().map(|token| token.kind) {
            Some(Kind::Keyword(keyword @ (Keyword::If | Keyword::With | Keyword::Range))) => Some(keyword),
            None | Some(Kind::Keyword(_)) => return,
            Some(_) => None,
        };
        let depends = |token: &Token| token.kind == Kind::Variable && token.end - token.start > 1;
        if self.is_root_certain && !tokens.iter().any(depends) {
            let start = position(self.lexer.start);
            self.phrases.keep(&self.source.text, start, length, Phrase { keyword, ..phrase });
        }
    }

    /// The place among the tokens, to come back to.
    pub(super) fn mark(&self) -> usize {
        self.next
    }

    /// Goes back to `mark`.
    pub(super) fn back(&mut self, mark: usize) {
        self.next = mark;
    }

    /// A token's bytes.
    pub(super) fn bytes(&self, token: Token) -> &'a [u8] {
        &self.source.text[token.start as usize..token.end as usize]
    }

    /// A failure at `token`.
    pub(super) fn fault(&self, token: Token, cause: impl Into<String>) -> Fault {
        self.source.fault(token.start as usize, cause)
    }

    /// `unexpected X in context`.
    pub(super) fn unexpected(&self, token: Token, context: &str) -> Fault {
        let shown = match token.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Keyword(_) => format!("<{}>", String::from_utf8_lossy(self.bytes(token))),
            _ => format!("{:?}", String::from_utf8_lossy(self.bytes(token))),
        };
        self.fault(token, format!("unexpected {shown} in {context}"))
    }

    pub(super) fn expect(&mut self, kind: Kind, context: &str) -> Result<Token, Fault> {
        let token = self.take_word();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(token, context)) }
    }
}
