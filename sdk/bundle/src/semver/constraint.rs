//! Constraints on versions: `>=1.2, <2 || ^3.x || 4 - 5`. `||` separates alternatives, commas or spaces the
//! comparisons that must all hold.
//!
//! A pre-release satisfies only alternatives that name a pre-release themselves (`>=1.2-0`).
//! Source of the behaviour: Masterminds semver v3, `constraints.go`.

use std::{borrow::Cow, cmp::Ordering, fmt};

use super::{SemverError, Version, version::compare_prerelease};

/// A parsed constraint.
#[derive(Clone, Debug)]
pub struct Constraint {
    alternatives: Vec<Alternative>,
}

/// Comparisons that must all hold.
#[derive(Clone, Debug)]
struct Alternative {
    comparisons: Vec<Comparison>,
    /// Whether any comparison names a pre-release, so that pre-releases count.
    prerelease: bool,
}

#[derive(Clone, Debug)]
struct Comparison {
    operator: Operator,
    /// As written, for display.
    text: String,
    version: Version,
    /// The first part that is missing or a wildcard.
    open: Open,
}

/// From which part on a comparison's version is open (`1.x`, `2`, `*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// All three numbers are given.
    Nothing,
    /// `1.2`, `1.2.x`.
    Patch,
    /// `1`, `1.x`.
    Minor,
    /// `*`, `x.2`.
    Major,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// None or `=`.
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// How operators are written, longest first.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    /// When `text` is not of a constraint's form.
    pub fn parse(text: &str) -> Result<Self, SemverError> {
        let text = rewrite_ranges(text);
        let alternatives = text.split("||").map(Alternative::parse).collect::<Result<_, _>>()?;
        Ok(Self { alternatives })
    }

    /// Whether `version` satisfies the constraint.
    pub fn accepts(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|alternative| alternative.accepts(version))
    }
}

impl Alternative {
    fn parse(text: &str) -> Result<Self, SemverError> {
        let improper = || SemverError::Constraint(text.to_owned());
        let mut rest = text;
        let mut comparisons = Vec::new();
        loop {
            let (comparison, after) = Comparison::parse(rest).ok_or_else(improper)?;
            comparisons.push(comparison?);
            let trimmed = skip_space(after);
            if trimmed.is_empty() {
                break;
            }
            rest = match trimmed.strip_prefix(',') {
                Some(next) => next,
                None if trimmed.len() < after.len() => trimmed,
                None => return Err(improper()),
            };
        }
        let prerelease = comparisons.iter().any(|comparison| !comparison.version.prerelease.is_empty());
        Ok(Self { comparisons, prerelease })
    }

    fn accepts(&self, version: &Version) -> bool {
        (self.prerelease || version.prerelease.is_empty())
            && self.comparisons.iter().all(|comparison| comparison.accepts(version))
    }
}

