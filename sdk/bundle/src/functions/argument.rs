//! How bodies take their arguments: the engine has checked them, so a mismatch here is a wrong declaration and
//! fails like a wrong argument.

use super::Call;
use crate::{
    fault::Fault,
    value::{Map, Str, Value},
};

/// Longest text one function may return, in bytes: far above any manifest, far below what exhausts a machine.
pub const MAX_TEXT_BYTES: usize = 64 << 20;

/// Longest list one function may return, in items.
pub const MAX_ITEMS: usize = 2 << 20;

impl<'a> Call<'a> {
    /// Argument `index`; nil if there are fewer.
    pub fn value(&self, index: usize) -> &'a Value {
        self.arguments.get(index).unwrap_or(&Value::Nil)
    }

    /// The arguments from `index` on.
    pub fn rest(&self, index: usize) -> &'a [Value] {
        self.arguments.get(index..).unwrap_or(&[])
    }

    /// A declared `string`.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn text(&self, index: usize) -> Result<&'a Str, Fault> {
        match self.value(index) {
            Value::Str(text) => Ok(text),
            other => Err(mismatch("string", other)),
        }
    }

    /// A declared `int`.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn int(&self, index: usize) -> Result<i64, Fault> {
        match self.value(index) {
            Value::Int(number) => Ok(*number),
            other => Err(mismatch("int", other)),
        }
    }

    /// A declared `bool`.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn flag(&self, index: usize) -> Result<bool, Fault> {
        match self.value(index) {
            Value::Bool(flag) => Ok(*flag),
            other => Err(mismatch("bool", other)),
        }
    }

    /// A declared `map[string]interface {}`; `None` is Go's nil map, which reads as empty and cannot be written.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn map(&self, index: usize) -> Result<Option<&'a Map>, Fault> {
        as_map(self.value(index))
    }
}

/// A value declared `map[string]interface {}`, where nil is a nil map.
///
/// # Errors
/// If it is anything else.
pub fn as_map(value: &Value) -> Result<Option<&Map>, Fault> {
    match value {
        Value::Nil => Ok(None),
        Value::Map(map) => Ok(Some(map)),
        other => Err(mismatch("map[string]interface {}", other)),
    }
}

/// Refuses a text longer than [`MAX_TEXT_BYTES`], before it is made.
///
/// # Errors
/// The limit, as a limit of ours.
pub fn limit_text(bytes: usize) -> Result<(), Fault> {
    if bytes > MAX_TEXT_BYTES {
        return Err(Fault::limit(format!(
            "a text of {bytes} bytes is over the limit of {MAX_TEXT_BYTES} bytes"
        )));
    }
    Ok(())
}

/// Refuses a list longer than [`MAX_ITEMS`], before it is made.
///
/// # Errors
/// The limit, as a limit of ours.
pub fn limit_items(items: usize) -> Result<(), Fault> {
    if items > MAX_ITEMS {
        return Err(Fault::limit(format!("a list of {items} items is over the limit of {MAX_ITEMS} items")));
    }
    Ok(())
}

fn mismatch(expected: &str, got: &Value) -> Fault {
    Fault::new(format!("wrong type for value; expected {expected}; got {}", got.type_name()))
}
