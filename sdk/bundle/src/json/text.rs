//! Bytes as the text Go makes of them.

use std::borrow::Cow;

/// `bytes` as UTF-8: each invalid byte becomes one U+FFFD, as Go decodes strings. (Rust's own lossy conversion
/// replaces a truncated sequence by a single one.)
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Cow::Owned(text)
}
