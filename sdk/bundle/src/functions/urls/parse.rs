//! A URL taken apart. Source: Go's `net/url` (`Parse`).

use memchr::{memchr, memrchr};

use super::{
    address::{self, Address},
    escape::{Part, escape, unescape},
};

/// The parts of a URL, decoded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    /// What follows the scheme if that is no path (`mailto:somebody`), as written.
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<User>,
    /// Host and port.
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    /// The path as written, if Go would write it in another way.
    pub(super) odd_path: Vec<u8>,
    /// As written.
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// Who, before the `@`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct User {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl User {
    /// Encoded, as it stands in a URL.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = escape(&self.name, Part::User);
        if let Some(password) = &self.password {
            text.push(b':');
            text.extend_from_slice(&escape(password, Part::User));
        }
        text
    }
}

/// `text` before and behind the first `separator`; nothing behind if there is none.
fn cut(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    match memchr(separator, text) {
        Some(position) => (&text[..position], &text[position + 1..]),
        None => (text, b""),
    }
}

impl Url {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// Go's words for what is malformed.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let (text, fragment) = cut(text, b'#');
        let mut url = Self::without_fragment(text)?;
        url.fragment = unescape(fragment, Part::Fragment)?;
        Ok(url)
    }

    fn without_fragment(text: &[u8]) -> Result<Self, String> {
        if text.iter().any(u8::is_ascii_control) {
            return Err("net/url: invalid control character in URL".into());
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = b"*".to_vec();
            return Ok(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = cut(rest, b'?');
        url.query = query.to_vec();
        let has_scheme = !url.scheme.is_empty();
        if !rest.starts_with(b"/") {
            if has_scheme {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let mut path = rest;
        if rest.starts_with(b"//") && (has_scheme || !rest.starts_with(b"///")) {
            let slash = memchr(b'/', &rest[2..]).map_or(rest.len(), |slash| slash + 2);
            (url.user, url.host) = parse_authority(&url.scheme, &rest[2..slash])?;
            path = &rest[slash..];
        }
        url.path = unescape(path, Part::Path)?;
        if escape(&url.path, Part::Path) != path {
            url.odd_path = path.to_vec();
        }
        Ok(url)
    }

    /// The host without port and brackets.
    pub(super) fn hostname(&self) -> &[u8] {
        let colon = memrchr(b':', &self.host).filter(|colon| is_port(&self.host[*colon..]));
        let host = &self.host[..colon.unwrap_or(self.host.len())];
        host.strip_prefix(b"[").and_then(|inside| inside.strip_suffix(b"]")).unwrap_or(host)
    }
}

/// The scheme before the first colon, and what is behind it; no scheme if the text does not begin like one.
fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    let end = text.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"+-.".contains(byte));
    match end {
        Some(0) if text[0] == b':' => Err("missing protocol scheme".into()),
        Some(end) if text[end] == b':' && text[0].is_ascii_alphabetic() => {
            Ok((&text[..end], &text[end + 1..]))
        }
        _ => Ok((b"", text)),
    }
}

fn parse_authority(scheme: &[u8], authority: &[u8]) -> Result<(Option<User>, Vec<u8>), String> {
    let Some(at) = memrchr(b'@', authority) else { return Ok((None, parse_host(scheme, authority)?)) };
    let (userinfo, host) = (&authority[..at], parse_host(scheme, &authority[at + 1..])?);
    if !userinfo.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte)) {
        return Err("net/url: invalid userinfo".into());
    }
    let (name, password) = match memchr(b':', userinfo) {
        Some(colon) => (&userinfo[..colon], Some(unescape(&userinfo[colon + 1..], Part::User)?)),
        None => (userinfo, None),
    };
    Ok((Some(User { name: unescape(name, Part::User)?, password }), host))
}

/// A colon and digits, maybe none, or nothing at all.
fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        Some((first, digits)) => *first == b':' && digits.iter().all(u8::is_ascii_digit),
        None => true,
    }
}

/// Only what travels by HTTP may have no more than one colon: databases' URLs list several hosts with their ports.
fn parse_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    if host.starts_with(b"[") {
        return parse_bracketed_host(host);
    }
    if host.contains(&b'[') {
        return Err("invalid IP-literal".into());
    }
    let find_port = if matches!(scheme, b"http" | b"https") { memchr } else { memrchr };
    if let Some(colon) = find_port(b':', host) {
        check_port(&host[colon..])?;
    }
    unescape(host, Part::Host)
}

fn check_port(text: &[u8]) -> Result<(), String> {
    if is_port(text) {
        return Ok(());
    }
    Err(format!("invalid port {:?} after host", String::from_utf8_lossy(text)))
}

/// `[fe80::1%25zone]:80`: only an IPv6 address may stand in brackets.
fn parse_bracketed_host(host: &[u8]) -> Result<Vec<u8>, String> {
    let end = memrchr(b']', host).ok_or("missing ']' in host")?;
    let (inside, port) = (&host[1..end], &host[end + 1..]);
    check_port(port)?;
    let zone = memchr::memmem::find(inside, b"%25").unwrap_or(inside.len());
    let address = unescape(&inside[..zone], Part::Host)?;
    let zone = unescape(&inside[zone..], Part::Zone)?;
    let whole = [&*address, &*zone].concat();
    match address::read(&String::from_utf8_lossy(&whole)) {
        Ok(Address::Six { .. }) => Ok([b"[", &*whole, b"]", port].concat()),
        Ok(Address::Four) => Err("invalid IP-literal".into()),
        Err(why) => Err(format!("invalid host: {why}")),
    }
}
