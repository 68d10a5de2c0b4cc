//! Numbers of anything, by the rules of spf13/cast: whole numbers and floats of texts, booleans and each other.

use super::parse;
use crate::value::{Object, Value};

/// The value as a 64-bit integer; 0 if it is none. A float is cut towards zero.
pub(in crate::functions) fn as_integer(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Byte(number) => i64::from(*number),
        Value::Uint64(number) => *number as i64,
        Value::Float(number) => cut(*number),
        Value::Str(text) => parse::integer(without_zero_decimals(text), 0).unwrap_or(0),
        Value::Bool(flag) => i64::from(*flag),
        Value::Object(object) => calendar_number(&**object).unwrap_or(0),
        Value::Nil | Value::Bytes(_) | Value::List(_) | Value::Map(_) => 0,
    }
}

/// The value as a float; 0 if it is none.
pub(in crate::functions) fn as_float(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Byte(number) => f64::from(*number),
        Value::Uint64(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Str(text) => parse::float(text).unwrap_or(0.0),
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Object(object) => calendar_number(&**object).map_or(0.0, |number| number as f64),
        Value::Nil | Value::Bytes(_) | Value::List(_) | Value::Map(_) => 0.0,
    }
}

/// Months and weekdays are the only named numbers that cast knows.
fn calendar_number(object: &dyn Object) -> Option<i64> {
    match (object.type_name(), object.plain()) {
        ("time.Month" | "time.Weekday", Value::Int(number) | Value::Int64(number)) => Some(number),
        _ => None,
    }
}

/// As Go's conversion does on amd64: the smallest integer for anything out of range.
pub(in crate::functions) fn cut(number: f64) -> i64 {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if (-BOUND..BOUND).contains(&number) { number as i64 } else { i64::MIN }
}

/// `12.00` without its decimals; any other text as it is.
fn without_zero_decimals(text: &[u8]) -> &[u8] {
    let zeros = text.iter().rev().take_while(|byte| **byte == b'0').count();
    match &text[..text.len() - zeros] {
        [whole @ .., b'.'] if zeros > 0 => whole,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_texts() {
        for (text, expected) in [
            ("12", 12),
            ("+12", 12),
            ("-0x1F", -31),
            ("0b101", 5),
            ("0o17", 15),
            ("017", 15),
            ("08", 0),
            ("1_000", 1000),
            ("1__0", 0),
            ("_1", 0),
            ("0_1", 1),
            ("0x_f", 15),
            ("12.0", 12),
            ("12.", 0),
            (".0", 0),
            ("1.5", 0),
            ("1.10", 0),
            ("100", 100),
            (" 1", 0),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775808", 0),
            ("", 0),
            ("0x", 0),
        ] {
            assert_eq!(as_integer(&Value::from(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn integers_of_floats() {
        for (number, expected) in
            [(1.9, 1), (-1.9, -1), (1e30, i64::MIN), (-1e30, i64::MIN), (f64::NAN, i64::MIN)]
        {
            assert_eq!(as_integer(&Value::Float(number)), expected, "{number}");
        }
    }

    #[test]
    fn floats_of_texts() {
        for (text, expected) in [
            ("1.5", 1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("1_000", 1000.0),
            ("1e400", 0.0),
            ("1e-400", 0.0),
            ("-Inf", f64::NEG_INFINITY),
            ("+infinity", f64::INFINITY),
            ("+nan", 0.0),
            ("++1", 0.0),
            ("0x1p-2", 0.25),
            ("0x_1p-2", 0.25),
            ("0x1.8p1", 3.0),
            ("0x1", 0.0),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1p1023", 8.98846567431158e307),
            ("0x1p1024", 0.0),
            ("", 0.0),
            ("abc", 0.0),
        ] {
            assert_eq!(as_float(&Value::from(text)), expected, "{text:?}");
        }
        assert!(as_float(&Value::from("NaN")).is_nan());
    }
}
