//! The program's allocator: mimalloc, and before it an arena for commands that end soon.
//!
//! Rust asks for memory with a size and an alignment and gives it back with both; what comes out is memory of the
//! arena as long as that is open and has room, else of mimalloc. docs/adr/0008-arena.md says why.
//!
//! The arena is one piece of zeroed static memory ([`memory`]), which costs nothing until it is touched. A thread takes
//! chunks of it and cuts them one behind the other, so that memory is dense. What is given back is kept in a list of the
//! thread for the next request of that size.

mod memory;

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    ptr::{self, NonNull},
    sync::atomic::{AtomicBool, Ordering},
};

use memory::Memory;
use mimalloc::MiMalloc;

/// Bytes of the largest request that the arena serves.
const MAX_SIZE: usize = 2 << 20;
/// Largest alignment that the arena serves, in bytes: a page.
const MAX_ALIGNMENT: usize = 4 << 10;
/// Bytes between two sizes up to [`MAX_SMALL`], and the alignment of every piece.
const STEP: usize = 16;
/// Bytes up to which sizes are a step apart; above, a doubling has [`PARTS`] sizes.
const MAX_SMALL: usize = 1 << 10;
const PARTS: usize = 4;
/// Sizes there are: one for each step, and those of the doublings from `MAX_SMALL` to `MAX_SIZE`.
const CLASSES: usize = MAX_SMALL / STEP + (MAX_SIZE / MAX_SMALL).ilog2() as usize * PARTS + 1;

/// mimalloc behind an arena.
pub struct Allocator;

static MEMORY: Memory = Memory::new();
static IS_OPEN: AtomicBool = AtomicBool::new(true);

/// What a thread has of the arena.
struct Share {
    /// The chunk it cuts: from here to there.
    from: Cell<*mut u8>,
    to: Cell<*mut u8>,
    /// What was given back, by size; each holds where the next one is.
    free: [Cell<*mut u8>; CLASSES],
}

thread_local! {
    // Without a destructor, so that it can be used as long as the thread runs.
    static SHARE: Share = const {
        Share {
            from: Cell::new(ptr::null_mut()),
            to: Cell::new(ptr::null_mut()),
            free: [const { Cell::new(ptr::null_mut()) }; CLASSES],
        }
    };
}

/// Keeps the arena open. For a command that ends soon: the arena keeps what it has taken.
pub fn keep_open() {
    MEMORY.expect_use();
}

/// Closes the arena: mimalloc serves from now on.
pub fn close() {
    IS_OPEN.store(false, Ordering::Relaxed);
}

/// The size that serves a request of `bytes`, which are at most [`MAX_SIZE`]: its number, and its bytes.
fn class(bytes: usize) -> (usize, usize) {
    if bytes <= MAX_SMALL {
        let steps = bytes.div_ceil(STEP).max(1);
        return (steps - 1, steps * STEP);
    }
    // Of a doubling from 2^n on, the parts end at 5/4, 6/4, 7/4 and 8/4 of it.
    let doubling = (bytes - 1).ilog2();
    let part = (1_usize << doubling) / PARTS;
    let parts = bytes.div_ceil(part);
    let class = MAX_SMALL / STEP + (doubling - MAX_SMALL.ilog2()) as usize * PARTS + (parts - PARTS - 1);
    (class, parts * part)
}

impl Share {
    /// Memory of a class, if the arena has some.
    fn take(&self, class: usize, bytes: usize, alignment: usize) -> Option<NonNull<u8>> {
        let kept = self.free[class].get();
        if let Some(pointer) = NonNull::new(kept).filter(|kept| kept.addr().get().is_multiple_of(alignment)) {
            // SAFETY: `give` has written there where the next one is, and nobody else has it.
            self.free[class].set(unsafe { kept.cast::<*mut u8>().read() });
            return Some(pointer);
        }
        self.cut(bytes, alignment).or_else(|| self.refill(bytes, alignment))
    }

    fn cut(&self, bytes: usize, alignment: usize) -> Option<NonNull<u8>> {
        let (from, to) = (self.from.get(), self.to.get());
        let from = from.wrapping_add(from.align_offset(alignment));
        if bytes > (to as usize).saturating_sub(from as usize) {
            return None;
        }
        self.from.set(from.wrapping_add(bytes));
        NonNull::new(from)
    }

    #[cold]
    fn refill(&self, bytes: usize, alignment: usize) -> Option<NonNull<u8>> {
        let (from, length) = MEMORY.take(bytes + if alignment > STEP { alignment } else { 0 })?;
        let (old_from, old_to) = (self.from.get(), self.to.get());
        self.to.set(from.wrapping_add(length));
        if from == old_to {
            // A chunk that follows the thread's last one goes on with it.
            return self.cut(bytes, alignment);
        }
        self.from.set(from);
        let piece = self.cut(bytes, alignment);
        if self.left() < old_to as usize - old_from as usize {
            // What this piece was too large for has more room than is left beside it.
            self.from.set(old_from);
            self.to.set(old_to);
        }
        piece
    }

    /// Bytes of the chunk that are not cut yet.
    fn left(&self) -> usize {
        self.to.get() as usize - self.from.get() as usize
    }

