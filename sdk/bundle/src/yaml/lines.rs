//! The text of one scalar in each style, folded where the emitter folds.

use std::fmt::Write;

use super::{
    chars::{break_width, is_printable},
    emit::Emitter,
    scalar::Style,
};

impl Emitter {
    /// Writes `text` in `style`; lines may be folded only where `fold` allows it.
    pub(super) fn scalar(&mut self, text: &str, style: Style, fold: bool) {
        match style {
            Style::Plain => {
                if !text.is_empty() && !self.whitespace {
                    self.put(' ');
                }
                self.run(text, fold, false);
            }
            Style::Single => {
                self.indicator("'", true, false);
                self.run(text, fold, true);
                self.indicator("'", false, false);
            }
            Style::Double => {
                self.indicator("\"", true, false);
                self.escaped(text, fold);
                self.indicator("\"", false, false);
            }
            // Nothing but a tree of nodes has folded texts, and writes them itself.
            Style::Literal | Style::Folded => return self.literal(text),
        }
        self.whitespace = false;
        self.indention = false;
    }

    /// Plain or single-quoted text.
    fn run(&mut self, text: &str, fold: bool, quoted: bool) {
        let bytes = text.as_bytes();
        let apostrophes = quoted && bytes.contains(&b'\'');
        let breaks = bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0xc2 | 0xe2));
        let fits = !fold || self.column + text.len() <= self.width();
        if fits && !apostrophes && !breaks {
            self.out.push_str(text);
            self.column += text.chars().count();
            self.indention = false;
            return;
        }
        let (mut after_space, mut after_break) = (false, false);
        let mut at = 0;
        for character in text.chars() {
            let next = at + character.len_utf8();
            if character == ' ' {
                let edge = quoted && (at == 0 || next == bytes.len());
                let alone = !after_space && bytes.get(next) != Some(&b' ');
                if fold && alone && !edge && self.column > self.width() {
                    self.write_indent();
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else if break_width(bytes, at) > 0 {
                if !after_break && character == '\n' {
                    self.put_break();
                }
                self.copy_break(character);
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                if quoted && character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.indention = false;
                (after_space, after_break) = (false, false);
            }
            at = next;
        }
    }

    /// A line break of the text, as it is.
    pub(super) fn copy_break(&mut self, character: char) {
        if character != '\n' {
            self.out.push(character);
            self.column = 0;
            self.indention = true;
            return;
        }
        self.put_break();
    }

    /// Double-quoted text. A text that starts with a byte order mark is escaped from start to end, as goyaml does.
    fn escaped(&mut self, text: &str, fold: bool) {
        let bytes = text.as_bytes();
        let all = text.starts_with('\u{feff}');
        let mut after_space = false;
        let mut at = 0;
        for character in text.chars() {
            let next = at + character.len_utf8();
            let special = matches!(character, '"' | '\\') || break_width(bytes, at) > 0;
            if all || special || !is_printable(bytes, at) {
                self.escape(character);
                after_space = false;
            } else if character == ' ' {
                if fold && !after_space && self.column > self.width() && at > 0 && next < bytes.len() {
                    self.write_indent();
                    if bytes[next] == b' ' {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                after_space = true;
            } else {
                self.put(character);
                after_space = false;
            }
            at = next;
        }
    }

    fn escape(&mut self, character: char) {
        let from = self.out.len();
        let short = match character {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{a0}' => '_',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            _ => '\0',
        };
        let code = u32::from(character);
        let written = match (short, code) {
            ('\0', 0..=0xff) => write!(self.out, "\\x{code:02X}"),
            ('\0', 0x100..=0xffff) => write!(self.out, "\\u{code:04X}"),
            ('\0', _) => write!(self.out, "\\U{code:08X}"),
            _ => write!(self.out, "\\{short}"),
        };
        written.expect("invariant: writing to a String cannot fail");
        self.column += self.out.len() - from;
    }

    /// A literal block: its header, and each line indented.
    fn literal(&mut self, text: &str) {
        self.block_header("|", text);
        self.put_break();
        self.literal_lines(text);
    }

    /// The indicator of a block, the column of its text if that starts with blanks, and how it ends.
    pub(super) fn block_header(&mut self, indicator: &str, text: &str) {
        let bytes = text.as_bytes();
        self.indicator(indicator, true, false);
        if bytes.first() == Some(&b' ') || break_width(bytes, 0) > 0 {
            self.indicator("2", false, false);
        }
        if let Some(chomping) = chomping(text) {
            self.indicator(chomping, false, false);
        }
    }

    /// The lines of a literal text, each indented.
    pub(super) fn literal_lines(&mut self, text: &str) {
        let bytes = text.as_bytes();
        self.whitespace = true;
        let mut after_break = true;
        for (at, character) in text.char_indices() {
            if break_width(bytes, at) > 0 {
                self.copy_break(character);
                after_break = true;
            } else {
                if after_break {
                    self.write_indent();
                }
                self.put(character);
                self.indention = false;
                after_break = false;
            }
        }
    }
}

/// The sign after `|` that says how the text ends: without a break, or with more than one.
fn chomping(text: &str) -> Option<&'static str> {
    let is_break = |character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut ending = text.chars().rev();
    match (ending.next().is_some_and(is_break), ending.next()) {
        (false, _) => Some("-"),
        (true, None) => Some("+"),
        (true, Some(before)) => is_break(before).then_some("+"),
    }
}
