//! The bytes of a stream as text: UTF-8 or UTF-16 by their byte order mark, without control characters.

use std::borrow::Cow;

use super::Error;

/// Decodes and checks a whole stream.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    if bytes.len() > super::MAX_BYTES {
        return Err(Error::Size);
    }
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(utf8(rest)?),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        _ => Cow::Borrowed(utf8(bytes)?),
    };
    if has_control(&text) {
        return Err(failure("control characters are not allowed"));
    }
    Ok(text)
}

fn failure(problem: &'static str) -> Error {
    Error::Meaning(problem.to_owned())
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|error| {
        let rest = &bytes[error.valid_up_to()..];
        failure(match (rest[0], error.error_len()) {
            (_, None) => "incomplete UTF-8 octet sequence",
            (0x80..=0xbf | 0xf8..=0xff, _) => "invalid leading UTF-8 octet",
            (0xc0 | 0xc1, _) => "invalid length of a UTF-8 sequence",
            (0xed, Some(1)) if matches!(rest.get(1), Some(0xa0..=0xbf)) => "invalid Unicode character",
            (0xf4..=0xf7, Some(1)) if matches!(rest.get(1), Some(0x80..=0xbf)) => "invalid Unicode character",
            (0xe0 | 0xf0, Some(1)) if matches!(rest.get(1), Some(0x80..=0xbf)) => {
                "invalid length of a UTF-8 sequence"
            }
            _ => "invalid trailing UTF-8 octet",
        })
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(failure("incomplete UTF-16 character"));
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .map_err(|_| failure("unexpected low surrogate area"))
}

/// Bytes that are looked at before it is asked whether to go on.
const PIECE: usize = 256;

/// Whether the text has a character that YAML allows in no place.
fn has_control(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    // Without a way out of a piece, the compiler takes many bytes at once.
    if bytes.chunks(PIECE).all(|piece| piece.iter().fold(true, |all, byte| all & plain(byte))) {
        return false;
    }
    text.chars().any(|character| {
        !matches!(character,
            '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{1_0000}'..)
    })
}
