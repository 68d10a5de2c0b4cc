//! The proleptic Gregorian calendar over all of Go's range (years of 12 digits), which no calendar crate covers.

/// A date and a time of day, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: u8,
    /// 1 to 31.
    pub(super) day: u8,
    /// 0 to 23.
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const SECONDS_A_DAY: i128 = 86_400;
/// Days in 400 years.
const DAYS_AN_ERA: i64 = 146_097;
/// From 0000-03-01 to 1970-01-01, in days.
const EPOCH_DAYS: i64 = 719_468;
/// From the start of Go's range of absolute seconds (1 March of the year -292277022400) to 1970, in seconds. An
/// instant outside the range wraps around, as Go's unsigned arithmetic does.
const RANGE_START: i128 = (292_277_022_400 / 400 * DAYS_AN_ERA as i128 + EPOCH_DAYS as i128) * SECONDS_A_DAY;

impl Civil {
    /// The date and time of `seconds` since 1970, already shifted to the zone.
    pub(super) fn from_seconds(seconds: i128) -> Self {
        let seconds = (seconds + RANGE_START).rem_euclid(1 << 64) - RANGE_START;
        let (days, of_day) =
            (seconds.div_euclid(SECONDS_A_DAY) as i64, seconds.rem_euclid(SECONDS_A_DAY) as u32);
        let (year, month, day) = date(days);
        Self {
            year,
            month,
            day,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
        }
    }

    /// The seconds since 1970, as if the zone were UTC.
    pub(super) fn seconds(&self) -> i128 {
        let of_day = i128::from(self.hour) * 3600 + i128::from(self.minute) * 60 + i128::from(self.second);
        i128::from(days(self.year, self.month, self.day)) * SECONDS_A_DAY + of_day
    }

    /// 0 for Sunday.
    pub(super) fn weekday(&self) -> usize {
        (days(self.year, self.month, self.day) + 4).rem_euclid(7) as usize
    }

    /// 1 for 1 January.
    pub(super) fn year_day(&self) -> u16 {
        (days(self.year, self.month, self.day) - days(self.year, 1, 1) + 1) as u16
    }
}

/// Whether `year` has a 29 February.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days a month has.
pub(super) fn days_in(month: u8, year: i64) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the date. Counted in years that start in March, so that the leap day is the last.
pub(super) fn days(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * DAYS_AN_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_DAYS
}

fn date(days: i64) -> (i64, u8, u8) {
    let days = days + EPOCH_DAYS;
    let era = days.div_euclid(DAYS_AN_ERA);
    let day_of_era = days.rem_euclid(DAYS_AN_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month as u8, day as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_seconds_are_each_others_inverse() {
        for seconds in (-200_000_000_000_i128..200_000_000_000).step_by(86_399 * 331) {
            assert_eq!(Civil::from_seconds(seconds).seconds(), seconds);
        }
    }

    #[test]
    fn known_days() {
        for (seconds, expected, weekday, year_day) in [
            (0, (1970, 1, 1), 4, 1),
            (951_782_400, (2000, 2, 29), 2, 60),
            (-62_135_596_800, (1, 1, 1), 1, 1),
            (-62_167_219_200, (0, 1, 1), 6, 1),
            (-1, (1969, 12, 31), 3, 365),
        ] {
            let civil = Civil::from_seconds(seconds);
            assert_eq!((civil.year, civil.month, civil.day), expected);
            assert_eq!((civil.weekday(), civil.year_day()), (weekday, year_day));
        }
    }
}
