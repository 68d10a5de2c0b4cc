//! Lines of neighbouring changes joined into one piece, once for all watchers that read on from the same place.
//!
//! Watchers without a selector all get the same lines. Whoever comes first to a place joins what lies behind it; the others there take the
//! same piece and so go on from the same place as well: under load many watchers of a kind march in step, and a change is copied once, not
//! once for each of them.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use naru_store::Revision;

use super::ring::{Change, write_frame};

/// Pieces that are kept for watchers that lag behind others.
const PIECES_MAX: usize = 8;
/// A piece is full when it is so long.
pub(crate) const PIECE_BYTES: usize = 64 << 10;
/// Most changes in a piece.
pub(crate) const PIECE_CHANGES: usize = 256;
/// What a line has beside the object, with something to spare.
const LINE_BYTES: usize = 48;

/// Some lines of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The cursor of its first change.
    pub(crate) from: u64,
    /// The cursor behind its last change.
    pub(crate) to: u64,
    /// The revision of its first change.
    pub(crate) first: Revision,
    /// The revision of its last change.
    pub(crate) last: Revision,
    /// The lines.
    pub(crate) bytes: Bytes,
}

impl Piece {
    /// As many of these changes, the first of which is at `from`, as fill a piece; `None` if there is none.
    pub(crate) fn of(from: u64, changes: &[Arc<Change>]) -> Option<Self> {
        let mut length = 0;
        let fill = |change: &&Arc<Change>| {
            let fits = length < PIECE_BYTES;
            length += change.entry.bytes.len() + LINE_BYTES;
            fits
        };
        let count = changes.iter().take_while(fill).count();
        let changes = &changes[..count];
        let bytes = match changes {
            [] => return None,
            [one] => one.frame().clone(),
            several => {
                let mut lines = Vec::with_capacity(length);
                for change in several {
                    write_frame(&mut lines, change.kind, &change.entry.bytes);
                }
                lines.into()
            }
        };
        let (first, last) = (changes.first()?.entry.revision, changes.last()?.entry.revision);
        Some(Piece { from, to: from + count as u64, first, last, bytes })
    }
}

/// The newest pieces.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    pieces: VecDeque<Piece>,
}

impl Joined {
    /// The piece that begins at `cursor`.
    pub(crate) fn at(&self, cursor: u64) -> Option<&Piece> {
        self.pieces.iter().rev().find(|piece| piece.from == cursor)
    }

    /// How many changes behind `cursor` the next piece begins. A new piece ends there, so that watchers fall into step.
    pub(crate) fn room(&self, cursor: u64) -> usize {
        let next = self.pieces.iter().map(|piece| piece.from).filter(|from| *from > cursor).min();
        next.map_or(PIECE_CHANGES, |next| usize::try_from(next - cursor).unwrap_or(PIECE_CHANGES))
    }

    /// Keeps a piece for others.
    pub(crate) fn keep(&mut self, piece: Piece) {
        if self.pieces.len() == PIECES_MAX {
            self.pieces.pop_front();
        }
        self.pieces.push_back(piece);
    }

    /// Forgets all pieces.
    pub(crate) fn clear(&mut self) {
        self.pieces.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use naru_api::kinds::by_kind;

    use super::*;
    use crate::cache::{ChangeKind, entry::Entry, extract::Plan};

    fn changes(count: u64, padding: usize) -> Vec<Arc<Change>> {
        let plan = Plan::new(by_kind("v1", "ConfigMap").unwrap());
        let stored = format!(r#"{{"metadata":{{}},"data":"{}"}}"#, "x".repeat(padding));
        let change = |n| {
            let entry = Entry::new(&plan, 0, &"a".into(), stored.as_bytes(), Revision(n), 0).unwrap();
            Arc::new(Change::new(ChangeKind::Modified, Arc::new(entry), None))
        };
        (0..count).map(change).collect()
    }

    #[test]
    fn pieces_hold_the_lines_in_order_until_they_are_full() {
        assert_eq!(Piece::of(7, &[]), None);
        for (count, padding, expected) in
            [(1, 0, 1), (3, 10, 3), (9, PIECE_BYTES / 3, 3), (2, 2 * PIECE_BYTES, 1)]
        {
            let changes = changes(count, padding);
            let piece = Piece::of(7, &changes).unwrap();
            assert_eq!((piece.from, piece.to), (7, 7 + expected));
            assert_eq!((piece.first.0, piece.last.0), (0, expected - 1));
            let lines: Vec<u8> =
                changes[..expected as usize].iter().flat_map(|one| one.frame().to_vec()).collect();
            assert_eq!(piece.bytes, lines);
        }
    }

    #[test]
    fn watchers_fall_into_step() {
        let changes = changes(9, 0);
        let piece = |from: usize, to: usize| Piece::of(from as u64, &changes[from..to]).unwrap();
        let mut joined = Joined::default();
        joined.keep(piece(4, 6));
        joined.keep(piece(6, 9));
        assert_eq!(joined.at(4).map(|piece| piece.to), Some(6));
        assert_eq!(joined.at(5), None);
        assert_eq!((joined.room(5), joined.room(1), joined.room(6)), (1, 3, PIECE_CHANGES));
        for _ in 0..PIECES_MAX {
            joined.keep(piece(1, 2));
        }
        assert_eq!(joined.at(4), None);
        joined.clear();
        assert_eq!(joined.at(1), None);
    }
}
