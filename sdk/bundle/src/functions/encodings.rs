//! Base64 and base32. Text that cannot be decoded yields Go's error message as the result, as sprig does.
//! Source of the behaviour: sprig 3.3.0, `strings.go`; Go's `encoding/base64` and `encoding/base32`.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use data_encoding::BASE32;

use super::{Call, Function, Parameter::Str, argument::limit_text};
use crate::{fault::Fault, value::Value};

/// Base64 and base32, both ways.
pub const FUNCTIONS: &[Function] = &[
    Function::new("b64enc", &[Str], b64enc),
    Function::new("b64dec", &[Str], b64dec),
    Function::new("b32enc", &[Str], b32enc),
    Function::new("b32dec", &[Str], b32dec),
];

/// Standard base64 that, as Go's, does not mind what the unused bits of the last digit are.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

fn b64enc(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    limit_text(text.len() / 3 * 4)?;
    Ok(Value::string(BASE64.encode(&**text)))
}

fn b32enc(call: &Call<'_>) -> Result<Value, Fault> {
    let text = call.text(0)?;
    limit_text(text.len() / 5 * 8)?;
    Ok(Value::string(BASE32.encode(text)))
}

fn b64dec(call: &Call<'_>) -> Result<Value, Fault> {
    let decoded = decode_base64(call.text(0)?);
    Ok(Value::string(
        decoded.unwrap_or_else(|at| format!("illegal base64 data at input byte {at}").into_bytes()),
    ))
}

fn b32dec(call: &Call<'_>) -> Result<Value, Fault> {
    let decoded = decode_base32(call.text(0)?);
    Ok(Value::string(
        decoded.unwrap_or_else(|at| format!("illegal base32 data at input byte {at}").into_bytes()),
    ))
}

/// Decodes standard base64 with padding; line ends are skipped.
///
/// # Errors
/// Where Go says it went wrong, in bytes.
pub fn decode_base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let decoded = if text.iter().any(is_line_end) {
        BASE64.decode(text.iter().copied().filter(|byte| !is_line_end(byte)).collect::<Vec<u8>>())
    } else {
        BASE64.decode(text)
    };
    decoded.map_err(|_| base64_fault(text).err().unwrap_or(text.len()))
}

/// Checks `text` in Go's order and fails at the position that Go names.
fn base64_fault(text: &[u8]) -> Result<(), usize> {
    let mut digits = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'\r' | b'\n' => {}
            b'=' => return base64_padding(text, at, digits % 4),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => digits += 1,
            _ => return Err(at),
        }
    }
    match digits % 4 {
        0 => Ok(()),
        over => Err(text.len() - over),
    }
}

/// Checks the padding that starts at `at`, after `over` digits of a group of four.
fn base64_padding(text: &[u8], at: usize, over: usize) -> Result<(), usize> {
    let next = |from: usize| (from..text.len()).find(|index| !matches!(text[*index], b'\r' | b'\n'));
    let last = match over {
        0 | 1 => return Err(at),
        2 => {
            let second = next(at + 1).ok_or(text.len())?;
            // Go points at the byte before the one that should have been the second `=`.
            if text[second] == b'=' { second } else { return Err(second - 1) }
        }
        _ => at,
    };
    next(last + 1).map_or(Ok(()), Err)
}

/// Decodes standard base32 with padding; line ends are skipped, and do not count in positions.
///
/// # Errors
/// Where Go says it went wrong, in bytes.
pub fn decode_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut bits = Vec::with_capacity(text.len() * 5);
    for (at, byte) in text.iter().enumerate() {
        let (of_group, left) = (at % 8, text.len() - at - 1);
        if *byte == b'=' && of_group >= 2 && left < 8 {
            base32_padding(&text, at)?;
            return Ok(bytes_of_bits(&bits));
        }
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return Err(at),
        };
        bits.extend([digit >> 4, digit >> 3, digit >> 2, digit >> 1, digit]);
    }
    match text.len() % 8 {
        0 => Ok(bytes_of_bits(&bits)),
        over => Err(text.len() - over),
    }
}

/// Checks the padding that starts at `at`. What follows a complete padding is ignored, as in Go.
fn base32_padding(text: &[u8], at: usize) -> Result<(), usize> {
    let (of_group, left) = (at % 8, text.len() - at - 1);
    if left + of_group < 7 {
        return Err(text.len());
    }
    let wrong = text[at + 1..].iter().take(7 - of_group).position(|byte| *byte != b'=');
    if let Some(offset) = wrong {
        return Err(at + offset);
    }
    // No whole number of bytes has so many digits.
    if matches!(of_group, 1 | 3 | 6) { Err(at) } else { Ok(()) }
}

/// Whole bytes from the lowest bit of each item; bits left over are dropped.
fn bytes_of_bits(bits: &[u8]) -> Vec<u8> {
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit & 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::trial::text;

    // Expected values: the stock helm 4.3.1.
    #[test]
    fn decoding_fails_in_gos_words() {
        for (name, input, expected) in [
            ("b64enc", "abc\u{e9}", "YWJjw6k="),
            ("b64dec", "YWJj", "abc"),
            ("b64dec", "", ""),
            ("b64dec", "a", "illegal base64 data at input byte 0"),
            ("b64dec", "YQ=", "illegal base64 data at input byte 3"),
            ("b64dec", "YQ==x", "illegal base64 data at input byte 4"),
            ("b64dec", "Y=Q=", "illegal base64 data at input byte 1"),
            ("b64dec", "YW\nJj", "abc"),
            ("b64dec", "YR==", "a"),
            ("b64dec", "YQ=\nx", "illegal base64 data at input byte 3"),
            ("b64dec", "YWJjZGVmZ", "illegal base64 data at input byte 8"),
            ("b32enc", "abc", "MFRGG==="),
            ("b32dec", "MFRGG===", "abc"),
            ("b32dec", "a", "illegal base32 data at input byte 0"),
            ("b32dec", "ME======", "a"),
            ("b32dec", "MF======", "a"),
            ("b32dec", "ME", "illegal base32 data at input byte 0"),
            ("b32dec", "M=E=====", "illegal base32 data at input byte 1"),
            ("b32dec", "MFR=====", "illegal base32 data at input byte 3"),
            ("b32dec", "me======", "illegal base32 data at input byte 0"),
            ("b32dec", "ME=====", "illegal base32 data at input byte 7"),
            ("b32dec", "MFRGG===A", "abc"),
        ] {
            assert_eq!(text(FUNCTIONS, name, &[Value::from(input)]), expected, "{name} {input:?}");
        }
    }

    #[test]
    fn every_length_survives_both_ways() {
        for length in 0..40_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            assert_eq!(decode_base64(BASE64.encode(&bytes).as_bytes()), Ok(bytes.clone()));
            assert_eq!(decode_base32(BASE32.encode(&bytes).as_bytes()), Ok(bytes));
        }
    }
}
