//! Reading an instant by a layout. Source of the behaviour: Go's `time.ParseInLocation`.

use thiserror::Error;

use super::{
    Instant, Zone,
    civil::{Civil, MONTHS, WEEKDAYS, days_in, is_leap},
    layout::{Field, Offset, next_chunk},
};

/// Why a text could not be read by a layout, in Go's words.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParseError {
    /// A part of the text does not fit the part of the layout.
    #[error("parsing time {value:?} as {layout:?}: cannot parse {at:?} as {field:?}")]
    Field {
        /// The whole text.
        value: String,
        /// The whole layout.
        layout: String,
        /// The text from where it went wrong.
        at: String,
        /// The layout's part.
        field: String,
    },
    /// A number is too large or too small, a day does not exist, or text is left over.
    #[error("parsing time {value:?}: {problem}")]
    Value {
        /// The whole text.
        value: String,
        /// `month out of range`, `extra text: "x"`.
        problem: String,
    },
}

/// The fields as far as they were read.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: u32,
    half: Option<Half>,
    utc: bool,
    offset: Option<i32>,
    abbreviation: String,
}

#[derive(Clone, Copy)]
enum Half {
    Morning,
    Afternoon,
}

/// Why a field could not be read.
enum Trouble {
    /// The text does not fit.
    Form,
    /// The number is out of range; which one.
    Range(&'static str),
}

type Read<'a, T> = Result<(T, &'a [u8]), Trouble>;

impl Instant {
    /// Reads `value` by `layout`; without a zone in the text, in the zone `local`.
    ///
    /// # Errors
    /// When the text does not fit the layout, or is no date.
    pub fn parse(layout: &[u8], value: &[u8], local: &Zone) -> Result<Self, ParseError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let misfit = |at: &[u8], field: &[u8]| ParseError::Field {
            value: text(value),
            layout: text(layout),
            at: text(at),
            field: text(field),
        };
        let problem = |problem: String| ParseError::Value { value: text(value), problem };
        let mut fields = Fields::default();
        let (mut layout_rest, mut rest) = (layout, value);
        loop {
            let chunk = next_chunk(layout_rest);
            rest = skip(rest, chunk.prefix).map_err(|at| misfit(at, chunk.prefix))?;
            layout_rest = chunk.rest;
            let Some((field, written)) = chunk.field else {
                break;
            };
            rest = fields.read(field, rest, layout_rest).map_err(|trouble| match trouble {
                Trouble::Form => misfit(rest, written),
                Trouble::Range(what) => problem(format!("{what} out of range")),
            })?;
        }
        if !rest.is_empty() {
            return Err(problem(format!("extra text: {:?}", text(rest))));
        }
        fields.finish(local).map_err(|what| problem(what.to_owned()))
    }
}

