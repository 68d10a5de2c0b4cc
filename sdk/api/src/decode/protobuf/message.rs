//! A message into a JSON object: fields by number, inlined members, lists, maps, and which zero values go.

use prost::encoding::WireType;
use serde_json::{Map, Value};

use super::super::Error;
use super::scalar;
use super::wire::Reader;
use crate::schema::{Definition, Field, Scalar, Shape, Type};

/// Inlined messages around a member at most (see the facts).
const PREFIX_MAX: usize = 3;

/// Reads the message of `definition` into `object`.
pub(super) fn read(
    definition: &'static Definition,
    reader: Reader<'_>,
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), Error> {
    members(definition, &[], reader, object, depth)
}

/// Reads the members of the message that is inlined under the field numbers `prefix`; none: the message itself.
fn members(
    definition: &'static Definition,
    prefix: &[u8],
    mut reader: Reader<'_>,
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), Error> {
    let depth = deeper(depth)?;
    while let Some((number, wire)) = reader.key()? {
        match find(definition, prefix, number) {
            Some(Found::Field(field)) => member(field, wire, &mut reader, object, depth)?,
            Some(Found::Inlined(number)) => {
                let mut inner = [0; PREFIX_MAX];
                inner[..prefix.len()].copy_from_slice(prefix);
                inner[prefix.len()] = number;
                members(definition, &inner[..=prefix.len()], reader.message(wire)?, object, depth)?;
            }
            None => reader.skip(wire, number)?,
        }
    }
    Ok(())
}

enum Found {
    Field(&'static Field),
    Inlined(u8),
}

fn find(definition: &'static Definition, prefix: &[u8], number: u32) -> Option<Found> {
    let number = u8::try_from(number).ok()?;
    let fits = |field: &&Field| {
        let path = field.protobuf_path();
        path.len() > prefix.len() && path.starts_with(prefix) && path[prefix.len()] == number
    };
    let field = definition.fields().iter().find(fits)?;
    let exact = field.protobuf_path().len() == prefix.len() + 1;
    Some(if exact { Found::Field(field) } else { Found::Inlined(number) })
}

fn member(
    field: &'static Field,
    wire: WireType,
    reader: &mut Reader<'_>,
    object: &mut Map<String, Value>,
    depth: usize,
) -> Result<(), Error> {
    match field.ty.shape() {
        Shape::List(item) => {
            let entry = object.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(list) = entry {
                items(item, wire, reader, list, depth)?;
            }
        }
        Shape::Map(inner) => {
            let entry = object.entry(field.name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(map) = entry {
                let (key, value) = pair(inner, reader.message(wire)?, depth)?;
                map.insert(key, value);
            }
        }
        _ => {
            let value = value(field.ty, wire, reader, depth)?;
            if !dropped(field, &value) {
                object.insert(field.name.into(), value);
            }
        }
    }
    Ok(())
}

/// Whether Go's JSON encoder would leave this value out. Senders of protobuf always write what is no pointer.
fn dropped(field: &Field, value: &Value) -> bool {
    let zero = match value {
        Value::Null => return true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(_) => false,
    };
    // An int-or-string is a struct in Go: never empty.
    let scalar = !matches!(field.ty.shape(), Shape::Scalar(Scalar::IntOrString));
    zero && scalar && !field.pointer() && field.omit_empty()
}

/// One item of a repeated field, or several when numbers are packed.
fn items(
    item: Type,
    wire: WireType,
    reader: &mut Reader<'_>,
    list: &mut Vec<Value>,
    depth: usize,
) -> Result<(), Error> {
    if let Shape::Scalar(kind @ (Scalar::Int32 | Scalar::Int64 | Scalar::Bool)) = item.shape()
        && wire == WireType::LengthDelimited
    {
        let mut packed = reader.message(wire)?;
        while !packed.is_empty() {
            list.push(scalar::from_varint(kind, packed.bare_varint()?));
        }
        return Ok(());
    }
    list.push(value(item, wire, reader, depth)?);
    Ok(())
}

/// A map's entry; a missing key or value is the zero value.
fn pair(inner: Type, mut reader: Reader<'_>, depth: usize) -> Result<(String, Value), Error> {
    let depth = deeper(depth)?;
    let (mut key, mut found) = (String::new(), None);
    while let Some((number, wire)) = reader.key()? {
        match number {
            1 => key = reader.string(wire)?.into(),
            2 => found = Some(value(inner, wire, &mut reader, depth)?),
            _ => reader.skip(wire, number)?,
        }
    }
    let value = match (found, inner.shape()) {
        (Some(value), _) => value,
        (None, Shape::Scalar(kind)) => scalar::zero(kind),
        (None, Shape::Object(_) | Shape::Map(_)) => Value::Object(Map::new()),
        (None, Shape::List(_) | Shape::WrappedList(_)) => Value::Array(Vec::new()),
    };
    Ok((key, value))
}

fn value(ty: Type, wire: WireType, reader: &mut Reader<'_>, depth: usize) -> Result<Value, Error> {
    match ty.shape() {
        Shape::Scalar(kind) => scalar::read(kind, wire, reader),
        Shape::Object(id) => {
            let mut object = Map::new();
            read(id.get(), reader.message(wire)?, &mut object, depth)?;
            Ok(Value::Object(object))
        }
        Shape::WrappedList(item) => wrapped(item, reader.message(wire)?, depth).map(Value::Array),
        // A list in a list or a map has no protobuf form but the wrapped one; the facts have none.
        Shape::List(_) | Shape::Map(_) => {
            Err(Error::Protobuf("nested lists and maps cannot be decoded".into()))
        }
    }
}

fn wrapped(item: Type, mut reader: Reader<'_>, depth: usize) -> Result<Vec<Value>, Error> {
    let depth = deeper(depth)?;
    let mut list = Vec::new();
    while let Some((number, wire)) = reader.key()? {
        match number {
            1 => items(item, wire, &mut reader, &mut list, depth)?,
            _ => reader.skip(wire, number)?,
        }
    }
    Ok(list)
}

fn deeper(depth: usize) -> Result<usize, Error> {
    depth.checked_sub(1).ok_or_else(|| Error::Protobuf("exceeded max depth".into()))
}
