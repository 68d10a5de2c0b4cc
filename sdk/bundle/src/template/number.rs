//! Number constants: what a literal is as an integer, as a float, and where nothing says which.

use std::{any::Any, rc::Rc};

use super::token::Kind;
use crate::{
    fault::Fault,
    printf::{float, quote},
    value::{Object, Value},
};

/// A literal, by each type it can take.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) text: String,
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
    /// Where any type will do; `None` if it fits no `int`.
    pub(super) ideal: Option<Ideal>,
}

/// What a literal is where nothing says which type it shall have.
#[derive(Clone, Debug)]
pub(super) enum Ideal {
    Int(i64),
    Float(f64),
    Complex { real: f64, imaginary: f64 },
}

impl Ideal {
    pub(super) fn value(&self) -> Value {
        match *self {
            Self::Int(int) => Value::Int(int),
            Self::Float(float) => Value::Float(float),
            Self::Complex { real, imaginary } => Value::Object(Rc::new(Complex { real, imaginary })),
        }
    }
}

impl Number {
    /// The number that a token of `kind` spells.
    ///
    /// # Errors
    /// In Go's words, if it spells none.
    pub(super) fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        match kind {
            Kind::CharacterConstant => Self::character(text),
            Kind::Complex => Self::complex(text),
            _ if text.ends_with('i') => Self::imaginary(text),
            _ => Self::real(text),
        }
    }

    fn character(text: &str) -> Result<Self, String> {
        let code = quote::unquote_character(text.as_bytes())
            .ok_or_else(|| format!("malformed character constant: {text}"))?;
        let int = i64::from(code);
        Ok(Self {
            text: text.to_owned(),
            int: Some(int),
            uint: Some(u64::from(code)),
            float: Some(f64::from(code)),
            ideal: Some(Ideal::Int(int)),
        })
    }

    fn real(text: &str) -> Result<Self, String> {
        let uint = parse_uint(text);
        let int = parse_int(text);
        let fractional = text.contains(['.', 'e', 'E', 'p', 'P']);
        let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
        let mut number = Self { text: text.to_owned(), int, uint, float: None, ideal: None };
        if int == Some(0) {
            number.uint = Some(0);
        }
        number.float = match (number.int, number.uint) {
            (Some(int), _) => Some(int as f64),
            (None, Some(uint)) => Some(uint as f64),
            (None, None) => {
                let float = parse_float(text).ok_or_else(|| format!("illegal number syntax: {text:?}"))?;
                if !fractional {
                    return Err(format!("integer overflow: {text:?}"));
                }
                number.take_float(float);
                Some(float)
            }
        };
        let float_syntax = fractional && (!hexadecimal || text.contains(['p', 'P']));
        number.ideal = match (number.float, number.int) {
            (Some(float), _) if float_syntax => Some(Ideal::Float(float)),
            (_, Some(int)) => Some(Ideal::Int(int)),
            _ => None,
        };
        Ok(number)
    }

    /// A float with an integral value counts as an integer too.
    fn take_float(&mut self, float: f64) {
        let int = float as i64;
        if int as f64 == float && int != i64::MAX {
            self.int = Some(int);
        }
        let uint = float as u64;
        if uint as f64 == float && uint != u64::MAX {
            self.uint = Some(uint);
        }
    }

    fn imaginary(text: &str) -> Result<Self, String> {
        let imaginary = parse_float(&text[..text.len() - 1]);
        imaginary
            .map(|imaginary| Self::of(text, 0.0, imaginary))
            .ok_or_else(|| format!("illegal number syntax: {text:?}"))
    }

    /// `1+2i`: a real part, then a signed imaginary one.
    fn complex(text: &str) -> Result<Self, String> {
        let body = text.trim_end_matches('i');
        let split = body.char_indices().skip(1).filter(|(index, sign)| {
            matches!(sign, '+' | '-') && !body[..*index].ends_with(['e', 'E', 'p', 'P'])
        });
        let split = split.map(|(index, _)| index).next().unwrap_or(0);
        match (parse_float(&body[..split]), parse_float(&body[split..])) {
            (Some(real), Some(imaginary)) => Ok(Self::of(text, real, imaginary)),
            _ => Err(format!("illegal number syntax: {text:?}")),
        }
    }

    /// A complex number; without an imaginary part it is good as a real one too.
    fn of(text: &str, real: f64, imaginary: f64) -> Self {
        let ideal = Some(Ideal::Complex { real, imaginary });
        let mut number = Self { text: text.to_owned(), int: None, uint: None, float: None, ideal };
        if imaginary == 0.0 {
            number.float = Some(real);
            number.take_float(real);
        }
        number
    }
}

/// Go's `complex128`, of which a template can only write literals and print them.
#[derive(Debug)]
struct Complex {
    real: f64,
    imaginary: f64,
}

impl Object for Complex {
    fn any(&self) -> &dyn Any {
        self
    }
    fn type_name(&self) -> &str {
        "complex128"
    }
    fn kind_name(&self) -> &str {
        "complex128"
    }
    fn field(&self, _: &str) -> Option<Value> {
        None
    }
    fn call(&self, _: &str, _: &[Value]) -> Option<Result<Value, Fault>> {
        None
    }
    fn print(&self) -> String {
        let sign = if self.imaginary.is_sign_negative() { "" } else { "+" };
        format!("({}{sign}{}i)", float::shortest(self.real), float::shortest(self.imaginary))
    }
    fn plain(&self) -> Value {
        Value::string(self.print())
    }
    fn is_true(&self) -> bool {
        self.real != 0.0 || self.imaginary != 0.0
    }
}

/// Go's `strconv.ParseInt` with base 0.
fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let size = i128::from(parse_uint(digits)?);
    i64::try_from(if negative { -size } else { size }).ok()
}

/// Go's `strconv.ParseUint` with base 0: prefixes `0x`, `0o`, `0b` and `0`, underscores between digits.
fn parse_uint(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let prefixed = digits.len() < lower.len();
    let digits = without_underscores(digits, prefixed)?;
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(&digits, base).ok() }
}

/// Go's `strconv.ParseFloat`, hexadecimal floats and underscores after a base prefix included.
fn parse_float(text: &str) -> Option<f64> {
    let (negative, size) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = if size.starts_with("0x") || size.starts_with("0X") {
        hexadecimal_float(&without_underscores(&size[2..], true)?)?
    } else {
        let plain = size
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
        size.parse().ok().filter(|value: &f64| plain && value.is_finite())?
    };
    Some(if negative { -value } else { value })
}

/// The text without its underscores, which must stand between digits (or after a base prefix).
fn without_underscores(text: &str, prefixed: bool) -> Option<String> {
    if !text.contains('_') {
        return Some(text.to_owned());
    }
    let mut after_digit = prefixed;
    for character in text.chars() {
        if character == '_' && !after_digit {
            return None;
        }
        after_digit = character.is_ascii_hexdigit();
    }
    after_digit.then(|| text.replace('_', ""))
}

/// `1.8p3`: hexadecimal digits and a required exponent of two.
fn hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    // More digits than these cannot change a 64-bit float but by its last bit.
    let kept = &significant[..significant.len().min(15)];
    let value = if kept.is_empty() && !digits.is_empty() { 0 } else { u64::from_str_radix(kept, 16).ok()? };
    let dropped = i32::try_from(significant.len() - kept.len()).ok()?;
    let shift = exponent.checked_add(4 * (dropped - i32::try_from(fraction.len()).ok()?))?;
    let value = value as f64 * 2_f64.powi(shift.clamp(-2_000, 2_000));
    value.is_finite().then_some(value)
}
