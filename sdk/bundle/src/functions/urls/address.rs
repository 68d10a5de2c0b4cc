//! Addresses of hosts, as text. Source: Go's `net/netip` (`ParseAddr`).

use crate::printf;

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Of version 4.
    Four,
    /// Of version 6.
    Six {
        /// Whether a zone is named behind it.
        zoned: bool,
    },
}

/// Reads an address.
///
/// # Errors
/// Go's words for what is malformed.
pub(crate) fn read(text: &str) -> Result<Address, String> {
    let refused = |(problem, at): Problem<'_>| {
        let at =
            if at.is_empty() { String::new() } else { format!(" (at {})", printf::quote(at.as_bytes())) };
        format!("ParseAddr({}): {problem}{at}", printf::quote(text.as_bytes()))
    };
    match text.find(['.', ':', '%']).map(|at| text.as_bytes()[at]) {
        Some(b'.') => four(text).map(|()| Address::Four).map_err(refused),
        Some(b':') => {
            let (address, zone) =
                text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
            match zone {
                Some("") => Err(refused(("zone must be a non-empty string", ""))),
                _ => six(address).map(|()| Address::Six { zoned: zone.is_some() }).map_err(refused),
            }
        }
        Some(_) => Err(refused(("missing IPv6 address", ""))),
        None => Err(refused(("unable to parse IP", ""))),
    }
}

/// What is wrong, and the rest of the text from where it is.
type Problem<'a> = (&'static str, &'a str);

/// Groups of up to four hexadecimal digits, with at most one `::`, maybe an address of version 4 at the end.
fn six(text: &str) -> Result<(), Problem<'_>> {
    /// As many groups make an address.
    const GROUPS: usize = 8;
    let (mut rest, mut shortened) = match text.strip_prefix("::") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let mut groups = 0;
    while groups < GROUPS && !(rest.is_empty() && shortened && groups == 0) {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        match digits {
            0 => return Err(("each colon-separated field must have at least one digit", rest)),
            1..=4 => {}
            _ => return Err(("each group must have 4 or less digits", rest)),
        }
        let behind = &rest[digits..];
        if behind.starts_with('.') {
            if !shortened && groups != GROUPS - 2 {
                return Err(("embedded IPv4 address must replace the final 2 fields of the address", rest));
            }
            if groups + 2 > GROUPS {
                return Err(("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
            }
            four(rest)?;
            groups += 2;
            rest = "";
            break;
        }
        groups += 1;
        rest = behind;
        if rest.is_empty() {
            break;
        }
        let Some(next) = rest.strip_prefix(':') else {
            return Err(("unexpected character, want colon", rest));
        };
        if next.is_empty() {
            return Err(("colon must be followed by more characters", rest));
        }
        rest = next;
        if let Some(next) = rest.strip_prefix(':') {
            if shortened {
                return Err(("multiple :: in address", rest));
            }
            shortened = true;
            rest = next;
            if rest.is_empty() {
                break;
            }
        }
    }
    match (rest.is_empty(), groups == GROUPS, shortened) {
        (false, ..) => Err(("trailing garbage after address", rest)),
        (_, false, false) => Err(("address string too short", "")),
        (_, true, true) => Err(("the :: must expand to at least one field of zeros", "")),
        _ => Ok(()),
    }
}

/// An address of version 4, within one of version 6 or where one should be.
fn four(text: &str) -> Result<(), Problem<'_>> {
    let mut start = 0;
    let mut decimals = 0;
    for (at, byte) in text.bytes().enumerate() {
        let digits = &text[start..at];
        match byte {
            b'0'..=b'9' if digits == "0" => return Err(("IPv4 field has octet with leading zero", "")),
            b'0'..=b'9' if text[start..=at].parse::<u8>().is_err() => {
                return Err(("IPv4 field has value >255", ""));
            }
            b'0'..=b'9' => {}
            b'.' if digits.is_empty() || at + 1 == text.len() => {
                return Err(("IPv4 field must have at least one digit", &text[at..]));
            }
            b'.' if decimals == 3 => return Err(("IPv4 address too long", "")),
            b'.' => {
                decimals += 1;
                start = at + 1;
            }
            _ => return Err(("unexpected character", text.get(at..).unwrap_or_default())),
        }
    }
    if decimals < 3 { Err(("IPv4 address too short", "")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_go_does() {
        let six = Ok(Address::Six { zoned: false });
        for (text, expected) in [
            ("1.2.3.4", Ok(Address::Four)),
            ("::1", six),
            ("::", six),
            ("1::", six),
            ("1:2:3:4:5:6:7:8", six),
            ("::ffff:1.2.3.4", six),
            ("fe80::1%eth0", Ok(Address::Six { zoned: true })),
            ("fe80::1%", Err("zone must be a non-empty string")),
            ("%x", Err("missing IPv6 address")),
            ("x", Err("unable to parse IP")),
            ("1:2", Err("address string too short")),
            ("1::2::3", Err("multiple :: in address (at \":3\")")),
            ("12345::", Err("each group must have 4 or less digits (at \"12345::\")")),
            ("1:2:3:4:5:6:7:8:9", Err("trailing garbage after address (at \"9\")")),
            ("1:2:3:4:5:6:7::8", Err("the :: must expand to at least one field of zeros")),
            (
                "1:2:3:4:5:1.2.3.4",
                Err("embedded IPv4 address must replace the final 2 fields of the address (at \"1.2.3.4\")"),
            ),
            ("::1.2.3.400", Err("IPv4 field has value >255")),
            ("1.2.3", Err("IPv4 address too short")),
            ("1.2.3.04", Err("IPv4 field has octet with leading zero")),
            ("1.2.3.4.5", Err("IPv4 address too long")),
            ("1:", Err("colon must be followed by more characters (at \":\")")),
            ("1.2:3", Err("unexpected character (at \":3\")")),
        ] {
            let expected = expected.map_err(|problem| format!("ParseAddr({text:?}): {problem}"));
            assert_eq!(read(text), expected);
        }
    }
}
