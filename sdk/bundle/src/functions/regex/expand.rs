//! Replacement texts: `$name` takes as many letters, digits and underscores as there are (`$1x` is the group `1x`),
//! `${name}` ends where it says, `$$` is a dollar sign. Source: Go's `regexp` (`Expand`).

use crate::functions::strings::runes::{is_digit, is_letter, runes};

/// A group as a replacement names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Group<'a> {
    /// By number.
    Number(usize),
    /// By name.
    Name(&'a [u8]),
}

/// Largest group number; what is longer is taken for a name.
const MAX_NUMBER: usize = 100_000_000;

/// Appends `replacement` to `result`, with what `lookup` knows for each group; nothing for an unknown one.
pub(super) fn expand<'t>(
    replacement: &[u8],
    result: &mut Vec<u8>,
    lookup: impl Fn(&Group<'_>) -> Option<&'t [u8]>,
) {
    let mut rest = replacement;
    while let Some(dollar) = memchr::memchr(b'$', rest) {
        result.extend_from_slice(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(behind) = rest.strip_prefix(b"$") {
            result.push(b'$');
            rest = behind;
        } else if let Some((group, behind)) = group(rest) {
            result.extend_from_slice(lookup(&group).unwrap_or_default());
            rest = behind;
        } else {
            result.push(b'$');
        }
    }
    result.extend_from_slice(rest);
}

/// The group named at the start of `text`, and what is behind it.
fn group(text: &[u8]) -> Option<(Group<'_>, &[u8])> {
    let inside = text.strip_prefix(b"{");
    let text = inside.unwrap_or(text);
    let length = runes(text)
        .take_while(|(rune, _)| *rune == '_' || is_letter(*rune) || is_digit(*rune))
        .map(|(_, size)| size)
        .sum();
    let (name, behind) = text.split_at(length);
    let behind = if inside.is_some() { behind.strip_prefix(b"}")? } else { behind };
    if name.is_empty() {
        return None;
    }
    let number = std::str::from_utf8(name).ok().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    let number = number.filter(|digits| *digits == "0" || !digits.starts_with('0'));
    let number = number.and_then(|digits| digits.parse().ok()).filter(|number| *number < MAX_NUMBER * 10);
    Some((number.map_or(Group::Name(name), Group::Number), behind))
}
