//! `round`, with the floating-point steps of sprig's, whose errors show.

use crate::{
    fault::Fault,
    functions::{
        Call,
        conversion::{as_float, parse::shifted},
    },
    value::Value,
};

/// `round NUMBER PLACES [FROM]`: up if what is behind the places is at least `FROM` (0.5) of one.
pub(super) fn round(call: &Call<'_>) -> Result<Value, Fault> {
    let up_from = match call.value(2) {
        Value::Float(part) => *part,
        _ => 0.5,
    };
    let power = power_of_ten(call.int(1)?);
    let digits = power * as_float(call.value(0));
    // Go's Modf: an infinity's fraction is no number.
    let fraction = digits - digits.trunc();
    let rounded = if fraction >= up_from { digits.ceil() } else { digits.floor() };
    Ok(Value::Float(rounded / power))
}

/// Go's `math.Pow(10, exponent)`, by squaring a mantissa apart from its exponent: not always the nearest float.
fn power_of_ten(exponent: i64) -> f64 {
    const MANTISSA: f64 = 0.625; // 10 = 0.625 * 2^4
    if exponent == 0 || exponent == 1 {
        return if exponent == 0 { 1.0 } else { 10.0 };
    }
    let mut left = exponent.unsigned_abs();
    if left > 1 << 20 {
        return if exponent > 0 { f64::INFINITY } else { 0.0 };
    }
    let (mut result, mut result_exponent) = (1.0, 0);
    let (mut square, mut square_exponent) = (MANTISSA, 4);
    while left != 0 {
        if left & 1 == 1 {
            result *= square;
            result_exponent += square_exponent;
        }
        square *= square;
        square_exponent *= 2;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        left >>= 1;
    }
    if exponent < 0 { shifted(1.0 / result, -result_exponent) } else { shifted(result, result_exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers() {
        for (exponent, expected) in [
            (0, 1.0),
            (1, 10.0),
            (2, 100.0),
            (-1, 0.1),
            (-2, 0.01),
            (15, 1e15),
            (309, f64::INFINITY),
            (-400, 0.0),
        ] {
            assert_eq!(power_of_ten(exponent), expected, "{exponent}");
        }
    }
}
