//! Checks of watches: replay, order, prefixes, slow readers, races with writers.

use super::Bed;
use crate::{Precondition, Revision};

pub(super) async fn a_watch_replays_history_and_goes_on_live(bed: Bed) {
    let start = bed.store.revision().await.unwrap();
    let first = bed.create("a", "1").await;
    let second = bed.replace("a", first, "2").await;
    let mut all = bed.watch(start).await;
    let mut later = bed.watch(first).await;
    assert_eq!(all.one().await, bed.event("a", Some("1"), first));
    assert_eq!(all.one().await, bed.event("a", Some("2"), second));
    assert_eq!(later.one().await, bed.event("a", Some("2"), second));
    let mut live = bed.watch(second).await;
    let third = bed.delete("a", second).await;
    let fourth = bed.create("a", "").await;
    for events in [&mut all, &mut later, &mut live] {
        assert_eq!(events.one().await, bed.event("a", None, third));
        assert_eq!(events.one().await, bed.event("a", Some(""), fourth));
    }
}

pub(super) async fn a_watch_sees_only_its_prefix(bed: Bed) {
    let start = bed.store.revision().await.unwrap();
    let mut pods = bed.watch_under("pods/", start).await;
    let mut one = bed.watch_under("pods/b", start).await;
    let a = bed.create("pods/a", "1").await;
    bed.create("podtemplates/a", "1").await;
    bed.create("nodes/a", "1").await;
    let b = bed.create("pods/b", "1").await;
    let mut replayed = bed.watch_under("pods/", start).await;
    for events in [&mut pods, &mut replayed] {
        assert_eq!(events.one().await, bed.event("pods/a", Some("1"), a));
        assert_eq!(events.one().await, bed.event("pods/b", Some("1"), b));
    }
    assert_eq!(one.one().await, bed.event("pods/b", Some("1"), b));
}

pub(super) async fn all_events_of_a_revision_come_in_one_batch(bed: Bed) {
    let start = bed.store.revision().await.unwrap();
    let mut live = bed.watch(start).await;
    let old = bed.create("old", "1").await;
    let mut batch: Vec<_> =
        (0..100).map(|n| bed.write(&format!("{n:03}"), Precondition::Absent, Some("1"))).collect();
    batch.push(bed.write("old", Precondition::At(old), None));
    let revision = bed.store.commit(batch).await.unwrap();
    let next = bed.create("next", "1").await;
    let mut replayed = bed.watch(start).await;
    for events in [&mut live, &mut replayed] {
        assert_eq!(events.one().await, bed.event("old", Some("1"), old));
        let batch = events.batch().await;
        assert_eq!((batch.len(), batch[0].revision), (101, revision));
        assert!(batch.contains(&bed.event("old", None, revision)));
        assert_eq!(events.one().await, bed.event("next", Some("1"), next));
    }
}

pub(super) async fn a_watch_of_the_future_waits(bed: Bed) {
    let start = bed.create("a", "1").await;
    let mut events = bed.watch(Revision(start.0 + 1)).await;
    let skipped = bed.replace("a", start, "2").await;
    let seen = bed.replace("a", skipped, "3").await;
    assert_eq!(events.one().await, bed.event("a", Some("3"), seen));
}

pub(super) async fn a_slow_watch_misses_nothing(bed: Bed) {
    const WRITES: usize = 1500;
    let start = bed.store.revision().await.unwrap();
    let mut events = bed.watch(start).await;
    let mut at = bed.create("a", "0").await;
    assert_eq!(events.one().await.revision, at);
    let mut revisions = Vec::new();
    // Far more than any buffer holds, in few commits: 100 keys are written side by side.
    for round in 0..WRITES / 100 {
        let writes = (0..100).map(|n| {
            let bed = bed.clone();
            async move { bed.create(&format!("{round}/{n}"), "1").await }
        });
        revisions.extend(futures::future::join_all(writes).await);
    }
    at = bed.replace("a", at, "1").await;
    revisions.push(at);
    revisions.sort_unstable();
    for revision in revisions {
        assert_eq!(events.one().await.revision, revision);
    }
}

pub(super) async fn watches_started_amid_writes_miss_and_repeat_nothing(bed: Bed) {
    const WRITES: usize = 200;
    let start = bed.store.revision().await.unwrap();
    let writer = {
        let bed = bed.clone();
        tokio::spawn(async move {
            let mut at = bed.create("a", "0").await;
            let mut revisions = vec![at];
            for n in 1..WRITES {
                at = bed.replace("a", at, &n.to_string()).await;
                revisions.push(at);
            }
            revisions
        })
    };
    let mut readers = Vec::new();
    for round in 0..20 {
        let bed = bed.clone();
        // Half from the start, half from what is newest at that instant.
        let after = if round % 2 == 0 { start } else { bed.store.revision().await.unwrap() };
        readers.push((after, tokio::spawn(async move { read_until_last(bed, after, WRITES).await })));
        tokio::task::yield_now().await;
    }
    let revisions = writer.await.unwrap();
    for (after, reader) in readers {
        let expected: Vec<_> = revisions.iter().copied().filter(|revision| *revision > after).collect();
        assert_eq!(reader.await.unwrap(), expected, "after {after}");
    }
}

async fn read_until_last(bed: Bed, after: Revision, writes: usize) -> Vec<Revision> {
    let last = (writes - 1).to_string();
    if bed.store.get(&bed.key("a")).await.unwrap().is_some_and(|kv| kv.value == last && kv.revision <= after)
    {
        return Vec::new();
    }
    let mut events = bed.watch(after).await;
    let mut seen = Vec::new();
    loop {
        let event = events.one().await;
        seen.push(event.revision);
        if event.value.is_some_and(|value| value == last) {
            return seen;
        }
    }
}
