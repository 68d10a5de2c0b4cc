//! Texts with a signature below them (RFC 9580, section 7). In: bytes. Out: the text as it was signed, and the
//! signature's block.

use std::str;

/// What is signed, and by what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Clear {
    /// The text with CR LF between its lines, without spaces at their ends: what the signature is over.
    pub signed: Vec<u8>,
    /// The signature in letters.
    pub armored: String,
}

const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END: &str = "-----END PGP SIGNATURE-----";
const HASHES: &[&str] = &["SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SHA3-256", "SHA3-512"];

impl Clear {
    /// Finds the first signed text; whatever is before and after it does not count. `None` if there is none, or it has
    /// no end, or says of itself anything but its digests.
    pub(crate) fn find(data: &[u8]) -> Option<Clear> {
        let text = str::from_utf8(data).ok()?;
        let start = match text.starts_with(BEGIN) {
            true => 0,
            false => text.find(&format!("\n{BEGIN}"))? + 1,
        };
        let rest = &text[start + BEGIN.len()..];
        let (suffix, mut rest) = line(rest);
        if !suffix.is_empty() {
            return None;
        }
        loop {
            if rest.is_empty() {
                return None;
            }
            let (head, after) = line(rest);
            rest = after;
            if head.trim().is_empty() {
                break;
            }
            let (name, values) = head.split_once(':')?;
            let known = |value: &str| HASHES.contains(&value.trim().to_uppercase().as_str());
            if name.trim() != "Hash" || !values.split(',').all(known) {
                return None;
            }
        }
        let mut lines = Vec::new();
        loop {
            let (text, after) = line(rest);
            if text.is_empty() && after.is_empty() {
                return None;
            }
            if text == SIGNATURE {
                break;
            }
            rest = after;
            lines.push(text.strip_prefix("- ").unwrap_or(text).trim_end_matches([' ', '\t']));
        }
        let length = rest.find(END)? + END.len();
        Some(Clear { signed: lines.join("\r\n").into_bytes(), armored: rest[..length].into() })
    }

    /// The text with LF.
    pub(crate) fn plain(&self) -> String {
        String::from_utf8_lossy(&self.signed).replace("\r\n", "\n")
    }
}

/// The first line, and what follows it.
fn line(text: &str) -> (&str, &str) {
    match text.split_once('\n') {
        Some((line, rest)) => (line.strip_suffix('\r').unwrap_or(line), rest),
        None => (text, ""),
    }
}

/// A text as it can be signed: no spaces at the ends of lines.
pub(crate) fn signable(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches([' ', '\t', '\r'])).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found() {
        let whole = |head: &str, body: &str| format!("{BEGIN}\n{head}\n{body}\n{SIGNATURE}\n\nx\n{END}\n");
        for (text, expected) in [
            (whole("Hash: SHA512\n", "a\nb"), Some("a\r\nb")),
            (whole("", "a \t\n- - b\n"), Some("a\r\n- b\r\n")),
            (whole("Hash: SHA1, sha256\n", "a"), Some("a")),
            (format!("before\n{}after", whole("", "a")), Some("a")),
            (whole("", "a\nb").replace('\n', "\r\n"), Some("a\r\nb")),
            (whole("Comment: x\n", "a"), None),
            (whole("Hash: MD5\n", "a"), None),
            (format!("x{}", whole("", "a")), None),
            (whole("", "a").replace(END, ""), None),
            (whole("", "a").replace(SIGNATURE, ""), None),
            (BEGIN.into(), None),
            ("plain".into(), None),
        ] {
            let found = Clear::find(text.as_bytes()).map(|clear| clear.signed);
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{text}");
        }
        assert_eq!(signable("a \n\tb\t \r\n"), "a\n\tb\n");
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends(text: String) {
            let _ = Clear::find(format!("{BEGIN}\n\n{text}").as_bytes());
        }
    }
}
