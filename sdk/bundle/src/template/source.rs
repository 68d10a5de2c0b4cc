//! A template's text and the places in it.

use crate::{
    fault::{Fault, Place},
    value::Str,
};

/// Longest excerpt of a failing action, in bytes.
const MAX_EXCERPT_BYTES: usize = 80;

/// Most bytes kept of a failing line.
const MAX_LINE_BYTES: usize = 4_096;

/// One text that was parsed, with the name that faults give it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: Str,
}

impl Source {
    /// The place of the byte at `position`.
    pub(super) fn place(&self, position: usize) -> Place {
        let position = position.min(self.text.len());
        let before = &self.text[..position];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Place {
            file: self.file.clone(),
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + position - line_start,
            excerpt: self.excerpt(position),
            text: self.line(line_start),
        }
    }

    /// The line that begins at `start`, as far as it is worth showing.
    fn line(&self, start: usize) -> String {
        let rest = &self.text[start..];
        let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len()).min(MAX_LINE_BYTES)];
        String::from_utf8_lossy(line).trim_end().to_owned()
    }

    /// The source from `position` to the end of its action or line.
    fn excerpt(&self, position: usize) -> String {
        let rest = &self.text[position..];
        let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        let action = &line[..memchr::memmem::find(line, b"}}").unwrap_or(line.len())];
        let text = String::from_utf8_lossy(action.trim_ascii_end());
        if text.len() <= MAX_EXCERPT_BYTES {
            return text.into_owned();
        }
        format!("{}...", &text[..text.floor_char_boundary(MAX_EXCERPT_BYTES)])
    }

    /// A failure to parse at `position`.
    pub(super) fn fault(&self, position: usize, cause: impl Into<String>) -> Fault {
        Fault::new(cause).at(self.place(position))
    }
}
