//! Scalars in the style they were written in, or the nearest one that their text allows.

use super::{
    node::{Content, Node, Style},
    write::{Place, Writer},
};
use crate::yaml::{
    chars::{break_width, is_blank, is_blank_or_end},
    resolve::Rules,
    scalar::{Analysis, flow_allows_plain},
};

/// The tag of `<<`, which goyaml v3 always writes.
const MERGE: &str = "tag:yaml.org,2002:merge";

/// The tag that is written before a node.
pub(super) fn written_tag(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Scalar(text, Style::Plain) if node.tag.is_none() && text == "<<" => Some(MERGE),
        _ => node.tag.as_deref(),
    }
}

/// Whether the text has line breaks.
pub(super) fn is_multiline(text: &str) -> bool {
    (0..text.len()).any(|at| break_width(text.as_bytes(), at) > 0)
}

impl Writer {
    pub(super) fn scalar(&mut self, node: &Node, text: &str, style: Style, place: Place) {
        let simple_key = place == Place::SimpleKey;
        let style = self.style(text, style, simple_key);
        self.anchor(node);
        self.tag(written_tag(node));
        let outer = self.out.indent;
        self.out.indent = Some(self.inner_indent(place, true));
        match style {
            Style::Plain if text.is_empty() => self.out.indention = false,
            Style::Literal => {
                self.block_header("|", text);
                self.out.literal_lines(text);
            }
            Style::Folded => {
                self.block_header(">", text);
                self.folded_lines(text);
            }
            Style::Plain | Style::Single | Style::Double => self.out.scalar(text, style, false),
        }
        self.out.indent = outer;
    }

    /// The style that is possible here.
    fn style(&self, text: &str, wanted: Style, simple_key: bool) -> Style {
        let wanted = match wanted {
            Style::Plain if text.contains('\n') => Style::Literal,
            wanted => wanted,
        };
        let analysis = Analysis::new(text.as_bytes(), Rules::Version3);
        let flow = self.brackets > 0;
        let wanted = match wanted {
            Style::Plain if flow && !flow_allows_plain(text.as_bytes()) => Style::Single,
            Style::Literal | Style::Folded if flow => Style::Double,
            wanted => wanted,
        };
        analysis.select(wanted, simple_key, text.is_empty())
    }

    fn block_header(&mut self, indicator: &str, text: &str) {
        self.out.block_header(indicator, text);
        if !self.line() {
            self.out.put_break();
        }
        self.out.whitespace = true;
    }

    /// The lines of a folded text, with the empty lines that keep its breaks.
    fn folded_lines(&mut self, text: &str) {
        let bytes = text.as_bytes();
        // Whether the first character that is no break is one of a word.
        let first = text.char_indices().map(|(at, _)| at).find(|at| break_width(bytes, *at) == 0);
        let starts_with_word = !is_blank_or_end(bytes, first.unwrap_or(bytes.len()));
        let (mut after_break, mut leading_blank) = (true, true);
        for (at, character) in text.char_indices() {
            if break_width(bytes, at) > 0 {
                if !after_break && !leading_blank && character == '\n' && starts_with_word {
                    self.out.put_break();
                }
                self.out.copy_break(character);
                after_break = true;
                continue;
            }
            if after_break {
                self.out.write_indent();
                leading_blank = is_blank(bytes, at);
            }
            self.out.put(character);
            self.out.indention = false;
            after_break = false;
        }
    }
}
