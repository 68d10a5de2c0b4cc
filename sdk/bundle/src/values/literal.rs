//! The grammar of `--set-literal`: one `a.b[0].c=`, and the whole rest is the string, as it is.
//! Source: Helm's `strvals`, literal parser.

use super::set::{
    MAX_NESTING, SetError, Stop, fault, finish_map, index, list_at, list_of, map_at, map_of, put, put_at,
    too_nested,
};
use crate::value::{Map, Value};

/// Sets as `--set-literal`.
///
/// # Errors
/// If `text` is not of the grammar or meets a value of another shape.
pub fn set_literal(text: &str, values: &Map) -> Result<(), SetError> {
    let mut rest = text;
    loop {
        match key(&mut rest, values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Fault(text)) => return Err(SetError(text)),
        }
    }
}

/// The text up to one of `stops`, which is taken too; `None` at the end.
fn until<'a>(rest: &mut &'a str, stops: &[char]) -> (&'a str, Option<char>) {
    match rest.find(stops) {
        Some(at) => {
            let (text, after) = rest.split_at(at);
            let mut letters = after.chars();
            let stop = letters.next();
            *rest = letters.as_str();
            (text, stop)
        }
        None => (std::mem::take(rest), None),
    }
}

fn key(rest: &mut &str, values: &Map, nesting: usize) -> Result<(), Stop> {
    let (key, stop) = until(rest, &['=', '[', '.']);
    match stop {
        None if key.is_empty() => Err(Stop::End),
        None => Err(fault(format!("key {key:?} has no value"))),
        Some('=') => {
            put(values, key, Value::from(std::mem::take(rest)));
            Ok(())
        }
        Some('.') => {
            if nesting + 1 > MAX_NESTING {
                return Err(too_nested());
            }
            let inner = map_of(values, key)?;
            let outcome = self::key(rest, &inner, nesting + 1);
            finish_map(values, key, &inner, outcome)
        }
        Some(_) => {
            let index = item_index(rest)?;
            let mut list = list_of(values, key)?;
            let outcome = item(rest, &mut list, index, nesting);
            put(values, key, Value::list(list));
            outcome
        }
    }
}

fn item_index(rest: &mut &str) -> Result<usize, Stop> {
    match until(rest, &[']']) {
        (text, Some(_)) => index(text),
        (_, None) => Err(Stop::End),
    }
}

fn item(rest: &mut &str, list: &mut Vec<Value>, index: usize, nesting: usize) -> Result<(), Stop> {
    let (text, stop) = until(rest, &['[', '.', '=']);
    if !text.is_empty() {
        return Err(fault(format!("unexpected data at end of array index: {text:?}")));
    }
    match stop {
        None => Err(Stop::End),
        Some('=') => put_at(list, index, Value::from(std::mem::take(rest))),
        Some('.') => {
            let inner = map_at(list, index);
            key(rest, &inner, nesting)?;
            put_at(list, index, Value::Map(inner))
        }
        Some(_) => {
            let next = item_index(rest)?;
            let mut inner = list_at(list, index)?;
            item(rest, &mut inner, next, nesting)?;
            put_at(list, index, Value::list(inner))
        }
    }
}
