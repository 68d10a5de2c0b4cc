//! `time.Duration`: nanoseconds, written and read as `1h2m3.5s`.

use std::{any::Any, fmt, rc::Rc};

use thiserror::Error;

use crate::{
    fault::Fault,
    value::{Object, Value},
};

/// A span of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(pub i64);

pub(super) const NANOSECONDS_A_SECOND: i128 = 1_000_000_000;

/// Nanoseconds of each unit that text may state.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The largest magnitude a duration has: that of the smallest `i64`.
const LARGEST: u64 = 1 << 63;

/// Text that is no duration, in Go's words.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DurationError {
    /// Not of a duration's form, or out of range.
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    /// A number without a unit.
    #[error("time: missing unit in duration {0:?}")]
    NoUnit(String),
    /// A unit that does not exist.
    #[error("time: unknown unit {0:?} in duration {1:?}")]
    UnknownUnit(String, String),
}

/// `nanoseconds`, or the nearest that a duration holds.
pub(super) fn wide(nanoseconds: i128) -> Duration {
    Duration(nanoseconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

impl Duration {
    /// Reads `-1.5h`, `1h2m3s`, `0`. Source of the behaviour: Go's `time.ParseDuration`.
    ///
    /// # Errors
    /// When the text is not of that form, or more than about 292 years.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(text.to_owned());
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (amount, after) = Self::parse_part(rest, text)?;
            total = total.checked_add(amount).filter(|sum| *sum <= LARGEST).ok_or_else(invalid)?;
            rest = after;
        }
        match (negative, i64::try_from(total)) {
            (true, _) => Ok(Self((total as i64).wrapping_neg())),
            (false, Ok(nanoseconds)) => Ok(Self(nanoseconds)),
            (false, Err(_)) => Err(invalid()),
        }
    }

    /// One number with its unit, in nanoseconds, and what follows.
    fn parse_part<'a>(text: &'a str, whole: &str) -> Result<(u64, &'a str), DurationError> {
        let invalid = || DurationError::Invalid(whole.to_owned());
        let (integer, rest) = digits(text);
        let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
        if integer.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let amount: u64 = if integer.is_empty() { 0 } else { integer.parse().map_err(|_| invalid())? };
        let unit_length = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(unit_length);
        if unit.is_empty() {
            return Err(DurationError::NoUnit(whole.to_owned()));
        }
        let Some((_, size)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(DurationError::UnknownUnit(unit.to_owned(), whole.to_owned()));
        };
        let whole_units =
            amount.checked_mul(*size).filter(|product| *product <= LARGEST).ok_or_else(invalid)?;
        let (fraction, scale) = scaled(fraction);
        let part = (fraction as f64 * (*size as f64 / scale)) as u64;
        let sum = whole_units.checked_add(part).filter(|sum| *sum <= LARGEST).ok_or_else(invalid)?;
        Ok((sum, rest))
    }

    /// A number of seconds or a larger unit, without losing whole units to rounding.
    fn in_units(self, unit: i64) -> f64 {
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.in_units(1_000_000_000)
    }

    /// In minutes.
    pub fn minutes(self) -> f64 {
        self.in_units(60_000_000_000)
    }

    /// In hours.
    pub fn hours(self) -> f64 {
        self.in_units(3_600_000_000_000)
    }

    /// Towards zero to a multiple of `unit`; unchanged if `unit` is not positive.
    #[must_use]
    pub fn truncate(self, unit: Self) -> Self {
        if unit.0 <= 0 { self } else { Self(self.0 - self.0 % unit.0) }
    }

    /// To the nearest multiple of `unit`, half away from zero; unchanged if `unit` is not positive.
    #[must_use]
    pub fn round(self, unit: Self) -> Self {
        if unit.0 <= 0 {
            return self;
        }
        let (value, unit) = (i128::from(self.0), i128::from(unit.0));
        let over = (value % unit).abs();
        let towards_zero = value - value % unit;
        let rounded = if over * 2 >= unit { towards_zero + unit * value.signum() } else { towards_zero };
        wide(rounded)
    }

    /// The value for templates.
    pub fn into_value(self) -> Value {
        Value::Object(Rc::new(self))
    }

    /// The duration that a template's value is, if it is one.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Object(object) => object.any().downcast_ref().copied(),
            _ => None,
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// The decimals as an integer and the power of ten it is to be divided by; decimals beyond 63 bits are dropped.
fn scaled(decimals: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in decimals.bytes() {
        let next = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0')));
        let Some(next) = next.filter(|next| value <= i64::MAX as u64 / 10 && *next <= LARGEST) else {
            break;
        };
        value = next;
        scale *= 10.0;
    }
    (value, scale)
}

