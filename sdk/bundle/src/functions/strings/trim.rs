//! Cutting texts: `trim*`, `trunc`, `substr`, `nospace`.

use super::runes::runes;
use crate::{
    fault::Fault,
    functions::Call,
    value::{Str, Value},
};

/// The part of `text` as a value; the text itself if nothing was cut.
fn part_of(text: &Str, part: &[u8]) -> Value {
    if part.len() == text.len() { Value::Str(text.clone()) } else { Value::string(part) }
}

/// `text` without the characters at both ends that are `unwanted`.
fn trimmed(text: &[u8], unwanted: impl Fn(char) -> bool) -> &[u8] {
    let (mut start, mut end, mut position) = (text.len(), 0, 0);
    for (rune, size) in runes(text) {
        if !unwanted(rune) {
            start = start.min(position);
            end = position + size;
        }
        position += size;
    }
    text.get(start..end).unwrap_or_default()
}

/// `trim TEXT`: without white space (Unicode's) at both ends.
pub(super) fn trim(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    let part = if text.is_ascii() {
        let space = |byte: &u8| char::from(*byte).is_whitespace();
        let start = text.iter().position(|byte| !space(byte)).unwrap_or(text.len());
        let end = text.iter().rposition(|byte| !space(byte)).map_or(start, |last| last + 1);
        &text[start..end]
    } else {
        trimmed(text, char::is_whitespace)
    };
    Ok(part_of(text, part))
}

/// `trimAll SET TEXT`: without the set's characters at both ends.
pub(super) fn trim_all(call: &Call<'_>) -> Result<Value, Fault> {
    let unwanted: Vec<char> = runes(call.text(0)?).map(|(rune, _)| rune).collect();
    let text = call.text(1)?;
    Ok(part_of(text, trimmed(text, |rune| unwanted.contains(&rune))))
}

/// `trimSuffix SUFFIX TEXT`.
pub(super) fn trim_suffix(call: &Call<'_>) -> Result<Value, Fault> {
    let (suffix, text) = (call.text(0)?, call.text(1)?);
    Ok(part_of(text, text.strip_suffix(&**suffix).unwrap_or(text)))
}

/// `trimPrefix PREFIX TEXT`.
pub(super) fn trim_prefix(call: &Call<'_>) -> Result<Value, Fault> {
    let (prefix, text) = (call.text(0)?, call.text(1)?);
    Ok(part_of(text, text.strip_prefix(&**prefix).unwrap_or(text)))
}

/// `trunc COUNT TEXT`: the first bytes, or with a negative count the last ones.
pub(super) fn truncate(call: &Call<'_>) -> Result<Value, Fault> {
    let (count, text) = (call.int(0)?, call.text(1)?);
    let bytes = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if bytes >= text.len() {
        return Ok(Value::Str(text.clone()));
    }
    Ok(Value::string(if count < 0 { &text[text.len() - bytes..] } else { &text[..bytes] }))
}

/// `substr START END TEXT`: a negative start is the beginning, an end that is negative or too far is the end.
pub(super) fn substring(call: &Call<'_>) -> Result<Value, Fault> {
    let (start, end, text) = (call.int(0)?, call.int(1)?, call.text(2)?);
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let (start, end) = match (start, end) {
        (..0, end) => (0, end),
        (start, end) if end < 0 || end > length => (start, length),
        bounds => bounds,
    };
    let bounds = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    bounds.and_then(|(start, end)| text.get(start..end)).map(|part| part_of(text, part)).ok_or_else(|| {
        Fault::new(format!("runtime error: slice bounds out of range [{start}:{end}] with length {length}"))
    })
}

/// `nospace TEXT`. Go's library looks at bytes, not characters: where it drops anything, the bytes beyond ASCII
/// that stay come out as the Latin-1 characters of their numbers.
pub(super) fn without_space(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    let latin = || text.iter().map(|byte| char::from(*byte));
    if !latin().any(char::is_whitespace) {
        return Ok(Value::Str(text.clone()));
    }
    Ok(Value::string(latin().filter(|rune| !rune.is_whitespace()).collect::<String>()))
}
