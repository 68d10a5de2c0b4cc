//! Upper and lower case by character: `upper`, `lower`, `title`, `untitle`, `swapcase`, `initials`.
//! Sources: Go's `strings`, and goutils' word functions, whose words are parted by white space alone.

use super::runes::{is_lower, is_title, is_upper, map_runes, to_lower, to_title, to_upper};
use crate::{fault::Fault, functions::Call, value::Value};

/// `upper TEXT`.
pub(super) fn upper(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    Ok(match text.is_ascii() {
        true => Value::string(text.to_ascii_uppercase()),
        false => Value::from(map_runes(text, to_upper)),
    })
}

/// `lower TEXT`.
pub(super) fn lower(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    Ok(match text.is_ascii() {
        true => Value::string(text.to_ascii_lowercase()),
        false => Value::from(map_runes(text, to_lower)),
    })
}

/// `title TEXT`: each word's first letter in title case. Every ASCII character but letters, digits and the
/// underscore parts words; beyond ASCII only white space does.
pub(super) fn title(call: &Call<'_>) -> Result<Value, Fault> {
    let mut previous = ' ';
    Ok(Value::from(map_runes(call.text(0)?, |rune| {
        let first = parts_words(previous);
        previous = rune;
        if first { to_title(rune) } else { rune }
    })))
}

fn parts_words(rune: char) -> bool {
    if rune.is_ascii() { !rune.is_ascii_alphanumeric() && rune != '_' } else { rune.is_whitespace() }
}

/// `untitle TEXT`: each word's first character in lower case.
pub(super) fn untitle(call: &Call<'_>) -> Result<Value, Fault> {
    let mut first = true;
    Ok(Value::from(map_runes(call.text(0)?, |rune| {
        let lowered = if first && !rune.is_whitespace() { to_lower(rune) } else { rune };
        first = rune.is_whitespace();
        lowered
    })))
}

/// `swapcase TEXT`: upper case becomes lower and the reverse, but the first letter of a word gets title case.
pub(super) fn swap(call: &Call<'_>) -> Result<Value, Fault> {
    let mut first = true;
    Ok(Value::from(map_runes(call.text(0)?, |rune| {
        if is_upper(rune) || is_title(rune) {
            first = false;
            to_lower(rune)
        } else if is_lower(rune) {
            let at_start = std::mem::take(&mut first);
            if at_start { to_title(rune) } else { to_upper(rune) }
        } else {
            first = rune.is_whitespace();
            rune
        }
    })))
}

/// `initials TEXT`: the first byte of each word, taken for a Latin-1 character as Go's library does.
pub(super) fn initials(call: &Call<'_>) -> Result<Value, Fault> {
    let mut gap = true;
    let first = |byte: &u8| {
        let rune = char::from(*byte);
        let taken = gap && !rune.is_whitespace();
        gap = rune.is_whitespace();
        taken.then_some(rune)
    };
    Ok(Value::from(call.text(0)?.iter().filter_map(first).collect::<String>()))
}
