//! Comments that wait, written where they may stand.

use super::write::Writer;
use crate::yaml::chars::break_width;

impl Writer {
    /// The foot of the entry before, and what stands above what comes.
    pub(super) fn head(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.out.write_indent();
            self.remark(&tail);
            self.out.foot_indent = Some(self.out.indent.unwrap_or(0));
        }
        if !self.waiting.head.is_empty() {
            let head = std::mem::take(&mut self.waiting.head);
            self.out.write_indent();
            self.remark(&head);
        }
    }

    /// What stands at the end of the line, if anything does. Whether it did.
    pub(super) fn line(&mut self) -> bool {
        if self.waiting.line.is_empty() {
            return false;
        }
        let line = std::mem::take(&mut self.waiting.line);
        if !self.out.whitespace {
            self.out.put(' ');
        }
        self.remark(&line);
        true
    }

    /// What stands below; an empty line follows if the next line is at the same column.
    pub(super) fn foot(&mut self) {
        if !self.waiting.foot.is_empty() {
            let foot = std::mem::take(&mut self.waiting.foot);
            self.out.write_indent();
            self.remark(&foot);
            self.out.foot_indent = Some(self.out.indent.unwrap_or(0));
        }
    }

    /// The lines of a comment, each with its `#`, and a line break.
    fn remark(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let (mut after_break, mut marked) = (false, false);
        for (at, character) in text.char_indices() {
            if break_width(bytes, at) > 0 {
                self.out.copy_break(character);
                (after_break, marked) = (true, false);
                continue;
            }
            if after_break {
                self.out.write_indent();
            }
            if !marked && character != '#' {
                self.out.put('#');
                self.out.put(' ');
            }
            marked = true;
            self.out.put(character);
            self.out.indention = false;
            after_break = false;
        }
        if !after_break {
            self.out.put_break();
        }
        self.out.whitespace = true;
    }
}