    /// Keeps memory of a class for the next request.
    fn give(&self, pointer: *mut u8, class: usize, bytes: usize) {
        if pointer.wrapping_add(bytes) == self.from.get() {
            self.from.set(pointer);
            return;
        }
        // SAFETY: a class has at least STEP bytes, aligned to STEP, and who had them has given them back.
        unsafe { pointer.cast::<*mut u8>().write(self.free[class].get()) };
        self.free[class].set(pointer);
    }

    /// Whether memory that was cut last could be made longer where it is.
    fn grow(&self, pointer: *mut u8, old: usize, new: usize) -> bool {
        let is_last = pointer.wrapping_add(old) == self.from.get();
        let fits = is_last && new <= self.to.get() as usize - pointer as usize;
        if fits {
            self.from.set(pointer.wrapping_add(new));
        }
        fits
    }
}

// SAFETY: memory is the arena's or mimalloc's, each gets back its own, and both keep to the layout: the arena's classes
// have at least the size asked for, and sizes and addresses that are multiples of STEP.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_for_arena(layout.size(), layout.align()) {
            let (class, bytes) = class(layout.size());
            if let Some(pointer) = SHARE.with(|share| share.take(class, bytes, layout.align())) {
                return pointer.as_ptr();
            }
        }
        // SAFETY: as the caller says.
        unsafe { MiMalloc.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if MEMORY.contains(pointer) {
            let (class, bytes) = class(layout.size());
            return SHARE.with(|share| share.give(pointer, class, bytes));
        }
        // SAFETY: as the caller says, and it is not the arena's.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_for_arena(layout.size(), layout.align()) {
            // SAFETY: as the caller says.
            return unsafe { MiMalloc.alloc_zeroed(layout) };
        }
        // SAFETY: as the caller says; what was taken has the size asked for.
        unsafe {
            let pointer = self.alloc(layout);
            if !pointer.is_null() {
                pointer.write_bytes(0, layout.size());
            }
            pointer
        }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !MEMORY.contains(pointer) {
            // SAFETY: as the caller says, and it is not the arena's.
            return unsafe { MiMalloc.realloc(pointer, layout, size) };
        }
        let (_, old) = class(layout.size());
        if size <= MAX_SIZE {
            let (_, new) = class(size);
            if new == old || SHARE.with(|share| share.grow(pointer, old, new)) {
                return pointer;
            }
        }
        // SAFETY: the caller says that the size is valid with this alignment; both pieces have what is copied, and
        // are not the same one.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(pointer, moved, layout.size().min(size));
                self.dealloc(pointer, layout);
            }
            moved
        }
    }
}

fn is_for_arena(bytes: usize, alignment: usize) -> bool {
    IS_OPEN.load(Ordering::Relaxed) && bytes <= MAX_SIZE && alignment <= MAX_ALIGNMENT
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_size_has_room_for_what_it_serves() {
        let mut before = (0, STEP);
        for bytes in (0..8 << 10).chain((8 << 10..=MAX_SIZE).step_by(7)).chain([MAX_SIZE]) {
            let (class, room) = class(bytes);
            assert!(room >= bytes && room % STEP == 0 && class < CLASSES, "{bytes}: {class} of {room}");
            assert!(room <= bytes + STEP || room <= bytes + bytes / PARTS, "{bytes} take {room}");
            assert!((class, room) >= before && (class == before.0) == (room == before.1), "{bytes}");
            before = (class, room);
        }
    }

    /// Pieces of many sizes made, filled, resized and given back by turns, some in another thread: none may write into
    /// another.
    #[test]
    fn pieces_are_apart() {
        let turns = |seed: u64| {
            let mut random = seed;
            let mut next = |below: u64| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % below
            };
            let mut pieces: Vec<(u8, Vec<u8>)> = Vec::new();
            for turn in 0..20_000_u64 {
                let mark = (turn % 251) as u8;
                let most = 1 << next(14);
                match next(4) {
                    0 | 1 => pieces.push((mark, vec![mark; next(most) as usize])),
                    2 if !pieces.is_empty() => {
                        let index = next(pieces.len() as u64) as usize;
                        let (mark, piece) = &mut pieces[index];
                        piece.resize(next(most) as usize, *mark);
                        piece.shrink_to_fit();
                    }
                    _ if !pieces.is_empty() => {
                        let index = next(pieces.len() as u64) as usize;
                        let (mark, piece) = pieces.swap_remove(index);
                        assert!(piece.iter().all(|byte| *byte == mark));
                    }
                    _ => {}
                }
            }
            pieces
        };
        let threads: Vec<_> = (0..4).map(|seed| thread::spawn(move || turns(seed))).collect();
        for thread in threads {
            let pieces = thread.join().expect("no turn fails");
            assert!(pieces.iter().all(|(mark, piece)| piece.iter().all(|byte| byte == mark)));
            assert!(vec![0_u8; 100_000].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn what_is_zeroed_is_zero_wherever_it_comes_from() {
        for bytes in [1, 100, 5_000, 300_000, MAX_SIZE, MAX_SIZE + 1] {
            drop(vec![255_u8; bytes]);
            assert!(vec![0_u8; bytes].iter().all(|byte| *byte == 0));
        }
    }
}
