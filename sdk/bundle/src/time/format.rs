//! Writing an instant by a layout.

use super::{
    Instant,
    civil::{Civil, MONTHS, WEEKDAYS},
    layout::{Field, Offset, next_chunk},
    zone::Local,
};

/// Go's `time.RFC3339Nano`.
pub(super) const RFC3339_NANO: &[u8] = b"2006-01-02T15:04:05.999999999Z07:00";
const PRINTED: &[u8] = b"2006-01-02 15:04:05.999999999 -0700 MST";

impl Instant {
    /// The instant in its zone, as `layout` shows the reference time. Source of the behaviour: Go's `Time.Format`.
    pub fn format(&self, layout: &[u8]) -> Vec<u8> {
        let local = self.zone().at(self.seconds());
        let civil = self.civil();
        let mut out = Vec::with_capacity(layout.len() + 10);
        let mut rest = layout;
        loop {
            let chunk = next_chunk(rest);
            out.extend_from_slice(chunk.prefix);
            let Some((field, _)) = chunk.field else {
                return out;
            };
            rest = chunk.rest;
            write_field(&mut out, field, &civil, &local, self.nanoseconds());
        }
    }

    /// What Go prints for a `time.Time`.
    pub fn print(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.format(PRINTED)).into_owned();
        if self.is_monotonic() {
            // Go adds the process's age, which nothing here knows.
            text.push_str(" m=+0.000000000");
        }
        text
    }

    /// RFC 3339 with as many decimals as needed: what JSON and YAML show.
    pub fn rfc3339(&self) -> String {
        String::from_utf8_lossy(&self.format(RFC3339_NANO)).into_owned()
    }
}

fn write_field(out: &mut Vec<u8>, field: Field, civil: &Civil, local: &Local, nanoseconds: u32) {
    let month_name = MONTHS[usize::from(civil.month) - 1];
    let weekday_name = || WEEKDAYS[civil.weekday()];
    let hour12 = || (civil.hour + 11) % 12 + 1;
    let half = if civil.hour >= 12 { b"PM" } else { b"AM" };
    match field {
        Field::Year => number(out, (civil.year % 100).abs(), 2),
        Field::LongYear => number(out, civil.year, 4),
        Field::Month => out.extend_from_slice(&month_name.as_bytes()[..3]),
        Field::LongMonth => out.extend_from_slice(month_name.as_bytes()),
        Field::NumMonth => number(out, civil.month.into(), 0),
        Field::ZeroMonth => number(out, civil.month.into(), 2),
        Field::Weekday => out.extend_from_slice(&weekday_name().as_bytes()[..3]),
        Field::LongWeekday => out.extend_from_slice(weekday_name().as_bytes()),
        Field::Day => number(out, civil.day.into(), 0),
        Field::UnderDay => spaced(out, civil.day.into(), 2),
        Field::ZeroDay => number(out, civil.day.into(), 2),
        Field::UnderYearDay => spaced(out, civil.year_day(), 3),
        Field::ZeroYearDay => number(out, civil.year_day().into(), 3),
        Field::Hour => number(out, civil.hour.into(), 2),
        Field::Hour12 => number(out, hour12().into(), 0),
        Field::ZeroHour12 => number(out, hour12().into(), 2),
        Field::Minute => number(out, civil.minute.into(), 0),
        Field::ZeroMinute => number(out, civil.minute.into(), 2),
        Field::Second => number(out, civil.second.into(), 0),
        Field::ZeroSecond => number(out, civil.second.into(), 2),
        Field::UpperHalf => out.extend_from_slice(half),
        Field::LowerHalf => out.extend_from_slice(&half.to_ascii_lowercase()),
        Field::Offset(form) => write_offset(out, form, local.offset),
        Field::Abbreviation if local.abbreviation.is_empty() => {
            write_offset(out, Offset::PLAIN, local.offset)
        }
        Field::Abbreviation => out.extend_from_slice(local.abbreviation.as_bytes()),
        Field::Fraction { separator, digits } => write_fraction(out, separator, digits, nanoseconds, false),
        Field::ShortFraction { separator, digits } => {
            write_fraction(out, separator, digits, nanoseconds, true)
        }
    }
}

/// A decimal, zeros before it up to `width` digits, the sign not counted.
fn number(out: &mut Vec<u8>, value: i64, width: usize) {
    let sign = if value < 0 { "-" } else { "" };
    out.extend_from_slice(format!("{sign}{:0width$}", value.unsigned_abs()).as_bytes());
}

fn spaced(out: &mut Vec<u8>, value: u16, width: usize) {
    out.extend_from_slice(format!("{value:width$}").as_bytes());
}

impl Offset {
    /// `-0700`.
    const PLAIN: Self = Self { z: false, colon: false, minutes: true, seconds: false };
}

fn write_offset(out: &mut Vec<u8>, form: Offset, offset: i32) {
    if form.z && offset == 0 {
        out.push(b'Z');
        return;
    }
    let minutes = offset / 60;
    // An offset of less than a minute west has no sign and its seconds keep theirs, as in Go.
    let seconds = if minutes < 0 { -(offset % 60) } else { offset % 60 };
    out.push(if minutes < 0 { b'-' } else { b'+' });
    let minutes = i64::from(minutes.abs());
    let colon: &[u8] = if form.colon { b":" } else { b"" };
    number(out, minutes / 60, 2);
    if form.minutes {
        out.extend_from_slice(colon);
        number(out, minutes % 60, 2);
    }
    if form.seconds {
        out.extend_from_slice(colon);
        number(out, seconds.into(), 2);
    }
}

fn write_fraction(out: &mut Vec<u8>, separator: u8, digits: usize, nanoseconds: u32, short: bool) {
    let all = format!("{nanoseconds:09}");
    let shown = &all[..digits.min(all.len())];
    let shown = if short { shown.trim_end_matches('0') } else { shown };
    if !shown.is_empty() {
        out.push(separator);
        out.extend_from_slice(shown.as_bytes());
    }
}
