//! Names of things and of places in documents: `uuid`, `semver`, `json-pointer`, `relative-json-pointer`.

use super::ensure;
use crate::printf::quote::quote_character;

/// Five groups of hexadecimal digits.
pub(super) fn uuid(text: &str) -> Result<(), String> {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = text.split('-').collect();
    ensure(groups.len() == LENGTHS.len(), "must have 5 elements")?;
    for (at, (group, length)) in groups.into_iter().zip(LENGTHS).enumerate() {
        if group.len() != length {
            return Err(format!("element {} must be {length} characters long", at + 1));
        }
        if let Some(other) = group.chars().find(|character| !character.is_ascii_hexdigit()) {
            return Err(format!("non-hex character {}", quote_character(other, false)));
        }
    }
    Ok(())
}

/// `/a/b`, with `~0` and `~1` for what would be mistaken.
pub(super) fn pointer(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    ensure(text.starts_with('/'), "not starting with /")?;
    let mut after_tildes = text.split('~').skip(1);
    ensure(after_tildes.all(|rest| rest.starts_with(['0', '1'])), "~ must be followed by 0 or 1")
}

/// How many levels up, and then `#` or a pointer.
pub(super) fn relative_pointer(text: &str) -> Result<(), String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    ensure(digits > 0, "must start with non-negative integer")?;
    ensure(digits == 1 || !text.starts_with('0'), "starts with zero")?;
    match &text[digits..] {
        "#" => Ok(()),
        rest => pointer(rest),
    }
}

/// A semantic version.
pub(super) fn version(text: &str) -> Result<(), String> {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    if let Some(build) = build {
        ensure(!build.is_empty(), "build is empty")?;
        build.split('.').try_for_each(|part| identifier(part, "build"))?;
    }
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    for part in pre.into_iter().flat_map(|pre| pre.split('.')) {
        identifier(part, "pre-release")?;
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        let problem = "pre-release numeric identifier starts with zero";
        ensure(!is_number || part.len() < 2 || !part.starts_with('0'), problem)?;
    }
    let numbers: Vec<&str> = core.split('.').collect();
    ensure(numbers.len() == 3, "versionCore must have 3 numbers separated by dot")?;
    for (number, name) in numbers.into_iter().zip(["major", "minor", "patch"]) {
        ensure(!number.is_empty(), &format!("{name} is empty"))?;
        ensure(number.len() < 2 || !number.starts_with('0'), &format!("{name} starts with zero"))?;
        ensure(number.bytes().all(|byte| byte.is_ascii_digit()), &format!("{name} contains non-digit"))?;
    }
    Ok(())
}

/// Letters, digits and hyphens in a part of a version.
fn identifier(text: &str, part: &str) -> Result<(), String> {
    ensure(!text.is_empty(), &format!("{part} identifier is empty"))?;
    match text.chars().find(|character| !character.is_ascii_alphanumeric() && *character != '-') {
        None => Ok(()),
        Some(other) => {
            Err(format!("invalid character {} in {part} identifier", quote_character(other, false)))
        }
    }
}
