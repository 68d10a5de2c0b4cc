//! Tags as they are written: with the shortest handle, or in full between `!<` and `>`.

use std::fmt::Write;

use super::{chars::is_word, parse::TAG_PREFIX};

/// The handle and the rest of a tag in its long form; no handle if it is written in full.
fn parts(tag: &str) -> (&'static str, &str) {
    if let Some(suffix) = tag.strip_prefix('!') {
        ("!", suffix)
    } else if let Some(suffix) = tag.strip_prefix(TAG_PREFIX) {
        ("!!", suffix)
    } else {
        ("", tag)
    }
}

/// The bytes of both parts.
pub(super) fn parts_len(tag: &str) -> usize {
    let (handle, suffix) = parts(tag);
    handle.len() + suffix.len()
}

/// A tag in its long form as it is written.
pub(super) fn write(tag: &str) -> String {
    let (handle, suffix) = parts(tag);
    if handle.is_empty() { format!("!<{}>", escape(suffix)) } else { format!("{handle}{}", escape(suffix)) }
}

fn escape(suffix: &str) -> String {
    let mut text = String::new();
    for byte in suffix.bytes() {
        if is_word(byte) || b";/?:@&=+$,_.~*'()[]".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("invariant: writing to a String cannot fail");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::write;

    #[test]
    fn tags_are_written_with_their_handles() {
        let rows = [
            ("tag:yaml.org,2002:binary", "!!binary"),
            ("!own", "!own"),
            ("tag:example.com,2000:a b", "!<tag:example.com,2000:a%20b>"),
            ("!é!", "!%C3%A9%21"),
        ];
        for (tag, expected) in rows {
            assert_eq!(write(tag), expected);
        }
    }
}
