//! Which styles a text can be written in. libyaml's analysis, with goyaml's changes.

use super::{
    chars::{break_width, byte, is_blank, is_blank_or_end, is_printable, width},
    resolve::Rules,
};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// `'it''s'`.
    Single,
    /// `"a\tb"`.
    Double,
    /// `|` and lines.
    Literal,
    /// `>` and lines.
    Folded,
}

/// What the characters of a text allow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Analysis {
    /// Has line breaks.
    pub(super) multiline: bool,
    plain: bool,
    single: bool,
    literal: bool,
}

impl Analysis {
    /// Looks at each character once.
    pub(super) fn new(text: &[u8], rules: Rules) -> Self {
        if text.is_empty() {
            return Self { multiline: false, plain: true, single: true, literal: false };
        }
        let seen = Seen::look(text, rules);
        let edges = seen.leading || seen.trailing_space || seen.trailing_break;
        let special = seen.space_break || seen.special;
        let quoted_only = seen.break_space || special || seen.tab;
        Self {
            multiline: seen.breaks,
            plain: !(edges || quoted_only || seen.breaks || seen.indicators),
            single: !quoted_only,
            literal: !(seen.trailing_space || special),
        }
    }

    /// The style nearest to the wanted one that is allowed; `key` for keys that stand before a colon.
    pub(super) fn select(self, wanted: Style, key: bool, empty: bool) -> Style {
        let mut style = wanted;
        if key && self.multiline {
            style = Style::Double;
        }
        if style == Style::Plain && (!self.plain || (empty && key)) {
            style = Style::Single;
        }
        let block = matches!(style, Style::Literal | Style::Folded);
        if (style == Style::Single && !self.single) || (block && (!self.literal || key)) {
            style = Style::Double;
        }
        style
    }
}

/// Characters and neighbourhoods that rule out a style.
#[derive(Default)]
struct Seen {
    indicators: bool,
    breaks: bool,
    special: bool,
    tab: bool,
    leading: bool,
    trailing_space: bool,
    trailing_break: bool,
    break_space: bool,
    space_break: bool,
}

impl Seen {
    fn look(text: &[u8], rules: Rules) -> Self {
        let document_marker = text.starts_with(b"---") || text.starts_with(b"...");
        let mut seen = Self { indicators: document_marker, ..Self::default() };
        let (mut after_space, mut after_break, mut after_blank) = (false, false, true);
        let mut at = 0;
        while at < text.len() {
            let first = text[at];
            let next = at + width(first);
            if first.is_ascii_alphanumeric() {
                (after_space, after_break, after_blank) = (false, false, false);
                at = next;
                continue;
            }
            seen.indicators |= is_indicator(text, at, next, after_blank);
            if first == b'\t' && rules == Rules::Version3 {
                seen.tab = true;
            } else if !is_printable(text, at) {
                seen.special = true;
            }
            if first == b' ' {
                seen.leading |= at == 0;
                seen.trailing_space |= next >= text.len();
                seen.break_space |= after_break;
                (after_space, after_break) = (true, false);
            } else if break_width(text, at) > 0 {
                seen.breaks = true;
                seen.leading |= at == 0;
                seen.trailing_break |= next >= text.len();
                seen.space_break |= after_space;
                (after_space, after_break) = (false, true);
            } else {
                (after_space, after_break) = (false, false);
            }
            after_blank = is_blank_or_end(text, at);
            at = next;
        }
        seen
    }
}

/// Whether the character at `at` has a meaning of its own in a plain scalar outside `[]` and `{}`.
fn is_indicator(text: &[u8], at: usize, next: usize, after_blank: bool) -> bool {
    let before_blank = next >= text.len() || is_blank(text, next);
    match byte(text, at) {
        b'#' => at == 0 || after_blank,
        b':' => before_blank,
        b'?' | b'-' => at == 0 && before_blank,
        b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@'
        | b'`' => at == 0,
        _ => false,
    }
}

/// Whether a text that may stand without quotes may do so in `[]` and `{}` too.
pub(super) fn flow_allows_plain(text: &[u8]) -> bool {
    let starts = matches!(byte(text, 0), b'?' | b':') || (byte(text, 0) == b'-' && is_blank_or_end(text, 1));
    !text.is_empty()
        && !starts
        && !text.iter().any(|byte| matches!(byte, b',' | b'?' | b'[' | b']' | b'{' | b'}' | b':'))
}