impl Comparison {
    /// One comparison at the start of `text` and what follows it; `None` if there is none. The inner failure is a
    /// version of the right form that cannot be read.
    fn parse(text: &str) -> Option<(Result<Self, SemverError>, &str)> {
        let text = skip_space(text);
        let (operator, text) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, text));
        let text = skip_space(text);
        let pattern = Pattern::parse(text)?;
        let (written, rest) = text.split_at(pattern.length);
        Some((pattern.comparison(operator, written), rest))
    }

    fn accepts(&self, version: &Version) -> bool {
        match self.operator {
            Operator::Equal if self.open == Open::Nothing => *version == self.version,
            Operator::Equal | Operator::Tilde => self.accepts_tilde(version),
            Operator::NotEqual => self.accepts_unequal(version),
            Operator::Greater => self.accepts_greater(version),
            Operator::Less => *version < self.version,
            Operator::GreaterEqual => *version >= self.version,
            Operator::LessEqual => self.accepts_less_or_equal(version),
            Operator::Caret => self.accepts_caret(version),
        }
    }

    fn accepts_tilde(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        // `~0.0.0` and `*` accept everything from there on.
        if (own.major, own.minor, own.patch) == (0, 0, 0) && matches!(self.open, Open::Nothing | Open::Major)
        {
            return true;
        }
        version.major == own.major && (version.minor == own.minor || self.open == Open::Minor)
    }

    fn accepts_unequal(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.open {
            Open::Nothing | Open::Major => version != own,
            Open::Minor => version.major != own.major,
            Open::Patch => {
                (version.major, version.minor) != (own.major, own.minor)
                    || compare_prerelease(&version.prerelease, &own.prerelease).is_ne()
            }
        }
    }

    fn accepts_greater(&self, version: &Version) -> bool {
        let own = &self.version;
        match (version.major.cmp(&own.major), self.open) {
            (_, Open::Nothing) | (Ordering::Equal, Open::Major) => version > own,
            (Ordering::Greater, _) => true,
            (Ordering::Less, _) | (Ordering::Equal, Open::Minor) => false,
            (Ordering::Equal, Open::Patch) => version.minor > own.minor,
        }
    }

    fn accepts_less_or_equal(&self, version: &Version) -> bool {
        let own = &self.version;
        if self.open == Open::Nothing {
            return version <= own;
        }
        version.major < own.major
            || version.major == own.major && (version.minor <= own.minor || self.open == Open::Minor)
    }

    fn accepts_caret(&self, version: &Version) -> bool {
        let own = &self.version;
        if version < own {
            return false;
        }
        if own.major > 0 || self.open == Open::Minor {
            return version.major == own.major;
        }
        if version.major > 0 {
            return false;
        }
        if own.minor > 0 || self.open == Open::Patch {
            return version.minor == own.minor;
        }
        version.minor == 0 && version.patch == own.patch
    }
}

/// A version with wildcards, by the extents of its parts.
struct Pattern<'a> {
    numbers: [&'a str; 3],
    prerelease: &'a str,
    length: usize,
}

impl<'a> Pattern<'a> {
    /// The longest pattern that `text` starts with.
    fn parse(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut at = usize::from(bytes.first() == Some(&b'v'));
        let mut numbers = [""; 3];
        for (index, number) in numbers.iter_mut().enumerate() {
            let from = match (index, bytes.get(at)) {
                (0, _) => at,
                (_, Some(b'.')) => at + 1,
                _ => break,
            };
            let end = from + bytes[from..].iter().take_while(|byte| b"0123456789xX*|".contains(byte)).count();
            if end == from {
                if index == 0 {
                    return None;
                }
                break;
            }
            (*number, at) = (&text[from..end], end);
        }
        let prerelease_end = identifiers_end(bytes, at, b'-');
        let length = identifiers_end(bytes, prerelease_end, b'+');
        Some(Self { numbers, prerelease: &text[at..prerelease_end], length })
    }

    fn comparison(&self, operator: Operator, written: &str) -> Result<Comparison, SemverError> {
        let [major, minor, patch] = self.numbers;
        let prerelease = self.prerelease;
        let (open, version) = if is_open(major) {
            (Open::Major, Cow::Owned(format!("0.0.0{prerelease}")))
        } else if is_open(minor) {
            (Open::Minor, Cow::Owned(format!("{major}.0.0{prerelease}")))
        } else if is_open(patch) {
            (Open::Patch, Cow::Owned(format!("{major}.{minor}.0{prerelease}")))
        } else {
            (Open::Nothing, Cow::Borrowed(written))
        };
        let version = Version::parse(&version).map_err(|_| SemverError::ConstraintVersion)?;
        Ok(Comparison { operator, text: written.to_owned(), version, open })
    }
}

fn is_open(number: &str) -> bool {
    matches!(number, "" | "x" | "X" | "*")
}

