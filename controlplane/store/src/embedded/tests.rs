//! Tests of what only the embedded store has: its file and its resources.

use std::os::unix::fs::PermissionsExt;

use futures::StreamExt;

use super::*;
use crate::{Mutation, Precondition};

pub(super) fn put(key: &str, precondition: Precondition, value: &str) -> Vec<Write> {
    let mutation = Mutation::Put(value.to_owned().into());
    vec![Write { key: key.into(), precondition, mutation }]
}

#[test]
fn the_file_is_its_owners_only_and_is_not_shared() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/store.redb");
    let store = Embedded::open(&path, EmbeddedOptions::default()).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let error = Embedded::open(&path, EmbeddedOptions::default()).err().unwrap();
    assert!(error.to_string().contains("is in use by another naru"), "{error}");
    drop(store);
    Embedded::open(&path, EmbeddedOptions::default()).unwrap();
}

#[test]
fn what_is_not_a_store_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.txt");
    let content = "not a database\n".repeat(1000);
    std::fs::write(&path, &content).unwrap();
    let error = Embedded::open(&path, EmbeddedOptions::default()).err().unwrap();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    let error = Embedded::open(dir.path(), EmbeddedOptions::default()).err().unwrap();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[test]
fn a_later_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.redb");
    drop(Embedded::open(&path, EmbeddedOptions::default()).unwrap());
    let db = Database::open(&path).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(format::META).unwrap().insert(format::META_FORMAT, 99).unwrap();
    txn.commit().unwrap();
    drop(db);
    let error = Embedded::open(&path, EmbeddedOptions::default()).err().unwrap();
    assert!(error.to_string().contains("layout 99"), "{error}");
}

#[tokio::test]
async fn a_dropped_watch_leaves_the_hub_and_a_dropped_store_ends_watches() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path().join("s"), EmbeddedOptions::default()).unwrap();
    let start = store.revision().await.unwrap();
    let watch = store.watch("/", start).await.unwrap();
    let mut other = store.watch("/", start).await.unwrap();
    assert_eq!(store.shared.hub.watches(), 2);
    drop(watch);
    assert_eq!(store.shared.hub.watches(), 1);
    let revision = store.commit(put("/a", Precondition::Absent, "1")).await.unwrap();
    drop(store);
    assert_eq!(other.next().await.unwrap().unwrap()[0].revision, revision);
    assert!(matches!(other.next().await.unwrap(), Err(Error::Unavailable { .. })));
    assert!(other.next().await.is_none());
}

#[tokio::test]
async fn sweeping_frees_what_compaction_made_unreachable() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path().join("s"), EmbeddedOptions::default()).unwrap();
    let mut at = store.commit(put("/a", Precondition::Absent, "1")).await.unwrap();
    for _ in 0..20 {
        at = store.commit(put("/a", Precondition::At(at), "2")).await.unwrap();
        let gone = store.commit(put("/gone", Precondition::Absent, "1")).await.unwrap();
        let delete =
            Write { key: "/gone".into(), precondition: Precondition::At(gone), mutation: Mutation::Delete };
        store.commit(vec![delete]).await.unwrap();
    }
    store.compact(store.revision().await.unwrap()).await.unwrap();
    drop(store);
    let store = Embedded::open(dir.path().join("s"), EmbeddedOptions::default()).unwrap();
    // An empty batch is a turn of the writer, and each turn sweeps.
    store.commit(Vec::new()).await.unwrap();
    drop(store);
    let db = Database::open(dir.path().join("s")).unwrap();
    let log = redb::ReadableDatabase::begin_read(&db).unwrap().open_table(format::LOG).unwrap();
    assert_eq!(redb::ReadableTableMetadata::len(&log).unwrap(), 1, "one version of /a is left");
}
