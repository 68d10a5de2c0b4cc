//! Numbers as JSON text.

/// Magnitudes from which on Go writes an exponent.
const LARGE: f64 = 1e21;
/// Magnitudes below which Go writes an exponent.
const SMALL: f64 = 1e-6;

/// A finite number in decimal: the fewest digits that read back equal, nearest to the exact value, and of two
/// equally near ones the even one. (Go agrees; Rust's own formatting rounds such ties up.)
pub(crate) struct Shortest {
    /// Whether there is a minus, which zero can have too.
    pub(crate) negative: bool,
    /// The digits, with no zero at either end but for zero itself.
    pub(crate) digits: String,
    /// The power of ten of the first digit.
    pub(crate) exponent: i32,
}

impl Shortest {
    /// Of a `float64`.
    pub(crate) fn of(number: f64) -> Self {
        Self::from_text(ryu::Buffer::new().format_finite(number))
    }

    /// Of a `float32`.
    pub(crate) fn of_single(number: f32) -> Self {
        Self::from_text(ryu::Buffer::new().format_finite(number))
    }

    /// `text` has a point, an exponent or both: `-1.5`, `1e-7`, `0.0`.
    fn from_text(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
        let power: i32 = power.parse().expect("invariant: an exponent is a decimal number");
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        let all: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        let significant = all.trim_start_matches('0');
        let leading = all.len() - significant.len();
        let digits = significant.trim_end_matches('0');
        if digits.is_empty() {
            return Self { negative, digits: "0".to_owned(), exponent: 0 };
        }
        let places = |count: usize| i32::try_from(count).expect("invariant: a number has few digits");
        Self { negative, digits: digits.to_owned(), exponent: power + places(point) - places(leading) - 1 }
    }

    /// Appends the number with an exponent of at least `width` digits: `1.25e-07`.
    pub(crate) fn push_scientific(&self, out: &mut String, width: usize) {
        self.push_sign(out);
        out.push_str(&self.digits[..1]);
        if self.digits.len() > 1 {
            out.push('.');
            out.push_str(&self.digits[1..]);
        }
        let sign = if self.exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("e{sign}{:0width$}", self.exponent.unsigned_abs()));
    }

    /// Appends the number without an exponent.
    pub(crate) fn push_decimal(&self, out: &mut String) {
        self.push_sign(out);
        let Ok(whole) = usize::try_from(self.exponent + 1) else {
            let zeros = usize::try_from(-self.exponent - 1).unwrap_or(0);
            return self.push_fraction(out, zeros);
        };
        if whole == 0 {
            return self.push_fraction(out, 0);
        }
        let (before, after) = self.digits.split_at(whole.min(self.digits.len()));
        out.push_str(before);
        out.extend(std::iter::repeat_n('0', whole - before.len()));
        if !after.is_empty() {
            out.push('.');
            out.push_str(after);
        }
    }

    fn push_fraction(&self, out: &mut String, zeros: usize) {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', zeros));
        out.push_str(&self.digits);
    }

    fn push_sign(&self, out: &mut String) {
        if self.negative {
            out.push('-');
        }
    }
}

/// Appends a finite `float64` as `encoding/json` does: with an exponent only outside 1e-6 to 1e21 (`1e-7`,
/// `1e+21`).
pub(crate) fn push_float(out: &mut String, number: f64) {
    let shortest = Shortest::of(number);
    let magnitude = number.abs();
    if magnitude == 0.0 || (SMALL..LARGE).contains(&magnitude) {
        shortest.push_decimal(out);
    } else {
        shortest.push_scientific(out, 1);
    }
}

#[cfg(test)]
mod tests {
    use super::push_float;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (1e6, "1000000"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (-1.25e-9, "-1.25e-9"),
            (0.1, "0.1"),
            (12345678901234567890.0, "12345678901234567000"),
            (-4012616079368877.0 / 4.0, "-1003154019842219.2"),
            (123456.75, "123456.75"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
        ];
        for (number, expected) in cases {
            let mut text = String::new();
            push_float(&mut text, *number);
            assert_eq!(text, *expected);
        }
    }
}