/// Where the dot-separated identifiers that follow `sign` at `at` end; `at` if there are none.
fn identifiers_end(bytes: &[u8], at: usize, sign: u8) -> usize {
    if bytes.get(at) != Some(&sign) {
        return at;
    }
    let word = |from: usize| {
        from + bytes[from..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count()
    };
    let mut end = word(at + 1);
    if end == at + 1 {
        return at;
    }
    while bytes.get(end) == Some(&b'.') && word(end + 1) > end + 1 {
        end = word(end + 1);
    }
    end
}

/// RE2's `\s`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn skip_space(text: &str) -> &str {
    &text[text.bytes().take_while(|byte| is_space(*byte)).count()..]
}

/// Turns each hyphen range `1.2 - 2` into `>= 1.2, <= 2 `. Each range is looked for on its own, whatever stands
/// before it, and a `|` in a version belongs to it (so `1 - 2||3 - 4` is improper, as in the original).
fn rewrite_ranges(text: &str) -> Cow<'_, str> {
    if !text.contains(" -") && !text.contains("\t-") && !text.contains("\n-") {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while at < text.len() {
        let Some(range) = Range::parse(&text[at..]) else {
            // Nothing within the same white space can start a range either.
            let space = text[at..].len() - skip_space(&text[at..]).len();
            let character = text[at..].chars().next().map_or(1, char::len_utf8);
            at += space.max(character);
            continue;
        };
        out.push_str(&text[copied..at]);
        out.push_str(&format!(">= {}, <= {} ", range.low, range.high));
        at += range.length;
        copied = at;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

struct Range<'a> {
    low: &'a str,
    high: &'a str,
    length: usize,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (low, rest) = Self::bound(skip_space(text))?;
        let dash = skip_space(rest);
        let after = dash.strip_prefix('-').filter(|_| dash.len() < rest.len())?;
        let bound = skip_space(after);
        if bound.len() == after.len() {
            return None;
        }
        let (high, rest) = Self::bound(bound)?;
        Some(Self { low, high, length: text.len() - skip_space(rest).len() })
    }

    fn bound(text: &str) -> Option<(&str, &str)> {
        Some(text.split_at(Pattern::parse(text)?.length))
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, alternative) in self.alternatives.iter().enumerate() {
            out.write_str(if index > 0 { " || " } else { "" })?;
            for (index, comparison) in alternative.comparisons.iter().enumerate() {
                let space = if index > 0 { " " } else { "" };
                write!(out, "{space}{}{}", comparison.operator.sign(), comparison.text)?;
            }
        }
        Ok(())
    }
}

impl Operator {
    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterEqual => ">=",
            Self::LessEqual => "<=",
            Self::Tilde => "~",
            Self::Caret => "^",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A constraint, the versions that the stock helm 4.3.1 accepts for it and those it refuses, by tabs; one that
    /// it finds improper stands alone.
    const CASES: &str = include_str!("constraints.tsv");

    #[test]
    fn accepts_what_helm_accepts() {
        for line in CASES.lines() {
            let mut columns = line.split('\t');
            let constraint = columns.next().unwrap_or_default();
            let parsed = Constraint::parse(constraint);
            let (Some(accepted), Some(refused)) = (columns.next(), columns.next()) else {
                assert!(parsed.is_err(), "{constraint:?}");
                continue;
            };
            let parsed = parsed.expect(constraint);
            for (versions, expected) in [(accepted, true), (refused, false)] {
                for version in versions.split_whitespace() {
                    let version = Version::parse(version).expect(version);
                    assert_eq!(parsed.accepts(&version), expected, "{constraint:?} {version}");
                }
            }
        }
    }

    #[test]
    fn display() {
        for (text, expected) in [(">=1.2, <2||^3", ">=1.2 <2 || ^3"), ("1.2 - 2", ">=1.2 <=2"), ("* ", "*")] {
            assert_eq!(Constraint::parse(text).expect(text).to_string(), expected);
        }
    }
}
