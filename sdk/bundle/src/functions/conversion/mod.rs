//! Conversions between texts and numbers: `toString`, `atoi`, `int`, `int64`, `float64`, `toDecimal`.
//!
//! In: anything. Out: text or numbers; what cannot be converted is 0, as in Go.

mod number;
pub(in crate::functions) mod parse;

pub(in crate::functions) use number::{as_float, as_integer};

use super::{
    Call, Function,
    Parameter::{Any, Str},
};
use crate::{
    fault::Fault,
    printf,
    value::{Str as Text, Value},
};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::new("toString", &[Any], |call| Ok(Value::Str(text_of(call.value(0))))),
    Function::new("atoi", &[Str], decimal),
    Function::new("int", &[Any], |call| Ok(Value::Int(as_integer(call.value(0))))),
    Function::new("int64", &[Any], |call| Ok(Value::Int64(as_integer(call.value(0))))),
    Function::new("float64", &[Any], |call| Ok(Value::Float(as_float(call.value(0))))),
    Function::new("toDecimal", &[Any], octal),
];

/// sprig's text of a value: texts and bytes as they are, anything else as `%v` prints it.
pub(in crate::functions) fn text_of(value: &Value) -> Text {
    match value {
        Value::Str(text) | Value::Bytes(text) => text.clone(),
        other => printf::sprint(other),
    }
}

/// `atoi TEXT`: beyond the range of an `int` the nearest one, 0 for anything but a decimal number.
fn decimal(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::Int(parse::integer(call.text(0)?, 10).unwrap_or_else(parse::Refused::nearest)))
}

/// `toDecimal VALUE`: the printed value read as an octal number.
fn octal(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::Int64(parse::integer(&text_of(call.value(0)), 8).unwrap_or(0)))
}
