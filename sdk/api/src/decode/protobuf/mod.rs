//! Kubernetes' protobuf bodies into the JSON that the same client would have sent, by the schema facts.
//!
//! Source of the envelope: apimachinery `pkg/runtime/serializer/protobuf`; of the messages: the API's generated.proto.

mod message;
mod scalar;
#[cfg(test)]
mod tests;
mod wire;

use serde_json::{Map, Value};

use self::wire::Reader;
use super::Error;
use crate::schema;

/// The first bytes of every protobuf body.
pub const MAGIC: [u8; 4] = *b"k8s\0";

/// Deepest nesting of messages.
const DEPTH_MAX: usize = 64;

/// Decodes a protobuf body: the envelope and the object in it, with `apiVersion` and `kind`.
///
/// # Errors
/// A body that is not of that form, or of a type without facts.
pub fn protobuf(bytes: &[u8]) -> Result<Value, Error> {
    let envelope = bytes.strip_prefix(&MAGIC).ok_or_else(|| {
        Error::Protobuf(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]".into(),
        )
    })?;
    let envelope = Envelope::read(envelope)?;
    let definition = schema::by_kind(&envelope.api_version, &envelope.kind).ok_or_else(|| {
        Error::UnknownType { api_version: envelope.api_version.clone(), kind: envelope.kind.clone() }
    })?;
    let mut object = Map::new();
    object.insert("apiVersion".into(), Value::String(envelope.api_version));
    object.insert("kind".into(), Value::String(envelope.kind));
    message::read(definition, Reader::new(envelope.raw), &mut object, DEPTH_MAX)?;
    Ok(Value::Object(object))
}

/// `runtime.Unknown`.
#[derive(Default)]
struct Envelope<'a> {
    api_version: String,
    kind: String,
    raw: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut envelope = Envelope::default();
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.key()? {
            match number {
                1 => envelope.read_type(reader.message(wire)?)?,
                2 => envelope.raw = reader.bytes(wire)?,
                3 | 4 if !reader.bytes(wire)?.is_empty() => {
                    return Err(Error::Protobuf("encoded or foreign content is not accepted".into()));
                }
                3 | 4 => {}
                _ => reader.skip(wire, number)?,
            }
        }
        Ok(envelope)
    }

    fn read_type(&mut self, mut reader: Reader<'_>) -> Result<(), Error> {
        while let Some((number, wire)) = reader.key()? {
            match number {
                1 => self.api_version = reader.string(wire)?.into(),
                2 => self.kind = reader.string(wire)?.into(),
                _ => reader.skip(wire, number)?,
            }
        }
        Ok(())
    }
}
