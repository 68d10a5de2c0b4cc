//! Go's layouts: text in which pieces of the reference time, `Mon Jan 2 15:04:05 MST 2006`, stand for fields.

/// A field of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperHalf,
    LowerHalf,
    Abbreviation,
    Offset(Offset),
    /// `.000`: this many digits.
    Fraction {
        separator: u8,
        digits: usize,
    },
    /// `.999`: at most this many digits, without trailing zeros.
    ShortFraction {
        separator: u8,
        digits: usize,
    },
}

/// How a numeric zone offset is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// `Z` instead of an offset of zero.
    pub(super) z: bool,
    pub(super) colon: bool,
    pub(super) minutes: bool,
    pub(super) seconds: bool,
}

/// Fields that are written as they are, those before others that they start with. `Jan` and `Mon` are not here,
/// since a lower-case letter after them takes their meaning.
const FIXED: [(&[u8], Field); 31] = [
    (b"January", Field::LongMonth),
    (b"Monday", Field::LongWeekday),
    (b"MST", Field::Abbreviation),
    (b"01", Field::ZeroMonth),
    (b"02", Field::ZeroDay),
    (b"03", Field::ZeroHour12),
    (b"04", Field::ZeroMinute),
    (b"05", Field::ZeroSecond),
    (b"06", Field::Year),
    (b"002", Field::ZeroYearDay),
    (b"15", Field::Hour),
    (b"1", Field::NumMonth),
    (b"2006", Field::LongYear),
    (b"2", Field::Day),
    (b"_2", Field::UnderDay),
    (b"__2", Field::UnderYearDay),
    (b"3", Field::Hour12),
    (b"4", Field::Minute),
    (b"5", Field::Second),
    (b"PM", Field::UpperHalf),
    (b"pm", Field::LowerHalf),
    (b"-070000", offset(false, false, true, true)),
    (b"-07:00:00", offset(false, true, true, true)),
    (b"-0700", offset(false, false, true, false)),
    (b"-07:00", offset(false, true, true, false)),
    (b"-07", offset(false, false, false, false)),
    (b"Z070000", offset(true, false, true, true)),
    (b"Z07:00:00", offset(true, true, true, true)),
    (b"Z0700", offset(true, false, true, false)),
    (b"Z07:00", offset(true, true, true, false)),
    (b"Z07", offset(true, false, false, false)),
];

const fn offset(z: bool, colon: bool, minutes: bool, seconds: bool) -> Field {
    Field::Offset(Offset { z, colon, minutes, seconds })
}

/// A layout cut at its first field.
pub(super) struct Chunk<'a> {
    /// The literal text before the field.
    pub(super) prefix: &'a [u8],
    /// The field and how the layout writes it; `None` at the end of the layout.
    pub(super) field: Option<(Field, &'a [u8])>,
    /// What follows the field.
    pub(super) rest: &'a [u8],
}

/// Cuts `layout` at its first field.
pub(super) fn next_chunk(layout: &[u8]) -> Chunk<'_> {
    for at in 0..layout.len() {
        if let Some((field, length)) = field_at(&layout[at..]) {
            let (prefix, from) = layout.split_at(at);
            let (written, rest) = from.split_at(length);
            return Chunk { prefix, field: Some((field, written)), rest };
        }
    }
    Chunk { prefix: layout, field: None, rest: &[] }
}

/// The field that `text` starts with, and its length in bytes.
fn field_at(text: &[u8]) -> Option<(Field, usize)> {
    match text.first()? {
        b'J' | b'M' | b'P' | b'p' | b'Z' | b'-' | b'0'..=b'5' => {}
        // `_2006` is an underscore and a year.
        b'_' if text[1..].starts_with(b"2006") => return None,
        b'_' => {}
        b'.' | b',' => return fraction_at(text),
        _ => return None,
    }
    let fixed = FIXED.iter().find(|(written, _)| text.starts_with(written));
    if let Some((written, field)) = fixed {
        return Some((*field, written.len()));
    }
    let short = match text.get(..3)? {
        b"Jan" => Field::Month,
        b"Mon" => Field::Weekday,
        _ => return None,
    };
    // `Month` and `Januar` are words, not fields.
    (!text.get(3).is_some_and(u8::is_ascii_lowercase)).then_some((short, 3))
}

/// A run of zeros or nines after a separator, which no other digit may follow.
fn fraction_at(text: &[u8]) -> Option<(Field, usize)> {
    let (separator, digit) = (text[0], *text.get(1)?);
    if !matches!(digit, b'0' | b'9') {
        return None;
    }
    let digits = text[1..].iter().take_while(|byte| **byte == digit).count();
    if text.get(1 + digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let field = match digit {
        b'0' => Field::Fraction { separator, digits },
        _ => Field::ShortFraction { separator, digits },
    };
    Some((field, 1 + digits))
}
