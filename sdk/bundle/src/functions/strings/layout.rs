//! Texts fitted to a width or an indentation: `indent`, `nindent`, `wrap`, `wrapWith`, `abbrev`, `abbrevboth`.
//! Sources: sprig, and goutils for wrapping and abbreviating (all positions are bytes).

use memchr::{memchr, memchr_iter, memrchr};

use super::repetitions;
use crate::{
    fault::Fault,
    functions::{Call, argument::limit_text},
    value::{Str, Value},
};

const ELLIPSIS: &[u8] = b"...";

/// `indent SPACES TEXT`: every line moved to the right, empty ones too.
pub(super) fn indent(call: &Call<'_>) -> Result<Value, Fault> {
    indented(call, b"")
}

/// `nindent SPACES TEXT`: the same after a new line.
pub(super) fn new_line_indent(call: &Call<'_>) -> Result<Value, Fault> {
    indented(call, b"\n")
}

fn indented(call: &Call<'_>, before: &[u8]) -> Result<Value, Fault> {
    let (spaces, text) = (repetitions(call.int(0)?)?, call.text(1)?);
    let lines = memchr_iter(b'\n', text).count() + 1;
    let length = lines.saturating_mul(spaces).saturating_add(text.len() + before.len());
    limit_text(length)?;
    let mut result = Vec::with_capacity(length);
    result.extend_from_slice(before);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        result.resize(result.len() + spaces, b' ');
        result.extend_from_slice(line);
    }
    if text.is_empty() || text.ends_with(b"\n") {
        result.resize(result.len() + spaces, b' ');
    }
    Ok(Value::string(result))
}

/// `wrap WIDTH TEXT`: lines of at most that many bytes, longer words left whole.
pub(super) fn wrap(call: &Call<'_>) -> Result<Value, Fault> {
    wrapped(call.int(0)?, b"\n", call.text(1)?, false)
}

/// `wrapWith WIDTH SEPARATOR TEXT`: longer words cut too; an empty separator is a new line.
pub(super) fn wrap_with(call: &Call<'_>) -> Result<Value, Fault> {
    let separator = call.text(1)?;
    wrapped(call.int(0)?, if separator.is_empty() { b"\n" } else { separator }, call.text(2)?, true)
}

fn wrapped(width: i64, separator: &[u8], text: &Str, cut_words: bool) -> Result<Value, Fault> {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let (mut result, mut rest) = (Vec::with_capacity(text.len()), &**text);
    while rest.len() > width {
        if let Some(shorter) = rest.strip_prefix(b" ") {
            rest = shorter;
            continue;
        }
        // A space right behind the width still ends a line that fits.
        let (line, next) = match memrchr(b' ', &rest[..=width]) {
            Some(space) => (space, space + 1),
            None if cut_words => (width, width),
            None => match memchr(b' ', &rest[width..]) {
                Some(space) => (width + space, width + space + 1),
                None => break,
            },
        };
        result.extend_from_slice(&rest[..line]);
        result.extend_from_slice(separator);
        limit_text(result.len())?;
        rest = &rest[next..];
    }
    result.extend_from_slice(rest);
    Ok(Value::string(result))
}

/// `abbrev WIDTH TEXT`: cut to that many bytes, three dots included.
pub(super) fn abbreviate(call: &Call<'_>) -> Result<Value, Fault> {
    let (width, text) = (call.int(0)?, call.text(1)?);
    Ok(if width < 4 { Value::Str(text.clone()) } else { shortened(text, 0, width) })
}

/// `abbrevboth OFFSET WIDTH TEXT`: cut at both ends.
pub(super) fn abbreviate_both(call: &Call<'_>) -> Result<Value, Fault> {
    let (offset, width, text) = (call.int(0)?, call.int(1)?, call.text(2)?);
    let too_narrow = width < 4 || (offset > 0 && width < 7);
    Ok(if too_narrow { Value::Str(text.clone()) } else { shortened(text, offset, width) })
}

/// `text` in at most `width` bytes (at least 4, and 7 with an offset above 4), showing what is at `offset`.
fn shortened(text: &Str, offset: i64, width: i64) -> Value {
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    if text.len() <= width {
        return Value::Str(text.clone());
    }
    let shown = width - ELLIPSIS.len();
    let offset = usize::try_from(offset).unwrap_or(0).min(text.len() - shown);
    if offset <= 4 {
        return Value::string([&text[..shown], ELLIPSIS].concat());
    }
    let tail = &text[offset..];
    if tail.len() > shown {
        return Value::string([ELLIPSIS, &tail[..shown - ELLIPSIS.len()], ELLIPSIS].concat());
    }
    Value::string([ELLIPSIS, &text[text.len() - shown..]].concat())
}
