//! Compaction: first the promise that old states are gone, then, in small steps, the freeing of their versions.
//!
//! Each version names the one it replaced. So the versions that nobody can reach once states before revision `c` are
//! gone are those named by entries up to `c`, and the deletions among those entries themselves. Each entry is looked
//! at once in its life.

use redb::{Database, ReadableTable};

use super::{
    fault::Fallible,
    format::{LOG, META, META_COMPACTED, META_SWEPT, Place},
    view,
};

/// Log entries looked at in one step; a step is one transaction, during which writers wait.
const STEP_ENTRIES: usize = 512;

/// Makes states before `before` unreadable, durably.
pub(super) fn mark(db: &Database, before: u64) -> Fallible<()> {
    let txn = db.begin_write()?;
    txn.open_table(META)?.insert(META_COMPACTED, before)?;
    Ok(txn.commit()?)
}

/// How far the log has been swept.
pub(super) fn swept(db: &Database) -> Fallible<u64> {
    use redb::ReadableDatabase;
    Ok(db.begin_read()?.open_table(META)?.get(META_SWEPT)?.map_or(0, |guard| guard.value()))
}

/// Frees what became unreachable in the next part of the log after `swept`; returns how far it is swept now, at
/// most `compacted`.
pub(super) fn step(db: &Database, swept: u64, compacted: u64) -> Fallible<u64> {
    let txn = db.begin_write()?;
    let (position, dead) = {
        let mut log = txn.open_table(LOG)?;
        let (position, dead) = unreachable(&log, swept, compacted)?;
        for place in &dead {
            log.remove(place)?;
        }
        txn.open_table(META)?.insert(META_SWEPT, position)?;
        (position, dead.len())
    };
    txn.commit()?;
    tracing::debug!(swept = position, compacted, dead, "swept a part of the log");
    Ok(position)
}

/// The places that entries after `swept` up to `compacted` make unreachable, and how far they reach.
fn unreachable(
    log: &impl ReadableTable<Place, &'static [u8]>,
    swept: u64,
    compacted: u64,
) -> Fallible<(u64, Vec<Place>)> {
    let mut dead = Vec::new();
    let mut position = swept;
    for (looked_at, row) in log.range((swept + 1, 0)..=(compacted, u32::MAX))?.enumerate() {
        let (place, bytes) = row?;
        let place = place.value();
        if place.0 != position && looked_at >= STEP_ENTRIES {
            return Ok((position, dead));
        }
        position = place.0;
        let entry = view::decode(place, bytes.value())?;
        dead.extend(entry.replaced);
        if entry.value.is_none() {
            dead.push(place);
        }
    }
    Ok((compacted, dead))
}
