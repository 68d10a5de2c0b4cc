//! Tests of function tables: calls a function by name, with a fixed clock and fixed randomness, and prints the
//! result as a template would.

use jiff::{Timestamp, tz::TimeZone};

use super::{Call, Function};
use crate::{environment::Environment, fault::Fault, value::Value};

/// A clock that stands at 2026-11-21 12:34:56.789 in Berlin, and randomness that counts up.
pub(crate) struct Fixed;

impl Environment for Fixed {
    fn now(&self) -> jiff::Zoned {
        let now = Timestamp::from_millisecond(1_795_260_896_789).expect("a valid instant");
        now.to_zoned(TimeZone::get("Europe/Berlin").expect("the zone database (install tzdata)"))
    }

    fn random(&self, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = (index * 37 + 11) as u8;
        }
    }

    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }
}

/// The result of `name` in `family`.
pub(crate) fn call(family: &[Function], name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    let function = family.iter().find(|function| function.name == name).expect("a function of the family");
    (function.call)(&Call::new(arguments, &Fixed))
}

/// The result as text; a failure with `error: ` before it.
pub(crate) fn text(family: &[Function], name: &str, arguments: &[Value]) -> String {
    match call(family, name, arguments) {
        Ok(value) => printed(&value),
        Err(fault) => format!("error: {fault}"),
    }
}

/// Scalars, texts and objects as `{{ }}` prints them.
pub(crate) fn printed(value: &Value) -> String {
    match value {
        Value::Str(text) | Value::Bytes(text) => text.to_string(),
        Value::Int(number) | Value::Int64(number) => number.to_string(),
        Value::Uint64(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Object(object) => object.print(),
        other => format!("{other:?}"),
    }
}
