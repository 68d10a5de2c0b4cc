//! Numbers as YAML text.

use crate::json::Shortest;

/// The powers of ten that are written without an exponent.
const DECIMAL: std::ops::Range<i32> = -4..6;

/// Appends a `float64` as Go's `strconv.FormatFloat(number, 'g', -1, 64)` does: with an exponent from a million on
/// (`1e+06`) and below 1e-04 (`1e-05`).
pub(super) fn push_general(out: &mut String, number: f64) {
    if number.is_finite() {
        push(out, &Shortest::of(number));
    } else {
        push_special(out, number);
    }
}

/// The same for `float32`, which is how float keys are written.
pub(super) fn push_general_single(out: &mut String, number: f32) {
    if number.is_finite() {
        push(out, &Shortest::of_single(number));
    } else {
        push_special(out, f64::from(number));
    }
}

fn push(out: &mut String, number: &Shortest) {
    if DECIMAL.contains(&number.exponent) {
        number.push_decimal(out);
    } else {
        number.push_scientific(out, 2);
    }
}

fn push_special(out: &mut String, number: f64) {
    out.push_str(match (number.is_nan(), number > 0.0) {
        (true, _) => ".nan",
        (false, true) => ".inf",
        (false, false) => "-.inf",
    });
}

#[cfg(test)]
mod tests {
    use super::{push_general, push_general_single};

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (100.0, "100"),
            (123456.5, "123456.5"),
            (1234567.5, "1.2345675e+06"),
            (1e6, "1e+06"),
            (1e21, "1e+21"),
            (1e100, "1e+100"),
            (0.0001, "0.0001"),
            (0.00012345, "0.00012345"),
            (0.00001, "1e-05"),
            (-1.25e-9, "-1.25e-09"),
            (f64::INFINITY, ".inf"),
            (f64::NEG_INFINITY, "-.inf"),
            (f64::NAN, ".nan"),
        ];
        for (number, expected) in cases {
            let mut text = String::new();
            push_general(&mut text, *number);
            assert_eq!(text, *expected);
        }
        let mut text = String::new();
        push_general_single(&mut text, 1.1);
        assert_eq!(text, "1.1");
    }
}
