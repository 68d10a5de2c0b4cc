//! Go's own template functions: boolean, comparison, indexing, printing and escaping.
//! Source of the behaviour: the documentation of Go's `text/template`. (`and` and `or` stand here for their
//! names and parameters; the engine evaluates only as many of their arguments as it needs.)

use std::borrow::Cow;

use super::{Call, Function, Parameter::Any};
use crate::{
    fault::Fault,
    printf,
    value::{MapType, Str, Value},
};

/// The family.
pub const FUNCTIONS: &[Function] = &[
    Function::variadic("and", &[Any, Any], |call| Ok(decide(call.arguments, false))),
    Function::variadic("or", &[Any, Any], |call| Ok(decide(call.arguments, true))),
    Function::new("not", &[Any], |call| Ok(Value::Bool(!call.value(0).is_true()))),
    Function::variadic("eq", &[Any, Any], |call| equal_any(call).map(Value::Bool)),
    Function::new("ne", &[Any, Any], |call| equal_any(call).map(|equal| Value::Bool(!equal))),
    Function::new("lt", &[Any, Any], |call| less(call.value(0), call.value(1)).map(Value::Bool)),
    Function::new("le", &[Any, Any], |call| less_or_equal(call).map(Value::Bool)),
    Function::new("gt", &[Any, Any], |call| less_or_equal(call).map(|not_greater| Value::Bool(!not_greater))),
    Function::new("ge", &[Any, Any], |call| {
        less(call.value(0), call.value(1)).map(|less| Value::Bool(!less))
    }),
    Function::new("len", &[Any], |call| length(call.value(0)).map(Value::Int)),
    Function::variadic("index", &[Any, Any], index),
    Function::variadic("call", &[Any, Any], call_value),
    Function::variadic("print", &[Any], |call| Ok(Value::Str(printf::sprint_all(call.arguments)))),
    Function::variadic("println", &[Any], |call| Ok(Value::Str(printf::sprintln(call.arguments)))),
    Function::variadic("printf", &[super::Parameter::Str, Any], |call| {
        Ok(Value::Str(printf::sprintf(call.text(0)?, call.rest(1))))
    }),
    Function::variadic("html", &[Any], |call| Ok(escaped(call, html))),
    Function::variadic("js", &[Any], |call| Ok(escaped(call, js))),
    Function::variadic("urlquery", &[Any], |call| Ok(escaped(call, query))),
];

/// The first argument whose truth is `wanted`, else the last.
fn decide(arguments: &[Value], wanted: bool) -> Value {
    let found = arguments.iter().find(|value| value.is_true() == wanted);
    found.or(arguments.last()).cloned().unwrap_or_default()
}

/// A value by its basic kind, as comparisons see it.
#[derive(Clone, Copy, PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(&'a [u8]),
    /// Nil, lists, maps and structs.
    Other,
}

/// Named types of a basic kind (durations) compare as that kind.
fn scalar(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Object(object)
            if matches!(object.kind_name(), "int64" | "int" | "string" | "bool" | "float64") =>
        {
            Cow::Owned(object.plain())
        }
        _ => Cow::Borrowed(value),
    }
}

fn basic(value: &Value) -> Basic<'_> {
    match value {
        Value::Bool(flag) => Basic::Bool(*flag),
        Value::Int(number) | Value::Int64(number) => Basic::Int(*number),
        Value::Byte(number) => Basic::Uint(u64::from(*number)),
        Value::Uint64(number) => Basic::Uint(*number),
        Value::Float(number) => Basic::Float(*number),
        Value::Str(text) => Basic::Str(text),
        _ => Basic::Other,
    }
}

