//! Time zones: UTC, the local one, named ones, and offsets that a parsed text stated.

use std::rc::Rc;

use jiff::{
    Timestamp,
    tz::{Dst, TimeZone},
};

/// A Go `*time.Location`.
#[derive(Clone, Debug)]
pub enum Zone {
    /// `UTC`.
    Utc,
    /// A zone with rules.
    Rules {
        /// What `Location` prints: `Local`, `Europe/Berlin`.
        name: Rc<str>,
        /// The rules.
        rules: TimeZone,
    },
    /// An offset with a name that may be empty.
    Fixed {
        /// The abbreviation.
        name: Rc<str>,
        /// Seconds east of UTC.
        offset: i32,
    },
}

/// What a zone says of an instant.
pub(super) struct Local {
    /// The abbreviation: `CET`, `+03`, or empty.
    pub(super) abbreviation: Rc<str>,
    /// Seconds east of UTC.
    pub(super) offset: i32,
    /// Whether daylight saving time is in effect.
    pub(super) dst: bool,
}

/// How many changes of the zone's rules to either side are searched for an abbreviation.
const SEARCHED_TRANSITIONS: usize = 8;

impl Zone {
    /// The environment's zone.
    pub fn local(rules: TimeZone) -> Self {
        Self::Rules { name: "Local".into(), rules }
    }

    /// The zone of this name: `""` and `UTC`, `Local` (which is `local`), or a name of the zone database, spelled
    /// exactly so. `None` if there is none. Source of the behaviour: Go's `time.LoadLocation`.
    pub fn named(name: &str, local: &Self) -> Option<Self> {
        match name {
            "" | "UTC" => Some(Self::Utc),
            "Local" => Some(local.clone()),
            _ => {
                let rules = TimeZone::get(name).ok().filter(|zone| zone.iana_name() == Some(name))?;
                Some(Self::Rules { name: name.into(), rules })
            }
        }
    }

    /// The offset that holds `seconds` after 1970, in seconds east of UTC.
    pub fn offset(&self, seconds: i64) -> i32 {
        self.at(seconds).offset
    }

    /// What Go prints for the location.
    pub fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Rules { name, .. } | Self::Fixed { name, .. } => name,
        }
    }

    /// What holds `seconds` after 1970.
    pub(super) fn at(&self, seconds: i64) -> Local {
        match self {
            Self::Utc => Local { abbreviation: "UTC".into(), offset: 0, dst: false },
            Self::Fixed { name, offset } => Local { abbreviation: name.clone(), offset: *offset, dst: false },
            Self::Rules { rules, .. } => {
                let info = rules.to_offset_info(timestamp(seconds));
                Local {
                    abbreviation: info.abbreviation().into(),
                    offset: info.offset().seconds(),
                    dst: info.dst() == Dst::Yes,
                }
            }
        }
    }

    /// The offset that the abbreviation `name` stands for in this zone, near the time that a clock in UTC would
    /// show as `seconds`; preferably one in effect then.
    pub(super) fn offset_of(&self, name: &str, seconds: i64) -> Option<i32> {
        let in_effect =
            |offset: i32| &*self.at(seconds.saturating_sub(i64::from(offset))).abbreviation == name;
        let candidates = self.offsets_near(name, seconds);
        candidates.iter().copied().find(|offset| in_effect(*offset)).or_else(|| candidates.first().copied())
    }

    fn offsets_near(&self, name: &str, seconds: i64) -> Vec<i32> {
        let now = self.at(seconds);
        let mut offsets: Vec<i32> = Vec::from_iter((&*now.abbreviation == name).then_some(now.offset));
        if let Self::Rules { rules, .. } = self {
            let at = timestamp(seconds);
            let around = rules
                .preceding(at)
                .take(SEARCHED_TRANSITIONS)
                .chain(rules.following(at).take(SEARCHED_TRANSITIONS));
            offsets.extend(
                around.filter(|change| change.abbreviation() == name).map(|change| change.offset().seconds()),
            );
        }
        offsets
    }
}

/// The nearest instant that the zone database covers.
fn timestamp(seconds: i64) -> Timestamp {
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(bounded).unwrap_or(Timestamp::UNIX_EPOCH)
}
