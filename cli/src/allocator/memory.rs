//! The memory of the arena: one static piece, shared out to threads in chunks. In: how much a thread wants. Out: chunks,
//! each once.
//!
//! The kernel clears a huge page when it is first touched, as long as that takes: half a millisecond for two MiB on some
//! virtual machines, and once for each of two threads that touch it at the same time. So a thread that needs memory takes
//! a whole huge page, touches it, and leaves to others what it does not want of it.

use std::{
    cell::UnsafeCell,
    mem::MaybeUninit,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
};

/// Bytes of huge pages that are shared out at most.
const ARENA: usize = 64 << 20;
/// Bytes of a huge page of the kernel.
const HUGE_PAGE: usize = 2 << 20;
/// Bytes of a chunk.
const CHUNK: usize = 256 << 10;
const CHUNKS_OF_A_PAGE: usize = HUGE_PAGE / CHUNK;
/// Bytes before the huge pages: what is asked for until it is known what the program is to do.
const EARLY: usize = 64 << 10;
/// Bytes of all of it, of which a huge page is for its beginning where one begins.
const END: usize = EARLY + HUGE_PAGE + ARENA;
/// Pages of which something may be left at one time; of more, the rest stays unused.
const MAX_BEGUN: usize = 4;

/// Memory that is shared out.
pub(super) struct Memory {
    bytes: UnsafeCell<Bytes>,
    /// Where the part begins that no thread has taken yet.
    next: AtomicUsize,
    /// Where the huge pages begin; 0 as long as there are none.
    pages: AtomicUsize,
    /// What is left of pages that were touched: the number of the first chunk times 256, and how many chunks.
    begun: [AtomicU32; MAX_BEGUN],
}

#[repr(align(4096))]
struct Bytes(#[allow(dead_code, reason = "only its address is used")] MaybeUninit<[u8; END]>);

// SAFETY: threads share nothing of the bytes but what `next` and `begun` share out, each byte once.
unsafe impl Sync for Memory {}

impl Memory {
    /// Memory that is all zero and not touched.
    pub(super) const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new(Bytes(MaybeUninit::zeroed())),
            next: AtomicUsize::new(0),
            pages: AtomicUsize::new(0),
            begun: [const { AtomicU32::new(0) }; MAX_BEGUN],
        }
    }

    fn at(&self, offset: usize) -> *mut u8 {
        self.bytes.get().cast::<u8>().wrapping_add(offset)
    }

    /// Whether something is of this memory.
    pub(super) fn contains(&self, pointer: *mut u8) -> bool {
        (pointer as usize).wrapping_sub(self.at(0) as usize) < END
    }

    /// Goes on with huge pages from here on. Called before other threads use it.
    pub(super) fn use_huge_pages(&self) {
        let start = self.at(0) as usize;
        let taken = self.next.load(Ordering::Relaxed).max(EARLY);
        let first = (start + taken).next_multiple_of(HUGE_PAGE) - start;
        // SAFETY: the range is ours, and advice changes nothing of what it holds. Without huge pages it is slower.
        unsafe {
            nix::libc::madvise(self.at(first).cast(), END - first, nix::libc::MADV_HUGEPAGE);
        }
        self.next.store(first, Ordering::Relaxed);
        self.pages.store(first, Ordering::Relaxed);
    }

    /// Memory for `bytes`, zero if nobody had it before: where it begins and its bytes, which may be more. `None` if there
    /// is none left in one piece.
    pub(super) fn take(&self, bytes: usize) -> Option<(*mut u8, usize)> {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages == 0 {
            let length = bytes.next_multiple_of(EARLY);
            return Some((self.at(self.fresh(length)?), length));
        }
        let count = bytes.div_ceil(CHUNK);
        if count > CHUNKS_OF_A_PAGE {
            return None;
        }
        if let Some(chunk) = self.of_a_begun_page(count) {
            return Some((self.at(pages + chunk * CHUNK), count * CHUNK));
        }
        let first = self.fresh(HUGE_PAGE)?;
        let from = self.at(first);
        // SAFETY: the page was taken by this call alone. Who finds the rest of it then finds it cleared.
        unsafe { from.write_volatile(0) };
        self.leave((first - pages) / CHUNK + count, CHUNKS_OF_A_PAGE - count);
        Some((from, count * CHUNK))
    }

    /// Takes what nobody has taken: where it begins.
    fn fresh(&self, bytes: usize) -> Option<usize> {
        let taken = |next: usize| next.checked_add(bytes).filter(|end| *end <= END);
        self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).ok()
    }

    /// Takes chunks of what is left of a page: the number of the first.
    fn of_a_begun_page(&self, count: usize) -> Option<usize> {
        // There are a few hundred chunks, and eight of a page.
        let count = count as u32;
        let taken = |left: u32| match (left >> 8, left & 255) {
            (_, chunks) if chunks < count => None,
            (_, chunks) if chunks == count => Some(0),
            (first, chunks) => Some((first + count) << 8 | (chunks - count)),
        };
        self.begun.iter().find_map(|page| {
            let left = page.fetch_update(Ordering::Acquire, Ordering::Relaxed, taken).ok()?;
            Some((left >> 8) as usize)
        })
    }

    /// Leaves chunks of a page to whoever needs some.
    fn leave(&self, first: usize, count: usize) {
        let left = if count == 0 { 0 } else { (first << 8 | count) as u32 };
        let is_free =
            |page: &&AtomicU32| page.compare_exchange(0, left, Ordering::Release, Ordering::Relaxed).is_ok();
        // Where there is no place to leave it, it stays unused.
        let _ = self.begun.iter().find(is_free);
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
        MEMORY.use_huge_pages();
        let takes = |sizes: [usize; 4]| {
            let pieces = sizes.into_iter().cycle().map_while(|bytes| Some((MEMORY.take(bytes)?, bytes)));
            let addresses = pieces.map(|((from, length), bytes)| {
                assert!(
                    length >= bytes
                        && MEMORY.contains(from)
                        && MEMORY.contains(from.wrapping_add(length - 1))
                );
                // SAFETY: the piece was taken by this thread alone.
                unsafe {
                    assert_eq!((from.read(), from.add(length - 1).read()), (0, 0));
                    from.write(1);
                    from.add(length - 1).write(1);
                }
                (from as usize, length)
            });
            addresses.collect::<Vec<_>>()
        };
        let threads = [[1, CHUNK, CHUNK + 1, 7], [HUGE_PAGE, 1, 1, 3 * CHUNK], [1; 4], [5 * CHUNK; 4]]
            .map(|sizes| thread::spawn(move || takes(sizes)));
        let mut taken = vec![(early.0 as usize, early.1)];
        taken.extend(threads.into_iter().flat_map(|thread| thread.join().expect("no thread fails")));
        taken.sort_unstable();
        assert!(taken.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0), "{taken:?}");
        let bytes: usize = taken.iter().map(|(_, length)| length).sum();
        assert!(bytes > ARENA - ARENA / 4, "{bytes} bytes");
        assert_eq!(MEMORY.take(HUGE_PAGE), None);
        assert_eq!(MEMORY.take(HUGE_PAGE + 1), None);
        assert!(!MEMORY.contains(std::ptr::null_mut()));
    }
}
