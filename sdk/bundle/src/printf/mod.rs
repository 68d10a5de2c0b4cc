//! Go's `fmt` for template values. In: a format and values. Out: the bytes that Go's `Sprintf`, `Sprint` and
//! `Sprintln` give, wrong verbs and missing arguments included (`%!d(string=x)`).
//! Source of the behaviour: the documentation of Go's packages `fmt` and `strconv`.

mod argument;
mod decimals;
mod flags;
pub mod float;
mod format;
mod number;
pub mod quote;

pub use format::sprintf;
pub use quote::quote;

use crate::value::{Str, Value};
use argument::Printer;

/// Longest text one call prints, in bytes; a value that contains itself would print for ever. The text is cut
/// here, and the engine refuses texts of this length.
pub const MAX_PRINTED_BYTES: usize = 64 << 20;

/// Deepest nesting printed, in levels; only a value that contains itself is deeper.
pub const MAX_PRINTED_DEPTH: usize = 20_000;

/// `%v` of one value: what `{{ value }}` prints, except that a template prints `<no value>` for nil.
pub fn sprint(value: &Value) -> Str {
    match value {
        Value::Str(text) => text.clone(),
        other => {
            let mut out = Vec::new();
            write(&mut out, other);
            out.into()
        }
    }
}

/// Appends `%v` of `value` to `out`.
pub fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Str(text) => out.extend_from_slice(text),
        other => Printer::new(out).argument(other, 'v'),
    }
}

/// Go's `Sprint`: all of `values`, a space between two that are not strings.
pub fn sprint_all(values: &[Value]) -> Str {
    let mut out = Vec::new();
    let mut after_string = true;
    for value in values {
        let is_string = value.kind_name() == "string";
        if !is_string && !after_string {
            out.push(b' ');
        }
        write(&mut out, value);
        after_string = is_string;
    }
    out.into()
}

/// Go's `Sprintln`: all of `values`, a space between any two, a newline at the end.
pub fn sprintln(values: &[Value]) -> Str {
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write(&mut out, value);
    }
    out.push(b'\n');
    out.into()
}

#[cfg(test)]
mod tests;
