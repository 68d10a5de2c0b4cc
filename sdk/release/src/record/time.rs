//! Times as Go writes them: RFC 3339 with nanoseconds and the offset of whoever wrote them.

use std::{fmt, str::FromStr};

use jiff::{
    Timestamp, Zoned,
    fmt::temporal::{DateTimeParser, Pieces},
    tz::{Offset, TimeZone},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An instant, and the offset from UTC that it is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The instant.
    pub at: Timestamp,
    /// The offset.
    pub offset: Offset,
}

/// Text that is no RFC 3339 time.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no RFC 3339 time")]
pub struct NoTime(String);

impl From<&Zoned> for Time {
    fn from(zoned: &Zoned) -> Self {
        Time { at: zoned.timestamp(), offset: zoned.offset() }
    }
}

impl FromStr for Time {
    type Err = NoTime;

    fn from_str(text: &str) -> Result<Self, NoTime> {
        let parse = || {
            let at = DateTimeParser::new().parse_timestamp(text).ok()?;
            let offset = Pieces::parse(text).ok()?.to_numeric_offset()?;
            Some(Time { at, offset })
        };
        parse().ok_or_else(|| NoTime(text.into()))
    }
}

impl Time {
    /// The wall clock's reading where the time was written.
    fn zoned(self) -> Zoned {
        self.at.to_zoned(TimeZone::fixed(self.offset))
    }

    /// Go's ANSIC layout: `Mon Jan _2 15:04:05 2006`.
    pub fn ansic(self) -> String {
        self.zoned().strftime("%a %b %e %H:%M:%S %Y").to_string()
    }

    /// What Go's `Time.String` gives: `2006-01-02 15:04:05.999999999 -0700 MST`, the zone by its offset unless it
    /// is UTC.
    pub fn plain(self) -> String {
        let zoned = self.zoned();
        let offset = zoned.strftime("%z").to_string();
        let zone = if self.offset == Offset::UTC { "UTC".to_string() } else { offset.clone() };
        format!("{}{} {offset} {zone}", zoned.strftime("%Y-%m-%d %H:%M:%S"), self.fraction())
    }

    /// `2006-01-02T15:04:05Z07:00`, without fractions.
    pub fn rfc3339(self) -> String {
        format!("{}{}", self.zoned().strftime("%Y-%m-%dT%H:%M:%S"), self.suffix())
    }

    fn suffix(self) -> String {
        match self.offset == Offset::UTC {
            true => "Z".into(),
            false => self.zoned().strftime("%:z").to_string(),
        }
    }

    /// `.5`: the digits after the second, without trailing zeroes.
    fn fraction(self) -> String {
        let digits = format!("{:09}", self.zoned().subsec_nanosecond());
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() { String::new() } else { format!(".{digits}") }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.zoned().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        write!(f, "{seconds}{}{}", self.fraction(), self.suffix())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Reads an optional time; Helm 3 wrote no time as "" and some tools as Go's zero time.
pub(super) fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !text.is_empty() && !text.starts_with("0001-01-01T00:00:00") => {
            text.parse().map(Some).map_err(D::Error::custom)
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_read_and_write_as_go_does() {
        for (text, ansic, plain, rfc3339) in [
            (
                "2026-11-21T12:52:33.120456Z",
                "Sat Nov 21 12:52:33 2026",
                "2026-11-21 12:52:33.120456 +0000 UTC",
                "2026-11-21T12:52:33Z",
            ),
            (
                "2026-01-02T03:04:05+09:00",
                "Fri Jan  2 03:04:05 2026",
                "2026-01-02 03:04:05 +0900 +0900",
                "2026-01-02T03:04:05+09:00",
            ),
        ] {
            let time: Time = text.parse().unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(time.ansic(), ansic);
            assert_eq!(time.plain(), plain);
            assert_eq!(time.rfc3339(), rfc3339);
        }
        for bad in ["", "yesterday", "2026-01-02"] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
    }
}
