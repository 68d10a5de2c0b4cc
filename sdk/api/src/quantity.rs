//! Resource quantities: `100m`, `1.5Gi`, `2e3`; text in, exact numbers and the canonical text out.
//!
//! Grammar, rounding and canonical form follow apimachinery `pkg/api/resource`. Values are kept in nano units, the
//! smallest step there; larger than `i128` can hold saturates (Kubernetes keeps decimals of any size).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Nano units in one.
const NANO: i128 = 1_000_000_000;
/// Binary quantities are capped here, as Kubernetes caps them.
const BINARY_MAX: i128 = i64::MAX as i128 * NANO;
/// Digits beyond this many cannot change the result but by rounding.
const DIGITS_MAX: u32 = 28;

/// The family of suffixes a quantity was written with, and is printed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `n u m k M G T P E`.
    DecimalSi,
    /// `Ki Mi Gi Ti Pi Ei`.
    BinarySi,
    /// `e3`, `E3`.
    DecimalExponent,
}

/// Why a text is no quantity; worded as Kubernetes words it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not of the general form.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// A bad number before the suffix.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// An unknown suffix.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// An amount of something. Compares by amount alone: `1000m` equals `1`.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity { nanos: 0, format: Format::DecimalSi };

    /// So many whole units, printed in `format`.
    pub fn new(value: i64, format: Format) -> Self {
        Quantity { nanos: i128::from(value) * NANO, format }
    }

    /// So many thousandths, for example of a CPU.
    pub fn from_milli(milli: i64) -> Self {
        Quantity { nanos: i128::from(milli) * (NANO / 1000), format: Format::DecimalSi }
    }

    /// Reads a quantity. Parts of a nano are rounded away from zero.
    ///
    /// # Errors
    /// When the text is no quantity.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            Some(_) => (false, text),
            None => return Err(Error::Format),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let suffix_chars = |c: char| c.is_ascii_digit() || "eEinumkKMGTP+-".contains(c);
        if number.is_empty() || !suffix.chars().all(suffix_chars) {
            return Err(Error::Format);
        }
        let number = Number::parse(number)?;
        let (binary, exponent, mut format) = interpret(suffix)?;
        let mut nanos = if binary { number.times_power_of_two(exponent) } else { number.nanos(exponent) };
        if format == Format::BinarySi {
            nanos = nanos.min(BINARY_MAX);
            if nanos > 0 && nanos < NANO {
                format = Format::DecimalSi;
            }
        }
        if nanos == 0 && rest == "0" {
            format = Format::DecimalSi;
        }
        Ok(Quantity { nanos: if negative { -nanos } else { nanos }, format })
    }

    /// Reads a quantity from JSON: a string, or a number as manifests may write it.
    ///
    /// # Errors
    /// When it is neither, or no quantity.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        match value {
            Value::String(text) => Quantity::parse(text.trim()),
            Value::Number(number) => match number.as_i64() {
                Some(whole) => Ok(Quantity::new(whole, Format::DecimalSi)),
                None => Quantity::parse(&number.to_string()),
            },
            _ => Err(Error::Format),
        }
    }

    /// Thousandths, rounded away from zero.
    pub fn to_milli(self) -> i128 {
        divide_up(self.nanos, NANO / 1000)
    }

    /// Whole units, rounded away from zero.
    pub fn to_value(self) -> i128 {
        divide_up(self.nanos, NANO)
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// The suffixes it is printed with.
    pub fn format(self) -> Format {
        self.format
    }

    /// The sum, saturating; nothing takes the other's format.
    pub fn saturating_add(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: self.nanos.saturating_add(other.nanos), format }
    }

    /// The difference, saturating; nothing takes the other's format.
    pub fn saturating_sub(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: self.nanos.saturating_sub(other.nanos), format }
    }
}

impl FromStr for Quantity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Quantity::parse(text)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, the largest suffix that loses nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let whole = self.nanos % NANO == 0;
        let small = self.nanos.abs() < 1024 * NANO;
        if self.format == Format::BinarySi && whole && !small {
            const SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
            let (value, steps) = reduce(self.nanos / NANO, 1024, SUFFIXES.len() - 1);
            return write!(f, "{value}{}", SUFFIXES[steps]);
        }
        if self.format == Format::DecimalExponent {
            let (value, steps) = reduce(self.nanos, 1000, usize::MAX);
            return match steps as i64 * 3 - 9 {
                0 => write!(f, "{value}"),
                exponent => write!(f, "{value}e{exponent}"),
            };
        }
        const SUFFIXES: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        let (value, steps) = reduce(self.nanos, 1000, SUFFIXES.len() - 1);
        write!(f, "{value}{}", SUFFIXES[steps])
    }
}

/// Divides by `base` while nothing is lost, at most `limit` times.
fn reduce(mut value: i128, base: i128, limit: usize) -> (i128, usize) {
    let mut steps = 0;
    while steps < limit && value % base == 0 {
        value /= base;
        steps += 1;
    }
    (value, steps)
}

fn divide_up(value: i128, by: i128) -> i128 {
    let rest = value % by;
    value / by + rest.signum()
}

