//! Days, times and spans of time: `date`, `time`, `date-time`, `duration`, `period`.

use super::ensure;
use crate::{
    printf::quote::quote_character,
    time::{Instant, Zone},
};

/// A day of the calendar.
pub(super) fn date(text: &str) -> Result<(), String> {
    let read = Instant::parse(b"2006-01-02", text.as_bytes(), &Zone::Utc);
    read.map(drop).map_err(|error| error.to_string())
}

/// `hh:mm:ss[.fraction]` and a zone.
pub(super) fn time(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    ensure(bytes.len() >= 9, "less than 9 characters long")?;
    ensure(bytes[2] == b':' && bytes[5] == b':', "missing colon in correct place")?;
    let (clock, rest) = bytes.split_at(8);
    let parts = [0, 3, 6].map(|at| two_digits(&clock[at..at + 2]));
    let [Some(hour), Some(minute), Some(second)] = parts else {
        return Err("invalid hour/min/sec".into());
    };
    ensure(hour >= 0 && minute >= 0 && second >= 0, "non-positive hour/min/sec")?;
    ensure(hour <= 23 && minute <= 59 && second <= 60, "hour/min/sec out of range")?;
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            ensure(digits > 0, "no digits in second fraction")?;
            &fraction[digits..]
        }
    };
    let east = if rest == b"z" || rest == b"Z" { 0 } else { offset(rest)? };
    let minutes = hour * 60 + minute - east;
    let minutes = if minutes < 0 { minutes + 24 * 60 } else { minutes };
    ensure(second < 60 || minutes == 23 * 60 + 59, "invalid leap second")
}

/// How many minutes a zone is ahead: `+hh:mm`.
fn offset(text: &[u8]) -> Result<i32, String> {
    ensure(text.len() == 6, "offset must be 6 characters long")?;
    let sign = match text[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return Err("offset must begin with plus/minus".into()),
    };
    ensure(text[3] == b':', "missing colon in offset in correct place")?;
    let (Some(hours), Some(minutes)) = (two_digits(&text[1..3]), two_digits(&text[4..])) else {
        return Err("invalid hour/min in offset".into());
    };
    ensure(hours >= 0 && minutes >= 0, "non-positive hour/min in offset")?;
    ensure(hours <= 23 && minutes <= 59, "hour/min in offset out of range")?;
    Ok(sign * (hours * 60 + minutes))
}

/// A number of two characters, one of which may be a sign.
fn two_digits(text: &[u8]) -> Option<i32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A day, `T`, a time.
pub(super) fn date_time(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    ensure(bytes.len() >= 20, "less than 20 characters long")?;
    ensure(matches!(bytes[10], b't' | b'T'), "11th character must be t or T")?;
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    date(&part(&bytes[..10])).map_err(|why| format!("invalid date element: {why}"))?;
    time(&part(&bytes[11..])).map_err(|why| format!("invalid time element: {why}"))
}

/// ISO 8601's `P1Y2M3DT4H5M6S`, or `P3W`.
pub(super) fn duration(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix('P').ok_or("must start with P")?;
    ensure(!rest.is_empty(), "nothing after P")?;
    if let Some(weeks) = rest.strip_suffix('W') {
        ensure(!weeks.is_empty(), "no number in week")?;
        return ensure(weeks.bytes().all(|byte| byte.is_ascii_digit()), "invalid week");
    }
    for (at, part) in rest.split('T').enumerate() {
        ensure(at == 0 || !part.is_empty(), "no time elements")?;
        match at {
            0 => units(part, "YMD")?,
            1 => units(part, "HMS")?,
            _ => return Err("more than one T".into()),
        }
    }
    Ok(())
}

/// Numbers, each with one of the units `known`, in their order.
fn units(mut text: &str, known: &str) -> Result<(), String> {
    let mut left = known;
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        ensure(digits > 0, "missing number")?;
        let unit = text[digits..].chars().next().ok_or("missing unit")?;
        let Some(at) = left.find(unit) else {
            // A character of several bytes is named by the first of them.
            let named = char::from(text.as_bytes()[digits]);
            let named = quote_character(named, false);
            let why = if known.contains(unit) { "out of order" } else { "" };
            return Err(match why {
                "" => format!("invalid unit {named}"),
                why => format!("unit {named} {why}"),
            });
        };
        left = &left[at + 1..];
        text = &text[digits + 1..];
    }
    Ok(())
}

/// From when to when, or how long.
pub(super) fn period(text: &str) -> Result<(), String> {
    let (start, end) = text.split_once('/').ok_or("missing slash")?;
    let (start_lasts, end_lasts) = (start.starts_with('P'), end.starts_with('P'));
    match start_lasts {
        true => duration(start).map_err(|why| format!("invalid start duration: {why}"))?,
        false => date_time(start).map_err(|why| format!("invalid start date-time: {why}"))?,
    }
    match end_lasts && !start_lasts {
        true => duration(end).map_err(|why| format!("invalid end duration: {why}")),
        false => date_time(end).map_err(|why| format!("invalid end date-time: {why}")),
    }
}
