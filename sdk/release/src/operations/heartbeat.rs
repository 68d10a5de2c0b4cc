//! Signs of life while an operation is under way, so that nobody takes it for interrupted.

use std::{future::Future, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use super::Operator;
use crate::plan::holder;

impl Operator<'_> {
    /// Runs `work`, which is about this pending revision, and renews its annotation meanwhile.
    pub(super) async fn alive<T>(&self, name: &str, version: u64, work: impl Future<Output = T>) -> T {
        let renew = async {
            let period = Duration::from_secs(holder::RENEWAL.as_secs().unsigned_abs());
            let mut ticks = interval(period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                // The work will see for itself whether the cluster is gone.
                let _ = self.storage.renew(name, version).await;
            }
        };
        tokio::select! {
            done = work => done,
            never = renew => never,
        }
    }
}