/// The suffix's meaning: whether its base is two, the exponent, and the family.
fn interpret(suffix: &str) -> Result<(bool, i64, Format), Error> {
    let decimal = |exponent| Ok((false, exponent, Format::DecimalSi));
    let binary = |exponent| Ok((true, exponent, Format::BinarySi));
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E']).ok_or(Error::Suffix)?;
            let exponent = exponent.parse::<i32>().map_err(|_| Error::Suffix)?;
            Ok((false, i64::from(exponent), Format::DecimalExponent))
        }
    }
}

/// An unsigned decimal: `digits` x 10^`exponent`, and whether digits were cut off.
struct Number {
    digits: i128,
    exponent: i64,
    more: bool,
}

impl Number {
    fn parse(text: &str) -> Result<Self, Error> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(Error::Number);
        }
        let mut number = Number { digits: 0, exponent: 0, more: false };
        for byte in whole.bytes() {
            number.push(byte);
        }
        for byte in fraction.bytes() {
            number.push(byte);
            number.exponent -= 1;
        }
        Ok(number)
    }

    fn push(&mut self, digit: u8) {
        if self.digits >= 10i128.pow(DIGITS_MAX) {
            self.more |= digit != b'0';
            self.exponent += 1;
        } else {
            self.digits = self.digits * 10 + i128::from(digit - b'0');
        }
    }

    /// The amount in nanos after a decimal suffix.
    fn nanos(&self, exponent: i64) -> i128 {
        let shift = self.exponent.saturating_add(exponent).saturating_add(9);
        scale(self.digits, shift, self.more)
    }

    /// The amount in nanos after a binary suffix.
    fn times_power_of_two(&self, exponent: i64) -> i128 {
        match self.digits.checked_mul(1 << exponent) {
            Some(digits) => scale(digits, self.exponent.saturating_add(9), self.more),
            None => {
                scale(self.digits, self.exponent.saturating_add(9), self.more).saturating_mul(1 << exponent)
            }
        }
    }
}

/// `digits` x 10^`shift`, rounded up, saturating.
fn scale(digits: i128, shift: i64, more: bool) -> i128 {
    if digits == 0 {
        return i128::from(more);
    }
    let power = u32::try_from(shift.unsigned_abs()).ok().and_then(|shift| 10i128.checked_pow(shift));
    match (power, shift < 0) {
        (Some(power), false) => digits.saturating_mul(power).saturating_add(i128::from(more)),
        (None, false) => i128::MAX,
        (Some(power), true) => digits / power + i128::from(more || digits % power != 0),
        (None, true) => 1,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn canonical() {
        for (text, expected) in [
            ("0", "0"),
            ("0Ki", "0"),
            ("1", "1"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("0.1Ki", "102400m"),
            ("1025Ki", "1025Ki"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("12e6", "12e6"),
            ("1500e0", "1500"),
            ("1E", "1E"),
            ("-1", "-1"),
            ("+1.0", "1"),
            ("1n", "1n"),
            ("0.1n", "1n"),
            (".5", "500m"),
            ("1.", "1"),
            ("9Ei", "9223372036854775807"),
            ("100Ei", "9223372036854775807"),
            ("0.0001Ki", "102400u"),
            ("00010", "10"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn values() {
        assert_eq!(Quantity::parse("100m").unwrap().to_milli(), 100);
        assert_eq!(Quantity::parse("1500u").unwrap().to_milli(), 2);
        assert_eq!(Quantity::parse("100m").unwrap().to_value(), 1);
        assert_eq!(Quantity::parse("-100m").unwrap().to_value(), -1);
        assert_eq!(Quantity::parse("1Gi").unwrap().to_value(), 1 << 30);
        assert_eq!(Quantity::from_value(&serde_json::json!(2)).unwrap().to_milli(), 2000);
        assert_eq!(Quantity::from_value(&serde_json::json!(0.5)).unwrap().to_string(), "500m");
        assert!(Quantity::parse("1").unwrap() == Quantity::parse("1000m").unwrap());
        assert!(Quantity::parse("1Mi").unwrap() > Quantity::parse("1M").unwrap());
        let sum = Quantity::ZERO.saturating_add(Quantity::parse("1Gi").unwrap());
        assert_eq!(sum.to_string(), "1Gi");
    }

    #[test]
    fn refused() {
        for (text, expected) in [
            ("", Error::Format),
            ("a", Error::Format),
            ("-", Error::Format),
            ("1 ", Error::Format),
            ("1Xi", Error::Format),
            ("1.2.3", Error::Number),
            (".", Error::Number),
            ("1ki", Error::Suffix),
            ("1MM", Error::Suffix),
            ("1e", Error::Suffix),
            ("1e99999999999", Error::Suffix),
        ] {
            assert_eq!(Quantity::parse(text).unwrap_err(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn canonical_form_is_stable(text in "[+-]?[0-9]{0,40}(\\.[0-9]{0,40})?(|n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e-?[0-9]{1,3})") {
            if let Ok(quantity) = Quantity::parse(&text) {
                let again = Quantity::parse(&quantity.to_string()).unwrap();
                if quantity.nanos.abs() < i128::MAX / 10_000 {
                    prop_assert_eq!(quantity, again);
                    prop_assert_eq!(quantity.to_string(), again.to_string());
                }
            }
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = Quantity::parse(&text);
        }
    }
}
