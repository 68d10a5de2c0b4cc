//! The entries of a list: runs of the tree's chunks, of each those that belong to it.
//!
//! To hold on to a run costs one reference count, however many entries are meant.

use std::sync::Arc;

use super::{
    chunk::{CHUNK_ENTRIES_MAX, Chunk, Mask, RUN_ENTRIES},
    entry::Entry,
    packed::{Packed, Packer},
};

/// Some entries of one run.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    chunk: Arc<Chunk>,
    run: usize,
    mask: Mask,
}

impl Part {
    /// Takes the first entry out.
    pub(crate) fn pop(&mut self) -> Option<&Arc<Entry>> {
        let at = self.first()?;
        self.mask &= self.mask - 1;
        self.chunk.get(at)
    }

    /// The first entry.
    pub(crate) fn peek(&self) -> Option<&Arc<Entry>> {
        self.chunk.get(self.first()?)
    }

    /// Its entries compressed; made once.
    pub(crate) fn packed(&self, packer: &Arc<Packer>) -> Arc<Packed> {
        self.chunk.packed(self.run, self.mask, packer)
    }

    /// Its entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        let mut mask = self.mask;
        std::iter::from_fn(move || {
            let bit = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
            mask &= mask - 1;
            self.chunk.get(self.run * RUN_ENTRIES + bit)
        })
    }

    /// Where the first entry is in the chunk.
    fn first(&self) -> Option<usize> {
        (self.mask != 0).then(|| self.run * RUN_ENTRIES + self.mask.trailing_zeros() as usize)
    }
}

/// The entries of a list, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    parts: Vec<Part>,
    len: usize,
}

impl Parts {
    /// Room for so many parts.
    pub(super) fn with_capacity(parts: usize) -> Self {
        Parts { parts: Vec::with_capacity(parts), len: 0 }
    }

    /// Loose entries.
    pub(crate) fn of(entries: &[Arc<Entry>]) -> Self {
        let mut parts = Parts::default();
        for some in entries.chunks(CHUNK_ENTRIES_MAX) {
            parts.push(&Arc::new(Chunk::of(some.to_vec())), 0, some.len(), usize::MAX, |_| true);
        }
        parts
    }

    /// Adds the `wanted` entries of `chunk[from..to]` until there are `limit` entries in all; says where it stopped.
    pub(super) fn push(
        &mut self,
        chunk: &Arc<Chunk>,
        from: usize,
        to: usize,
        limit: usize,
        wanted: impl Fn(&Entry) -> bool,
    ) -> usize {
        let mut at = from;
        while at < to && self.len < limit {
            let run = at / RUN_ENTRIES;
            let end = to.min((run + 1) * RUN_ENTRIES);
            let mut mask = 0;
            while at < end && self.len < limit {
                if wanted(&chunk[at]) {
                    mask |= 1 << (at % RUN_ENTRIES);
                    self.len += 1;
                }
                at += 1;
            }
            if mask != 0 {
                self.parts.push(Part { chunk: chunk.clone(), run, mask });
            }
        }
        at
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.parts.iter().flat_map(Part::iter)
    }

    /// The last entry.
    pub(crate) fn last(&self) -> Option<&Arc<Entry>> {
        let last = self.parts.last()?;
        last.chunk.get(last.run * RUN_ENTRIES + last.mask.checked_ilog2()? as usize)
    }
}

impl IntoIterator for Parts {
    type Item = Part;
    type IntoIter = std::vec::IntoIter<Part>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.into_iter()
    }
}
