//! Arithmetic on decimal digits: `addf`, `subf`, `mulf`, `divf`, `add1f`. `0.1 + 0.2` is `0.3`.
//!
//! Each float is taken by its shortest digits, operations are exact but for division (16 places behind the point),
//! and the result is the nearest float. Source: shopspring/decimal 1.4.

use num_bigint::{BigInt, Sign};

use crate::{
    fault::Fault,
    functions::{Call, conversion::as_float},
    json::Shortest,
    value::Value,
};

/// Places behind the point that a division keeps.
const DIVISION_PLACES: i64 = 16;
/// Largest exponent of ten, either way, before the computation is refused.
const MAX_EXPONENT: i64 = 100_000;

/// `digits * 10^exponent`.
#[derive(Clone, Debug)]
struct Decimal {
    digits: BigInt,
    exponent: i64,
}

type Operation = fn(&Decimal, &Decimal) -> Result<Decimal, Fault>;

/// `add1f NUMBER`.
pub(super) fn add_one(call: &Call<'_>) -> Result<Value, Fault> {
    compute(as_float(call.value(0)), &[Value::Int(1)], Decimal::plus)
}

/// `addf NUMBER...`: 0 of none.
pub(super) fn add(call: &Call<'_>) -> Result<Value, Fault> {
    compute(0.0, call.arguments, Decimal::plus)
}

/// `subf NUMBER NUMBER...`: the rest from the first.
pub(super) fn subtract(call: &Call<'_>) -> Result<Value, Fault> {
    compute(as_float(call.value(0)), call.rest(1), Decimal::minus)
}

/// `mulf NUMBER NUMBER...`.
pub(super) fn multiply(call: &Call<'_>) -> Result<Value, Fault> {
    compute(as_float(call.value(0)), call.rest(1), Decimal::times)
}

/// `divf NUMBER NUMBER...`: the first by each of the rest.
pub(super) fn divide(call: &Call<'_>) -> Result<Value, Fault> {
    compute(as_float(call.value(0)), call.rest(1), Decimal::over)
}

fn compute(first: f64, rest: &[Value], operation: Operation) -> Result<Value, Fault> {
    let start = Decimal::of(first)?;
    let result =
        rest.iter().try_fold(start, |left, right| operation(&left, &Decimal::of(as_float(right))?))?;
    Ok(Value::Float(result.nearest()))
}

impl Decimal {
    /// The shortest digits that read back as `number`.
    fn of(number: f64) -> Result<Self, Fault> {
        if !number.is_finite() {
            return Err(Fault::new(format!("Cannot create a Decimal from {number}")));
        }
        let shortest = Shortest::of(number);
        let digits: BigInt = shortest.digits.parse().unwrap_or_default();
        let exponent =
            i64::from(shortest.exponent) + 1 - i64::try_from(shortest.digits.len()).unwrap_or(i64::MAX);
        Ok(Self { digits: if shortest.negative { -digits } else { digits }, exponent })
    }

    /// The digits if they are to count in units of `10^exponent`, which must not be larger than their own.
    fn in_units(&self, exponent: i64) -> Result<BigInt, Fault> {
        Ok(&self.digits * ten_to(self.exponent - exponent)?)
    }

    fn plus(&self, other: &Self) -> Result<Self, Fault> {
        let exponent = self.exponent.min(other.exponent);
        Ok(Self { digits: self.in_units(exponent)? + other.in_units(exponent)?, exponent })
    }

    fn minus(&self, other: &Self) -> Result<Self, Fault> {
        self.plus(&Self { digits: -other.digits.clone(), exponent: other.exponent })
    }

    fn times(&self, other: &Self) -> Result<Self, Fault> {
        let exponent = self.exponent + other.exponent;
        if exponent.abs() > MAX_EXPONENT {
            return Err(too_large());
        }
        Ok(Self { digits: &self.digits * &other.digits, exponent })
    }

    /// The quotient to [`DIVISION_PLACES`] places, halves rounded away from zero.
    fn over(&self, other: &Self) -> Result<Self, Fault> {
        if other.digits.sign() == Sign::NoSign {
            return Err(Fault::new("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + DIVISION_PLACES;
        let dividend = self.digits.magnitude() * ten_to(shift.max(0))?.magnitude();
        let divisor = other.digits.magnitude() * ten_to((-shift).max(0))?.magnitude();
        let (mut quotient, rest) = (&dividend / &divisor, &dividend % &divisor);
        if rest * 2u8 >= divisor {
            quotient += 1u8;
        }
        let negative = (self.digits.sign() == Sign::Minus) != (other.digits.sign() == Sign::Minus);
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        Ok(Self { digits: BigInt::from_biguint(sign, quotient), exponent: -DIVISION_PLACES })
    }

    fn nearest(&self) -> f64 {
        // The standard library reads any number of digits with a single rounding.
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or_default()
    }
}

fn ten_to(exponent: i64) -> Result<BigInt, Fault> {
    match u32::try_from(exponent) {
        Ok(power) if exponent <= MAX_EXPONENT => Ok(BigInt::from(10).pow(power)),
        _ => Err(too_large()),
    }
}

fn too_large() -> Fault {
    Fault::limit(format!("a decimal number's exponent is over the limit of {MAX_EXPONENT}"))
}
