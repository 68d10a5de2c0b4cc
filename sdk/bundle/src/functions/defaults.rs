//! Choosing by emptiness: `default`, `empty`, `coalesce`, `all`, `any`, `ternary`. Empty is what Go's templates take
//! for false.

use super::{
    Call, Function,
    Parameter::{Any, Bool},
};
use crate::{fault::Fault, value::Value};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::variadic("default", &[Any, Any], default),
    Function::new("empty", &[Any], |call| Ok((!call.value(0).is_true()).into())),
    Function::variadic("coalesce", &[Any], coalesce),
    Function::variadic("all", &[Any], |call| Ok(call.arguments.iter().all(Value::is_true).into())),
    Function::variadic("any", &[Any], |call| Ok(call.arguments.iter().any(Value::is_true).into())),
    Function::new("ternary", &[Any, Any, Bool], ternary),
];

/// `default DEFAULT VALUE`.
fn default(call: &Call<'_>) -> Result<Value, Fault> {
    let given = call.value(1);
    Ok(if given.is_true() { given } else { call.value(0) }.clone())
}

/// The first that is not empty, or nil.
fn coalesce(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.arguments.iter().find(|value| value.is_true()).cloned().unwrap_or_default())
}

/// `ternary IF-TRUE IF-FALSE CONDITION`.
fn ternary(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(call.value(if call.flag(2)? { 0 } else { 1 }).clone())
}
