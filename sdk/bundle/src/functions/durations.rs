//! Helm's own duration functions. In: a duration, text (`1h30m`, or a number of seconds), or a number of seconds.
//! Out: numbers, or `time.Duration`. All but `mustToDuration` give 0 where the argument is no duration.
//! Source of the behaviour: Helm 4, `pkg/engine/funcs.go`.

use super::{Call, Function, Parameter::Any, conversion::parse};
use crate::{fault::Fault, time::Duration, value::Value};

/// Helm's duration functions.
pub const FUNCTIONS: &[Function] = &[
    Function::new("mustToDuration", &[Any], must_to_duration),
    Function::new("durationSeconds", &[Any], |call| Ok(Value::Float(read(call, 0).seconds()))),
    Function::new("durationMilliseconds", &[Any], |call| Ok(Value::Int64(read(call, 0).0 / 1_000_000))),
    Function::new("durationMicroseconds", &[Any], |call| Ok(Value::Int64(read(call, 0).0 / 1_000))),
    Function::new("durationNanoseconds", &[Any], |call| Ok(Value::Int64(read(call, 0).0))),
    Function::new("durationMinutes", &[Any], |call| Ok(Value::Float(read(call, 0).minutes()))),
    Function::new("durationHours", &[Any], |call| Ok(Value::Float(read(call, 0).hours()))),
    Function::new("durationDays", &[Any], |call| Ok(Value::Float(read(call, 0).hours() / 24.0))),
    Function::new("durationWeeks", &[Any], |call| Ok(Value::Float(read(call, 0).hours() / 24.0 / 7.0))),
    Function::new("durationRoundTo", &[Any, Any], |call| Ok(to_multiple(call, Duration::round))),
    Function::new("durationTruncateTo", &[Any, Any], |call| Ok(to_multiple(call, Duration::truncate))),
];

const NANOSECONDS_A_SECOND: i64 = 1_000_000_000;

fn must_to_duration(call: &Call<'_>) -> Result<Value, Fault> {
    duration(call.value(0)).map(Duration::into_value)
}

/// Argument `index`, or 0 if it is no duration.
fn read(call: &Call<'_>, index: usize) -> Duration {
    duration(call.value(index)).unwrap_or(Duration(0))
}

/// The first argument brought to a multiple of the second, or left alone if that is no duration.
fn to_multiple(call: &Call<'_>, change: fn(Duration, Duration) -> Duration) -> Value {
    let Ok(value) = duration(call.value(0)) else {
        return Duration(0).into_value();
    };
    match duration(call.value(1)) {
        Ok(unit) => change(value, unit).into_value(),
        Err(_) => value.into_value(),
    }
}

fn duration(value: &Value) -> Result<Duration, Fault> {
    if let Some(duration) = Duration::of(value) {
        return Ok(duration);
    }
    match value {
        Value::Nil => Err(Fault::new("invalid duration")),
        Value::Str(text) => from_text(&text.text()),
        Value::Int(seconds) | Value::Int64(seconds) => from_seconds(*seconds),
        Value::Byte(seconds) => from_seconds((*seconds).into()),
        Value::Uint64(seconds) => from_seconds(i64::try_from(*seconds).unwrap_or(i64::MAX)),
        Value::Float(seconds) => from_float(*seconds),
        Value::Object(object) => match (object.kind_name(), object.plain()) {
            ("int" | "int64", Value::Int(seconds) | Value::Int64(seconds)) => from_seconds(seconds),
            _ => Err(unsupported(value)),
        },
        _ => Err(unsupported(value)),
    }
}

fn unsupported(value: &Value) -> Fault {
    Fault::new(format!("unsupported duration type {}", value.type_name()))
}

fn from_seconds(seconds: i64) -> Result<Duration, Fault> {
    let overflow = || Fault::new(format!("duration seconds overflow: {seconds}"));
    seconds.checked_mul(NANOSECONDS_A_SECOND).map(Duration).ok_or_else(overflow)
}

fn from_float(seconds: f64) -> Result<Duration, Fault> {
    let nanoseconds = seconds * NANOSECONDS_A_SECOND as f64;
    if !seconds.is_finite() {
        return Err(Fault::new(format!("invalid duration seconds: {seconds}")));
    }
    if nanoseconds.abs() > i64::MAX as f64 {
        return Err(Fault::new(format!("duration seconds overflow: {seconds}")));
    }
    Ok(Duration(nanoseconds as i64))
}

fn from_text(text: &str) -> Result<Duration, Fault> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Fault::new("empty duration"));
    }
    if let Ok(duration) = Duration::parse(trimmed) {
        return Ok(duration);
    }
    match parse::float(trimmed.as_bytes()) {
        Ok(seconds) => from_float(seconds),
        Err(_) => Err(Fault::new(format!("could not parse duration {text:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::text;

    // Expected values: the stock helm 4.3.1.
    #[test]
    fn durations_from_anything() {
        let seconds = |value: Value| text(FUNCTIONS, "durationSeconds", &[value]);
        for (input, expected) in [
            ("1h", "3600"),
            ("2.5", "2.5"),
            ("", "0"),
            (" 1h ", "3600"),
            ("0x10", "0"),
            ("1e3", "1000"),
            ("inf", "0"),
            ("1_0", "10"),
            ("_1", "0"),
        ] {
            assert_eq!(seconds(Value::from(input)), expected, "{input:?}");
        }
        assert_eq!(seconds(Value::Int(5)), "5");
        assert_eq!(seconds(Value::Float(0.25)), "0.25");
        assert_eq!(seconds(Value::Nil), "0");
        assert_eq!(seconds(Value::Bool(true)), "0");
        assert_eq!(seconds(Duration(1_500_000_000).into_value()), "1.5");
        assert_eq!(text(FUNCTIONS, "durationNanoseconds", &[Value::Int(99_999_999_999_999)]), "0");
        assert_eq!(text(FUNCTIONS, "durationWeeks", &[Value::from("36h")]), "0.21428571428571427");
        assert_eq!(
            text(FUNCTIONS, "mustToDuration", &[Value::from("x")]),
            "error: could not parse duration \"x\""
        );
    }

    #[test]
    fn multiples() {
        for (name, value, unit, expected) in [
            ("durationRoundTo", "2h13m", "5m", "2h15m0s"),
            ("durationRoundTo", "-2h13m", "5m", "-2h15m0s"),
            ("durationTruncateTo", "2h13m", "x", "2h13m0s"),
            ("durationTruncateTo", "2h13m", "1h", "2h0m0s"),
            ("durationTruncateTo", "x", "1h", "0s"),
            ("durationTruncateTo", "1h", "-1s", "1h0m0s"),
        ] {
            let arguments = [Value::from(value), Value::from(unit)];
            assert_eq!(text(FUNCTIONS, name, &arguments), expected, "{name} {value} {unit}");
        }
    }
}
