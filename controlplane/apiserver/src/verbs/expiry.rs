//! Expiry: objects of kinds with a lifetime (events) are removed some time after their last write.

use std::{sync::Arc, time::Duration};

use naru_store::{Error, Mutation, Precondition, Write};

use crate::{
    cache::{Entry, KindCache},
    server::Inner,
};

/// How often expired objects are looked for.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);
/// At most so many are removed by one transaction of the store.
const BATCH: usize = 100;

/// Sweeps for ever.
pub(crate) async fn sweep_forever(server: &Inner) {
    let mut ticks = tokio::time::interval(SWEEP_PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        sweep(server).await;
    }
}

/// Removes what has expired by now. A failure is left to the next sweep.
pub(crate) async fn sweep(server: &Inner) {
    for row in server.options.registry.rows().iter() {
        let (Some(lifetime), Some(kind)) = (row.kind.lifetime_seconds, server.cache.of(row)) else {
            continue;
        };
        let before = server.cache.now_seconds() - i64::from(lifetime);
        let expired = expired(server, &kind, before);
        for batch in expired.chunks(BATCH) {
            if let Err(error) = remove(server, batch).await {
                tracing::warn!(
                    kind = row.kind.kind,
                    error = &error as &dyn std::error::Error,
                    "expiry failed"
                );
                break;
            }
        }
    }
}

fn expired(server: &Inner, kind: &KindCache, before: i64) -> Vec<Arc<Entry>> {
    let snapshot = server.cache.snapshot(kind);
    snapshot.tree.range(&kind.prefix, None).filter(|entry| entry.taken < before).cloned().collect()
}

/// Removes a batch, or, if one of them was written meanwhile, each that was not.
async fn remove(server: &Inner, batch: &[Arc<Entry>]) -> Result<(), Error> {
    let store = server.cache.store();
    let write = |entry: &Arc<Entry>| Write {
        key: entry.key.clone(),
        precondition: Precondition::At(entry.revision),
        mutation: Mutation::Delete,
    };
    match store.commit(batch.iter().map(write).collect()).await {
        Ok(_) => return Ok(()),
        Err(Error::Conflict { .. }) => {}
        Err(error) => return Err(error),
    }
    for entry in batch {
        match store.commit(vec![write(entry)]).await {
            Ok(_) | Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
