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
    const LAYOUT: [(usize, &str, &str); 11] = [
        (4, "2006", "2006-01-02T15:04:05Z07:00"),
        (0, "-", ""),
        (2, "01", "month"),
        (0, "-", ""),
        (2, "02", "day"),
        (0, "T", ""),
        (2, "15", "hour"),
        (0, ":", ""),
        (2, "04", "minute"),
        (0, ":", ""),
        (2, "05", "second"),
    ];
    const RANGES: [(&str, u32, u32); 5] =
        [("month", 1, 12), ("day", 1, 31), ("hour", 0, 23), ("minute", 0, 59), ("second", 0, 59)];
    let cannot = |rest: &str, part: &str| {
        Some(format!("parsing time {text:?} as {:?}: cannot parse {rest:?} as {part:?}", LAYOUT[0].2))
    };
    let mut rest = text;
    for (digits, part, name) in LAYOUT {
        let taken = match digits {
            0 => rest.starts_with(part).then_some(1),
            digits => {
                rest.get(..digits).filter(|all| all.bytes().all(|b| b.is_ascii_digit())).map(|_| digits)
            }
        };
        let Some(taken) = taken else { return cannot(rest, part) };
        let range = RANGES.iter().find(|(of, ..)| *of == name);
        if let (Some((_, low, high)), Ok(value)) = (range, rest[..taken].parse::<u32>())
            && !(*low..=*high).contains(&value)
        {
            return Some(format!("parsing time {text:?}: {name} out of range"));
        }
        rest = &rest[taken..];
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return cannot(rest, "Z07:00");
        }
        rest = &fraction[digits..];
    }
    let offset = rest.as_bytes();
    let numeric = offset.len() == 6
        && matches!(offset[0], b'+' | b'-')
        && offset[3] == b':'
        && [1, 2, 4, 5].iter().all(|at| offset[*at].is_ascii_digit());
    if rest == "Z" || numeric {
        return text
            .parse::<Timestamp>()
            .is_err()
            .then(|| format!("parsing time {text:?}: day out of range"));
    }
    if let Some(extra) = rest.strip_prefix('Z') {
        return Some(format!("parsing time {text:?}: extra text: {extra:?}"));
    }
    cannot(rest, "Z07:00")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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

    #[test]
    fn forms() {
        let time: Timestamp = "2026-11-21T09:00:00.5Z".parse().unwrap();
        assert_eq!(rfc3339_seconds(time), "2026-11-21T09:00:00Z");
        assert_eq!(rfc3339_micros(time), "2026-11-21T09:00:00.500000Z");
        assert!(is_canonical(&rfc3339_seconds(time), false) && is_canonical(&rfc3339_micros(time), true));
        assert!(!is_canonical("2026-11-21T09:00:00+01:00", false));
    }
}
