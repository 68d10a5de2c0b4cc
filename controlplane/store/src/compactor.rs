//! Regular compaction, for the owner of a store to run beside it.

use std::{collections::VecDeque, num::NonZeroU64, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{Result, Revision, Store};

/// How much history a store keeps.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Time between compactions; history is kept for at least this long, and at most for twice as long.
    pub period: Duration,
    /// Compact also when there are more revisions than this.
    pub revisions: Option<NonZeroU64>,
}

impl Default for Retention {
    /// Five minutes, as kube-apiserver keeps.
    fn default() -> Self {
        Self { period: Duration::from_secs(5 * 60), revisions: None }
    }
}

/// How often the number of revisions is looked at, if it is limited.
const REVISIONS_LOOK_PERIOD: Duration = Duration::from_secs(10);

/// Compacts `store` regularly until cancelled. A store that is away is tried again a period later; several
/// processes may do this to the same store.
pub async fn compact_loop(store: &dyn Store, retention: Retention, cancel: CancellationToken) {
    let look = match retention.revisions {
        Some(_) => REVISIONS_LOOK_PERIOD.min(retention.period),
        None => retention.period,
    };
    let mut clock = Looks::new(retention, look);
    while cancel.run_until_cancelled(tokio::time::sleep(look)).await.is_some() {
        if let Err(error) = look_once(store, &mut clock).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "compaction failed; it is tried again later"
            );
        }
    }
}

async fn look_once(store: &dyn Store, looks: &mut Looks) -> Result<()> {
    let newest = store.revision().await?;
    if let Some(before) = looks.at(newest) {
        store.compact(before).await?;
        tracing::debug!(%before, %newest, "compacted");
    }
    Ok(())
}

/// Decides what to compact from what was the newest revision at regular looks.
struct Looks {
    per_period: usize,
    revisions_max: u64,
    past: VecDeque<Revision>,
}

impl Looks {
    fn new(retention: Retention, look: Duration) -> Self {
        let per_period = retention.period.as_nanos().div_ceil(look.as_nanos().max(1));
        Self {
            per_period: usize::try_from(per_period).unwrap_or(usize::MAX),
            revisions_max: retention.revisions.map_or(u64::MAX, NonZeroU64::get),
            past: VecDeque::new(),
        }
    }

    /// The next look found `newest`; answers before which revision to compact, if anything is too old.
    fn at(&mut self, newest: Revision) -> Option<Revision> {
        let mut before = None;
        while self.past.len() >= self.per_period {
            before = self.past.pop_front();
        }
        self.past.push_back(newest);
        let kept_most = Revision(newest.0.saturating_sub(self.revisions_max));
        before.max((kept_most.0 > 0).then_some(kept_most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(revisions: Option<u64>, period: u64, look: u64) -> Looks {
        let retention = Retention {
            period: Duration::from_secs(period),
            revisions: revisions.map(|most| NonZeroU64::new(most).unwrap()),
        };
        Looks::new(retention, Duration::from_secs(look))
    }

    #[test]
    fn history_is_kept_for_one_period() {
        let mut looks = looks(None, 300, 300);
        let found: Vec<_> = [10, 25, 25, 40].map(|newest| looks.at(Revision(newest))).into();
        assert_eq!(found, [None, Some(Revision(10)), Some(Revision(25)), Some(Revision(25))]);
    }

    #[test]
    fn a_limit_of_revisions_compacts_sooner() {
        let mut looks = looks(Some(100), 30, 10);
        let found: Vec<_> = [50, 60, 70, 1000].map(|newest| looks.at(Revision(newest))).into();
        assert_eq!(found, [None, None, None, Some(Revision(900))]);
        assert_eq!(looks.at(Revision(1001)), Some(Revision(901)));
    }
}
