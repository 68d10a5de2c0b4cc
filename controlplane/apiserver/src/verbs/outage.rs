//! Telling the log of a store that is away: every request notices, and one line a second says it.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// The pause between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// When it was last said, and how often it was not since.
static SAID: Mutex<Said> = Mutex::new(Said { at: None, silent: 0 });

struct Said {
    at: Option<Instant>,
    silent: u64,
}

impl Said {
    /// How many requests went unmentioned before this one, if it is to be said now.
    fn again(&mut self, now: Instant) -> Option<u64> {
        if self.at.is_some_and(|at| now.saturating_duration_since(at) < PAUSE) {
            self.silent += 1;
            return None;
        }
        self.at = Some(now);
        Some(std::mem::take(&mut self.silent))
    }
}

/// A request could not reach the store.
pub(super) fn noticed(error: &(dyn Error + 'static)) {
    if let Some(silent) = SAID.lock().again(Instant::now()) {
        tracing::warn!(error, more_requests = silent, "the store is unavailable");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_says_how_many_it_stands_for() {
        let start = Instant::now();
        let mut said = Said { at: None, silent: 0 };
        let table = [
            (0, Some(0)),
            (1, None),
            (999, None),
            (1000, Some(2)),
            (1001, None),
            (9000, Some(1)),
            (9999, None),
        ];
        for (millis, expected) in table {
            assert_eq!(said.again(start + Duration::from_millis(millis)), expected, "{millis}");
        }
    }
}
