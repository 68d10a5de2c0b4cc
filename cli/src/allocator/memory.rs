//! The memory of the arena: one static piece, shared out to threads in chunks. In: which pages a thread wants, and how
//! much. Out: chunks, each once.
//!
//! The first thread gets huge pages: the kernel clears one when it is first touched, which takes 0.2 ms where its memory
//! was in use a moment ago and 5 ms where the hypervisor has to find it first. The kernel keeps what was given back for the
//! processor that gave it back, which is where the next program's first thread starts; what other threads get is of the
//! second kind. So they get small pages, and so does the first thread once a huge page has taken it long.

use std::{
    cell::UnsafeCell,
    mem::MaybeUninit,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// Bytes of huge pages at most, and of small ones.
const PART: usize = 48 << 20;
/// Bytes of a huge page of the kernel.
const HUGE_PAGE: usize = 2 << 20;
/// Bytes of a chunk of small pages, at least.
const CHUNK: usize = 256 << 10;
/// Bytes before the huge pages: what is asked for until it is known what the program is to do.
const EARLY: usize = 64 << 10;
/// Bytes of all of it, of which a huge page is for its beginning where one begins.
const END: usize = EARLY + HUGE_PAGE + 2 * PART;
/// How long a huge page may take, so that the next piece is one again: as long as as many small ones.
const SLOW: Duration = Duration::from_micros(900);

/// Which pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pages {
    /// Those of two MiB, as long as they are quick.
    Huge,
    /// Those of the processor.
    Small,
}

/// Memory that is shared out.
pub(super) struct Memory {
    bytes: UnsafeCell<Bytes>,
    /// Where the part of small pages begins that no thread has taken yet; the early part at first.
    small: AtomicUsize,
    /// Where the part of huge pages begins that is not taken yet.
    huge: AtomicUsize,
    /// Where huge pages end; 0 as long as there are none.
    huge_end: AtomicUsize,
}

#[repr(align(4096))]
struct Bytes(#[allow(dead_code, reason = "only its address is used")] MaybeUninit<[u8; END]>);

// SAFETY: threads share nothing of the bytes but what `small` and `huge` share out, each byte once.
unsafe impl Sync for Memory {}

impl Memory {
    /// Memory that is all zero and not touched.
    pub(super) const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new(Bytes(MaybeUninit::zeroed())),
            small: AtomicUsize::new(0),
            huge: AtomicUsize::new(0),
            huge_end: AtomicUsize::new(0),
        }
    }

    fn at(&self, offset: usize) -> *mut u8 {
        self.bytes.get().cast::<u8>().wrapping_add(offset)
    }

    /// Whether something is of this memory.
    pub(super) fn contains(&self, pointer: *mut u8) -> bool {
        (pointer as usize).wrapping_sub(self.at(0) as usize) < END
    }

    /// Has huge pages from here on. Called before other threads use it.
    pub(super) fn use_huge_pages(&self) {
        let start = self.at(0) as usize;
        let taken = self.small.load(Ordering::Relaxed);
        let first = (start + taken.max(EARLY)).next_multiple_of(HUGE_PAGE) - start;
        let end = first + PART;
        // SAFETY: the ranges are ours, and advice changes nothing of what they hold. Without it, it is slower.
        unsafe {
            nix::libc::madvise(self.at(first).cast(), PART, nix::libc::MADV_HUGEPAGE);
            nix::libc::madvise(self.at(end).cast(), END - end, nix::libc::MADV_NOHUGEPAGE);
        }
        self.small.store(end, Ordering::Relaxed);
        self.huge.store(first, Ordering::Relaxed);
        self.huge_end.store(end, Ordering::Relaxed);
    }

    /// Memory for `bytes`, zero if nobody had it before: where it begins and its bytes, which may be more. `None` if there
    /// is none left in one piece.
    pub(super) fn take(&self, bytes: usize, pages: Pages) -> Option<(*mut u8, usize)> {
        let huge_end = self.huge_end.load(Ordering::Relaxed);
        if pages == Pages::Huge
            && huge_end > 0
            && let Some(page) = self.huge_page(bytes, huge_end)
        {
            return Some(page);
        }
        if huge_end == 0 {
            let length = bytes.next_multiple_of(EARLY);
            return Some((self.at(take(&self.small, length, END)?), length));
        }
        let length = bytes.next_multiple_of(CHUNK);
        let chunk = self.at(take(&self.small, length, END)?);
        // SAFETY: the chunk was taken by this call alone. Where the kernel does not know this advice (before Linux 5.14),
        // the pages come one by one.
        unsafe { nix::libc::madvise(chunk.cast(), length.min(CHUNK), nix::libc::MADV_POPULATE_WRITE) };
        Some((chunk, length))
    }

    fn huge_page(&self, bytes: usize, end: usize) -> Option<(*mut u8, usize)> {
        if bytes > HUGE_PAGE {
            return None;
        }
        let page = self.at(take(&self.huge, HUGE_PAGE, end)?);
        let begin = Instant::now();
        // SAFETY: the page was taken by this call alone.
        unsafe { page.write_volatile(0) };
        if begin.elapsed() > SLOW {
            self.huge.store(end, Ordering::Relaxed);
        }
        Some((page, HUGE_PAGE))
    }
}

/// Takes the next `bytes` of what ends at `end`: where they begin.
fn take(next: &AtomicUsize, bytes: usize, end: usize) -> Option<usize> {
    let taken = |next: usize| next.checked_add(bytes).filter(|next| *next <= end);
    next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).ok()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// What is taken by several threads until nothing is left: each byte at most once, all of it zero, and nearly all.
    #[test]
    fn each_byte_is_taken_once() {
        static MEMORY: Memory = Memory::new();
        let early = MEMORY.take(100, Pages::Huge).expect("there is memory");
        assert_eq!(early.1, EARLY);
        MEMORY.use_huge_pages();
        let takes = |sizes: [usize; 4], pages| {
            let pieces =
                sizes.into_iter().cycle().map_while(|bytes| Some((MEMORY.take(bytes, pages)?, bytes)));
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
        let sizes = [[1, CHUNK, CHUNK + 1, 7], [HUGE_PAGE, 1, 1, 3 * CHUNK], [1; 4], [5 * CHUNK; 4]];
        let threads = sizes.map(|sizes| {
            let pages = if sizes[0] == HUGE_PAGE { Pages::Huge } else { Pages::Small };
            thread::spawn(move || takes(sizes, pages))
        });
        let mut taken = vec![(early.0 as usize, early.1)];
        taken.extend(threads.into_iter().flat_map(|thread| thread.join().expect("no thread fails")));
        taken.sort_unstable();
        assert!(taken.windows(2).all(|two| two[0].0 + two[0].1 <= two[1].0), "{taken:?}");
        let bytes: usize = taken.iter().map(|(_, length)| length).sum();
        assert!(bytes > PART - PART / 4, "{bytes} bytes");
        assert_eq!(MEMORY.take(HUGE_PAGE, Pages::Huge), None);
        assert_eq!(MEMORY.take(HUGE_PAGE + 1, Pages::Small), None);
        assert!(!MEMORY.contains(std::ptr::null_mut()));
    }
}
