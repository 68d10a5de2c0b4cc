//! Checks of commits: preconditions, batches, limits, races.

use std::collections::HashSet;

use bytes::Bytes;

use super::{Bed, text};
use crate::{Error, MAX_BATCH_BYTES, MAX_WRITES, Mutation, Precondition, Revision, Write};

pub(super) async fn a_key_is_created_read_replaced_and_deleted(bed: Bed) {
    let start = bed.store.revision().await.unwrap();
    assert!(start > Revision(0), "revision 0 is before every state");
    assert_eq!(bed.store.get(&bed.key("a")).await.unwrap(), None);
    let created = bed.create("a", "1").await;
    assert!(created > start);
    let read = bed.store.get(&bed.key("a")).await.unwrap().unwrap();
    assert_eq!((read.key, text(&read.value), read.revision), (bed.key("a"), "1".into(), created));
    let replaced = bed.replace("a", created, "").await;
    assert!(replaced > created);
    let read = bed.store.get(&bed.key("a")).await.unwrap().unwrap();
    assert_eq!((text(&read.value), read.revision), (String::new(), replaced));
    let deleted = bed.delete("a", replaced).await;
    assert!(deleted > replaced);
    assert_eq!(bed.store.get(&bed.key("a")).await.unwrap(), None);
    assert!(bed.store.revision().await.unwrap() >= deleted);
    assert!(bed.create("a", "2").await > deleted);
}

pub(super) async fn a_lost_race_is_a_conflict_that_tells_what_is_there(bed: Bed) {
    let first = bed.create("a", "1").await;
    let second = bed.replace("a", first, "2").await;
    let newest = bed.store.revision().await.unwrap();
    let cases = [
        ("a", Precondition::Absent, Some("x"), Some(second)),
        ("a", Precondition::Absent, None, Some(second)),
        ("a", Precondition::At(first), Some("x"), Some(second)),
        ("a", Precondition::At(first), None, Some(second)),
        ("a", Precondition::At(Revision(second.0 + 1)), Some("x"), Some(second)),
        ("a", Precondition::At(Revision(0)), Some("x"), Some(second)),
        ("none", Precondition::At(first), Some("x"), None),
        ("none", Precondition::At(Revision(0)), Some("x"), None),
        ("none", Precondition::At(Revision(0)), None, None),
    ];
    for (name, precondition, value, there) in cases {
        let case = format!("{name} {precondition:?} {value:?}");
        let error = bed.store.commit(vec![bed.write(name, precondition, value)]).await.expect_err(&case);
        assert!(!error.retryable(), "{case}");
        let Error::Conflict { key, current } = error else { panic!("{case}: {error:?}") };
        assert_eq!(key, bed.key(name), "{case}");
        assert_eq!(current.as_ref().map(|kv| kv.revision), there, "{case}");
        assert!(current.is_none_or(|kv| text(&kv.value) == "2"), "{case}");
    }
    assert_eq!(bed.store.revision().await.unwrap(), newest, "a conflict writes nothing");
}

pub(super) async fn a_batch_is_written_whole_or_not_at_all(bed: Bed) {
    let old = bed.create("old", "1").await;
    let batch = |at| {
        vec![
            bed.write("new", Precondition::Absent, Some("1")),
            bed.write("old", Precondition::At(at), None),
            bed.write("other", Precondition::Absent, Some("2")),
        ]
    };
    let error = bed.store.commit(batch(Revision(old.0 + 1))).await.unwrap_err();
    assert!(matches!(&error, Error::Conflict { key, .. } if *key == bed.key("old")), "{error:?}");
    assert_eq!(bed.list(None).await.unwrap(), [("old".into(), "1".into(), old)]);
    let done = bed.store.commit(batch(old)).await.unwrap();
    let expected = [("new".into(), "1".into(), done), ("other".into(), "2".into(), done)];
    assert_eq!(bed.list(None).await.unwrap(), expected);
}

pub(super) async fn a_batch_that_changes_nothing_has_the_newest_revision(bed: Bed) {
    let newest = bed.create("a", "1").await;
    assert_eq!(bed.store.commit(Vec::new()).await.unwrap(), newest);
    let nothing = vec![bed.write("none", Precondition::Absent, None)];
    assert_eq!(bed.store.commit(nothing).await.unwrap(), newest);
    assert_eq!(bed.store.revision().await.unwrap(), newest);
    let same = bed.replace("a", newest, "1").await;
    assert!(same > newest, "writing the same bytes is a write");
}

pub(super) async fn batches_against_the_rules_are_refused(bed: Bed) {
    let newest = bed.store.revision().await.unwrap();
    let create = |name: &str| bed.write(name, Precondition::Absent, Some("1"));
    let many = (0..=MAX_WRITES).map(|n| create(&n.to_string())).collect();
    let empty =
        Write { key: "".into(), precondition: Precondition::Absent, mutation: Mutation::Put(Bytes::new()) };
    for batch in
        [vec![create("a"), create("b"), create("a")], vec![empty], vec![create(&"k".repeat(5000))], many]
    {
        let error = bed.store.commit(batch).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
    }
    let mut huge = create("huge");
    huge.mutation = Mutation::Put(vec![0; MAX_BATCH_BYTES].into());
    let error = bed.store.commit(vec![huge]).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: MAX_BATCH_BYTES, .. }), "{error:?}");
    assert_eq!(bed.store.revision().await.unwrap(), newest);
}

pub(super) async fn large_batches_and_values_are_kept(bed: Bed) {
    let batch = (0..MAX_WRITES).map(|n| bed.write(&format!("many/{n:03}"), Precondition::Absent, Some("1")));
    let revision = bed.store.commit(batch.collect()).await.unwrap();
    let entries = bed.list(None).await.unwrap();
    assert_eq!(entries.len(), MAX_WRITES);
    assert!(entries.iter().all(|(_, _, written)| *written == revision));
    let value: Bytes = (0..MAX_BATCH_BYTES - 4096).map(|n| (n % 251) as u8).collect();
    let mut large = bed.write("large", Precondition::Absent, None);
    large.mutation = Mutation::Put(value.clone());
    bed.store.commit(vec![large]).await.unwrap();
    assert!(bed.store.get(&bed.key("large")).await.unwrap().unwrap().value == value, "the bytes come back");
}

pub(super) async fn of_many_writers_of_one_revision_one_wins(bed: Bed) {
    const WRITERS: usize = 8;
    const ROUNDS: u64 = 10;
    bed.create("counter", "0").await;
    let increments = (0..WRITERS).map(|_| {
        let bed = bed.clone();
        tokio::spawn(async move {
            let mut won = HashSet::new();
            while won.len() < ROUNDS as usize {
                let read = bed.store.get(&bed.key("counter")).await.unwrap().unwrap();
                let next = (text(&read.value).parse::<u64>().unwrap() + 1).to_string();
                let write = bed.write("counter", Precondition::At(read.revision), Some(&next));
                match bed.store.commit(vec![write]).await {
                    Ok(revision) => assert!(won.insert(revision)),
                    Err(Error::Conflict { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            won
        })
    });
    let won = futures::future::join_all(increments).await.into_iter().flat_map(Result::unwrap);
    let revisions: HashSet<_> = won.collect();
    assert_eq!(revisions.len(), WRITERS * ROUNDS as usize, "each write has a revision of its own");
    let counter = bed.store.get(&bed.key("counter")).await.unwrap().unwrap();
    assert_eq!(text(&counter.value), (WRITERS as u64 * ROUNDS).to_string(), "no increment is lost");
}
