//! Go's `strconv.FormatFloat` for 64 bits.

use crate::json::Shortest;

/// `number` by `verb` (one of `e E f F g G b x X`) with `precision` digits, or the fewest that read back as the
/// same number. The sign is there only if negative; infinities are `+Inf` and `-Inf`.
pub fn format(number: f64, verb: u8, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let size = number.abs();
    let text = match verb {
        b'e' | b'E' => {
            scientific(&Decimal::new(size, precision.map(|digits| digits.saturating_add(1))), precision, verb)
        }
        b'f' | b'F' => match precision {
            Some(precision) => fixed(size, precision),
            None => {
                let mut text = String::new();
                Shortest::of(size).push_decimal(&mut text);
                text
            }
        },
        b'b' => binary(size),
        b'x' | b'X' => hexadecimal(size, precision, verb),
        _ => general(size, precision, verb),
    };
    format!("{sign}{text}")
}

/// `%v` of a float: the fewest digits, scientific below 1e-4 and from 1e6 on (`1e+06`).
pub fn shortest(number: f64) -> String {
    format(number, b'g', None)
}

/// Digits after which every 64-bit float's decimal expansion has ended: the rest are zeros.
const EXACT_DIGITS: usize = 1_100;

/// `%f` with `precision` digits after the point.
fn fixed(size: f64, precision: usize) -> String {
    let computed = precision.min(EXACT_DIGITS);
    let mut text = format!("{size:.computed$}");
    text.extend(std::iter::repeat_n('0', precision - computed));
    text
}

/// A number's significant digits `d1d2d3…` and the exponent of `d1.d2d3…`.
struct Decimal {
    digits: String,
    exponent: i32,
}

impl Decimal {
    /// The first `count` digits (at least one), correctly rounded, or as many as identify the number.
    fn new(size: f64, count: Option<usize>) -> Self {
        let Some(count) = count else {
            let Shortest { digits, exponent, .. } = Shortest::of(size);
            return Self { digits, exponent };
        };
        let text = format!("{size:.*e}", count.clamp(1, EXACT_DIGITS) - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = mantissa.chars().filter(char::is_ascii_digit).collect();
        Self { digits, exponent: exponent.parse().unwrap_or(0) }
    }
}

/// `d.ddde±dd`; `precision` digits after the point, or all there are.
fn scientific(decimal: &Decimal, precision: Option<usize>, verb: u8) -> String {
    let (first, rest) = decimal.digits.split_at(1);
    let mut out = String::from(first);
    let after = precision.unwrap_or(rest.len());
    if after > 0 {
        out.push('.');
        out.extend(rest.chars().chain(std::iter::repeat('0')).take(after));
    }
    let mark = if verb.is_ascii_uppercase() { 'E' } else { 'e' };
    let sign = if decimal.exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("{mark}{sign}{:02}", decimal.exponent.unsigned_abs()));
    out
}

/// `%g`: scientific when the exponent is small or not below the precision, else plain; no trailing zeros.
fn general(size: f64, precision: Option<usize>, verb: u8) -> String {
    /// The precision that decides about the shortest form.
    const SHORTEST_LIMIT: usize = 6;
    let wanted = precision.map(|digits| digits.max(1));
    let mut decimal = Decimal::new(size, wanted);
    let kept = decimal.digits.trim_end_matches('0').len().max(1);
    decimal.digits.truncate(kept);
    let limit = match wanted {
        None => SHORTEST_LIMIT,
        Some(wanted) => wanted,
    };
    let scientific_form =
        decimal.exponent < -4 || decimal.exponent >= i32::try_from(limit).unwrap_or(i32::MAX);
    if scientific_form { scientific(&decimal, None, verb) } else { plain(&decimal) }
}

/// The digits with the point where the exponent puts it.
fn plain(decimal: &Decimal) -> String {
    let count = decimal.digits.len();
    match usize::try_from(decimal.exponent) {
        Err(_) => {
            let zeros = decimal.exponent.unsigned_abs() as usize - 1;
            format!("0.{}{}", "0".repeat(zeros), decimal.digits)
        }
        Ok(exponent) if exponent + 1 >= count => {
            format!("{}{}", decimal.digits, "0".repeat(exponent + 1 - count))
        }
        Ok(exponent) => {
            let (whole, fraction) = decimal.digits.split_at(exponent + 1);
            format!("{whole}.{fraction}")
        }
    }
}

/// Bits of the fraction of a 64-bit float.
const FRACTION_BITS: u32 = 52;

/// The mantissa as an integer and the exponent of two, as stored.
fn parts(size: f64) -> (u64, i64) {
    let bits = size.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let stored = i64::try_from(bits >> FRACTION_BITS & 0x7ff).unwrap_or(0);
    match stored {
        0 => (fraction, -1074),
        _ => (fraction | 1 << FRACTION_BITS, stored - 1075),
    }
}

/// `%b`: mantissa and exponent of two in decimal.
fn binary(size: f64) -> String {
    let (mantissa, exponent) = parts(size);
    format!("{mantissa}p{exponent:+}")
}

/// `%x`: `0x1.8p+01`, with `precision` digits after the point or as many as needed.
fn hexadecimal(size: f64, precision: Option<usize>, verb: u8) -> String {
    /// Digits that hold the whole fraction.
    const DIGITS: usize = 13;
    let (mut mantissa, mut exponent) = parts(size);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() - (63 - FRACTION_BITS);
        mantissa <<= shift;
        exponent += i64::from(FRACTION_BITS) - i64::from(shift);
    }
    if let Some(precision) = precision.filter(|precision| *precision < DIGITS) {
        let dropped = 4 * (DIGITS - precision);
        let half = 1_u64 << (dropped - 1);
        let odd = mantissa >> dropped & 1;
        mantissa = (mantissa + half - 1 + odd) >> dropped << dropped;
        if mantissa >> (FRACTION_BITS + 1) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let whole = mantissa >> FRACTION_BITS;
    let fraction = format!("{:013x}", mantissa & ((1 << FRACTION_BITS) - 1));
    let fraction = match precision {
        None => fraction.trim_end_matches('0').to_owned(),
        Some(precision) => fraction.chars().chain(std::iter::repeat('0')).take(precision).collect(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{whole}{point}{fraction}p{sign}{:02}", exponent.unsigned_abs());
    if verb == b'X' { text.to_uppercase() } else { text }
}
