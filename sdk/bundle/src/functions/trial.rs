//! Tests of function tables: calls a function by name, with a fixed clock and fixed randomness, and prints the
//! result as a template would.

use std::cell::Cell;

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

/// The same clock, and randomness that differs from call to call and not from run to run.
pub(crate) struct Varying(Cell<u64>);

impl Varying {
    pub(crate) fn new() -> Self {
        Self(Cell::new(0x9e37_79b9_7f4a_7c15))
    }
}

impl Environment for Varying {
    fn now(&self) -> jiff::Zoned {
        Fixed.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next =
                self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.0.set(next);
            *byte = (next >> 33) as u8;
        }
    }

    fn lookup(&self, _: &str, _: &str, _: &str, _: &str) -> Result<Value, Fault> {
        Ok(Value::map::<&str>([]))
    }
}

/// The result of `name` in `family`.
pub(crate) fn call(family: &[Function], name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    call_in(&Fixed, family, name, arguments)
}

/// The result of `name` in `family`, with this environment.
pub(crate) fn call_in(
    environment: &dyn Environment,
    family: &[Function],
    name: &str,
    arguments: &[Value],
) -> Result<Value, Fault> {
    let function = family.iter().find(|function| function.name == name).expect("a function of the family");
    (function.call)(&Call::new(arguments, environment))
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
