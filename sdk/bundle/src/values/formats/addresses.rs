//! Addresses of machines and people: `ipv4`, `ipv6`, `hostname`, `email`.

use super::ensure;
use crate::{
    functions::urls::address::{self, Address},
    printf::{self, quote::quote_character},
};

/// Longest name of a machine, and longest label in it, in bytes.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;
/// Longest address of a person, and longest part of it before the `@`, in bytes.
const MAX_EMAIL: usize = 254;
const MAX_LOCAL: usize = 64;

/// Four decimals.
pub(super) fn ipv4(text: &str) -> Result<(), String> {
    let decimals: Vec<&str> = text.split('.').collect();
    ensure(decimals.len() == 4, "expected four decimals")?;
    decimals.into_iter().try_for_each(decimal)
}

fn decimal(text: &str) -> Result<(), String> {
    ensure(text.len() < 2 || !text.starts_with('0'), "leading zeros")?;
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let quoted = printf::quote(text.as_bytes());
    if !is_number(text.strip_prefix(['+', '-']).unwrap_or(text)) {
        return Err(format!("strconv.Atoi: parsing {quoted}: invalid syntax"));
    }
    let number: i64 =
        text.parse().map_err(|_| format!("strconv.Atoi: parsing {quoted}: value out of range"))?;
    ensure((0..=255).contains(&number), "decimal must be between 0 and 255")
}

/// An address of version 6 without zone.
pub(super) fn ipv6(text: &str) -> Result<(), String> {
    ensure(text.contains(':'), "missing colon")?;
    let zoned = address::read(text)? == Address::Six { zoned: true };
    ensure(!zoned, "zone id is not a part of ipv6 address")
}

/// Labels of letters, digits and hyphens.
pub(super) fn hostname(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    ensure(text.len() <= MAX_NAME, "more than 253 characters long")?;
    text.split('.').try_for_each(|label| {
        ensure((1..=MAX_LABEL).contains(&label.len()), "label must be 1 to 63 characters long")?;
        ensure(!label.starts_with('-'), "label starts with hyphen")?;
        ensure(!label.ends_with('-'), "label ends with hyphen")?;
        only(label, |character| character.is_ascii_alphanumeric() || character == '-')
    })
}

/// Who, and where.
pub(super) fn email(text: &str) -> Result<(), String> {
    ensure(text.len() <= MAX_EMAIL, "more than 255 characters long")?;
    let (local, domain) = text.rsplit_once('@').ok_or("missing @")?;
    ensure(local.len() <= MAX_LOCAL, "local part more than 64 characters long")?;
    match local.strip_prefix('"').filter(|rest| !rest.is_empty()) {
        // The last character is not looked at, whatever it is.
        Some(rest) => {
            let inside = rest.char_indices().next_back().map_or("", |(last, _)| &rest[..last]);
            let problem = "backslash and quote are not allowed within quoted local part";
            ensure(!inside.contains(['\\', '"']), problem)?;
        }
        None => unquoted(local)?,
    }
    match domain.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')) {
        Some(address) => match address.strip_prefix("IPv6:") {
            Some(address) => ipv6(address).map_err(|why| format!("invalid ipv6 address: {why}")),
            None => ipv4(address).map_err(|why| format!("invalid ipv4 address: {why}")),
        },
        None => hostname(domain).map_err(|why| format!("invalid domain: {why}")),
    }
}

fn unquoted(local: &str) -> Result<(), String> {
    ensure(!local.starts_with('.'), "starts with dot")?;
    ensure(!local.ends_with('.'), "ends with dot")?;
    ensure(!local.contains(".."), "consecutive dots")?;
    only(local, |character| character.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(character))
}

/// Fails at the first character that is not `allowed`.
fn only(text: &str, allowed: impl Fn(char) -> bool) -> Result<(), String> {
    match text.chars().find(|character| !allowed(*character)) {
        Some(character) => Err(format!("invalid character {}", quote_character(character, false))),
        None => Ok(()),
    }
}