impl Fields {
    /// Reads one field from the start of `text` and returns the rest; `layout` is what follows the field.
    fn read<'a>(&mut self, field: Field, text: &'a [u8], layout: &[u8]) -> Result<&'a [u8], Trouble> {
        let rest = match field {
            Field::Year => {
                let (year, rest) = two_digit_year(text)?;
                self.year = year;
                rest
            }
            Field::LongYear => {
                let (year, rest) = long_year(text)?;
                self.year = year;
                rest
            }
            Field::Month | Field::LongMonth => {
                let (index, rest) = name(text, &MONTHS, field == Field::Month)?;
                self.month = Some(index as i64 + 1);
                rest
            }
            Field::NumMonth | Field::ZeroMonth => {
                let (month, rest) = number(text, field == Field::ZeroMonth)?;
                self.month = Some(within(month, 1, 12, "month")?);
                rest
            }
            Field::Weekday | Field::LongWeekday => name(text, &WEEKDAYS, field == Field::Weekday)?.1,
            Field::Day | Field::UnderDay | Field::ZeroDay => {
                let text =
                    if field == Field::UnderDay { text.strip_prefix(b" ").unwrap_or(text) } else { text };
                let (day, rest) = number(text, field == Field::ZeroDay)?;
                self.day = Some(day);
                rest
            }
            Field::UnderYearDay | Field::ZeroYearDay => {
                let (day, rest) = year_day(text, field == Field::ZeroYearDay)?;
                self.year_day = Some(day);
                rest
            }
            _ => return self.read_clock(field, text, layout),
        };
        Ok(rest)
    }

    fn read_clock<'a>(&mut self, field: Field, text: &'a [u8], layout: &[u8]) -> Result<&'a [u8], Trouble> {
        let rest = match field {
            Field::Hour => {
                let (hour, rest) = number(text, false)?;
                self.hour = within(hour, 0, 23, "hour")?;
                rest
            }
            Field::Hour12 | Field::ZeroHour12 => {
                let (hour, rest) = number(text, field == Field::ZeroHour12)?;
                self.hour = within(hour, 0, 12, "hour")?;
                rest
            }
            Field::Minute | Field::ZeroMinute => {
                let (minute, rest) = number(text, field == Field::ZeroMinute)?;
                self.minute = within(minute, 0, 59, "minute")?;
                rest
            }
            Field::Second | Field::ZeroSecond => {
                let (second, rest) = number(text, field == Field::ZeroSecond)?;
                self.second = within(second, 0, 59, "second")?;
                self.unannounced_fraction(rest, layout)?
            }
            Field::UpperHalf | Field::LowerHalf => self.read_half(field, text)?,
            Field::Fraction { digits, .. } => self.fraction(text, 1 + digits)?,
            Field::ShortFraction { .. } if starts_fraction(text) => {
                self.fraction(text, fraction_length(text))?
            }
            Field::ShortFraction { .. } => text,
            _ => return self.read_zone(field, text),
        };
        Ok(rest)
    }

    fn read_half<'a>(&mut self, field: Field, text: &'a [u8]) -> Result<&'a [u8], Trouble> {
        let (half, rest) = text.split_at_checked(2).ok_or(Trouble::Form)?;
        self.half = Some(match (field, half) {
            (Field::UpperHalf, b"PM") | (Field::LowerHalf, b"pm") => Half::Afternoon,
            (Field::UpperHalf, b"AM") | (Field::LowerHalf, b"am") => Half::Morning,
            _ => return Err(Trouble::Form),
        });
        Ok(rest)
    }

    fn read_zone<'a>(&mut self, field: Field, text: &'a [u8]) -> Result<&'a [u8], Trouble> {
        match field {
            Field::Offset(form) => match text.strip_prefix(b"Z").filter(|_| form.z) {
                Some(rest) => {
                    self.utc = true;
                    Ok(rest)
                }
                None => {
                    let (offset, rest) = offset(text, form)?;
                    self.offset = Some(offset);
                    Ok(rest)
                }
            },
            _ => match text.strip_prefix(b"UTC") {
                Some(rest) => {
                    self.utc = true;
                    Ok(rest)
                }
                None => {
                    let length = abbreviation_length(text).ok_or(Trouble::Form)?;
                    let (name, rest) = text.split_at(length);
                    self.abbreviation = String::from_utf8_lossy(name).into_owned();
                    Ok(rest)
                }
            },
        }
    }

    /// Decimals after the seconds that the layout does not mention.
    fn unannounced_fraction<'a>(&mut self, text: &'a [u8], layout: &[u8]) -> Result<&'a [u8], Trouble> {
        let next = next_chunk(layout).field;
        let announced = matches!(next, Some((Field::Fraction { .. } | Field::ShortFraction { .. }, _)));
        if announced || !starts_fraction(text) {
            Ok(text)
        } else {
            self.fraction(text, fraction_length(text))
        }
    }

    /// A separator and decimals, `length` bytes together; decimals beyond nanoseconds are dropped.
    fn fraction<'a>(&mut self, text: &'a [u8], length: usize) -> Result<&'a [u8], Trouble> {
        let (fraction, rest) = text.split_at_checked(length).ok_or(Trouble::Form)?;
        let decimals = &fraction[1..length.min(10)];
        if !matches!(fraction[0], b'.' | b',') {
            return Err(Trouble::Form);
        }
        let value = signed(decimals).ok_or(Trouble::Form)?;
        if value < 0 {
            return Err(Trouble::Range("fractional second"));
        }
        self.nanoseconds = value as u32 * 10_u32.pow(9 - decimals.len() as u32);
        Ok(rest)
    }

    fn finish(mut self, local: &Zone) -> Result<Instant, &'static str> {
        match self.half {
            Some(Half::Afternoon) if self.hour < 12 => self.hour += 12,
            Some(Half::Morning) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        self.resolve_year_day()?;
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let month = u8::try_from(month).map_err(|_| "month out of range")?;
        if day < 1 || day > days_in(month, self.year).into() {
            return Err("day out of range");
        }
        let civil = Civil {
            year: self.year,
            month,
            day: day as u8,
            hour: self.hour as u8,
            minute: self.minute as u8,
            second: self.second as u8,
        };
        Ok(self.place(&civil, local))
    }

    /// Turns a day of the year into month and day, which must fit those given.
    fn resolve_year_day(&mut self) -> Result<(), &'static str> {
        let Some(year_day) = self.year_day else {
            return Ok(());
        };
        if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
            return Err("day-of-year out of range");
        }
        let (mut month, mut day) = (1_u8, year_day);
        while day > days_in(month, self.year).into() {
            day -= i64::from(days_in(month, self.year));
            month += 1;
        }
        if self.month.is_some_and(|given| given != i64::from(month)) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|given| given != day) {
            return Err("day-of-year does not match day");
        }
        (self.month, self.day) = (Some(month.into()), Some(day));
        Ok(())
    }

    /// Puts the date into the zone that the text states, or into `local`.
    fn place(&self, civil: &Civil, local: &Zone) -> Instant {
        if self.utc {
            return Instant::from_civil(civil, self.nanoseconds, Zone::Utc);
        }
        let shown = civil.seconds() as i64;
        // -1 second is how Go marks a missing offset, so it does not count as one.
        if let Some(offset) = self.offset.filter(|offset| *offset != -1) {
            let seconds = shown - i64::from(offset);
            let there = local.at(seconds);
            let fits = self.abbreviation.is_empty() || *there.abbreviation == *self.abbreviation;
            let zone = if there.offset == offset && fits { local.clone() } else { self.fixed(offset) };
            return Instant::new(seconds, self.nanoseconds, zone);
        }
        if self.abbreviation.is_empty() {
            return Instant::from_civil(civil, self.nanoseconds, local.clone());
        }
        if let Some(offset) = local.offset_of(&self.abbreviation, shown) {
            return Instant::new(shown - i64::from(offset), self.nanoseconds, local.clone());
        }
        let hours =
            self.abbreviation.strip_prefix("GMT").and_then(|hours| signed(hours.as_bytes())).unwrap_or(0);
        Instant::new(shown, self.nanoseconds, self.fixed(hours as i32 * 3600))
    }

    fn fixed(&self, offset: i32) -> Zone {
        Zone::Fixed { name: self.abbreviation.as_str().into(), offset }
    }
}

