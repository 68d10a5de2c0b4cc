//! Literal (`|`) and folded (`>`) scalars.

use super::{Error, Mark, Scanner};
use crate::yaml::chars::{break_width, is_blank, is_break_or_end};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    /// None stays.
    Strip,
    /// One stays.
    Clip,
    /// All stay.
    Keep,
}

impl<const COMMENTS: bool> Scanner<'_, COMMENTS> {
    /// A block scalar, from its `|` or `>` on.
    pub(super) fn block_scalar(&mut self, literal: bool) -> Result<String, Error> {
        let first = self.mark;
        self.skip(1);
        let (chomping, increment) =
            self.block_header(first).map_err(|problem| self.failure_since(first, problem))?;
        let outer = usize::try_from(self.indent).unwrap_or(0);
        let mut indent = increment.map(|columns| outer + columns);
        let mut text = String::new();
        let mut first_break = "";
        let mut breaks = String::new();
        let mut after_blank = false;
        let column = self.block_breaks(&mut indent, &mut breaks, first)?;
        while self.mark.column == column && !self.is_at_end() {
            let blank = is_blank(self.bytes, self.mark.offset);
            if !literal && !after_blank && !blank && first_break == "\n" {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.push_str(first_break);
            }
            text.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            let end = self.line_end();
            text.push_str(&self.text[self.mark.offset..end]);
            self.skip(end - self.mark.offset);
            first_break = if self.is_at_end() { "" } else { self.take_break() };
            self.block_breaks(&mut indent, &mut breaks, first)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(first_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&breaks);
        }
        Ok(text)
    }

    /// The indicators after `|` or `>`, in either order, a comment, and the line break.
    fn block_header(&mut self, first: Mark) -> Result<(Chomping, Option<usize>), &'static str> {
        let mut chomping = self.chomping();
        let increment = self.increment()?;
        if chomping.is_none() {
            chomping = self.chomping();
        }
        self.skip_blanks();
        if self.at(0) == b'#' {
            if COMMENTS {
                self.line_comment(first.offset);
            }
            self.skip_line_rest();
        }
        if !is_break_or_end(self.bytes, self.mark.offset) {
            return Err("did not find expected comment or line break");
        }
        if !self.is_at_end() {
            self.skip_break();
        }
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.at(0) {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.skip(1);
        Some(chomping)
    }

    /// The digit that says how many columns the text is indented.
    fn increment(&mut self) -> Result<Option<usize>, &'static str> {
        match self.at(0) {
            b'0' => Err("found an indentation indicator equal to 0"),
            digit @ b'1'..=b'9' => {
                self.skip(1);
                Ok(Some(usize::from(digit - b'0')))
            }
            _ => Ok(None),
        }
    }

    /// Past indent and empty lines, which go to `breaks`. Finds the text's column if it is not known yet: that of
    /// the first line that is not empty, or of the longest empty one before it.
    fn block_breaks(
        &mut self,
        indent: &mut Option<usize>,
        breaks: &mut String,
        first: Mark,
    ) -> Result<usize, Error> {
        let mut longest = 0;
        loop {
            let limit = indent.unwrap_or(usize::MAX);
            while self.mark.column < limit && self.at(0) == b' ' {
                self.skip(1);
            }
            longest = longest.max(self.mark.column);
            if self.mark.column < limit && self.at(0) == b'\t' {
                let problem = "found a tab character where an indentation space is expected";
                return Err(self.failure_since(first, problem));
            }
            if break_width(self.bytes, self.mark.offset) == 0 {
                break;
            }
            breaks.push_str(self.take_break());
        }
        let least = usize::try_from(self.indent + 1).unwrap_or(0).max(1);
        Ok(*indent.get_or_insert(longest.max(least)))
    }
}
