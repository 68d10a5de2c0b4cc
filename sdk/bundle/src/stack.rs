//! Recursion whose depth data decides: limited by the constants of whoever recurses, not by the thread's stack. A
//! further piece of stack is allocated where less than the reserve is left, so that shallow data cost nothing.

/// Stack left at which a further piece is allocated, in bytes: more than any caller uses between two calls of [`deep`].
const RESERVE: usize = 256 << 10;
/// Size of a further piece, in bytes.
const PIECE: usize = 4 << 20;

/// Runs `body` on a stack that cannot overflow.
#[inline]
pub(crate) fn deep<T>(body: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RESERVE, PIECE, body)
}
