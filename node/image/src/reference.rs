//! Image references as people write them, made unambiguous the way Docker does.
//!
//! In: `busybox`, `host:5000/a/b:tag`, `[::1]:5000/a@sha256:...`. Out: registry, repository, tag and digest. Grammar and
//! defaults follow the distribution project's `reference` package, which kubelet and containerd use; pure.

use std::fmt;

use crate::{Error, Result};

/// Where unqualified names live.
const DEFAULT_REGISTRY: &str = "docker.io";
/// An old name of the same place.
const LEGACY_DEFAULT_REGISTRY: &str = "index.docker.io";
/// The namespace of single-word names there.
const OFFICIAL_NAMESPACE: &str = "library";
/// The tag that is meant when neither tag nor digest is given.
const DEFAULT_TAG: &str = "latest";
/// Characters in a repository's name.
const MAX_REPOSITORY: usize = 255;
/// Characters in a tag.
const MAX_TAG: usize = 128;

const INVALID: &str = "invalid reference format";

/// A normalised image reference. Its `Display` is the full form, for example `docker.io/library/busybox:latest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// Parses and completes `text`; the error is [`Error::InvalidReference`] with Docker's reason.
    pub fn parse(text: &str) -> Result<Self> {
        parse(text).map_err(|reason| Error::InvalidReference { reference: text.to_owned(), reason })
    }

    /// `host[:port]`, for example `docker.io` or `[::1]:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path below the registry, for example `library/busybox`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` if neither tag nor digest was given, none if only a digest was.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, `sha256:<hex>`; it wins over the tag.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Registry and repository: `docker.io/library/busybox`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository at a digest.
    pub fn at(&self, digest: &str) -> Self {
        Self {
            registry: self.registry.clone(),
            repository: self.repository.clone(),
            tag: None,
            digest: Some(digest.to_owned()),
        }
    }

    /// The name under which an image is kept: with a digest the tag says nothing more and is left out.
    pub(crate) fn key(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{digest}", self.name()),
            None => self.to_string(),
        }
    }

    /// The host without its port.
    pub(crate) fn host(&self) -> &str {
        match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => self.registry.split(':').next().unwrap_or(&self.registry),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err(INVALID.to_owned());
    }
    if text.len() == 64 && text.bytes().all(is_lower_hex) {
        return Err(format!("invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"));
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(check_digest(digest)?)),
        None => (text, None),
    };
    let (registry, rest) = split_registry(rest);
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(check_tag(tag)?)),
        None => (rest, None),
    };
    check_registry(&registry)?;
    let repository = match registry.as_str() {
        DEFAULT_REGISTRY if !path.contains('/') && !path.is_empty() => format!("{OFFICIAL_NAMESPACE}/{path}"),
        _ => path.to_owned(),
    };
    check_repository(&repository, path)?;
    let tag = tag.or_else(|| digest.is_none().then(|| DEFAULT_TAG.to_owned()));
    Ok(Reference { registry, repository, tag, digest })
}

/// The first component is a registry if it cannot be part of a name: `localhost`, or with a dot, a port or a capital.
fn split_registry(text: &str) -> (String, &str) {
    match text.split_once('/') {
        Some((LEGACY_DEFAULT_REGISTRY, rest)) => (DEFAULT_REGISTRY.to_owned(), rest),
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.bytes().any(|b| b.is_ascii_uppercase()) =>
        {
            (first.to_owned(), rest)
        }
        _ => (DEFAULT_REGISTRY.to_owned(), text),
    }
}

fn check_registry(registry: &str) -> Result<(), String> {
    let (host, port) = match registry.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or(INVALID)?;
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(INVALID.to_owned());
            }
            match after.strip_prefix(':') {
                Some(port) => (None, Some(port)),
                None if after.is_empty() => (None, None),
                None => return Err(INVALID.to_owned()),
            }
        }
        None => match registry.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(registry), None),
        },
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.is_some_and(|host| !host.split('.').all(label))
        || port.is_some_and(|port| port.parse::<u16>().is_err())
    {
        return Err(INVALID.to_owned());
    }
    Ok(())
}

/// `given` is what was written, for the message.
fn check_repository(repository: &str, given: &str) -> Result<(), String> {
    if given.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(format!("{INVALID}: repository name ({repository}) must be lowercase"));
    }
    if repository.len() > MAX_REPOSITORY {
        return Err(format!("repository name must not be more than {MAX_REPOSITORY} characters"));
    }
    match repository.split('/').all(is_component) {
        true => Ok(()),
        false => Err(INVALID.to_owned()),
    }
}

