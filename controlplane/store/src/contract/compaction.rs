//! Checks of compaction.

use super::Bed;
use crate::{Error, Revision};

pub(super) async fn compaction_keeps_the_present_and_ends_the_past(bed: Bed) {
    let first = bed.create("a", "1").await;
    let gone = bed.create("gone", "1").await;
    bed.delete("gone", gone).await;
    let second = bed.replace("a", first, "2").await;
    let third = bed.replace("a", second, "3").await;
    bed.store.compact(second).await.unwrap();
    assert_eq!(bed.list(Some(second)).await.unwrap(), [("a".into(), "2".into(), second)]);
    assert_eq!(bed.list(Some(third)).await.unwrap(), [("a".into(), "3".into(), third)]);
    assert_eq!(bed.list(None).await.unwrap(), [("a".into(), "3".into(), third)]);
    let error = bed.list(Some(first)).await.unwrap_err();
    assert!(matches!(error, Error::Compacted { asked, .. } if asked == first), "{error:?}");
    assert!(!error.retryable());
    bed.store.compact(second).await.unwrap();
    bed.store.compact(Revision(second.0 - 1)).await.unwrap();
    bed.store.compact(Revision(0)).await.unwrap();
    bed.store.compact(third).await.unwrap();
    let error = bed.list(Some(second)).await.unwrap_err();
    assert!(matches!(error, Error::Compacted { .. }), "{error:?}");
    let kept = bed.store.get(&bed.key("a")).await.unwrap().unwrap();
    assert_eq!(kept.revision, third);
    assert!(bed.replace("a", third, "4").await > third);
}

pub(super) async fn a_watch_of_compacted_history_ends_with_compacted(bed: Bed) {
    let first = bed.create("a", "1").await;
    let second = bed.replace("a", first, "2").await;
    let third = bed.replace("a", second, "3").await;
    bed.store.compact(second).await.unwrap();
    let error = bed.watch_error(first).await;
    assert!(matches!(error, Error::Compacted { .. }), "{error:?}");
    let mut events = bed.watch(second).await;
    assert_eq!(events.one().await, bed.event("a", Some("3"), third));
    bed.store.compact(third).await.unwrap();
    let fourth = bed.replace("a", third, "4").await;
    assert_eq!(events.one().await, bed.event("a", Some("4"), fourth), "a watch up to date goes on");
}

pub(super) async fn deleted_keys_stay_deleted_after_compaction(bed: Bed) {
    let mut newest = Revision(0);
    for round in 0..3 {
        for n in 0..40 {
            let created = bed.create(&n.to_string(), &round.to_string()).await;
            newest = bed.delete(&n.to_string(), created).await;
        }
        let kept = bed.create(&format!("kept{round}"), "1").await;
        bed.store.compact(newest).await.unwrap();
        assert_eq!(bed.list(Some(newest)).await.unwrap().len(), round);
        assert_eq!(bed.list(None).await.unwrap().last().unwrap().2, kept);
    }
    assert_eq!(bed.list(None).await.unwrap().len(), 3);
    assert!(bed.create("0", "back").await > newest);
}
