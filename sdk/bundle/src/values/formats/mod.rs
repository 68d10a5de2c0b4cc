//! Formats of texts, judged as Helm's validator judges them, which is not always as their standards do. In: the name of a
//! format and a text; out: why the text is none, in that validator's words.

mod addresses;
mod clock;
mod identifiers;
mod locators;

use crate::functions::regex;

/// Says why a text does not have a format.
type Check = fn(&str) -> Result<(), String>;

/// Every format that is judged.
const FORMATS: &[(&str, Check)] = &[
    ("date", clock::date),
    ("date-time", clock::date_time),
    ("duration", clock::duration),
    ("email", addresses::email),
    ("hostname", addresses::hostname),
    ("ipv4", addresses::ipv4),
    ("ipv6", addresses::ipv6),
    ("iri", locators::uri),
    ("iri-reference", locators::reference),
    ("json-pointer", identifiers::pointer),
    ("period", clock::period),
    ("regex", pattern),
    ("relative-json-pointer", identifiers::relative_pointer),
    ("semver", identifiers::version),
    ("time", clock::time),
    ("uri", locators::uri),
    ("uri-reference", locators::reference),
    ("uri-template", locators::template),
    ("uuid", identifiers::uuid),
];
/// Formats that Helm's validator does not know, so that every text has them.
const UNKNOWN: [&str; 2] = ["idn-email", "idn-hostname"];

/// All formats that our validator is to judge as Helm's, each with what says whether a text has it.
pub(super) fn all() -> impl Iterator<Item = (&'static str, impl Fn(&str) -> bool + Send + Sync + 'static)> {
    let known = FORMATS.iter().map(|(name, check)| (*name, Some(*check)));
    let all = known.chain(UNKNOWN.map(|name| (name, None)));
    all.map(|(name, check)| (name, move |text: &str| check.is_none_or(|check| check(text).is_ok())))
}

/// Why a text does not have a format; `None` if it has it, or nobody knows the format.
pub(super) fn refusal(format: &str, text: &str) -> Option<String> {
    let (_, check) = FORMATS.iter().find(|(name, _)| *name == format)?;
    check(text).err()
}

fn pattern(text: &str) -> Result<(), String> {
    regex::check(text)
}

