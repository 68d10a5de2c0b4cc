//! Reading an instant by a layout. Source of the behaviour: Go's `time.ParseInLocation`.
//!
//! In: a layout, a text, a zone. Out: the [`Instant`]. What a part of a text can look like is in [`pieces`].

mod pieces;

use thiserror::Error;

use self::pieces::{
    Trouble, abbreviation_length, fraction_length, long_year, name, number, offset, signed, skip,
    starts_fraction, two_digit_year, within, year_day,
};
use super::{
    Instant, Zone,
    civil::{Civil, MONTHS, WEEKDAYS, days_in, is_leap},
    layout::{Field, next_chunk},
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
