//! A verb's flags, width and precision, and the padding they ask for.

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%#v`: Go syntax.
    pub(super) sharp_v: bool,
    /// `%+v`: the fields of structs with their names.
    pub(super) plus_v: bool,
    /// Minimum width in characters.
    pub(super) width: Option<usize>,
    /// Digits after the point, digits in all, or characters of a string, as the verb means it.
    pub(super) precision: Option<usize>,
}

impl Flags {
    /// Whether zeros, not spaces, fill up to the width: only ever on the left.
    pub(super) fn zero_pads(self) -> bool {
        self.zero && !self.minus
    }

    /// The same without the zero flag.
    pub(super) fn without_zero(self) -> Self {
        Self { zero: false, ..self }
    }

    /// The flags as the verb `v` takes them: `#` means Go syntax, `+` names the fields of structs.
    pub(super) fn for_value(self) -> Self {
        Self { sharp_v: self.sharp, plus_v: self.plus, sharp: false, plus: false, ..self }
    }

    /// Appends `text` padded to the width.
    pub(super) fn pad(self, out: &mut Vec<u8>, text: &[u8]) {
        let missing = match self.width {
            Some(width) => width.saturating_sub(count_characters(text)),
            None => 0,
        };
        if self.minus {
            out.extend_from_slice(text);
            self.fill(out, missing);
        } else {
            self.fill(out, missing);
            out.extend_from_slice(text);
        }
    }

    /// Appends `count` bytes of padding.
    pub(super) fn fill(self, out: &mut Vec<u8>, count: usize) {
        let byte = if self.zero_pads() { b'0' } else { b' ' };
        out.resize(out.len() + count, byte);
    }
}

/// How many characters Go counts in `text`: each invalid byte is one.
pub(super) fn count_characters(text: &[u8]) -> usize {
    text.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// The first `limit` characters of `text`.
pub(super) fn truncate(text: &[u8], limit: usize) -> &[u8] {
    let mut left = limit;
    let mut end = 0;
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if left == 0 {
                return &text[..end];
            }
            left -= 1;
            end += character.len_utf8();
        }
        let invalid = chunk.invalid().len();
        if left < invalid {
            return &text[..end + left];
        }
        left -= invalid;
        end += invalid;
    }
    text
}
