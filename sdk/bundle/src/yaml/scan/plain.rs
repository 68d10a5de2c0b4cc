//! Scalars without quotes.

use std::borrow::Cow;

use super::{Error, Kind, Scanner};
use crate::yaml::{
    chars::{break_width, byte, is_blank, is_blank_or_end},
    scalar::Style,
};

/// Bytes at which it takes a look around to know whether a word ends.
const MAY_END_A_WORD: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut rest: &[u8] = b" \t\n\r:,?[]{}\xc2\xe2";
    while let [first, others @ ..] = rest {
        bytes[*first as usize] = true;
        rest = others;
    }
    bytes
};

impl<'a, const COMMENTS: bool> Scanner<'a, COMMENTS> {
    /// A plain scalar, which may go on for several lines.
    pub(super) fn plain(&mut self) -> Result<Kind<'a>, Error> {
        let first = self.mark;
        let start = first.offset;
        // The text so far, once it differs from the stream's.
        let mut folded: Option<String> = None;
        let mut end = start;
        // The line breaks since the last word, as far as they are part of the text.
        let mut breaks = Breaks::default();
        loop {
            if self.is_document_indicator() || self.at(0) == b'#' {
                break;
            }
            let word = self.mark.offset;
            self.words();
            if self.mark.offset > word {
                match (&mut folded, breaks.take()) {
                    (None, None) => {}
                    (Some(text), None) => text.push_str(&self.text[end..self.mark.offset]),
                    (text, Some(separator)) => {
                        let text = text.get_or_insert_with(|| self.text[start..end].to_owned());
                        text.push_str(&separator);
                        text.push_str(&self.text[word..self.mark.offset]);
                    }
                }
                end = self.mark.offset;
            }
            if !is_blank(self.bytes, self.mark.offset) && break_width(self.bytes, self.mark.offset) == 0 {
                break;
            }
            if !self.separation(&mut breaks) {
                return Err(self.failure_since(first, "found a tab character that violates indentation"));
            }
            if !self.in_flow() && (self.mark.column as isize) <= self.indent {
                break;
            }
        }
        if breaks.any() {
            self.key_allowed = true;
        }
        let text = folded.map_or(Cow::Borrowed(&self.text[start..end]), Cow::Owned);
        Ok(Kind::Scalar { text, style: Style::Plain })
    }

    /// To the end of the words of a line, blanks between them included: a line break, a comment, or an indicator that ends
    /// the scalar. What stands behind blanks and may be one of these is left for the next look.
    fn words(&mut self) {
        let flow = self.in_flow();
        let mut at = self.mark.offset;
        loop {
            at += self.bytes[at..].iter().take_while(|byte| !MAY_END_A_WORD[usize::from(**byte)]).count();
            match byte(self.bytes, at) {
                b' ' | b'\t' => {
                    let blanks =
                        self.bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                    let next = byte(self.bytes, at + blanks);
                    if next == b'#' || next == 0 || MAY_END_A_WORD[usize::from(next)] {
                        break;
                    }
                    at += blanks;
                }
                b'\n' | b'\r' => break,
                b':' if is_blank_or_end(self.bytes, at + 1) => break,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' if flow => break,
                0xc2 | 0xe2 if break_width(self.bytes, at) > 0 => break,
                _ if at == self.bytes.len() => break,
                _ => at += 1,
            }
        }
        self.skip(at - self.mark.offset);
    }

    /// Past blanks and line breaks between words; false at a tab where only spaces may indent.
    fn separation(&mut self, breaks: &mut Breaks) -> bool {
        loop {
            if is_blank(self.bytes, self.mark.offset) {
                let indented = self.mark.column as isize > self.indent;
                if breaks.any() && !indented && self.at(0) == b'\t' {
                    return false;
                }
                self.skip(1);
            } else if break_width(self.bytes, self.mark.offset) > 0 {
                let kept = self.take_break();
                breaks.push(kept);
            } else {
                return true;
            }
        }
    }
}

/// Line breaks in a flow scalar: a single one becomes a space, of several all but the first stay. LS and PS stay.
#[derive(Default)]
pub(super) struct Breaks {
    first: Option<&'static str>,
    others: String,
}

impl Breaks {
    pub(super) fn any(&self) -> bool {
        self.first.is_some()
    }

    pub(super) fn push(&mut self, kept: &'static str) {
        match self.first {
            None => self.first = Some(kept),
            Some(_) => self.others.push_str(kept),
        }
    }

    /// What stands for them in the text, if there were any.
    pub(super) fn take(&mut self) -> Option<Cow<'static, str>> {
        let first = self.first.take()?;
        let others = std::mem::take(&mut self.others);
        Some(match (first, others.is_empty()) {
            ("\n", true) => Cow::Borrowed(" "),
            ("\n", false) => Cow::Owned(others),
            (kept, true) => Cow::Borrowed(kept),
            (kept, false) => Cow::Owned(format!("{kept}{others}")),
        })
    }
}
