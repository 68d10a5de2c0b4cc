//! Comments whose token has been seen, until a node takes them.

use super::node::Comments;
use crate::yaml::scan::{Place, Scanner};

/// Comments that wait, joined where several belong to one token.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) head: String,
    line: String,
    foot: String,
    /// What stood above a `-` that a list or a mapping follows.
    stem: String,
}

impl Waiting {
    /// Takes the scanner's comments that belong to a token at `at` or to one before it. None is above the end of a
    /// block: that one waits for what follows.
    pub(super) fn take_from(&mut self, scanner: &mut Scanner<'_, true>, at: usize, ends_block: bool) {
        while let Some(comment) = scanner.comment() {
            if comment.token > at || (ends_block && comment.place == Place::Head) {
                return;
            }
            let text = match comment.place {
                Place::Head => &mut self.head,
                Place::Line => &mut self.line,
                Place::Foot => &mut self.foot,
            };
            for line in &comment.lines {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(line);
            }
            scanner.take_comment();
        }
    }

    /// Everything; nothing waits any longer.
    pub(super) fn take(&mut self) -> Comments {
        self.stem.clear();
        Comments {
            head: std::mem::take(&mut self.head),
            line: std::mem::take(&mut self.line),
            foot: std::mem::take(&mut self.foot),
        }
    }

    pub(super) fn take_stem(&mut self) -> String {
        std::mem::take(&mut self.stem)
    }

    /// Sets the first `length` bytes of what stands above aside; the rest is about what comes next.
    pub(super) fn split_stem(&mut self, length: usize) {
        let rest = self.head.get(length + 1..).unwrap_or_default().to_owned();
        self.head.truncate(length);
        self.stem = std::mem::replace(&mut self.head, rest);
    }

    /// What stands above the document: all before the last empty line. What is below it is about the root.
    pub(super) fn split_document_head(&mut self) -> String {
        let bytes = self.head.as_bytes();
        let cut = (1..bytes.len())
            .rev()
            .find(|at| bytes[*at] == b'\n' && (*at == bytes.len() - 1 || bytes[*at - 1] == b'\n'));
        let Some(cut) = cut else { return String::new() };
        let end = if cut == bytes.len() - 1 { cut } else { cut - 1 };
        let rest = self.head.split_off(cut + 1);
        self.head.truncate(end);
        std::mem::replace(&mut self.head, rest)
    }
}
