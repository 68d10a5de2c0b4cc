//! One version: `v1.2`, `1.2.3-rc.1+build`. Parsing is lenient (a `v`, missing parts, leading zeros), as
//! Masterminds' `NewVersion`, or strict, as its `StrictNewVersion`.

use std::{cmp::Ordering, fmt};

use super::SemverError;

/// A version; equality and order ignore the build metadata, as semver says.
#[derive(Clone, Debug)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number; 0 if missing.
    pub minor: u64,
    /// The third number; 0 if missing.
    pub patch: u64,
    /// What follows `-`, without it; empty if nothing does.
    pub prerelease: String,
    /// What follows `+`, without it; empty if nothing does.
    pub metadata: String,
    /// The text that was parsed.
    pub original: String,
}

impl Version {
    /// Reads `text` leniently: a leading `v`, one to three numbers, leading zeros are all right.
    ///
    /// # Errors
    /// When `text` is not of that form, or a number does not fit 64 bits.
    pub fn parse(text: &str) -> Result<Self, SemverError> {
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let mut numbers = [0; 3];
        for (index, number) in numbers.iter_mut().enumerate() {
            let digits_from = match (index, rest.strip_prefix('.')) {
                (0, _) => rest,
                (_, Some(after)) => after,
                (_, None) => break,
            };
            let length = digits_from.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 {
                return Err(SemverError::Version);
            }
            let (digits, after) = digits_from.split_at(length);
            *number = digits.parse().map_err(|_| SemverError::Range(digits.to_owned()))?;
            rest = after;
        }
        let (prerelease, rest) = suffix(rest, '-')?;
        let (metadata, rest) = suffix(rest, '+')?;
        if !rest.is_empty() {
            return Err(SemverError::Version);
        }
        check_prerelease(prerelease)?;
        let [major, minor, patch] = numbers;
        Ok(Self {
            major,
            minor,
            patch,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
            original: text.to_owned(),
        })
    }

    /// Reads `text` strictly, as semver 2.0 defines it: three numbers, no `v`, no leading zeros.
    ///
    /// # Errors
    /// When `text` is not of that form; the error says which rule it broke.
    pub fn parse_strict(text: &str) -> Result<Self, SemverError> {
        if text.is_empty() {
            return Err(SemverError::Empty);
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SemverError::Version);
        };
        let (rest, metadata) = split_suffix(rest, '+');
        if let Some(metadata) = metadata {
            check_metadata(metadata)?;
        }
        let (patch, prerelease) = split_suffix(rest, '-');
        if let Some(prerelease) = prerelease {
            check_strict_prerelease(prerelease)?;
        }
        let mut numbers = [0; 3];
        for (number, part) in numbers.iter_mut().zip([major, minor, patch]) {
            *number = strict_number(part)?;
        }
        let [major, minor, patch] = numbers;
        Ok(Self {
            major,
            minor,
            patch,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        })
    }

    /// The next version by `part`; pre-release and metadata go, and a pre-release's patch is not counted up.
    /// `None` if the number would not fit 64 bits.
    pub(super) fn next(&self, part: Part) -> Option<Self> {
        let (major, minor, patch) = match part {
            Part::Major => (self.major.checked_add(1)?, 0, 0),
            Part::Minor => (self.major, self.minor.checked_add(1)?, 0),
            Part::Patch if !self.prerelease.is_empty() => (self.major, self.minor, self.patch),
            Part::Patch => (self.major, self.minor, self.patch.checked_add(1)?),
        };
        let next = Self {
            major,
            minor,
            patch,
            prerelease: String::new(),
            metadata: String::new(),
            original: String::new(),
        };
        Some(next.with_original(&self.original))
    }

    /// This version with another pre-release.
    pub(super) fn with_prerelease(&self, prerelease: &str) -> Result<Self, SemverError> {
        if !prerelease.is_empty() {
            check_strict_prerelease(prerelease)?;
        }
        Ok(Self { prerelease: prerelease.to_owned(), ..self.clone() }.with_original(&self.original))
    }

    /// This version with other build metadata.
    pub(super) fn with_metadata(&self, metadata: &str) -> Result<Self, SemverError> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        Ok(Self { metadata: metadata.to_owned(), ..self.clone() }.with_original(&self.original))
    }

    fn with_original(mut self, before: &str) -> Self {
        let prefix = if before.starts_with('v') { "v" } else { "" };
        self.original = format!("{prefix}{self}");
        self
    }
}

/// A part to count up.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Major,
    Minor,
    Patch,
}

/// The dot-separated identifiers that follow `sign`, if `text` starts with it, and the rest.
fn suffix(text: &str, sign: char) -> Result<(&str, &str), SemverError> {
    let Some(body) = text.strip_prefix(sign) else {
        return Ok(("", text));
    };
    let length = body.bytes().take_while(|byte| is_identifier(*byte) || *byte == b'.').count();
    let (body, rest) = body.split_at(length);
    if body.split('.').any(str::is_empty) {
        return Err(SemverError::Version);
    }
    Ok((body, rest))
}

fn split_suffix(text: &str, sign: char) -> (&str, Option<&str>) {
    text.split_once(sign).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_identifier(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// Refuses numeric identifiers with a leading zero; the form is already known to be right.
fn check_prerelease(prerelease: &str) -> Result<(), SemverError> {
    let zero_led =
        |part: &str| part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit());
    if prerelease.split('.').any(zero_led) { Err(SemverError::LeadingZero) } else { Ok(()) }
}

fn check_strict_prerelease(prerelease: &str) -> Result<(), SemverError> {
    for part in prerelease.split('.') {
        if part.is_empty() || !part.bytes().all(is_identifier) {
            return Err(SemverError::Prerelease);
        }
        check_prerelease(part)?;
    }
    Ok(())
}

fn check_metadata(metadata: &str) -> Result<(), SemverError> {
    let bad = |part: &str| part.is_empty() || !part.bytes().all(is_identifier);
    if metadata.split('.').any(bad) { Err(SemverError::Metadata) } else { Ok(()) }
}

fn strict_number(part: &str) -> Result<u64, SemverError> {
    if !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SemverError::Characters);
    }
    if part.len() > 1 && part.starts_with('0') {
        return Err(SemverError::LeadingZero);
    }
    part.parse().map_err(|_| SemverError::Range(part.to_owned()))
}

/// Orders pre-releases part by part: numbers before words, a missing part before any other.
pub(super) fn compare_prerelease(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (one, other) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => (one.unwrap_or_default(), other.unwrap_or_default()),
        };
        match compare_part(one, other) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
}

fn compare_part(one: &str, other: &str) -> Ordering {
    if one.is_empty() || other.is_empty() {
        return one.len().min(1).cmp(&other.len().min(1));
    }
    // Numbers above 64 bits count as words, as in the original. Rust would take a leading `+`, which the form excludes.
    match (one.parse::<u64>(), other.parse::<u64>()) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => one.cmp(other),
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prerelease(&self.prerelease, &other.prerelease),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(out, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(out, "+{}", self.metadata)?;
        }
        Ok(())
    }
}