/// Lower-case letters and digits, joined by one dot, one or two underscores, or any number of dashes.
fn is_component(component: &str) -> bool {
    let bytes = component.as_bytes();
    let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if !bytes.first().is_some_and(alphanumeric) || !bytes.last().is_some_and(alphanumeric) {
        return false;
    }
    component
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
}

fn check_tag(tag: &str) -> Result<String, String> {
    let first = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let rest = |b: u8| first(b) || b == b'.' || b == b'-';
    match tag.as_bytes() {
        [head, tail @ ..] if first(*head) && tail.len() < MAX_TAG && tail.iter().all(|b| rest(*b)) => {
            Ok(tag.to_owned())
        }
        _ => Err(INVALID.to_owned()),
    }
}

fn check_digest(digest: &str) -> Result<String, String> {
    let (algorithm, hex) = digest.split_once(':').ok_or(INVALID)?;
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ if algorithm.is_empty() => return Err(INVALID.to_owned()),
        _ => return Err("unsupported digest algorithm".to_owned()),
    };
    match hex.len() == length && hex.bytes().all(is_lower_hex) {
        true => Ok(digest.to_owned()),
        false => Err(INVALID.to_owned()),
    }
}

fn is_lower_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const D: &str = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    #[test]
    fn completes_short_forms() {
        let digest = |s: &str| s.replace("DIGEST", D);
        for (given, full) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36"),
            ("library/busybox", "docker.io/library/busybox:latest"),
            ("docker.io/busybox", "docker.io/library/busybox:latest"),
            ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
            ("user/app:v1", "docker.io/user/app:v1"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/a/b:t", "localhost:5000/a/b:t"),
            ("test.com:tag", "docker.io/library/test.com:tag"),
            ("test:5000/repo", "test:5000/repo:latest"),
            ("127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"),
            ("[::1]:5000/a:b", "[::1]:5000/a:b"),
            ("[fd00::1]/a", "[fd00::1]/a:latest"),
            ("Registry/app", "Registry/app:latest"),
            ("lower:UpperTag", "docker.io/library/lower:UpperTag"),
            ("a__b/c--d/e.f:x", "docker.io/a__b/c--d/e.f:x"),
            ("busybox@DIGEST", "docker.io/library/busybox@DIGEST"),
            ("host:1/a:t@DIGEST", "host:1/a:t@DIGEST"),
        ] {
            assert_eq!(Reference::parse(&digest(given)).unwrap().to_string(), digest(full), "{given}");
        }
    }

    #[test]
    fn refuses_with_the_known_words() {
        let long = format!("a/{}", "b".repeat(256));
        let hex = "f".repeat(64);
        for (given, reason) in [
            ("", INVALID),
            (":tag", INVALID),
            ("a:", INVALID),
            ("a b", INVALID),
            ("a//b", INVALID),
            ("/a", INVALID),
            ("a/", INVALID),
            ("-a", INVALID),
            ("a..b", INVALID),
            ("a___b", INVALID),
            ("http://a/b", INVALID),
            ("a@sha256:123", INVALID),
            ("a@md5:123", "unsupported digest algorithm"),
            ("a@", INVALID),
            ("a:t:t", INVALID),
            ("host:99999/a", INVALID),
            ("[::1/a", INVALID),
            ("[zz]/a", INVALID),
            ("Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase"),
            (&long, "repository name must not be more than 255 characters"),
            (&hex, &format!("invalid repository name ({hex}), cannot specify 64-byte hexadecimal strings")),
        ] {
            match Reference::parse(given) {
                Err(Error::InvalidReference { reason: got, .. }) => assert_eq!(got, reason, "{given}"),
                other => panic!("{given}: {other:?}"),
            }
        }
        let text = Reference::parse("Bad").unwrap_err().to_string();
        assert!(text.starts_with("couldn't parse image name \"Bad\": invalid reference format"), "{text}");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}") {
            let _ = Reference::parse(&text);
        }

        #[test]
        fn full_form_is_a_fixed_point(text in "([a-z]{1,6}(\\.[a-z]{1,3})?(:[0-9]{1,4})?/)?[a-z]{1,8}(/[a-z0-9]{1,8}){0,2}(:[A-Za-z0-9_.-]{1,9})?") {
            if let Ok(first) = Reference::parse(&text) {
                prop_assert_eq!(Reference::parse(&first.to_string()).unwrap(), first);
            }
        }
    }
}
