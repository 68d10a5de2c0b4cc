//! Texts to lists of texts and back: `split*`, `join`, `toStrings`, `sortAlpha`.

use memchr::memmem;

use super::runes::runes;
use crate::{
    fault::Fault,
    functions::{
        Call,
        argument::{limit_items, limit_text},
        conversion::text_of,
        lists::items_of,
    },
    value::{Element, List, Map, MapType, Str, Value},
};

/// `text` at each `separator` (at each character if that is empty), in at most `limit` parts.
fn parts<'a>(text: &'a [u8], separator: &[u8], limit: usize) -> Result<Vec<&'a [u8]>, Fault> {
    let mut ends: Vec<(usize, usize)> = Vec::new();
    if separator.is_empty() {
        let mut end = 0;
        for (_, size) in runes(text) {
            end += size;
            ends.push((end, end));
        }
        ends.pop();
        if text.is_empty() {
            return Ok(Vec::new());
        }
    } else {
        ends.extend(memmem::find_iter(text, separator).map(|start| (start, start + separator.len())));
    }
    ends.truncate(limit.saturating_sub(1));
    limit_items(ends.len())?;
    let mut start = 0;
    let mut found: Vec<&[u8]> = Vec::with_capacity(ends.len() + 1);
    for (end, next) in ends {
        found.push(&text[start..end]);
        start = next;
    }
    found.push(&text[start..]);
    Ok(found)
}

/// `split SEPARATOR TEXT`: the parts under the keys `_0`, `_1` and so on.
pub(super) fn split(call: &Call<'_>) -> Result<Value, Fault> {
    numbered(&parts(call.text(1)?, call.text(0)?, usize::MAX)?)
}

/// `splitn SEPARATOR COUNT TEXT`: the same in at most so many parts; none for 0, all for a negative count.
pub(super) fn split_limited(call: &Call<'_>) -> Result<Value, Fault> {
    let count = call.int(1)?;
    if count == 0 {
        return numbered(&[]);
    }
    numbered(&parts(call.text(2)?, call.text(0)?, usize::try_from(count).unwrap_or(usize::MAX))?)
}

fn numbered(parts: &[&[u8]]) -> Result<Value, Fault> {
    let entries = parts.iter().enumerate().map(|(index, part)| (format!("_{index}"), Value::string(*part)));
    Ok(Value::Map(Map::new(MapType::Str, entries)))
}

/// `splitList SEPARATOR TEXT`.
pub(super) fn split_list(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::strings(parts(call.text(1)?, call.text(0)?, usize::MAX)?))
}

/// What sprig makes a list of texts of: a list's items without nil ones, nothing of nil, anything else alone.
pub(in crate::functions) fn texts_of(value: &Value) -> Vec<Str> {
    match items_of(value) {
        Some(items) => items.iter().filter(|item| !matches!(item, Value::Nil)).map(text_of).collect(),
        None if matches!(value, Value::Nil) => Vec::new(),
        None => vec![text_of(value)],
    }
}

/// `join SEPARATOR LIST`.
pub(super) fn join(call: &Call<'_>) -> Result<Value, Fault> {
    let (separator, texts) = (call.text(0)?, texts_of(call.value(1)));
    limit_text(texts.iter().map(|text| text.len() + separator.len()).sum())?;
    let slices: Vec<&[u8]> = texts.iter().map(|text| &**text).collect();
    Ok(Value::string(slices.join(&**separator)))
}

/// `toStrings LIST`: a `[]string` stays the same slice.
pub(super) fn to_strings(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(match call.value(0) {
        Value::List(list) if list.element() == Element::Str => Value::List(list.clone()),
        value => Value::strings(texts_of(value)),
    })
}

/// `sortAlpha LIST`: the texts in byte order. A `[]string` is sorted in place, for everybody who holds it.
pub(super) fn sort(call: &Call<'_>) -> Result<Value, Fault> {
    let list = match call.value(0) {
        Value::List(list) if list.element() == Element::Str => list.clone(),
        value if items_of(value).is_some() => {
            List::new(Element::Str, texts_of(value).into_iter().map(Value::Str))
        }
        value => List::new(Element::Str, [Value::Str(text_of(value))]),
    };
    list.sort();
    Ok(Value::List(list))
}
