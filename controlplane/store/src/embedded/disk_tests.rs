//! Tests on a disk that fails: it can be full, and it can lose power.

use std::{
    collections::BTreeMap,
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use futures::StreamExt;
use parking_lot::Mutex;
use redb::StorageBackend;

use super::{tests::put, *};
use crate::Precondition;

/// A disk with a cache: what was written but not synced is lost in part when the power fails.
#[derive(Clone, Debug, Default)]
struct Disk {
    content: Arc<Mutex<Content>>,
    full: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Content {
    /// What programs see.
    seen: Vec<u8>,
    /// What is safe.
    safe: Vec<u8>,
    /// Changes since the last sync.
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Change::Length(length) => content.resize(*length, 0),
            Change::Write(offset, bytes) => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
        }
    }
}

/// What a disk writes at once.
const SECTOR_BYTES: usize = 512;

impl Disk {
    fn change(&self, change: Change) -> io::Result<()> {
        self.check()?;
        let mut content = self.content.lock();
        change.apply(&mut content.seen);
        content.unsynced.push(change);
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match self.full.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    /// What is on the disk if the power fails now: what was synced, and of the rest the sectors that `survives` picks.
    fn cut(&self, mut survives: impl FnMut() -> bool) -> Disk {
        let content = self.content.lock();
        let mut image = content.safe.clone();
        for change in &content.unsynced {
            match change {
                Change::Length(_) if survives() => change.apply(&mut image),
                Change::Length(_) => {}
                Change::Write(offset, bytes) => {
                    let mut at = *offset;
                    for sector in bytes.chunks(SECTOR_BYTES) {
                        if survives() {
                            Change::Write(at, sector.to_vec()).apply(&mut image);
                        }
                        at += sector.len();
                    }
                }
            }
        }
        let content = Content { seen: image.clone(), safe: image, unsynced: Vec::new() };
        Disk { content: Arc::new(Mutex::new(content)), full: Arc::default() }
    }

    fn open(&self) -> Embedded {
        let disk = self.clone();
        let opener = move || {
            let db = redb::Builder::new().set_cache_size(1 << 20).create_with_backend(disk.clone());
            open::lay_out(db.map_err(|error| fault::Fault::from(error).during("opening"))?, "the disk")
        };
        Embedded::open_with(Box::new(opener)).unwrap()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content.lock().seen.len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        out.copy_from_slice(&self.content.lock().seen[offset..offset + out.len()]);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Length(len as usize))
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset as usize, data.to_vec()))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.check()?;
        let mut content = self.content.lock();
        let unsynced = std::mem::take(&mut content.unsynced);
        unsynced.iter().for_each(|change| change.apply(&mut content.safe));
        Ok(())
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_loses_nothing() {
    let disk = Disk::default();
    let store = disk.open();
    let first = store.commit(put("/a", Precondition::Absent, "1")).await.unwrap();
    let mut watch = store.watch("/", first).await.unwrap();
    disk.full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let error = store.commit(put("/b", Precondition::Absent, "1")).await.unwrap_err();
        assert!(error.retryable(), "{error:?}");
    }
    assert!(matches!(watch.next().await.unwrap(), Err(Error::Unavailable { .. })));
    assert!(store.revision().await.unwrap_err().retryable());
    disk.full.store(false, Ordering::SeqCst);
    let mut kept = store.get("/a").await;
    while kept.as_ref().is_err_and(Error::retryable) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        kept = store.get("/a").await;
    }
    assert_eq!(kept.unwrap().unwrap().revision, first);
    // The failed write may or may not have happened; either way the next one is in order.
    let at = store.get("/b").await.unwrap().map(|kv| kv.revision);
    let write = put("/b", at.map_or(Precondition::Absent, Precondition::At), "2");
    let second = store.commit(write).await.unwrap();
    assert!(second > first);
    let mut watch = store.watch("/b", first).await.unwrap();
    let mut seen = watch.next().await.unwrap().unwrap();
    if at.is_some() {
        seen = watch.next().await.unwrap().unwrap();
    }
    assert_eq!(seen[0].revision, second);
}

/// The power fails while writers write, at any moment, and of what was not synced any part survives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_no_acknowledged_write() {
    const CUTS: u64 = 60;
    const WRITERS: usize = 3;
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut disk = Disk::default();
    for cut in 0..CUTS {
        let store = Arc::new(disk.open());
        let acknowledged: Arc<Mutex<BTreeMap<String, Revision>>> = Arc::default();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write_until_stopped(store.clone(), format!("/{writer}"), acknowledged.clone()));
        }
        tokio::time::sleep(std::time::Duration::from_micros(next() % 8000)).await;
        // First what was acknowledged, then what is on the disk: later writes may be there, too.
        let acknowledged = acknowledged.lock().clone();
        let kept_share = next() % 5;
        let image = disk.cut(|| next() % 4 < kept_share);
        writers.shutdown().await;
        drop(store);
        disk = image;
        let store = disk.open();
        for (key, revision) in acknowledged {
            let stored = store.get(&key).await.unwrap().unwrap_or_else(|| panic!("cut {cut}: {key} is gone"));
            assert!(stored.revision >= revision, "cut {cut}: {key} is at {} not {revision}", stored.revision);
            assert!(store.revision().await.unwrap() >= stored.revision);
        }
    }
}

async fn write_until_stopped(
    store: Arc<Embedded>,
    key: String,
    acknowledged: Arc<Mutex<BTreeMap<String, Revision>>>,
) {
    loop {
        let at = store.get(&key).await.unwrap().map(|kv| kv.revision);
        let precondition = at.map_or(Precondition::Absent, Precondition::At);
        let revision = store.commit(put(&key, precondition, &"x".repeat(2000))).await.unwrap();
        acknowledged.lock().insert(key.clone(), revision);
    }
}
