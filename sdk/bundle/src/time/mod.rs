//! Go's `time` package, as far as templates reach it: instants, durations, zones, and layouts (`2006-01-02`) for
//! writing and reading.
//!
//! In: seconds, text, and the local zone from the environment. Out: `time.Time` and `time.Duration` as template
//! objects. Nothing here reads a clock.

mod civil;
mod duration;
mod format;
mod instant;
mod layout;
mod methods;
mod parse;
mod zone;

pub use duration::Duration;
pub use instant::Instant;
pub use parse::ParseError;
pub use zone::Zone;
