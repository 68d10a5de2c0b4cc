//! `!!binary`: base 64.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Columns of base 64 a line, where goyaml breaks it.
const LINE: usize = 70;

/// Base 64 on one line, as JSON has `[]byte`.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base 64 as goyaml writes strings that are not UTF-8: in lines, if it takes more than one.
pub(super) fn encode_lines(bytes: &[u8]) -> String {
    let text = encode(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(LINE.min(rest.len()));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines
}

/// The bytes of a `!!binary` scalar. Line breaks are allowed, as in Go.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let joined: String = text.chars().filter(|character| !matches!(character, '\n' | '\r')).collect();
    STANDARD.decode(joined).ok()
}
