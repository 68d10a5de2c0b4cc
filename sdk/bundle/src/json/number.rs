//! Numbers as JSON text.

use std::fmt::Write;

/// Magnitudes from which on Go writes an exponent.
const LARGE: f64 = 1e21;
/// Magnitudes below which Go writes an exponent.
const SMALL: f64 = 1e-6;

/// Appends a finite `float64` as `encoding/json` does: the fewest digits that read back equal, with an
/// exponent only outside 1e-6 to 1e21 (`1e-7`, `1e+21`).
pub(crate) fn push_float(out: &mut String, number: f64) {
    let magnitude = number.abs();
    if magnitude != 0.0 && (magnitude < SMALL || magnitude >= LARGE) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').expect("invariant: {:e} writes an exponent");
        out.push_str(digits);
        out.push('e');
        if !exponent.starts_with('-') {
            out.push('+');
        }
        out.push_str(exponent);
    } else {
        write!(out, "{number}").expect("invariant: writing to a String cannot fail");
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
        ];
        for (number, expected) in cases {
            let mut text = String::new();
            push_float(&mut text, *number);
            assert_eq!(text, *expected);
        }
    }
}
