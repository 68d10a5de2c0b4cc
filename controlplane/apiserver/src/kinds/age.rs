//! How long ago something happened, in the words of `kubectl get`.
//!
//! Source of the behaviour: apimachinery `util/duration.HumanDuration` and the printers' timestamp columns.

use jiff::Timestamp;
use serde_json::Value;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// `5s`, `3m12s`, `4h`, `2d3h`, `410d`, `3y40d`: two units at most, fewer the longer it is.
pub fn human(seconds: i64) -> String {
    let two = |large: i64, unit: &str, small: i64, rest: &str| match small {
        0 => format!("{large}{unit}"),
        small => format!("{large}{unit}{small}{rest}"),
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1 => "0s".into(),
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, "h", s % HOUR / MINUTE, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, "d", s % DAY / HOUR, "h"),
        s if s < 2 * YEAR => format!("{}d", s / DAY),
        s if s < 8 * YEAR => two(s / YEAR, "y", s % YEAR / DAY, "d"),
        s => format!("{}y", s / YEAR),
    }
}

/// The time since an RFC 3339 timestamp; `<unknown>` when there is none.
pub fn since(timestamp: &Value, now: Timestamp) -> String {
    match parse(timestamp) {
        Some(then) => human(seconds_between(then, now)),
        None => "<unknown>".into(),
    }
}

/// The timestamp, if it is one.
pub(crate) fn parse(timestamp: &Value) -> Option<Timestamp> {
    timestamp.as_str()?.parse().ok()
}

fn seconds_between(then: Timestamp, now: Timestamp) -> i64 {
    // Whole seconds towards zero, as Go converts a duration to an integer.
    (now.as_millisecond() - then.as_millisecond()) / 1000
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_read_as_kubectl_prints_them() {
        let table = [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (130, "2m10s"),
            (599, "9m59s"),
            (600, "10m"),
            (3 * HOUR - 1, "179m"),
            (3 * HOUR, "3h"),
            (3 * HOUR + 60, "3h1m"),
            (8 * HOUR - 1, "7h59m"),
            (8 * HOUR, "8h"),
            (2 * DAY - 1, "47h"),
            (2 * DAY, "2d"),
            (2 * DAY + 3 * HOUR, "2d3h"),
            (8 * DAY, "8d"),
            (2 * YEAR - 1, "729d"),
            (2 * YEAR, "2y"),
            (2 * YEAR + 12 * DAY, "2y12d"),
            (8 * YEAR + 12 * DAY, "8y"),
        ];
        for (seconds, words) in table {
            assert_eq!(human(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn a_missing_timestamp_is_unknown() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().expect("a timestamp");
        assert_eq!(since(&Value::Null, now), "<unknown>");
        assert_eq!(since(&json!("2026-01-01T00:00:55Z"), now), "5s");
        assert_eq!(since(&json!("2026-01-01T00:01:00.5Z"), now), "0s");
    }
}
