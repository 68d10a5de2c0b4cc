//! `urlParse` and `urlJoin`: a URL to its parts and back, by the rules of Go's `net/url`.
//!
//! In: a text, or a map of texts. Out: a map of texts, or a text; a malformed URL fails.

pub(crate) mod address;
mod escape;
mod parse;

use super::{
    Call, Function,
    Parameter::{Map as AnyMap, Str},
};
use crate::{
    fault::Fault,
    value::{Map, Value},
};
use escape::{Part, escape, unescape};
use parse::Url;

/// The family.
pub const FUNCTIONS: &[Function] =
    &[Function::new("urlParse", &[Str], parse), Function::new("urlJoin", &[AnyMap], join)];

/// Where a URL leads, as far as schemas ask.
pub(crate) struct Place {
    pub(crate) has_scheme: bool,
    pub(crate) host: String,
    /// The host without port and brackets.
    pub(crate) hostname: String,
    /// The path as written, if Go would write it in another way.
    pub(crate) odd_path: String,
}

/// Takes a URL apart.
///
/// # Errors
/// Go's words for what is malformed.
pub(crate) fn place(text: &str) -> Result<Place, String> {
    let url = Url::parse(text.as_bytes())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Place {
        has_scheme: !url.scheme.is_empty(),
        host: text(&url.host),
        hostname: text(url.hostname()),
        odd_path: text(&url.odd_path),
    })
}

/// A part of a path without its escapes.
///
/// # Errors
/// Go's words for an escape that is none.
pub(crate) fn decoded(segment: &str) -> Result<Vec<u8>, String> {
    unescape(segment.as_bytes(), Part::Path)
}

/// `urlParse TEXT`: `scheme`, `host`, `hostname`, `path`, `query`, `opaque`, `fragment`, `userinfo`.
fn parse(call: &Call<'_>) -> Result<Value, Fault> {
    let url =
        Url::parse(call.text(0)?).map_err(|cause| Fault::new(format!("unable to parse url: {cause}")))?;
    let userinfo = url.user.as_ref().map(parse::User::text).unwrap_or_default();
    let hostname = Value::string(url.hostname());
    Ok(Value::map([
        ("scheme", Value::string(url.scheme)),
        ("host", Value::string(url.host)),
        ("hostname", hostname),
        ("path", Value::string(url.path)),
        ("query", Value::string(url.query)),
        ("opaque", Value::string(url.opaque)),
        ("fragment", Value::string(url.fragment)),
        ("userinfo", Value::string(userinfo)),
    ]))
}

/// `urlJoin MAP`: the URL of these parts; absent ones are empty.
fn join(call: &Call<'_>) -> Result<Value, Fault> {
    let map = call.map(0)?;
    let part = |key: &str| part_of(map, key);
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        ..Url::default()
    };
    let userinfo = part("userinfo")?;
    if !userinfo.is_empty() {
        let carrier = [b"proto://", &*userinfo, b"@host"].concat();
        let parsed = Url::parse(&carrier);
        url.user =
            parsed.map_err(|cause| Fault::new(format!("unable to parse userinfo in dict: {cause}")))?.user;
    }
    Ok(Value::string(url.text()))
}

fn part_of(map: Option<&Map>, key: &str) -> Result<Vec<u8>, Fault> {
    match map.and_then(|map| map.get(key.as_bytes())) {
        None => Ok(Vec::new()),
        Some(Value::Str(text)) => Ok(text.to_vec()),
        Some(other) => Err(Fault::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind_name()
        ))),
    }
}

impl Url {
    /// The URL as Go writes it.
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if !self.scheme.is_empty() {
            text.extend_from_slice(&self.scheme);
            text.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_hierarchy(&mut text);
        } else {
            text.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            text.push(b'?');
            text.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            text.push(b'#');
            text.extend_from_slice(&escape(&self.fragment, Part::Fragment));
        }
        text
    }

    /// `//user@host/path`.
    fn write_hierarchy(&self, text: &mut Vec<u8>) {
        if !self.host.is_empty() || self.user.is_some() || !self.scheme.is_empty() && !self.path.is_empty() {
            text.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            text.extend_from_slice(&user.text());
            text.push(b'@');
        }
        text.extend_from_slice(&escape(&self.host, Part::Host));
        let path = if self.path == b"*" { self.path.clone() } else { escape(&self.path, Part::Path) };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            text.push(b'/');
        }
        // A colon in a first segment would look like a scheme.
        let first_segment = path.split(|byte| *byte == b'/').next().unwrap_or_default();
        if text.is_empty() && first_segment.contains(&b':') {
            text.extend_from_slice(b"./");
        }
        text.extend_from_slice(&path);
    }
}
