//! Powers modulo four odd numbers at once, where the processor can.

/// Numbers that are worked on together.
pub(crate) const LANES: usize = 4;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Moduli;

#[cfg(not(target_arch = "x86_64"))]
mod absent;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) use absent::Moduli;
