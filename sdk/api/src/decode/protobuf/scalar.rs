//! Scalars and the small messages that are scalars in JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use prost::encoding::WireType;
use serde_json::Value;

use super::super::Error;
use super::wire::Reader;
use crate::decode;
use crate::schema::{Scalar, rfc3339_micros, rfc3339_seconds};

/// Reads one value; null stands for Go's zero time and for raw JSON that is not there.
pub(super) fn read(kind: Scalar, wire: WireType, reader: &mut Reader<'_>) -> Result<Value, Error> {
    match kind {
        Scalar::String => reader.string(wire).map(Value::from),
        Scalar::Int32 | Scalar::Int64 | Scalar::Bool => Ok(from_varint(kind, reader.varint(wire)?)),
        Scalar::Double => reader.double(wire).map(Value::from),
        Scalar::Bytes => reader.bytes(wire).map(|bytes| Value::String(STANDARD.encode(bytes))),
        Scalar::Quantity => quantity(reader.message(wire)?),
        Scalar::IntOrString => int_or_string(reader.message(wire)?),
        Scalar::Time => Ok(time(reader.message(wire)?)?.map(rfc3339_seconds).into()),
        Scalar::MicroTime => Ok(time(reader.message(wire)?)?.map(rfc3339_micros).into()),
        Scalar::Raw => raw(reader.message(wire)?),
        Scalar::Any => {
            Err(Error::Protobuf("the field has no protobuf form here; send the object as JSON".into()))
        }
    }
}

/// A number or boolean; negative numbers of 32 bits are sent with 64.
pub(super) fn from_varint(kind: Scalar, varint: u64) -> Value {
    match kind {
        Scalar::Bool => Value::Bool(varint != 0),
        Scalar::Int32 => Value::from(varint as i32),
        _ => Value::from(varint as i64),
    }
}

/// What is meant when a map's entry has no value.
pub(super) fn zero(kind: Scalar) -> Value {
    match kind {
        Scalar::String | Scalar::Bytes => Value::String(String::new()),
        Scalar::Quantity => Value::String("0".into()),
        Scalar::Int32 | Scalar::Int64 | Scalar::Double | Scalar::IntOrString => Value::from(0),
        Scalar::Bool => Value::Bool(false),
        Scalar::Time | Scalar::MicroTime | Scalar::Raw | Scalar::Any => Value::Null,
    }
}

fn quantity(mut reader: Reader<'_>) -> Result<Value, Error> {
    let mut text = "0";
    while let Some((number, wire)) = reader.key()? {
        match number {
            1 => text = reader.string(wire)?,
            _ => reader.skip(wire, number)?,
        }
    }
    Ok(Value::from(if text.is_empty() { "0" } else { text }))
}

fn int_or_string(mut reader: Reader<'_>) -> Result<Value, Error> {
    let (mut is_string, mut int, mut text) = (false, Value::from(0), "");
    while let Some((number, wire)) = reader.key()? {
        match number {
            1 => is_string = reader.varint(wire)? != 0,
            2 => int = from_varint(Scalar::Int32, reader.varint(wire)?),
            3 => text = reader.string(wire)?,
            _ => reader.skip(wire, number)?,
        }
    }
    Ok(if is_string { Value::from(text) } else { int })
}

fn time(mut reader: Reader<'_>) -> Result<Option<Timestamp>, Error> {
    if reader.is_empty() {
        return Ok(None);
    }
    let (mut seconds, mut nanos) = (0, 0);
    while let Some((number, wire)) = reader.key()? {
        match number {
            1 => seconds = reader.varint(wire)? as i64,
            2 => nanos = reader.varint(wire)? as i32,
            _ => reader.skip(wire, number)?,
        }
    }
    // Go's zero time, the year 1, is no time.
    const GO_ZERO: i64 = -62_135_596_800;
    if seconds == GO_ZERO && nanos == 0 {
        return Ok(None);
    }
    let time = Timestamp::new(seconds, nanos);
    time.map(Some)
        .map_err(|_| Error::Protobuf(format!("time out of range: {seconds} seconds, {nanos} nanos")))
}

fn raw(mut reader: Reader<'_>) -> Result<Value, Error> {
    let mut bytes: &[u8] = &[];
    while let Some((number, wire)) = reader.key()? {
        match number {
            1 => bytes = reader.bytes(wire)?,
            _ => reader.skip(wire, number)?,
        }
    }
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    decode::json(bytes).map(|decoded| decoded.value)
}