/// Removes the layout's literal text; runs of spaces are alike. Returns where it went wrong otherwise.
fn skip<'a>(mut text: &'a [u8], mut prefix: &[u8]) -> Result<&'a [u8], &'a [u8]> {
    let unspaced = |text: &'a [u8]| &text[text.iter().take_while(|byte| **byte == b' ').count()..];
    while let [expected, after @ ..] = prefix {
        if *expected == b' ' {
            if text.first().is_some_and(|byte| *byte != b' ') {
                return Err(text);
            }
            prefix = &prefix[prefix.iter().take_while(|byte| **byte == b' ').count()..];
            text = unspaced(text);
            continue;
        }
        match text {
            [byte, rest @ ..] if byte == expected => text = rest,
            _ => return Err(text),
        }
        prefix = after;
    }
    Ok(text)
}

fn within(number: i64, low: i64, high: i64, what: &'static str) -> Result<i64, Trouble> {
    if (low..=high).contains(&number) { Ok(number) } else { Err(Trouble::Range(what)) }
}

/// One or two digits; with `fixed` exactly two.
fn number(text: &[u8], fixed: bool) -> Read<'_, i64> {
    match text {
        [tens, ones, rest @ ..] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            Ok((i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), rest))
        }
        [digit, rest @ ..] if digit.is_ascii_digit() && !fixed => Ok((i64::from(digit - b'0'), rest)),
        _ => Err(Trouble::Form),
    }
}

/// Digits, possibly after a sign.
fn signed(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut value: i64 = 0;
    for digit in digits {
        value =
            value.checked_mul(10)?.checked_add(i64::from(digit.checked_sub(b'0').filter(|d| *d <= 9)?))?;
    }
    Some(if negative { -value } else { value })
}

