//! What the chart `secrets` makes at random, checked and replaced by its shape, so that two renderings compare.

use std::fmt::Write;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use x509_parser::prelude::*;

/// Whether a value is as it must be.
type Check = fn(&str) -> bool;

/// A key, and what its random value must be like.
const SHAPES: &[(&str, Check)] = &[
    ("alphaNum", |text| text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())),
    ("alpha", |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphabetic())),
    ("numeric", |text| text.len() == 12 && text.bytes().filter(u8::is_ascii_digit).count() == 9),
    ("ascii", |text| {
        decoded(text)
            .is_some_and(|text| text.len() == 16 && text.bytes().all(|byte| (32..127).contains(&byte)))
    }),
    ("bytes", |text| BASE64_STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 24)),
    ("int", |text| {
        text.trim_matches(['"', 'x']).parse().is_ok_and(|number: u32| (1000..9999).contains(&number))
    }),
    ("uuid", |text| text.len() == 36 && text.as_bytes()[14] == b'4' && text.split('-').count() == 5),
    ("shuffled", |text| text.len() == 6 && text.matches('a').count() == 5 && text.matches('b').count() == 1),
    ("bcrypt", is_bcrypt),
    ("htpasswd", |text| text.split_once(':').is_some_and(|(user, hash)| !user.is_empty() && is_bcrypt(hash))),
    ("encrypted", |text| BASE64_STANDARD.decode(text).is_ok_and(|bytes| bytes.len() == 32)),
];

fn is_bcrypt(text: &str) -> bool {
    text.len() == 60 && text.starts_with("$2a$10$")
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}

/// The output, with every random value replaced by what can be said of it.
pub(crate) fn without_randomness(output: &str) -> String {
    output.lines().map(|line| shape(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

/// A line with a random value, as its shape; `None` if it has none.
fn shape(line: &str) -> Option<String> {
    let (key, value) = line.strip_prefix("  ")?.split_once(": ")?;
    if let Some((_, is_good)) = SHAPES.iter().find(|(name, _)| *name == key) {
        return Some(format!("  {key}: {}", if is_good(value) { "good" } else { value }));
    }
    if key.ends_with(".crt") {
        return Some(format!("  {key}: {}", certificate(&decoded(value)?)));
    }
    if key.ends_with(".key") {
        let text = decoded(value)?;
        return Some(format!("  {key}: {}", text.lines().next().unwrap_or_default()));
    }
    None
}

/// Everything a certificate says but its serial number, times and keys.
fn certificate(text: &str) -> String {
    let (_, pem) = parse_x509_pem(text.as_bytes()).expect("a PEM block");
    let certificate = pem.parse_x509().expect("an X.509 certificate");
    let validity = certificate.validity();
    let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
    let mut told = format!(
        "{:?} {} by {} for {seconds} s with {} signed with {}",
        certificate.version(),
        certificate.subject(),
        certificate.issuer(),
        certificate.public_key().algorithm.algorithm,
        certificate.signature_algorithm.algorithm,
    );
    for extension in certificate.extensions() {
        let parsed = extension.parsed_extension();
        let told_of = match parsed {
            ParsedExtension::SubjectKeyIdentifier(_) | ParsedExtension::AuthorityKeyIdentifier(_) => {
                String::new()
            }
            other => format!("{other:?}"),
        };
        write!(told, " {} {} {told_of}", extension.oid, extension.critical).expect("a String takes all");
    }
    told
}
