//! `time.Time`: seconds and nanoseconds since 1970, and the zone to show them in.

use jiff::Zoned;

use super::{
    Duration,
    civil::Civil,
    duration::{NANOSECONDS_A_SECOND, wide},
    zone::Zone,
};

/// An instant in a zone.
#[derive(Clone, Debug)]
pub struct Instant {
    seconds: i64,
    nanoseconds: u32,
    zone: Zone,
    /// The environment's zone, for `Local`.
    local: Zone,
    /// Whether it is `now`, which Go prints with a reading of the monotonic clock.
    monotonic: bool,
}

/// 1 January of the year 1, in seconds since 1970: Go's zero `time.Time`.
pub(super) const ZERO_SECONDS: i64 = -62_135_596_800;

impl Instant {
    /// `seconds` and `nanoseconds` (below 10⁹) after 1970.
    pub fn new(seconds: i64, nanoseconds: u32, zone: Zone) -> Self {
        Self { seconds, nanoseconds, local: zone.clone(), zone, monotonic: false }
    }

    /// The same instant, for which `Local` means `local`. Without this it means the zone it was made with.
    #[must_use]
    pub fn with_local(self, local: Zone) -> Self {
        Self { local, ..self }
    }

    /// Go's zero time: what a failed `toDate` gives.
    pub fn zero() -> Self {
        Self::new(ZERO_SECONDS, 0, Zone::Utc)
    }

    /// The environment's present, in its zone.
    pub fn now(now: &Zoned) -> Self {
        let zone = Zone::local(now.time_zone().clone());
        let (seconds, nanoseconds) = split(now.timestamp().as_nanosecond());
        Self { monotonic: true, ..Self::new(seconds, nanoseconds, zone) }
    }

    /// The instant at which a clock in `zone` shows this date (year, month, day) and time (hour, minute, second).
    pub fn at(date: (u16, u8, u8), clock: (u8, u8, u8), nanoseconds: u32, zone: Zone) -> Self {
        let ((year, month, day), (hour, minute, second)) = (date, clock);
        Self::from_civil(&Civil { year: year.into(), month, day, hour, minute, second }, nanoseconds, zone)
    }

    /// The instant at which a clock in `zone` shows `civil`. A time that the zone skips or repeats is read with one
    /// of the two offsets, the same as Go picks.
    pub(super) fn from_civil(civil: &Civil, nanoseconds: u32, zone: Zone) -> Self {
        let shown = civil.seconds() as i64;
        let guess = zone.at(shown).offset;
        let offset = if guess == 0 { 0 } else { zone.at(shown.wrapping_sub(guess.into())).offset };
        Self::new(shown.wrapping_sub(offset.into()), nanoseconds, zone)
    }

    /// Whole seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }

    /// The zone it is shown in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    pub(super) fn local(&self) -> &Zone {
        &self.local
    }

    pub(super) fn is_monotonic(&self) -> bool {
        self.monotonic
    }

    /// Whether it is Go's zero time.
    pub fn is_zero(&self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanoseconds == 0
    }

    /// Nanoseconds since 1970.
    pub(super) fn total(&self) -> i128 {
        i128::from(self.seconds) * NANOSECONDS_A_SECOND + i128::from(self.nanoseconds)
    }

    /// Date and time of day in the zone.
    pub(super) fn civil(&self) -> Civil {
        Civil::from_seconds(i128::from(self.seconds) + i128::from(self.zone.at(self.seconds).offset))
    }

    /// The year in the zone.
    pub fn year(&self) -> i64 {
        self.civil().year
    }

    /// The same instant in another zone.
    #[must_use]
    pub fn in_zone(&self, zone: Zone) -> Self {
        Self { zone, monotonic: false, ..self.clone() }
    }

    /// Later by `duration`.
    #[must_use]
    pub fn add(&self, duration: Duration) -> Self {
        let sum = self.total() + i128::from(duration.0);
        let (seconds, nanoseconds) = split(sum);
        Self { seconds, nanoseconds, ..self.clone() }
    }

    /// The time from `earlier` to this, at most what a duration holds.
    pub fn since(&self, earlier: &Self) -> Duration {
        wide(self.total() - earlier.total())
    }

    /// Rounded to a multiple of `unit` since Go's zero time: down, or to the nearest and half up.
    pub(super) fn to_multiple(&self, unit: Duration, nearest: bool) -> Self {
        let unit = i128::from(unit.0);
        let mut rounded = Self { monotonic: false, ..self.clone() };
        if unit > 0 {
            let over = (self.total() - i128::from(ZERO_SECONDS) * NANOSECONDS_A_SECOND).rem_euclid(unit);
            let up = if nearest && over * 2 >= unit { unit } else { 0 };
            (rounded.seconds, rounded.nanoseconds) = split(self.total() - over + up);
        }
        rounded
    }
}

/// Whole seconds, wrapping around as Go's, and the nanoseconds within the second.
fn split(nanoseconds: i128) -> (i64, u32) {
    let seconds = nanoseconds.div_euclid(NANOSECONDS_A_SECOND) as i64;
    (seconds, nanoseconds.rem_euclid(NANOSECONDS_A_SECOND) as u32)
}
