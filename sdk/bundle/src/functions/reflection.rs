//! Types and deep equality: `typeOf`, `typeIs`, `typeIsLike`, `kindOf`, `kindIs`, `deepEqual`.

use std::rc::Rc;

use super::{
    Call, Function,
    Parameter::{Any, Str},
    argument::limit_items,
};
use crate::{fault::Fault, stack, value::Value};

/// Deepest nesting that functions follow, in levels; only a value that contains itself is deeper.
pub(super) const MAX_DEPTH: usize = 20_000;

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::new("typeOf", &[Any], |call| Ok(Value::from(call.value(0).type_name()))),
    Function::new("typeIs", &[Str, Any], |call| {
        Ok((**call.text(0)? == *call.value(1).type_name().as_bytes()).into())
    }),
    Function::new("typeIsLike", &[Str, Any], type_is_like),
    Function::new("kindOf", &[Any], |call| Ok(Value::from(call.value(0).kind_name()))),
    Function::new("kindIs", &[Str, Any], |call| {
        Ok((**call.text(0)? == *call.value(1).kind_name().as_bytes()).into())
    }),
    Function::new("deepEqual", &[Any, Any], |call| equal(call.value(0), call.value(1)).map(Value::Bool)),
];

/// Whether the value is of that type or a pointer to it.
fn type_is_like(call: &Call<'_>) -> Result<Value, Fault> {
    let (wanted, name) = (call.text(0)?, call.value(1).type_name().as_bytes());
    Ok((**wanted == *name || name.strip_prefix(b"*").is_some_and(|pointed| **wanted == *pointed)).into())
}

/// Go's `reflect.DeepEqual`: types count (1 and 1.0 differ), a nil slice differs from an empty one.
///
/// # Errors
/// Beyond [`MAX_DEPTH`] levels, or as many values as a list may have items.
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, Fault> {
    equal_at(left, right, 0, &mut 0)
}

/// `compared` counts what was looked at, since what occurs twice is looked at twice.
fn equal_at(left: &Value, right: &Value, depth: usize, compared: &mut usize) -> Result<bool, Fault> {
    *compared += 1;
    limit_items(*compared)?;
    Ok(match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Int64(left), Value::Int64(right)) => left == right,
        (Value::Byte(left), Value::Byte(right)) => left == right,
        (Value::Uint64(left), Value::Uint64(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Str(left), Value::Str(right)) | (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.same(right)
                || left.element() == right.element()
                    && left.is_nil() == right.is_nil()
                    && left.len() == right.len()
                    && all_equal(left.iter().zip(right.iter()), depth, compared)?
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.map_type() != right.map_type() || left.len() != right.len() {
                return Ok(false);
            }
            let (ours, theirs) = (left.entries(), right.entries());
            left.same(right)
                || ours.keys().eq(theirs.keys())
                    && all_equal(ours.values().zip(theirs.values()), depth, compared)?
        }
        (Value::Object(left), Value::Object(right)) => {
            Rc::ptr_eq(left, right)
                || left.type_name() == right.type_name()
                    && descend(depth, || equal_at(&left.plain(), &right.plain(), depth + 1, compared))?
        }
        _ => false,
    })
}

fn all_equal<'a>(
    pairs: impl Iterator<Item = (&'a Value, &'a Value)>,
    depth: usize,
    compared: &mut usize,
) -> Result<bool, Fault> {
    descend(depth, || {
        let mut results = pairs.map(|(left, right)| equal_at(left, right, depth + 1, compared));
        results.find(|result| !matches!(result, Ok(true))).unwrap_or(Ok(true))
    })
}

/// Runs `body`, which looks into a value at `depth`; the thread's stack does not limit it, [`MAX_DEPTH`] does.
pub(super) fn descend<T>(depth: usize, body: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    if depth >= MAX_DEPTH {
        return Err(Fault::limit(format!("a value is nested deeper than the limit of {MAX_DEPTH} levels")));
    }
    stack::deep(body)
}
