//! The memory of the arena: one static piece, shared out to threads in chunks. In: how much a thread wants. Out: chunks,
//! each once.
//!
//! Pages are the small ones of the processor. A huge page takes the kernel 0.2 ms where its memory was in use a moment ago,
//! and 2 to 7 ms where the hypervisor has to find the memory first; as many small ones take 0.8 ms in either case, since
//! the kernel keeps to itself what is left of pieces smaller than a huge page.

use std::{
    cell::UnsafeCell,
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Bytes that are shared out at most.
const ARENA: usize = 64 << 20;
/// Bytes of a chunk, at least. All its pages are asked for at once, which takes four fifths of the time of one by one.
const CHUNK: usize = 256 << 10;
/// Bytes of a chunk as long as it is not known what the program is to do.
const EARLY: usize = 64 << 10;

/// Memory that is shared out.
pub(super) struct Memory {
    bytes: UnsafeCell<Bytes>,
    /// Where the part begins that no thread has taken yet.
    next: AtomicUsize,
    /// Whether it is going to be used.
    is_wanted: AtomicBool,
}

#[repr(align(4096))]
struct Bytes(#[allow(dead_code, reason = "only its address is used")] MaybeUninit<[u8; ARENA]>);

// SAFETY: threads share nothing of the bytes but what `next` shares out, each byte once.
unsafe impl Sync for Memory {}

impl Memory {
    /// Memory that is all zero and not touched.
    pub(super) const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new(Bytes(MaybeUninit::zeroed())),
            next: AtomicUsize::new(0),
            is_wanted: AtomicBool::new(false),
        }
    }

    fn at(&self, offset: usize) -> *mut u8 {
        self.bytes.get().cast::<u8>().wrapping_add(offset)
    }

    /// Whether something is of this memory.
    pub(super) fn contains(&self, pointer: *mut u8) -> bool {
        (pointer as usize).wrapping_sub(self.at(0) as usize) < ARENA
    }

    /// Says that much of it is going to be used.
    pub(super) fn expect_use(&self) {
        // SAFETY: the range is ours, and advice changes nothing of what it holds. Without it, it may be slower.
        unsafe { nix::libc::madvise(self.at(0).cast(), ARENA, nix::libc::MADV_NOHUGEPAGE) };
        self.is_wanted.store(true, Ordering::Relaxed);
    }

    /// Memory for `bytes`, zero if nobody had it before: where it begins and its bytes, which may be more. `None` if there
    /// is none left in one piece.
    pub(super) fn take(&self, bytes: usize) -> Option<(*mut u8, usize)> {
        let is_wanted = self.is_wanted.load(Ordering::Relaxed);
        let length = bytes.next_multiple_of(if is_wanted { CHUNK } else { EARLY });
        let taken = |next: usize| next.checked_add(length).filter(|end| *end <= ARENA);
        let first = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).ok()?;
        let chunk = self.at(first);
        if is_wanted {
            // SAFETY: the chunk was taken by this call alone, and stays zero. Where the kernel does not know this advice
            // (before Linux 5.14) pages come one by one.
            unsafe { nix::libc::madvise(chunk.cast(), length, nix::libc::MADV_POPULATE_WRITE) };
        }
        Some((chunk, length))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// What is taken by several threads until nothing is left: each byte at most once, all of it zero, and nearly all.
    #[test]
    fn each_byte_is_taken_once() {
        static MEMORY: Memory = Memory::new();
        let early = MEMORY.take(100).expect("there is memory");
        assert_eq!(early.1, EARLY);
        MEMORY.expect_use();
        let takes = |sizes: [usize; 4]| {
            let pieces = sizes.into_iter().cycle().map_while(|bytes| Some((MEMORY.take(bytes)?, bytes)));
            let addresses = pieces.map(|((from, length), bytes)| {
                let last = from.wrapping_add(length - 1);
                assert!(length >= bytes && MEMORY.contains(from) && MEMORY.contains(last));
                // SAFETY: the piece was taken by this thread alone.
                unsafe {
                    assert_eq!((from.read(), last.read()), (0, 0));
                    from.write(1);
                    last.write(1);
                }
                (from as usize, length)
            });
            addresses.collect::<Vec<_>>()
        };
        let threads = [[1, CHUNK, CHUNK + 1, 7], [8 * CHUNK, 1, 1, 3 * CHUNK], [1; 4], [5 * CHUNK; 4]]
            .map(|sizes| thread::spawn(move || takes(sizes)));
        let mut taken = vec![(early.0 as usize, early.1)];
        taken.extend(threads.into_iter().flat_map(|thread| thread.join().expect("no thread fails")));
        taken.sort_unstable();
        assert!(taken.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0), "{taken:?}");
        let bytes: usize = taken.iter().map(|(_, length)| length).sum();
        assert!(bytes > ARENA - 8 * CHUNK, "{bytes} bytes");
        assert_eq!(MEMORY.take(8 * CHUNK), None);
        assert!(!MEMORY.contains(std::ptr::null_mut()));
    }
}
