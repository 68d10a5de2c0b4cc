//! Go's `strconv.ParseInt` and `strconv.ParseFloat`: signs, prefixes and underscores as in Go's literals.

use std::borrow::Cow;

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::functions) enum Refused {
    /// It does not have the form of one.
    Syntax,
    /// It is above the largest (`false`) or below the smallest (`true`) one.
    Range {
        /// Whether it is negative.
        negative: bool,
    },
}

impl Refused {
    /// What Go returns beside the error: the nearest number, or 0.
    pub(in crate::functions) fn nearest(self) -> i64 {
        match self {
            Self::Syntax => 0,
            Self::Range { negative: true } => i64::MIN,
            Self::Range { negative: false } => i64::MAX,
        }
    }
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    }
}

/// `text` as an integer of 64 bits. With base 0 the prefix says the base (`0x`, `0o`, `0`, `0b`), and underscores
/// may part digits.
///
/// # Errors
/// Not the form of a number, or out of range.
pub(in crate::functions) fn integer(text: &[u8], base: u32) -> Result<i64, Refused> {
    let (negative, unsigned) = split_sign(text);
    let (base, digits) = if base == 0 { prefixed(unsigned) } else { (base, unsigned.to_vec()) };
    if base != 0 && digits.is_empty() || unsigned.contains(&b'_') && !underscores_fit(unsigned) {
        return Err(Refused::Syntax);
    }
    let mut magnitude: u128 = 0;
    for digit in digits {
        let digit = char::from(digit).to_digit(base).ok_or(Refused::Syntax)?;
        // Saturates far above the range, so that a bad digit further on is still seen.
        magnitude = magnitude.saturating_mul(u128::from(base)).saturating_add(u128::from(digit));
    }
    let signed = i128::try_from(magnitude).map(|number| if negative { -number } else { number });
    signed.ok().and_then(|number| i64::try_from(number).ok()).ok_or(Refused::Range { negative })
}

/// The base that the prefix of `digits` says, and the digits behind it without underscores.
fn prefixed(digits: &[u8]) -> (u32, Vec<u8>) {
    let (base, behind) = match digits {
        [b'0', b'x' | b'X', behind @ ..] if !behind.is_empty() => (16, behind),
        [b'0', b'o' | b'O', behind @ ..] if !behind.is_empty() => (8, behind),
        [b'0', b'b' | b'B', behind @ ..] if !behind.is_empty() => (2, behind),
        [b'0', behind @ ..] if !behind.is_empty() => (8, behind),
        decimal => (10, decimal),
    };
    (base, behind.iter().copied().filter(|digit| *digit != b'_').collect())
}

/// Whether each underscore stands between digits, a base's prefix counting as one.
fn underscores_fit(unsigned: &[u8]) -> bool {
    let (hexadecimal, digits, prefix) = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => (true, digits, true),
        [b'0', b'b' | b'B' | b'o' | b'O', digits @ ..] => (false, digits, true),
        digits => (false, digits, false),
    };
    let mut previous = if prefix { b'0' } else { b'^' };
    for byte in digits {
        let class = match byte {
            byte if byte.is_ascii_digit() || hexadecimal && byte.is_ascii_hexdigit() => b'0',
            b'_' => b'_',
            _ => b'!',
        };
        if class == b'_' && previous != b'0' || class == b'!' && previous == b'_' {
            return false;
        }
        previous = class;
    }
    previous != b'_'
}

/// `text` as a floating-point number: decimal, hexadecimal (`0x1p-2`), or the words for infinity and not-a-number.
///
/// # Errors
/// Not the form of a number, or too large.
pub(in crate::functions) fn float(text: &[u8]) -> Result<f64, Refused> {
    let (negative, unsigned) = split_sign(text);
    let lower = std::str::from_utf8(unsigned).map_err(|_| Refused::Syntax)?.to_ascii_lowercase();
    let magnitude = match lower.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" if text.len() == unsigned.len() => f64::NAN,
        "nan" => return Err(Refused::Syntax),
        number => finite(number).ok_or(Refused::Syntax)?,
    };
    if magnitude.is_infinite() && !lower.starts_with('i') {
        return Err(Refused::Range { negative });
    }
    Ok(if negative { -magnitude } else { magnitude })
}

/// An unsigned decimal or hexadecimal number in lower case; infinite if too large.
fn finite(number: &str) -> Option<f64> {
    let has_underscores = number.contains('_');
    if number.starts_with(['+', '-']) || has_underscores && !underscores_fit(number.as_bytes()) {
        return None;
    }
    let plain = if has_underscores { Cow::from(number.replace('_', "")) } else { Cow::from(number) };
    match plain.strip_prefix("0x") {
        Some(hexadecimal) => hexadecimal_float(hexadecimal),
        None => plain.parse().ok(),
    }
}

/// Hexadecimal digits with a binary exponent, rounded to the nearest even; infinite if too large.
fn hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (down, exponent) = match split_sign(exponent.as_bytes()) {
        (negative, digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            (negative, String::from_utf8_lossy(digits).parse::<i64>().unwrap_or(i64::from(i32::MAX)))
        }
        _ => return None,
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent = exponent.min(i64::from(i32::MAX)) * if down { -1 } else { 1 };
    let mut exponent = exponent - 4 * i64::try_from(fraction.len()).ok()?;
    let mut mantissa = 0u64;
    for digit in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
        } else {
            // Far below the precision: only that something was there matters, for rounding.
            mantissa |= u64::from(digit != 0);
            exponent += 4;
        }
    }
    Some(scaled(mantissa, exponent))
}

/// `mantissa` times two to the power `exponent`, rounded once, to the nearest even.
fn scaled(mantissa: u64, exponent: i64) -> f64 {
    const SMALLEST: i64 = -1074;
    let highest_bit = 63 - i64::from(mantissa.leading_zeros());
    if mantissa == 0 || highest_bit + exponent < SMALLEST - 1 {
        return 0.0;
    }
    if highest_bit + exponent >= SMALLEST + 52 {
        return shifted(mantissa as f64, exponent);
    }
    let shift = SMALLEST - exponent;
    if shift <= 0 {
        return shifted(mantissa as f64, exponent);
    }
    let (kept, dropped) = match shift {
        ..64 => (mantissa >> shift, mantissa << (64 - shift)),
        _ => (0, mantissa),
    };
    let half = 1 << 63;
    f64::from_bits(kept + u64::from(dropped > half || dropped == half && kept & 1 == 1))
}

/// `number` times two to the power `exponent`; exact as long as neither end of the range is reached.
pub(in crate::functions) fn shifted(mut number: f64, mut exponent: i64) -> f64 {
    const STEP: i64 = 1000;
    while exponent != 0 && number != 0.0 && number.is_finite() {
        let step = exponent.clamp(-STEP, STEP);
        number *= 2f64.powi(step as i32);
        exponent -= step;
    }
    number
}
