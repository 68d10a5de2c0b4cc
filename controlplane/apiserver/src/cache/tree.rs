//! An ordered map of entries whose snapshots cost one reference count.
//!
//! Two levels of sorted vectors behind `Arc`s, copied on write: a writer touches one chunk, a reader that took a snapshot keeps
//! reading the old chunks. 3,000 objects are some 40 chunks, 150,000 some 2,000.

use std::sync::Arc;

use super::entry::Entry;

/// A chunk with more entries is split in two.
const CHUNK_ENTRIES_MAX: usize = 128;
/// A chunk with fewer is merged into its neighbour if both fit in one.
const CHUNK_ENTRIES_MIN: usize = 32;

type Chunk = Vec<Arc<Entry>>;

/// Entries by key. A clone is a snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    chunks: Arc<Vec<Arc<Chunk>>>,
    len: usize,
}

/// Where an entry is, or belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    chunk: usize,
    entry: usize,
    found: bool,
}

impl Tree {
    /// A tree of entries that are sorted by key already.
    pub(crate) fn from_sorted(entries: Vec<Arc<Entry>>) -> Self {
        let len = entries.len();
        // Chunks start three quarters full, so that the first inserts do not split them.
        let chunks = entries.chunks(CHUNK_ENTRIES_MAX * 3 / 4).map(|part| Arc::new(part.to_vec())).collect();
        Tree { chunks: Arc::new(chunks), len }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The entry of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Entry>> {
        let at = self.position(key);
        at.found.then(|| &self.chunks[at.chunk][at.entry])
    }

    /// Puts an entry in its place; returns the one that was there.
    pub(crate) fn insert(&mut self, entry: Arc<Entry>) -> Option<Arc<Entry>> {
        let at = self.position(&entry.key);
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunks.is_empty() {
            chunks.push(Arc::new(Vec::with_capacity(4)));
        }
        let chunk = Arc::make_mut(&mut chunks[at.chunk]);
        if at.found {
            return Some(std::mem::replace(&mut chunk[at.entry], entry));
        }
        chunk.insert(at.entry, entry);
        self.len += 1;
        if chunk.len() > CHUNK_ENTRIES_MAX {
            // Keys that only grow (the usual burst) leave full chunks behind rather than half-empty ones.
            let appended = at.entry + 1 == chunk.len();
            let keep = if appended { chunk.len() * 7 / 8 } else { chunk.len() / 2 };
            let tail = chunk.split_off(keep);
            chunks.insert(at.chunk + 1, Arc::new(tail));
        }
        None
    }

    /// Takes the entry of `key` out.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Arc<Entry>> {
        let at = self.position(key);
        if !at.found {
            return None;
        }
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[at.chunk]);
        let entry = chunk.remove(at.entry);
        self.len -= 1;
        if chunk.is_empty() {
            chunks.remove(at.chunk);
        } else if chunk.len() < CHUNK_ENTRIES_MIN {
            merge(chunks, at.chunk);
        }
        Some(entry)
    }

    /// The entries whose keys start with `prefix` and sort after `after`, in order.
    pub(crate) fn range<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&str>,
    ) -> impl Iterator<Item = &'a Arc<Entry>> {
        let at = match after {
            Some(after) if after >= prefix => {
                let at = self.position(after);
                Position { entry: at.entry + usize::from(at.found), ..at }
            }
            _ => self.position(prefix),
        };
        let rest = self.chunks.get(at.chunk..).unwrap_or_default();
        rest.iter()
            .enumerate()
            .flat_map(move |(index, chunk)| chunk[if index == 0 { at.entry } else { 0 }..].iter())
            .take_while(move |entry| entry.key.starts_with(prefix))
    }

    fn position(&self, key: &str) -> Position {
        let behind = self.chunks.partition_point(|chunk| *chunk[0].key <= *key);
        let chunk = behind.saturating_sub(1);
        let Some(entries) = self.chunks.get(chunk) else {
            return Position { chunk: 0, entry: 0, found: false };
        };
        match entries.binary_search_by(|entry| (*entry.key).cmp(key)) {
            Ok(entry) => Position { chunk, entry, found: true },
            Err(entry) => Position { chunk, entry, found: false },
        }
    }
}

/// Merges a small chunk into a neighbour that has room.
fn merge(chunks: &mut Vec<Arc<Chunk>>, small: usize) {
    let neighbour = if small > 0 { small - 1 } else { small + 1 };
    let Some(other) = chunks.get(neighbour) else { return };
    if chunks[small].len() + other.len() > CHUNK_ENTRIES_MAX * 3 / 4 {
        return;
    }
    let (left, right) = (small.min(neighbour), small.max(neighbour));
    let tail = chunks.remove(right);
    Arc::make_mut(&mut chunks[left]).extend(tail.iter().cloned());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use naru_api::kinds::by_kind;
    use naru_store::Revision;
    use proptest::prelude::*;

    use super::*;
    use crate::cache::extract::Plan;

    fn entry(key: &str, revision: u64) -> Arc<Entry> {
        let plan = Plan::new(by_kind("v1", "ConfigMap").unwrap());
        Arc::new(Entry::new(&plan, 0, &key.into(), b"{}", Revision(revision), 0).unwrap())
    }

    fn keys<'a>(entries: impl Iterator<Item = &'a Arc<Entry>>) -> Vec<String> {
        entries.map(|entry| entry.key.to_string()).collect()
    }

    #[test]
    fn snapshots_do_not_change() {
        let mut tree = Tree::default();
        for n in 0..1000 {
            tree.insert(entry(&format!("k{n:04}"), n));
        }
        let before = tree.clone();
        for n in 0..990 {
            assert!(tree.remove(&format!("k{n:04}")).is_some());
        }
        tree.insert(entry("k0995", 5000));
        assert_eq!((before.len(), tree.len()), (1000, 10));
        assert_eq!(before.get("k0995").unwrap().revision.0, 995);
        assert_eq!(tree.get("k0995").unwrap().revision.0, 5000);
        assert_eq!(keys(before.range("k", None)).len(), 1000);
    }

    proptest! {
        #[test]
        fn behaves_as_an_ordered_map(ops in proptest::collection::vec((0u16..600, 0u8..3), 0..1500), sorted in 0usize..300) {
            let start: Vec<_> = (0..sorted).map(|n| entry(&format!("a/{n:04}"), 1)).collect();
            let mut tree = Tree::from_sorted(start);
            let mut model: BTreeMap<String, u64> = (0..sorted).map(|n| (format!("a/{n:04}"), 1)).collect();
            for (step, (n, op)) in ops.iter().enumerate() {
                let key = format!("{}/{n:04}", if n % 2 == 0 { "a" } else { "b" });
                if *op == 0 {
                    prop_assert_eq!(tree.remove(&key).map(|e| e.revision.0), model.remove(&key));
                } else {
                    let got = tree.insert(entry(&key, step as u64)).map(|e| e.revision.0);
                    prop_assert_eq!(got, model.insert(key, step as u64));
                }
            }
            prop_assert_eq!(tree.len(), model.len());
            for (prefix, after) in [("", None), ("a/", None), ("b/", None), ("b/", Some("b/0101")), ("b/", Some("b/0101\0")), ("a/", Some("zzz")), ("b/", Some("a/3"))] {
                let expected: Vec<String> = model.keys()
                    .filter(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after))
                    .cloned().collect();
                prop_assert_eq!(keys(tree.range(prefix, after)), expected);
            }
            for n in 0..600 {
                let key = format!("a/{n:04}");
                prop_assert_eq!(tree.get(&key).map(|e| e.revision.0), model.get(&key).copied());
            }
        }
    }
}
