//! Where something is: `uri`, `uri-reference`, `uri-template`; the `iri`s are judged alike.

use super::{addresses, ensure};
use crate::{functions::urls, printf};

/// A URL with a scheme.
pub(super) fn uri(text: &str) -> Result<(), String> {
    let place = parse(text)?;
    ensure(place.has_scheme, "relative url")
}

/// A URL, with or without a scheme.
pub(super) fn reference(text: &str) -> Result<(), String> {
    ensure(!text.contains('\\'), "contains \\")?;
    parse(text).map(drop)
}

/// A URL in whose path names may stand in braces.
pub(super) fn template(text: &str) -> Result<(), String> {
    let place = parse(text)?;
    for segment in place.odd_path.split('/') {
        let decoded = urls::decoded(segment).map_err(|why| format!("percent decode failed: {why}"))?;
        let mut open = false;
        for byte in decoded.into_iter().filter(|byte| matches!(byte, b'{' | b'}')) {
            ensure(open != (byte == b'{'), "nested curly braces")?;
            open = !open;
        }
        ensure(!open, "no matching closing brace")?;
    }
    Ok(())
}

fn parse(text: &str) -> Result<urls::Place, String> {
    let place =
        urls::place(text).map_err(|why| format!("parse {}: {why}", printf::quote(text.as_bytes())))?;
    if place.hostname.contains(':') {
        ensure(
            place.host.contains('[') && place.host.contains(']'),
            "ipv6 address not enclosed in brackets",
        )?;
        addresses::ipv6(&place.hostname).map_err(|why| format!("invalid ipv6 address: {why}"))?;
    }
    Ok(place)
}
