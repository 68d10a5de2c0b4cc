//! Character classes of YAML 1.1 over UTF-8 bytes. Positions beyond the end count as NUL, which no valid
//! stream contains, so that scanners need no separate test for the end.

/// The byte at `at`, or NUL past the end.
#[inline]
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The width in bytes of the line break at `at`, or 0 if there is none: CR, LF, NEL, LS, PS. (A CR LF pair is
/// two breaks here; readers take it as one.)
#[inline]
pub(super) fn break_width(text: &[u8], at: usize) -> usize {
    match byte(text, at) {
        b'\n' | b'\r' => 1,
        0xc2 if byte(text, at + 1) == 0x85 => 2,
        0xe2 if byte(text, at + 1) == 0x80 && matches!(byte(text, at + 2), 0xa8 | 0xa9) => 3,
        _ => 0,
    }
}

/// Space or tab.
#[inline]
pub(super) fn is_blank(text: &[u8], at: usize) -> bool {
    matches!(byte(text, at), b' ' | b'\t')
}

/// Line break or the end.
#[inline]
pub(super) fn is_break_or_end(text: &[u8], at: usize) -> bool {
    byte(text, at) == 0 || break_width(text, at) > 0
}

/// Space, tab, line break or the end.
#[inline]
pub(super) fn is_blank_or_end(text: &[u8], at: usize) -> bool {
    is_blank(text, at) || is_break_or_end(text, at)
}

/// What anchors, tag handles and directive names are made of.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The width of the character whose first byte is `first`; 1 for bytes that start none.
#[inline]
pub(super) fn width(first: u8) -> usize {
    match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    }
}

/// Whether an emitter may write the character at `at` as it is. Characters beyond the basic plane may not.
#[inline]
pub(super) fn is_printable(text: &[u8], at: usize) -> bool {
    match byte(text, at) {
        0x0a | 0x20..=0x7e => true,
        0xc2 => byte(text, at + 1) >= 0xa0,
        0xc3..=0xec | 0xee => true,
        0xed => byte(text, at + 1) < 0xa0,
        0xef => !matches!((byte(text, at + 1), byte(text, at + 2)), (0xbb, 0xbf) | (0xbf, 0xbe | 0xbf)),
        _ => false,
    }
}
