//! Numbers as YAML text.

use std::fmt::Write;

/// Appends a `float64` as Go's `strconv.FormatFloat(number, 'g', -1, 64)` does: the fewest digits that read
/// back equal, with an exponent from a million on (`1e+06`) and below 1e-04 (`1e-05`).
pub(super) fn push_general(out: &mut String, number: f64) {
    push_digits(out, number.is_nan(), number.is_infinite(), number < 0.0, &format!("{number:e}"));
}

/// The same for `float32`, which is how float keys are written.
pub(super) fn push_general_single(out: &mut String, number: f32) {
    push_digits(out, number.is_nan(), number.is_infinite(), number < 0.0, &format!("{number:e}"));
}

/// `scientific` is the number as Rust's `{:e}` writes it: shortest digits, bare exponent.
fn push_digits(out: &mut String, is_nan: bool, is_infinite: bool, negative: bool, scientific: &str) {
    if is_nan || is_infinite {
        out.push_str(match (is_nan, negative) {
            (true, _) => ".nan",
            (false, true) => "-.inf",
            (false, false) => ".inf",
        });
        return;
    }
    let (digits, exponent) = scientific.split_once('e').expect("invariant: {:e} writes an exponent");
    let exponent: i32 = exponent.parse().expect("invariant: {:e} writes a decimal exponent");
    if (-4..GENERAL_DIGITS).contains(&exponent) {
        push_plain(out, digits, exponent);
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{digits}e{sign}{:02}", exponent.unsigned_abs())
            .expect("invariant: writing to a String cannot fail");
    }
}

/// Go's shortest `%g` takes an exponent for numbers with more digits than this before the point.
const GENERAL_DIGITS: i32 = 6;

/// `digits` (`-1.25`) times ten to the `exponent`, without an exponent.
fn push_plain(out: &mut String, digits: &str, exponent: i32) {
    let digits = match digits.strip_prefix('-') {
        Some(rest) => {
            out.push('-');
            rest
        }
        None => digits,
    };
    let all: String = digits.chars().filter(char::is_ascii_digit).collect();
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize - 1));
        out.push_str(&all);
        return;
    }
    let whole = exponent.unsigned_abs() as usize + 1;
    if all.len() <= whole {
        out.push_str(&all);
        out.extend(std::iter::repeat_n('0', whole - all.len()));
    } else {
        out.push_str(&all[..whole]);
        out.push('.');
        out.push_str(&all[whole..]);
    }
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
