//! The wire level of protobuf over a slice: keys, varints, length-delimited parts.

use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::super::Error;

/// Reads one message's fields in order.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next field's number and wire type; `None` at the end.
    pub(super) fn key(&mut self) -> Result<Option<(u32, WireType)>, Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        decode_key(&mut self.0).map(Some).map_err(malformed)
    }

    /// Passes over a field that is not known here.
    pub(super) fn skip(&mut self, wire: WireType, number: u32) -> Result<(), Error> {
        skip_field(wire, number, &mut self.0, DecodeContext::default()).map_err(malformed)
    }

    pub(super) fn varint(&mut self, wire: WireType) -> Result<u64, Error> {
        expect(wire, WireType::Varint)?;
        self.bare_varint()
    }

    /// A varint without a key, as packed lists have them.
    pub(super) fn bare_varint(&mut self) -> Result<u64, Error> {
        decode_varint(&mut self.0).map_err(malformed)
    }

    pub(super) fn double(&mut self, wire: WireType) -> Result<f64, Error> {
        expect(wire, WireType::SixtyFourBit)?;
        let (head, rest) = self.0.split_first_chunk::<8>().ok_or_else(short)?;
        self.0 = rest;
        Ok(f64::from_le_bytes(*head))
    }

    pub(super) fn bytes(&mut self, wire: WireType) -> Result<&'a [u8], Error> {
        expect(wire, WireType::LengthDelimited)?;
        let length = usize::try_from(self.bare_varint()?).map_err(|_| short())?;
        let (part, rest) = self.0.split_at_checked(length).ok_or_else(short)?;
        self.0 = rest;
        Ok(part)
    }

    pub(super) fn string(&mut self, wire: WireType) -> Result<&'a str, Error> {
        std::str::from_utf8(self.bytes(wire)?)
            .map_err(|_| Error::Protobuf("string field contains invalid UTF-8".into()))
    }

    pub(super) fn message(&mut self, wire: WireType) -> Result<Reader<'a>, Error> {
        self.bytes(wire).map(Reader)
    }
}

fn expect(found: WireType, wanted: WireType) -> Result<(), Error> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::Protobuf(format!("wrong wireType = {} for field, expected {}", found as u8, wanted as u8)))
}

fn short() -> Error {
    Error::Protobuf("unexpected EOF".into())
}

fn malformed(error: DecodeError) -> Error {
    let text = error.to_string();
    let text = text.strip_prefix("failed to decode Protobuf message: ").unwrap_or(&text);
    Error::Protobuf(text.into())
}