/// Fails with `problem` unless it `holds`.
fn ensure(holds: bool, problem: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A format, a text, and what Helm's validator says of it.
    const JUDGED: &[(&str, &str, &str)] = &[
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", ""),
        ("uuid", "123E4567-e89b-12d3-a456-426614174000", ""),
        ("uuid", "123e4567-e89b-12d3-a456", "must have 5 elements"),
        ("uuid", "123e4567-e89b-12d3-a456-42661417400g", "non-hex character 'g'"),
        ("uuid", "123e456-e89b-12d3-a456-42661417400g", "element 1 must be 8 characters long"),
        ("duration", "P1Y2M3DT4H5M6S", ""),
        ("duration", "P3W", ""),
        ("duration", "PT1S", ""),
        ("duration", "P1D", ""),
        ("duration", "P", "nothing after P"),
        ("duration", "PT", "no time elements"),
        ("duration", "P1", "missing unit"),
        ("duration", "P1D2Y", "unit 'Y' out of order"),
        ("duration", "1D", "must start with P"),
        ("duration", "PW", "no number in week"),
        ("duration", "P1H", "invalid unit 'H'"),
        ("duration", "PxD", "missing number"),
        ("duration", "P1DT1HT1M", "more than one T"),
        ("email", "a.b+c@example.com", ""),
        ("email", "\"a b\"@example.com", ""),
        ("email", "a@[127.0.0.1]", ""),
        ("email", "a@[IPv6:::1]", ""),
        ("email", "x", "missing @"),
        ("email", ".a@b", "starts with dot"),
        ("email", "a.@b", "ends with dot"),
        ("email", "a..b@c", "consecutive dots"),
        ("email", "a b@c", "invalid character ' '"),
        ("email", "a@-c", "invalid domain: label starts with hyphen"),
        ("email", "a@[1.2.3]", "invalid ipv4 address: expected four decimals"),
        ("hostname", "a.b-c.", ""),
        ("hostname", "a..b", "label must be 1 to 63 characters long"),
        ("hostname", "a_b", "invalid character '_'"),
        ("ipv4", "1.2.3.255", ""),
        ("ipv4", "1.2.3.256", "decimal must be between 0 and 255"),
        ("ipv4", "1.2.3.04", "leading zeros"),
        ("ipv4", "1.2.3.x", "strconv.Atoi: parsing \"x\": invalid syntax"),
        ("ipv6", "::1", ""),
        ("ipv6", "1.2.3.4", "missing colon"),
        ("ipv6", "1:2", "ParseAddr(\"1:2\"): address string too short"),
        ("ipv6", "fe80::1%eth0", "zone id is not a part of ipv6 address"),
        ("date", "2026-02-28", ""),
        ("date", "2026-02-30", "parsing time \"2026-02-30\": day out of range"),
        ("date", "x", "parsing time \"x\" as \"2006-01-02\": cannot parse \"x\" as \"2006\""),
        ("time", "12:00:00Z", ""),
        ("time", "12:00:00.5+01:00", ""),
        ("time", "23:59:60Z", ""),
        ("time", "12:59:60Z", "invalid leap second"),
        ("time", "12:00", "less than 9 characters long"),
        ("time", "25:00:00Z", "hour/min/sec out of range"),
        ("time", "12:00:00+1:00", "offset must be 6 characters long"),
        ("date-time", "2026-01-02T03:04:05Z", ""),
        ("date-time", "2026-01-02 03:04:05Z", "11th character must be t or T"),
        (
            "date-time",
            "2026-13-02T03:04:05Z",
            "invalid date element: parsing time \"2026-13-02\": month out of range",
        ),
        ("period", "2026-01-02T03:04:05Z/P1D", ""),
        ("period", "x", "missing slash"),
        ("uri", "https://a.b/c", ""),
        ("uri", "a/b", "relative url"),
        ("uri", ":x", "parse \":x\": missing protocol scheme"),
        ("uri-reference", "a/b", ""),
        ("uri-reference", "a\\b", "contains \\"),
        ("uri-template", "http://a/{b}/c", ""),
        ("uri-template", "http://a/{b/c", "no matching closing brace"),
        ("uri-template", "http://a/{{b}}", "nested curly braces"),
        ("json-pointer", "/a~1b", ""),
        ("json-pointer", "a", "not starting with /"),
        ("json-pointer", "/a~2", "~ must be followed by 0 or 1"),
        ("relative-json-pointer", "0#", ""),
        ("relative-json-pointer", "01/a", "starts with zero"),
        ("relative-json-pointer", "/a", "must start with non-negative integer"),
        ("semver", "1.2.3-rc.1+b.7", ""),
        ("semver", "1.2", "versionCore must have 3 numbers separated by dot"),
        ("semver", "1.02.3", "minor starts with zero"),
        ("semver", "1.2.3-01", "pre-release numeric identifier starts with zero"),
        ("semver", "1.2.3+", "build is empty"),
        ("idn-email", "x", ""),
    ];

    #[test]
    fn formats_are_told_apart() {
        for (format, text, expected) in JUDGED {
            assert_eq!(refusal(format, text).unwrap_or_default(), *expected, "{format} {text}");
        }
    }

    #[test]
    fn every_format_is_judged_by_name() {
        let fits =
            |format: &str, text: &str| all().find(|(name, _)| *name == format).map(|(_, fits)| fits(text));
        assert_eq!(fits("email", "x"), Some(false));
        assert_eq!(fits("idn-email", "x"), Some(true));
        assert_eq!(fits("nothing", "x"), None);
    }
}