/// `eq a b c`: whether `a` equals any of the others.
fn equal_any(call: &Call<'_>) -> Result<bool, Fault> {
    if call.arguments.len() < 2 {
        return Err(Fault::new("missing argument for comparison"));
    }
    for other in call.rest(1) {
        if equal(call.value(0), other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(left: &Value, right: &Value) -> Result<bool, Fault> {
    let (left_scalar, right_scalar) = (scalar(left), scalar(right));
    match (basic(&left_scalar), basic(&right_scalar)) {
        (Basic::Other, Basic::Other) => equal_composite(left, right),
        (Basic::Int(left), Basic::Uint(right)) => Ok(u64::try_from(left) == Ok(right)),
        (Basic::Uint(left), Basic::Int(right)) => Ok(u64::try_from(right) == Ok(left)),
        (basic_left, basic_right) => {
            if std::mem::discriminant(&basic_left) == std::mem::discriminant(&basic_right) {
                return Ok(basic_left == basic_right);
            }
            if matches!(left, Value::Nil) || matches!(right, Value::Nil) {
                return Ok(false);
            }
            Err(incompatible(left, right))
        }
    }
}

/// Equality of values that are no scalars: only nil and comparable structs have any.
fn equal_composite(left: &Value, right: &Value) -> Result<bool, Fault> {
    match (is_nil(left), is_nil(right)) {
        (left_nil, right_nil) if left_nil || right_nil => {
            let comparable = left.kind_name() == right.kind_name()
                || matches!(left, Value::Nil)
                || matches!(right, Value::Nil);
            return if comparable { Ok(left_nil == right_nil) } else { Err(incompatible(left, right)) };
        }
        _ => {}
    }
    match (left, right) {
        (Value::Object(left_object), Value::Object(right_object))
            if matches!(left_object.kind_name(), "struct" | "ptr") =>
        {
            let same = std::rc::Rc::ptr_eq(left_object, right_object);
            let pointers = left_object.kind_name() == "ptr" || right_object.kind_name() == "ptr";
            let alike = !pointers
                && left_object.type_name() == right_object.type_name()
                && left_object.print() == right_object.print();
            Ok(same || alike)
        }
        _ if left.kind_name() == right.kind_name() => {
            let shown = printf::sprint(right);
            Err(Fault::new(format!("non-comparable type {shown}: {}", right.type_name())))
        }
        _ => Err(incompatible(left, right)),
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

fn incompatible(left: &Value, right: &Value) -> Fault {
    let (left, right) = (left.type_name(), right.type_name());
    Fault::new(format!("incompatible types for comparison: {left} and {right}"))
}

fn less(left: &Value, right: &Value) -> Result<bool, Fault> {
    let (left_scalar, right_scalar) = (scalar(left), scalar(right));
    match (basic(&left_scalar), basic(&right_scalar)) {
        (Basic::Other, _) | (_, Basic::Other) | (Basic::Bool(_), Basic::Bool(_)) => {
            Err(Fault::new("invalid type for comparison"))
        }
        (Basic::Int(left), Basic::Int(right)) => Ok(left < right),
        (Basic::Uint(left), Basic::Uint(right)) => Ok(left < right),
        (Basic::Int(left), Basic::Uint(right)) => Ok(i128::from(left) < i128::from(right)),
        (Basic::Uint(left), Basic::Int(right)) => Ok(i128::from(left) < i128::from(right)),
        (Basic::Float(left), Basic::Float(right)) => Ok(left < right),
        (Basic::Str(left), Basic::Str(right)) => Ok(left < right),
        _ => Err(incompatible(left, right)),
    }
}

fn less_or_equal(call: &Call<'_>) -> Result<bool, Fault> {
    let (left, right) = (call.value(0), call.value(1));
    Ok(less(left, right)? || equal(left, right)?)
}

/// `len` of anything that has a length.
fn length(value: &Value) -> Result<i64, Fault> {
    let length = match value {
        Value::Str(text) | Value::Bytes(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Object(object) => match object.entries() {
            Some(entries) => entries.len(),
            None => return Err(Fault::new(format!("len of type {}", value.type_name()))),
        },
        Value::Nil => return Err(Fault::new("len of nil pointer")),
        _ => return Err(Fault::new(format!("len of type {}", value.type_name()))),
    };
    Ok(i64::try_from(length).unwrap_or(i64::MAX))
}

/// `index x 1 "a"` is Go's `x[1]["a"]`.
fn index(call: &Call<'_>) -> Result<Value, Fault> {
    let mut item = Cow::Borrowed(call.value(0));
    if matches!(*item, Value::Nil) {
        return Err(Fault::new("index of untyped nil"));
    }
    for key in call.rest(1) {
        item = Cow::Owned(element(&item, key)?);
    }
    Ok(item.into_owned())
}

fn element(item: &Value, key: &Value) -> Result<Value, Fault> {
    match item {
        Value::Nil => Err(Fault::new("index of nil pointer")),
        Value::List(list) => Ok(list[position(key, list.len())?].clone()),
        Value::Str(text) | Value::Bytes(text) => Ok(Value::Byte(text[position(key, text.len())?])),
        Value::Map(map) => {
            let zero = || if map.map_type() == MapType::Str { Value::string("") } else { Value::Nil };
            Ok(map.get(map_key(key)?).unwrap_or_else(zero))
        }
        Value::Object(object) => object_element(item, object.entries(), key),
        _ => Err(Fault::new(format!("can't index item of type {}", item.type_name()))),
    }
}

/// An element of a named map or slice; a missing key gives the zero of the type of the others.
fn object_element(item: &Value, entries: Option<Vec<(Value, Value)>>, key: &Value) -> Result<Value, Fault> {
    let Some(entries) = entries else {
        return Err(Fault::new(format!("can't index item of type {}", item.type_name())));
    };
    if item.kind_name() == "slice" {
        return Ok(entries[position(key, entries.len())?].1.clone());
    }
    let key = map_key(key)?;
    let found = entries.into_iter().find(|(name, _)| matches!(name, Value::Str(name) if name == key));
    Ok(found.map(|(_, value)| value).unwrap_or_default())
}

fn map_key(key: &Value) -> Result<&Str, Fault> {
    match key {
        Value::Str(key) => Ok(key),
        Value::Nil => Err(Fault::new("value is nil; should be of type string")),
        other => Err(Fault::new(format!("value has type {}; should be string", other.type_name()))),
    }
}

fn position(key: &Value, length: usize) -> Result<usize, Fault> {
    let scalar = scalar(key);
    let number = match basic(&scalar) {
        Basic::Int(number) => i128::from(number),
        Basic::Uint(number) => i128::from(number),
        _ if matches!(key, Value::Nil) => return Err(Fault::new("cannot index slice/array with nil")),
        _ => return Err(Fault::new(format!("cannot index slice/array with type {}", key.type_name()))),
    };
    let position = usize::try_from(number).ok().filter(|position| *position < length);
    position.ok_or_else(|| Fault::new(format!("index out of range: {number}")))
}

/// `call`: Helm gives templates no function values, so there is never one to call.
fn call_value(call: &Call<'_>) -> Result<Value, Fault> {
    Err(match call.value(0) {
        Value::Nil => Fault::new("call of nil"),
        other => Fault::new(format!("non-function of type {}", other.type_name())),
    })
}

/// The arguments printed as one text, then escaped.
fn escaped(call: &Call<'_>, escape: fn(&mut Vec<u8>, &[u8])) -> Value {
    let text = match call.arguments {
        [Value::Str(text)] => text.clone(),
        arguments => {
            let shown = |value: &Value| match value {
                Value::Nil => Value::string("<no value>"),
                other => other.clone(),
            };
            printf::sprint_all(&arguments.iter().map(shown).collect::<Vec<_>>())
        }
    };
    let mut out = Vec::with_capacity(text.len() + 16);
    escape(&mut out, &text);
    Value::Str(out.into())
}

fn html(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            other => out.push(other),
        }
    }
}

fn js(out: &mut Vec<u8>, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            js_character(out, character);
        }
        // Go decodes an invalid byte to U+FFFD, which is printable, and copies the byte.
        out.extend_from_slice(chunk.invalid());
    }
}

fn js_character(out: &mut Vec<u8>, character: char) {
    match character {
        '\\' | '\'' | '"' => out.extend_from_slice(&[b'\\', character as u8]),
        '<' | '>' | '&' | '=' | '\0'..' ' => {
            out.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes());
        }
        _ if character.is_ascii() || printf::quote::is_print(character) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => out.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes()),
    }
}

/// Go's `url.QueryEscape`.
fn query(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            other => out.extend_from_slice(format!("%{other:02X}").as_bytes()),
        }
    }
}
