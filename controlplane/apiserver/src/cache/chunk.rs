//! A leaf of the tree: neighbouring entries, and what has been compressed of them.
//!
//! Entries are compressed in runs of [`RUN_ENTRIES`]: many together compress far better than one, and a change spoils only its own run. What a list
//! takes of a run is a mask: all of it, or what a selector or a page leaves.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{
    entry::Entry,
    packed::{Packed, Packer},
};

/// A chunk with more entries is split in two.
pub(super) const CHUNK_ENTRIES_MAX: usize = 128;
/// So many entries are compressed together.
pub(crate) const RUN_ENTRIES: usize = 32;
const RUNS: usize = CHUNK_ENTRIES_MAX / RUN_ENTRIES;
/// Pieces that are kept of a run, of different masks: what so many selectors take of it.
const PIECES_MAX: usize = 16;

/// Which entries of a run are meant; the lowest bit is the first one.
pub(crate) type Mask = u32;

/// What is kept of a run, the newest last.
type Pieces = Vec<(Mask, Arc<Packed>)>;

/// Neighbouring entries, sorted by key.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    entries: Vec<Arc<Entry>>,
    /// The newest pieces of each run.
    packed: [Mutex<Pieces>; RUNS],
}

impl Clone for Chunk {
    fn clone(&self) -> Self {
        let packed = std::array::from_fn(|run| Mutex::new(self.packed[run].lock().clone()));
        Chunk { entries: self.entries.clone(), packed }
    }
}

impl std::ops::Deref for Chunk {
    type Target = [Arc<Entry>];

    fn deref(&self) -> &[Arc<Entry>] {
        &self.entries
    }
}

impl Chunk {
    /// A chunk of at most [`CHUNK_ENTRIES_MAX`] entries.
    pub(super) fn of(entries: Vec<Arc<Entry>>) -> Self {
        Chunk { entries, ..Chunk::default() }
    }

    /// Puts an entry in the place of another.
    pub(super) fn replace(&mut self, at: usize, entry: Arc<Entry>) -> Arc<Entry> {
        self.packed[at / RUN_ENTRIES].get_mut().clear();
        std::mem::replace(&mut self.entries[at], entry)
    }

    /// Puts an entry before the one at `at`. If there are too many then, gives back the tail that is to be a chunk of its own.
    pub(super) fn insert(&mut self, at: usize, entry: Arc<Entry>) -> Option<Chunk> {
        self.forget(at);
        self.entries.insert(at, entry);
        let count = self.entries.len();
        if count <= CHUNK_ENTRIES_MAX {
            return None;
        }
        // Keys that only grow (the usual burst) leave full chunks behind rather than half-empty ones.
        let keep = if at + 1 == count { count * 7 / 8 } else { count / 2 };
        self.forget(keep);
        Some(Chunk::of(self.entries.split_off(keep)))
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, at: usize) -> Arc<Entry> {
        self.forget(at);
        self.entries.remove(at)
    }

    /// Appends the entries of a chunk that follows.
    pub(super) fn append(&mut self, tail: &Chunk) {
        self.forget(self.entries.len());
        self.entries.extend(tail.iter().cloned());
    }

    /// The entries that `mask` names in a run, compressed; made once and kept as long as none of the run changes.
    pub(crate) fn packed(&self, run: usize, mask: Mask, packer: &Arc<Packer>) -> Arc<Packed> {
        // Under the lock, so that of several who need the piece one makes it.
        let mut kept = self.packed[run].lock();
        if let Some((_, piece)) = kept.iter().find(|(known, _)| *known == mask) {
            return piece.clone();
        }
        let entries = self.entries[run * RUN_ENTRIES..].iter().take(RUN_ENTRIES).enumerate();
        let named = entries.filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, entry)| entry);
        let piece = Arc::new(packer.pack(named));
        if piece.is_held() {
            if kept.len() == PIECES_MAX {
                kept.remove(0);
            }
            kept.push((mask, piece.clone()));
        }
        piece
    }

    /// Drops the pieces of the entries from `at` on.
    fn forget(&mut self, at: usize) {
        for run in &mut self.packed[(at / RUN_ENTRIES).min(RUNS)..] {
            run.get_mut().clear();
        }
    }
}
