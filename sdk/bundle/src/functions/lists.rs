//! sprig's list functions. A slice is whatever Go calls one: any list, bytes too.
//!
//! In: slices of any type. Out: `[]interface {}` mostly; the lists given are never changed.

use std::borrow::Cow;

use super::{
    Call, Function,
    Parameter::{Any, Int},
    argument::limit_items,
    conversion::as_integer,
    reflection::equal,
};
use crate::{
    fault::Fault,
    value::{Element, List, Value},
};

/// The family. Each has a twin whose name begins with `must`; both fail alike.
pub const FUNCTIONS: &[Function] = &[
    Function::variadic("list", &[Any], |call| Ok(Value::list(call.arguments.iter().cloned()))),
    Function::variadic("tuple", &[Any], |call| Ok(Value::list(call.arguments.iter().cloned()))),
    Function::new("append", &[Any, Any], append),
    Function::new("push", &[Any, Any], append),
    Function::new("mustAppend", &[Any, Any], append),
    Function::new("mustPush", &[Any, Any], append),
    Function::new("prepend", &[Any, Any], prepend),
    Function::new("mustPrepend", &[Any, Any], prepend),
    Function::new("first", &[Any], |call| end(call, "first", <[Value]>::first)),
    Function::new("mustFirst", &[Any], |call| end(call, "first", <[Value]>::first)),
    Function::new("last", &[Any], |call| end(call, "last", <[Value]>::last)),
    Function::new("mustLast", &[Any], |call| end(call, "last", <[Value]>::last)),
    Function::new("rest", &[Any], rest),
    Function::new("mustRest", &[Any], rest),
    Function::new("initial", &[Any], initial),
    Function::new("mustInitial", &[Any], initial),
    Function::new("reverse", &[Any], reverse),
    Function::new("mustReverse", &[Any], reverse),
    Function::new("compact", &[Any], compact),
    Function::new("mustCompact", &[Any], compact),
    Function::new("uniq", &[Any], unique),
    Function::new("mustUniq", &[Any], unique),
    Function::variadic("without", &[Any, Any], without),
    Function::variadic("mustWithout", &[Any, Any], without),
    Function::new("has", &[Any, Any], has),
    Function::new("mustHas", &[Any, Any], has),
    Function::variadic("slice", &[Any, Any], slice),
    Function::variadic("mustSlice", &[Any, Any], slice),
    Function::variadic("concat", &[Any], concat),
    Function::new("chunk", &[Int, Any], chunk),
    Function::new("mustChunk", &[Int, Any], chunk),
];

/// Most pairs of items that one `uniq` compares.
const MAX_COMPARISONS: usize = 50_000_000;

/// The items of a slice; `None` for anything else.
pub(super) fn items_of(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(list) => Some(Cow::Borrowed(list)),
        Value::Bytes(bytes) => Some(bytes.iter().map(|byte| Value::Byte(*byte)).collect()),
        Value::Object(object) if matches!(object.kind_name(), "slice" | "array") => {
            object.entries().map(|entries| entries.into_iter().map(|(_, item)| item).collect())
        }
        _ => None,
    }
}

/// The items of the slice at `index`; `action` says in the failure what was to be done with it.
fn items<'a>(call: &Call<'a>, index: usize, action: &str) -> Result<Cow<'a, [Value]>, Fault> {
    let value = call.value(index);
    items_of(value).ok_or_else(|| match value {
        Value::Nil => Fault::new("runtime error: invalid memory address or nil pointer dereference"),
        other => Fault::new(format!("Cannot {action} {}", other.kind_name())),
    })
}

fn append(call: &Call<'_>) -> Result<Value, Fault> {
    let items = items(call, 0, "push on type")?;
    limit_items(items.len() + 1)?;
    Ok(Value::list(items.iter().chain([call.value(1)]).cloned()))
}

fn prepend(call: &Call<'_>) -> Result<Value, Fault> {
    let items = items(call, 0, "prepend on type")?;
    limit_items(items.len() + 1)?;
    Ok(Value::list([call.value(1)].into_iter().chain(items.iter()).cloned()))
}

fn end(call: &Call<'_>, name: &str, pick: fn(&[Value]) -> Option<&Value>) -> Result<Value, Fault> {
    let items = items(call, 0, &format!("find {name} on type"))?;
    Ok(pick(&items).cloned().unwrap_or_default())
}

