//! Times as the API writes them, and Go's words for what is no time.

use jiff::Timestamp;

/// `2026-11-21T09:00:00Z`; a fraction is cut off.
pub(crate) fn rfc3339_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-21T09:00:00.000000Z`.
pub(crate) fn rfc3339_micros(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Whether `text` is the form of [`rfc3339_seconds`] (`micros`: of [`rfc3339_micros`]) as it stands.
pub(super) fn is_canonical(text: &str, micros: bool) -> bool {
    let bytes = text.as_bytes();
    let length = if micros { 27 } else { 20 };
    bytes.len() == length && bytes[length - 1] == b'Z' && complaint(text).is_none()
}

/// What Go's `time.Parse` says about `text` as RFC 3339, or `None` when it is a time.
pub(super) fn complaint(text: &str) -> Option<String> {
    if is_good(text.as_bytes()) { None } else { Some(explain(text)) }
}

/// `YYYY-MM-DDTHH:MM:SS`, perhaps a fraction, and `Z` or an offset.
fn is_good(text: &[u8]) -> bool {
    let Some((fixed, rest)) = text.split_first_chunk::<19>() else { return false };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, byte)| fixed[*at] != *byte) {
        return false;
    }
    let number = |from: usize, to: usize| {
        fixed[from..to]
            .iter()
            .try_fold(0u32, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
    };
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 7), number(8, 10)) else {
        return false;
    };
    let (Some(hour), Some(minute), Some(second)) = (number(11, 13), number(14, 16), number(17, 19)) else {
        return false;
    };
    let date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    date && hour < 24 && minute < 60 && second < 60 && is_offset(without_fraction(rest))
}

/// `rest` without a leading `.` and digits; as it is when it has none.
fn without_fraction(rest: &[u8]) -> &[u8] {
    let Some(fraction) = rest.strip_prefix(b".") else { return rest };
    match fraction.iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 => rest,
        digits => &fraction[digits..],
    }
}

fn is_offset(text: &[u8]) -> bool {
    match text {
        b"Z" => true,
        [b'+' | b'-', a, b, b':', c, d] => {
            [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()) && (*a, *b) < (b'2', b'4') && *c < b'6'
        }
        _ => false,
    }
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Go's words for what is not good.
#[cold]
fn explain(text: &str) -> String {
    const PARTS: [(usize, &str, &str, u32, u32); 11] = [
        (4, "2006", "year", 0, 9999),
        (0, "-", "", 0, 0),
        (2, "01", "month", 1, 12),
        (0, "-", "", 0, 0),
        (2, "02", "day", 1, 31),
        (0, "T", "", 0, 0),
        (2, "15", "hour", 0, 23),
        (0, ":", "", 0, 0),
        (2, "04", "minute", 0, 59),
        (0, ":", "", 0, 0),
        (2, "05", "second", 0, 59),
    ];
    let cannot = |rest: &str, part: &str| {
        format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {rest:?} as {part:?}")
    };
    let mut rest = text;
    for (digits, part, name, low, high) in PARTS {
        let taken = match digits {
            0 => rest.starts_with(part).then_some(1),
            digits => rest.get(..digits).filter(|all| all.bytes().all(|b| b.is_ascii_digit())).map(str::len),
        };
        let Some(taken) = taken else { return cannot(rest, part) };
        if digits > 0 && !rest[..taken].parse::<u32>().is_ok_and(|value| (low..=high).contains(&value)) {
            return format!("parsing time {text:?}: {name} out of range");
        }
        rest = &rest[taken..];
    }
    let after = &rest[rest.len() - without_fraction(rest.as_bytes()).len()..];
    match after.strip_prefix('Z') {
        Some("") => format!("parsing time {text:?}: day out of range"),
        Some(extra) => format!("parsing time {text:?}: extra text: {extra:?}"),
        None if is_offset(after.as_bytes()) => format!("parsing time {text:?}: day out of range"),
        None => cannot(after, "Z07:00"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times() {
        for good in ["2026-11-21T09:00:00Z", "2026-11-21T09:00:00.123Z", "2024-02-29T23:59:59+01:00"] {
            assert_eq!(complaint(good), None, "{good}");
        }
        for (bad, expected) in [
            (
                "abc",
                "parsing time \"abc\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"abc\" as \"2006\"",
            ),
            ("2026-13-01T00:00:00Z", "parsing time \"2026-13-01T00:00:00Z\": month out of range"),
            ("2026-02-30T00:00:00Z", "parsing time \"2026-02-30T00:00:00Z\": day out of range"),
            (
                "2026-11-21",
                "parsing time \"2026-11-21\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"",
            ),
        ] {
            assert_eq!(complaint(bad).as_deref(), Some(expected));
        }
        assert!(complaint("2026-11-21T09:00:00").is_some());
        assert!(complaint("２０２６").is_some());
    }

    proptest! {
        #[test]
        fn what_is_good_is_a_time(
            text in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,9})?(Z|[+-][01][0-9]:[0-6][0-9]|)"
        ) {
            let read = text.parse::<Timestamp>();
            // A leap second is a time to the library, which reads it as the second before.
            let leap = &text[17..19] == "60";
            prop_assert_eq!(complaint(&text).is_none(), read.is_ok() && !leap, "{:?}", complaint(&text));
        }

        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = complaint(&text);
        }
    }

    #[test]
    fn forms() {
        let time: Timestamp = "2026-11-21T09:00:00.5Z".parse().unwrap();
        assert_eq!(rfc3339_seconds(time), "2026-11-21T09:00:00Z");
        assert_eq!(rfc3339_micros(time), "2026-11-21T09:00:00.500000Z");
        assert!(is_canonical(&rfc3339_seconds(time), false) && is_canonical(&rfc3339_micros(time), true));
        assert!(!is_canonical("2026-11-21T09:00:00+01:00", false));
    }
}
