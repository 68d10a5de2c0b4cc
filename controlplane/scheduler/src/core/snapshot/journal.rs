//! Which nodes changed, in order, so that what is derived from them is brought up to date by looking at these alone.

use std::collections::VecDeque;

/// A log of slots, as long as anybody may profit from it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    /// How many entries were dropped at the front.
    base: u64,
    entries: VecDeque<u32>,
}

impl Journal {
    /// A slot changed. Who is behind by more than `keep` changes looks at everything again.
    pub(crate) fn note(&mut self, slot: usize, keep: usize) {
        self.entries.push_back(super::small(slot));
        while self.entries.len() > keep {
            self.entries.pop_front();
            self.base += 1;
        }
    }

    /// The position after the last change.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.entries.len() as u64
    }

    /// The slots that changed since a position; `None` if that is too long ago to say.
    pub(crate) fn since(&self, position: u64) -> Option<impl Iterator<Item = usize> + '_> {
        let skip = usize::try_from(position.checked_sub(self.base)?).ok()?;
        (skip <= self.entries.len()).then(|| self.entries.range(skip..).map(|slot| *slot as usize))
    }
}
