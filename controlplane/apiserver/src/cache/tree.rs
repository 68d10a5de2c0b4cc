//! An ordered map of entries whose snapshots cost one reference count.
//!
//! Two levels of sorted vectors behind `Arc`s, copied on write: a writer touches one chunk, a reader that took a snapshot keeps
//! reading the old chunks. 3,000 objects are some 40 chunks, 150,000 some 2,000.

use std::sync::Arc;

use super::{
    chunk::{CHUNK_ENTRIES_MAX, Chunk},
    entry::Entry,
    parts::Parts,
};

/// A chunk with fewer is merged into its neighbour if both fit in one.
const CHUNK_ENTRIES_MIN: usize = 32;
/// Runs of a chunk as it usually is.
const RUNS_USUAL: usize = 3;

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
        let chunks = entries
            .chunks(CHUNK_ENTRIES_MAX * 3 / 4)
            .map(|part| Arc::new(Chunk::of(part.to_vec())))
            .collect();
        Tree { chunks: Arc::new(chunks), len }
    }

    /// How many entries there are.
    #[cfg(test)]
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
            chunks.push(Arc::new(Chunk::default()));
        }
        let chunk = Arc::make_mut(&mut chunks[at.chunk]);
        if at.found {
            return Some(chunk.replace(at.entry, entry));
        }
        self.len += 1;
        if let Some(tail) = chunk.insert(at.entry, entry) {
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
        let at = self.start(prefix, after);
        let rest = self.chunks.get(at.chunk..).unwrap_or_default();
        rest.iter()
            .enumerate()
            .flat_map(move |(index, chunk)| chunk[if index == 0 { at.entry } else { 0 }..].iter())
            .take_while(move |entry| entry.key.starts_with(prefix))
    }

    /// The first `limit` entries of such a range that `wanted` takes (`None`: all), and how many of them follow. Those behind the limit are not
    /// counted if they are to be `wanted`: 1 stands for any number then.
    pub(crate) fn pick(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
        wanted: Option<&dyn Fn(&Entry) -> bool>,
    ) -> (Parts, usize) {
        let start = self.start(prefix, after);
        let rest = self.chunks.get(start.chunk..).unwrap_or_default();
        let mut parts = Parts::with_capacity(rest.len() * RUNS_USUAL);
        let mut behind = 0;
        for (index, chunk) in rest.iter().enumerate() {
            let from = if index == 0 { start.entry } else { 0 };
            // A start behind the last entry says nothing about the next chunk.
            let inside = chunk[from..].last().is_none_or(|last| last.key.starts_with(prefix));
            let to = if inside {
                chunk.len()
            } else {
                from + chunk[from..].partition_point(|entry| entry.key.starts_with(prefix))
            };
            let at = match wanted {
                Some(wanted) => parts.push(chunk, from, to, limit, wanted),
                None => parts.push(chunk, from, to, limit, |_| true),
            };
            match wanted {
                None => behind += to - at,
                Some(wanted) if chunk[at..to].iter().any(|entry| wanted(entry)) => return (parts, 1),
                Some(_) => {}
            }
            if !inside {
                break;
            }
        }
        (parts, behind)
    }

    /// Where such a range begins.
    fn start(&self, prefix: &str, after: Option<&str>) -> Position {
        match after {
            Some(after) if after >= prefix => {
                let at = self.position(after);
                Position { entry: at.entry + usize::from(at.found), ..at }
            }
            _ => self.position(prefix),
        }
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
    Arc::make_mut(&mut chunks[left]).append(&tail);
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
                prop_assert_eq!(keys(tree.range(prefix, after)), expected.clone());
                for limit in [0, 40, usize::MAX] {
                    let (parts, behind) = tree.pick(prefix, after, limit, None);
                    let count = limit.min(expected.len());
                    prop_assert_eq!(keys(parts.iter()), &expected[..count]);
                    prop_assert_eq!((parts.len(), behind), (count, expected.len() - count));
                    prop_assert_eq!(parts.last().map(|last| &*last.key), expected[..count].last().map(String::as_str));
                    let odd = |key: &str| key.ends_with(['1', '3', '5']);
                    let (parts, behind) = tree.pick(prefix, after, limit, Some(&|entry| odd(&entry.key)));
                    let odds: Vec<String> = expected.iter().filter(|key| odd(key)).cloned().collect();
                    let count = limit.min(odds.len());
                    prop_assert_eq!(keys(parts.iter()), &odds[..count]);
                    prop_assert_eq!(behind > 0, odds.len() > count);
                }
            }
            for n in 0..600 {
                let key = format!("a/{n:04}");
                prop_assert_eq!(tree.get(&key).map(|e| e.revision.0), model.get(&key).copied());
            }
        }
    }
}
