//! sprig's arithmetic: integers of 64 bits that wrap around, floats, decimals (`addf` and its like), sequences.
//!
//! In: anything that [`conversion`](super::conversion) makes a number of. Out: `int64`, `float64`, `[]int`, or the
//! text of `seq`; a division by zero fails.

mod decimal;
mod rounding;
mod sequence;

use super::{
    Call, Function,
    Parameter::{Any, Float, Int},
    conversion::{as_float, as_integer},
};
use crate::{fault::Fault, value::Value};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::variadic("add", &[Any], |call| integers(call, 0, |sum, next| Ok(sum.wrapping_add(next)))),
    Function::new("add1", &[Any], |call| Ok(Value::Int64(as_integer(call.value(0)).wrapping_add(1)))),
    Function::new("sub", &[Any, Any], |call| from_first(call, |left, right| Ok(left.wrapping_sub(right)))),
    Function::new("div", &[Any, Any], |call| from_first(call, divide)),
    Function::new("mod", &[Any, Any], |call| from_first(call, remainder)),
    Function::variadic("mul", &[Any, Any], |call| {
        from_first(call, |left, right| Ok(left.wrapping_mul(right)))
    }),
    Function::variadic("max", &[Any, Any], |call| from_first(call, |left, right| Ok(left.max(right)))),
    Function::variadic("biggest", &[Any, Any], |call| from_first(call, |left, right| Ok(left.max(right)))),
    Function::variadic("min", &[Any, Any], |call| from_first(call, |left, right| Ok(left.min(right)))),
    Function::variadic("maxf", &[Any, Any], |call| floats(call, largest)),
    Function::variadic("minf", &[Any, Any], |call| floats(call, smallest)),
    Function::new("floor", &[Any], |call| Ok(Value::Float(as_float(call.value(0)).floor()))),
    Function::new("ceil", &[Any], |call| Ok(Value::Float(as_float(call.value(0)).ceil()))),
    Function::variadic("round", &[Any, Int, Float], rounding::round),
    Function::new("add1f", &[Any], decimal::add_one),
    Function::variadic("addf", &[Any], decimal::add),
    Function::variadic("subf", &[Any, Any], decimal::subtract),
    Function::variadic("mulf", &[Any, Any], decimal::multiply),
    Function::variadic("divf", &[Any, Any], decimal::divide),
    Function::new("until", &[Int], sequence::until),
    Function::new("untilStep", &[Int, Int, Int], sequence::until_step),
    Function::variadic("seq", &[Int], sequence::text),
];

type Integers = fn(i64, i64) -> Result<i64, Fault>;

fn integers(call: &Call<'_>, first: i64, operation: Integers) -> Result<Value, Fault> {
    call.arguments.iter().try_fold(first, |sum, next| operation(sum, as_integer(next))).map(Value::Int64)
}

fn from_first(call: &Call<'_>, operation: Integers) -> Result<Value, Fault> {
    let first = as_integer(call.value(0));
    call.rest(1).iter().try_fold(first, |sum, next| operation(sum, as_integer(next))).map(Value::Int64)
}

fn divide(left: i64, right: i64) -> Result<i64, Fault> {
    if right == 0 { Err(by_zero()) } else { Ok(left.wrapping_div(right)) }
}

fn remainder(left: i64, right: i64) -> Result<i64, Fault> {
    if right == 0 { Err(by_zero()) } else { Ok(left.wrapping_rem(right)) }
}

fn by_zero() -> Fault {
    Fault::new("runtime error: integer divide by zero")
}

fn floats(call: &Call<'_>, operation: fn(f64, f64) -> f64) -> Result<Value, Fault> {
    let first = as_float(call.value(0));
    Ok(Value::Float(call.rest(1).iter().fold(first, |best, next| operation(best, as_float(next)))))
}

/// Go's `math.Max`: infinity before not-a-number before anything else; 0 above -0.
fn largest(left: f64, right: f64) -> f64 {
    if left == f64::INFINITY || right == f64::INFINITY {
        f64::INFINITY
    } else if left.is_nan() || right.is_nan() {
        f64::NAN
    } else if left == 0.0 && right == 0.0 {
        if left.is_sign_negative() { right } else { left }
    } else {
        left.max(right)
    }
}

/// Go's `math.Min`.
fn smallest(left: f64, right: f64) -> f64 {
    -largest(-left, -right)
}
