//! What looks like a number in an action. In: a lexer at its first character. Out: its token; its value is judged later.

use super::{lexer::Lexer, token::Kind};
use crate::fault::Fault;

impl Lexer<'_> {
    pub(super) fn number(&mut self) -> Result<(), Fault> {
        let start = self.position;
        let mut kind = Kind::Number;
        let mut valid = self.scan_number();
        if valid && matches!(self.byte(), Some(b'+' | b'-')) {
            kind = Kind::Complex;
            valid = self.scan_number() && self.text[self.position - 1] == b'i';
        }
        if !valid {
            let shown = String::from_utf8_lossy(&self.text[start..self.position]);
            return Err(self.source.fault(start, format!("bad number syntax: {shown:?}")));
        }
        self.emit(kind, start);
        Ok(())
    }

    /// Passes what looks like a number; its value is judged later.
    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let mut digits: &[u8] = b"0123456789_";
        let mut marks: &[u8] = b"eE";
        if self.accept(b"0") {
            if self.accept(b"xX") {
                (digits, marks) = (b"0123456789abcdefABCDEF_", b"pP");
            } else if self.accept(b"oO") {
                (digits, marks) = (b"01234567_", b"");
            } else if self.accept(b"bB") {
                (digits, marks) = (b"01_", b"");
            }
        }
        while self.accept(digits) {}
        if self.accept(b".") {
            while self.accept(digits) {}
        }
        if self.accept(marks) {
            self.accept(b"+-");
            while self.accept(b"0123456789_") {}
        }
        self.accept(b"i");
        match self.alphanumeric() {
            None => true,
            Some(length) => {
                self.position += length;
                false
            }
        }
    }

    fn accept(&mut self, bytes: &[u8]) -> bool {
        let accepted = self.byte().is_some_and(|byte| bytes.contains(&byte));
        self.position += usize::from(accepted);
        accepted
    }
}
