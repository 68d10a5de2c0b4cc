//! Boards: what is known of every node for pods that want the same, kept from one decision to the next and brought up to
//! date by looking only at the nodes that changed.

mod image;
mod load;
mod node;

use std::{collections::HashMap, hash::Hash, sync::Arc};

pub(super) use image::ImageBoard;
pub(super) use load::{LoadBoard, LoadKey, NO_ROOM};
pub(super) use node::{NodeBoard, Verdict};

use super::{pod::NodeWants, snapshot::Cluster};

/// Boards of each kind that are kept; the one that was not used for longest goes.
const BOARDS_MAX: usize = 64;

/// The boards.
#[derive(Clone, Debug, Default)]
pub(crate) struct Boards {
    pub(super) nodes: Kept<Arc<NodeWants>, NodeBoard>,
    pub(super) loads: Kept<Arc<LoadKey>, LoadBoard>,
    pub(super) images: Kept<Vec<Arc<str>>, ImageBoard>,
}

/// A board's part in bringing it up to date.
pub(super) trait Board<K> {
    fn new(key: &K) -> Self;
    fn update(&mut self, cluster: &Cluster);
}

/// A bounded number of boards by key.
#[derive(Clone, Debug)]
pub(crate) struct Kept<K, B> {
    boards: Vec<(K, B, u64)>,
    by_key: HashMap<K, usize>,
    clock: u64,
}

impl<K, B> Default for Kept<K, B> {
    fn default() -> Self {
        Self { boards: Vec::new(), by_key: HashMap::new(), clock: 0 }
    }
}

impl<K: Eq + Hash + Clone, B: Board<K>> Kept<K, B> {
    /// The number of a key's board, which is brought up to date.
    pub(super) fn current(&mut self, cluster: &Cluster, key: &K) -> usize {
        self.clock += 1;
        let number = match self.by_key.get(key) {
            Some(&number) => number,
            None => self.insert(key),
        };
        let (_, board, used) = &mut self.boards[number];
        *used = self.clock;
        board.update(cluster);
        number
    }

    pub(super) fn get(&self, number: usize) -> &B {
        &self.boards[number].1
    }

    fn insert(&mut self, key: &K) -> usize {
        let entry = (key.clone(), B::new(key), self.clock);
        let number = if self.boards.len() < BOARDS_MAX {
            self.boards.push(entry);
            self.boards.len() - 1
        } else {
            let used = |number: &usize| self.boards[*number].2;
            let oldest = (0..self.boards.len()).min_by_key(used).unwrap_or(0);
            self.by_key.remove(&self.boards[oldest].0);
            self.boards[oldest] = entry;
            oldest
        };
        self.by_key.insert(key.clone(), number);
        number
    }
}