/// Two characters, of which the first may be a sign: 69 and above are in the 20th century.
fn two_digit_year(text: &[u8]) -> Read<'_, i64> {
    let (digits, rest) = text.split_at_checked(2).ok_or(Trouble::Form)?;
    let year = signed(digits).ok_or(Trouble::Form)?;
    Ok((if year >= 69 { year + 1900 } else { year + 2000 }, rest))
}

fn long_year(text: &[u8]) -> Read<'_, i64> {
    let (digits, rest) = text.split_at_checked(4).ok_or(Trouble::Form)?;
    if !digits[0].is_ascii_digit() {
        return Err(Trouble::Form);
    }
    Ok((signed(digits).ok_or(Trouble::Form)?, rest))
}

/// The first of `names`, or of their first three letters, that `text` starts with, in any case.
fn name<'a>(text: &'a [u8], names: &[&str], short: bool) -> Read<'a, usize> {
    for (index, name) in names.iter().enumerate() {
        let name = if short { &name.as_bytes()[..3] } else { name.as_bytes() };
        if text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return Ok((index, &text[name.len()..]));
        }
    }
    Err(Trouble::Form)
}

/// One to three digits after up to two spaces; with `fixed` exactly three.
fn year_day(text: &[u8], fixed: bool) -> Read<'_, i64> {
    let spaces = if fixed { 0 } else { text.iter().take(2).take_while(|byte| **byte == b' ').count() };
    let text = &text[spaces..];
    let length = text.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 || fixed && length != 3 {
        return Err(Trouble::Form);
    }
    let (digits, rest) = text.split_at(length);
    Ok((signed(digits).ok_or(Trouble::Form)?, rest))
}

fn starts_fraction(text: &[u8]) -> bool {
    matches!(text, [b'.' | b',', digit, ..] if digit.is_ascii_digit())
}

/// Bytes of a separator and all digits after it.
fn fraction_length(text: &[u8]) -> usize {
    1 + text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// A numeric zone offset in seconds.
fn offset(text: &[u8], form: Offset) -> Read<'_, i32> {
    let colon = usize::from(form.colon);
    let minutes_at = 3 + colon;
    let seconds_at = minutes_at + 2 + colon;
    let length = match form {
        Offset { minutes: false, .. } => 3,
        Offset { seconds: false, .. } => minutes_at + 2,
        _ => seconds_at + 2,
    };
    let (offset, rest) = text.split_at_checked(length).ok_or(Trouble::Form)?;
    let colons_fit = !form.colon || (offset[3] == b':' && (!form.seconds || offset[6] == b':'));
    if !colons_fit {
        return Err(Trouble::Form);
    }
    let pair = |wanted: bool, at: usize| {
        if wanted { number(&offset[at..at + 2], true).map(|pair| pair.0) } else { Ok(0) }
    };
    let (hours, minutes) = (pair(true, 1), pair(form.minutes, minutes_at));
    let seconds = pair(form.seconds, seconds_at);
    // Go checks the ranges before the form, and allows 24 hours and 60 minutes.
    let hours = within(hours?, 0, 24, "time zone offset hour")?;
    let minutes = within(minutes?, 0, 60, "time zone offset minute")?;
    let seconds = within(seconds?, 0, 60, "time zone offset second")?;
    let total = ((hours * 60 + minutes) * 60 + seconds) as i32;
    match offset[0] {
        b'+' => Ok((total, rest)),
        b'-' => Ok((-total, rest)),
        _ => Err(Trouble::Form),
    }
}

/// How many bytes of `text` look like a zone's abbreviation.
fn abbreviation_length(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_hours_length(rest));
    }
    if matches!(text[0], b'+' | b'-') {
        return Some(signed_hours_length(text)).filter(|length| *length > 0);
    }
    let letters = text.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    match letters {
        3 => Some(3),
        4 if text[3] == b'T' || text.starts_with(b"WITA") => Some(4),
        5 if text[4] == b'T' => Some(5),
        _ => None,
    }
}

/// How many bytes of `text` are a signed number of up to 23 hours; 0 if none.
fn signed_hours_length(text: &[u8]) -> usize {
    let Some(b'+' | b'-') = text.first() else {
        return 0;
    };
    let digits = text[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    match signed(&text[1..=digits]) {
        Some(0..=23) if digits > 0 => 1 + digits,
        _ => 0,
    }
}