/// All but the first; nil of an empty list.
fn rest(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(match items(call, 0, "find rest on type")?.split_first() {
        Some((_, rest)) => Value::list(rest.iter().cloned()),
        None => Value::List(List::nil(Element::Any)),
    })
}

/// All but the last; nil of an empty list.
fn initial(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(match items(call, 0, "find initial on type")?.split_last() {
        Some((_, initial)) => Value::list(initial.iter().cloned()),
        None => Value::List(List::nil(Element::Any)),
    })
}

fn reverse(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::list(items(call, 0, "find reverse on type")?.iter().rev().cloned()))
}

fn compact(call: &Call<'_>) -> Result<Value, Fault> {
    Ok(Value::list(items(call, 0, "compact on type")?.iter().filter(|item| item.is_true()).cloned()))
}

fn unique(call: &Call<'_>) -> Result<Value, Fault> {
    let mut found: Vec<Value> = Vec::new();
    let mut compared = 0;
    for item in items(call, 0, "find uniq on type")?.iter() {
        compared += found.len();
        if compared > MAX_COMPARISONS {
            let cause = format!("uniq compares more than the limit of {MAX_COMPARISONS} pairs of items");
            return Err(Fault::limit(cause));
        }
        if !contains(&found, item)? {
            found.push(item.clone());
        }
    }
    Ok(Value::list(found))
}

fn contains(items: &[Value], sought: &Value) -> Result<bool, Fault> {
    for item in items {
        if equal(sought, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `without LIST ITEM...`.
fn without(call: &Call<'_>) -> Result<Value, Fault> {
    let mut kept = Vec::new();
    for item in items(call, 0, "find without on type")?.iter() {
        if !contains(call.rest(1), item)? {
            kept.push(item.clone());
        }
    }
    Ok(Value::list(kept))
}

/// `has ITEM LIST`: false of nil.
fn has(call: &Call<'_>) -> Result<Value, Fault> {
    if matches!(call.value(1), Value::Nil) {
        return Ok(Value::Bool(false));
    }
    contains(&items(call, 1, "find has on type")?, call.value(0)).map(Value::Bool)
}

/// `slice LIST [START [END]]`: of the same type; nil of an empty list.
fn slice(call: &Call<'_>) -> Result<Value, Fault> {
    let items = items(call, 0, "slice type")?;
    if items.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |index: usize, default: usize| match call.arguments.get(index) {
        Some(bound) => usize::try_from(as_integer(bound)).ok(),
        None => Some(default),
    };
    let part = bound(1, 0).zip(bound(2, items.len())).and_then(|(start, end)| items.get(start..end));
    let part = part.ok_or_else(|| Fault::new("reflect.Value.Slice: slice index out of bounds"))?;
    Ok(match call.value(0) {
        Value::List(list) => Value::List(List::new(list.element(), part.iter().cloned())),
        Value::Bytes(_) => {
            Value::Bytes(part.iter().map(|item| as_integer(item) as u8).collect::<Vec<u8>>().into())
        }
        _ => Value::list(part.iter().cloned()),
    })
}

/// `concat LIST...`: nil if there is no item.
fn concat(call: &Call<'_>) -> Result<Value, Fault> {
    let mut all: Vec<Value> = Vec::new();
    for index in 0..call.arguments.len() {
        all.extend(items(call, index, "concat type")?.iter().cloned());
        limit_items(all.len())?;
    }
    Ok(if all.is_empty() { Value::List(List::nil(Element::Any)) } else { Value::list(all) })
}

/// `chunk SIZE LIST`: lists of that many items, the last one shorter. Go computes with the size as it is: a size
/// of 0 fails, a negative one fails unless it happens to come out as no chunk, or as one chunk of one item.
fn chunk(call: &Call<'_>) -> Result<Value, Fault> {
    let (size, items) = (call.int(0)?, items(call, 1, "chunk type")?);
    let chunks: Vec<Value> = match usize::try_from(size) {
        Ok(size) if size > 0 => items.chunks(size).map(|chunk| Value::list(chunk.iter().cloned())).collect(),
        Err(_) if items.len() == 1 && size < -1 => vec![Value::list(items.iter().cloned())],
        Err(_) if (2..=size.unsigned_abs().saturating_add(1)).contains(&(items.len() as u64)) => Vec::new(),
        _ => return Err(Fault::new("runtime error: makeslice: len out of range")),
    };
    Ok(Value::List(List::new(Element::List, chunks)))
}
