//! Percent-encoding of the parts of a URL. Source: Go's `net/url`.

use crate::printf;

/// The part that a text stands in, which decides what may stand there as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// User name or password.
    User,
    /// Host and port.
    Host,
    /// The zone of an IPv6 address.
    Zone,
    /// The path.
    Path,
    /// What is behind `#`.
    Fragment,
}

/// Whether `byte` must be written as `%XX` in that part.
fn must_escape(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return false;
    }
    match part {
        Part::Host | Part::Zone => !b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::User => !b"$&+,;=".contains(&byte),
        Part::Path => !b"$&+,/:;=@".contains(&byte),
        Part::Fragment => !b"$&+,/:;=?@!()*".contains(&byte),
    }
}

/// `text` fit to stand in that part.
pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    for byte in text {
        if must_escape(*byte, part) {
            result.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            result.push(*byte);
        }
    }
    result
}

/// What `text`, found in that part, means.
///
/// # Errors
/// A `%` that is not followed by two hexadecimal digits, and in hosts what must not be encoded, or must be.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let in_host = matches!(part, Part::Host | Part::Zone);
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'%' {
            let code = escaped_byte(behind).filter(|code| allowed(*code, part));
            let Some(code) = code else {
                let shown = behind.get(..2).unwrap_or(behind);
                return Err(format!("invalid URL escape \"%{}\"", String::from_utf8_lossy(shown)));
            };
            result.push(code);
            rest = &behind[2..];
        } else if in_host && byte.is_ascii() && must_escape(byte, part) {
            let shown = printf::quote(&[byte]);
            return Err(format!("invalid character {shown} in host name"));
        } else {
            result.push(byte);
        }
    }
    Ok(result)
}

fn escaped_byte(digits: &[u8]) -> Option<u8> {
    let digit = |index: usize| char::from(*digits.get(index)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

/// Whether that byte may stand in the part in encoded form: in hosts only what is beyond ASCII, and the `%` of a
/// zone; in zones what may stand in a host anyway, and the space.
fn allowed(code: u8, part: Part) -> bool {
    match part {
        Part::Host => code >= 0x80 || code == b'%',
        Part::Zone => code == b'%' || code == b' ' || !must_escape(code, Part::Host),
        Part::User | Part::Path | Part::Fragment => true,
    }
}