impl fmt::Display for Duration {
    /// Source of the behaviour: Go's `Duration.String`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        match nanoseconds {
            0 => write!(out, "0s"),
            1..1_000 => write!(out, "{sign}{nanoseconds}ns"),
            1_000..1_000_000 => write!(out, "{sign}{}\u{b5}s", Decimal(nanoseconds, 3)),
            1_000_000..1_000_000_000 => write!(out, "{sign}{}ms", Decimal(nanoseconds, 6)),
            _ => {
                let minutes = nanoseconds / 60_000_000_000;
                let seconds = Decimal(nanoseconds % 60_000_000_000, 9);
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(out, "{sign}{seconds}s"),
                    (0, minutes) => write!(out, "{sign}{minutes}m{seconds}s"),
                    (hours, minutes) => write!(out, "{sign}{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

/// A number divided by ten to this power, without trailing zeros.
struct Decimal(u64, usize);

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, digits) = *self;
        let unit = 10_u64.pow(digits as u32);
        write!(out, "{}", value / unit)?;
        let decimals = format!("{:0digits$}", value % unit);
        let decimals = decimals.trim_end_matches('0');
        if decimals.is_empty() { Ok(()) } else { write!(out, ".{decimals}") }
    }
}

impl Object for Duration {
    fn any(&self) -> &dyn Any {
        self
    }

    fn type_name(&self) -> &str {
        "time.Duration"
    }

    fn kind_name(&self) -> &str {
        "int64"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>> {
        let result = match (name, arguments) {
            ("Abs", []) => Self(self.0.checked_abs().unwrap_or(i64::MAX)).into_value(),
            ("Hours", []) => Value::Float(self.hours()),
            ("Minutes", []) => Value::Float(self.minutes()),
            ("Seconds", []) => Value::Float(self.seconds()),
            ("Milliseconds", []) => Value::Int64(self.0 / 1_000_000),
            ("Microseconds", []) => Value::Int64(self.0 / 1_000),
            ("Nanoseconds", []) => Value::Int64(self.0),
            ("String", []) => Value::string(self.to_string()),
            ("Round" | "Truncate", [unit]) => {
                let unit = match duration_argument(unit) {
                    Ok(unit) => unit,
                    Err(fault) => return Some(Err(fault)),
                };
                (if name == "Round" { self.round(unit) } else { self.truncate(unit) }).into_value()
            }
            (
                "Abs" | "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds" | "Nanoseconds"
                | "String" | "Round" | "Truncate",
                _,
            ) => return Some(Err(Fault::new(format!("wrong number of args for {name}")))),
            _ => return None,
        };
        Some(Ok(result))
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn plain(&self) -> Value {
        Value::Int64(self.0)
    }

    fn is_true(&self) -> bool {
        self.0 != 0
    }
}

/// The argument of a method that takes a `time.Duration`: one, or a literal number of nanoseconds.
pub(super) fn duration_argument(value: &Value) -> Result<Duration, Fault> {
    match (value, Duration::of(value)) {
        (_, Some(duration)) => Ok(duration),
        (Value::Int(nanoseconds), None) => Ok(Duration(*nanoseconds)),
        _ => Err(Fault::new(format!(
            "wrong type for value; expected time.Duration; got {}",
            value.type_name()
        ))),
    }
}
