//! Which addresses of a range are free, and in which order they are handed out. Pure.
//!
//! Addresses never used are handed out first; then freed ones, the one freed longest ago first, so that a peer's stale
//! connection or cache seldom meets a new pod.

use std::{
    collections::{HashSet, VecDeque},
    net::Ipv4Addr,
};

use crate::PodRange;

/// The free and used addresses of one range.
#[derive(Debug)]
pub(crate) struct Pool {
    range: PodRange,
    used: HashSet<u32>,
    /// The next offset never handed out, and how many of them are left, wrapping at the range's end.
    fresh_next: u32,
    fresh_left: u32,
    /// Offsets handed out and given back, longest ago first.
    freed: VecDeque<u32>,
}

impl Pool {
    /// A pool in which the addresses `used` are taken and the search begins after `last`.
    pub(crate) fn new(
        range: PodRange,
        used: impl IntoIterator<Item = Ipv4Addr>,
        last: Option<Ipv4Addr>,
    ) -> Self {
        let offsets = range.pod_offsets();
        let mut pool = Self {
            range,
            used: used.into_iter().filter_map(|ip| range.offset(ip)).collect(),
            fresh_next: offsets.start,
            fresh_left: offsets.end - offsets.start,
            freed: VecDeque::new(),
        };
        if let Some(offset) = last.and_then(|ip| range.offset(ip)) {
            pool.fresh_next = pool.after(offset);
        }
        pool
    }

    fn after(&self, offset: u32) -> u32 {
        let offsets = self.range.pod_offsets();
        if offset + 1 < offsets.end { offset + 1 } else { offsets.start }
    }

    /// Takes an address, or `None` if all are used.
    pub(crate) fn take(&mut self) -> Option<Ipv4Addr> {
        while self.fresh_left > 0 {
            let offset = self.fresh_next;
            self.fresh_next = self.after(offset);
            self.fresh_left -= 1;
            if self.used.insert(offset) {
                return Some(self.range.at(offset));
            }
        }
        let offset = self.freed.pop_front()?;
        self.used.insert(offset);
        Some(self.range.at(offset))
    }

    /// Gives an address back; nothing happens if it is not used.
    pub(crate) fn give_back(&mut self, ip: Ipv4Addr) {
        let Some(offset) = self.range.offset(ip) else { return };
        if self.used.remove(&offset) && !self.is_ahead(offset) {
            self.freed.push_back(offset);
        }
    }

    /// Whether the search for fresh addresses still comes by this offset.
    fn is_ahead(&self, offset: u32) -> bool {
        let offsets = self.range.pod_offsets();
        let count = offsets.end - offsets.start;
        let distance = (offset + count - self.fresh_next) % count;
        distance < self.fresh_left
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn ip(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 9, 8, last)
    }

    #[test]
    fn freed_addresses_come_last_and_oldest_first() {
        let mut pool = Pool::new("10.9.8.0/29".parse().unwrap(), [], None);
        assert_eq!([pool.take(), pool.take(), pool.take()], [Some(ip(2)), Some(ip(3)), Some(ip(4))]);
        pool.give_back(ip(3));
        pool.give_back(ip(2));
        assert_eq!([pool.take(), pool.take()], [Some(ip(5)), Some(ip(6))]);
        assert_eq!([pool.take(), pool.take(), pool.take()], [Some(ip(3)), Some(ip(2)), None]);
    }

    #[test]
    fn goes_on_after_the_last_one_when_rebuilt() {
        let mut pool = Pool::new("10.9.8.0/29".parse().unwrap(), [ip(3), ip(5)], Some(ip(5)));
        let taken: Vec<_> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(taken, [ip(6), ip(2), ip(4)]);
    }

    proptest! {
        #[test]
        fn never_hands_out_twice_and_loses_none(
            used in proptest::collection::vec(2_u8..15, 0..10),
            steps in proptest::collection::vec((any::<bool>(), 0_usize..16), 0..200),
        ) {
            let range: PodRange = "10.9.8.0/28".parse().unwrap();
            let mut held: Vec<Ipv4Addr> = used.iter().copied().map(ip).collect::<HashSet<_>>().into_iter().collect();
            let mut pool = Pool::new(range, held.clone(), held.last().copied());
            for (take, index) in steps {
                if take {
                    match pool.take() {
                        Some(ip) => {
                            prop_assert!(range.offset(ip).is_some());
                            prop_assert!(!held.contains(&ip));
                            held.push(ip);
                        }
                        None => prop_assert_eq!(held.len(), 13),
                    }
                } else if !held.is_empty() {
                    pool.give_back(held.swap_remove(index % held.len()));
                }
            }
            let rest = std::iter::from_fn(|| pool.take()).count();
            prop_assert_eq!(held.len() + rest, 13);
        }
    }
}
