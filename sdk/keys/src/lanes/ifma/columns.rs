//! Sums of the columns of products and squares of numbers of 52-bit limbs: the lower halves of products of two limbs in the
//! column of both places, the upper ones in the next. In 64 bits there is room for those of 1,024 limbs and for twice that sum.

use std::arch::x86_64::{
    _mm256_add_epi64, _mm256_madd52hi_epu64, _mm256_madd52lo_epu64, _mm256_setzero_si256,
};

use super::{LIMBS, Lanes, Limbs};

/// The lower and the upper half of the columns.
pub(super) type Columns = [Limbs; 2];

/// Calls `row` for each limb but the last, with code of its own: then compilers keep sums in registers, which takes a third
/// less time than a loop.
macro_rules! rows {
    ($sums:ident, $number:ident: $($index:literal)*) => { $(row::<$index>($sums, $number);)* };
}

/// The columns of `left * right`.
#[inline]
#[target_feature(enable = "avx512ifma,avx512vl")]
pub(super) fn product(left: &Limbs, right: &Limbs) -> Columns {
    let mut columns = [[_mm256_setzero_si256(); LIMBS]; 2];
    let sums = columns.as_flattened_mut();
    for (index, limb) in right.iter().enumerate() {
        for (sum, left) in sums[index..].iter_mut().zip(left) {
            *sum = _mm256_madd52lo_epu64(*sum, *left, *limb);
        }
        for (sum, left) in sums[index + 1..].iter_mut().zip(left) {
            *sum = _mm256_madd52hi_epu64(*sum, *left, *limb);
        }
    }
    columns
}

/// The columns of `number * number`: products of different limbs are computed once and doubled.
#[inline]
#[target_feature(enable = "avx512ifma,avx512vl")]
pub(super) fn square(number: &Limbs) -> Columns {
    let mut columns = [[_mm256_setzero_si256(); LIMBS]; 2];
    let sums = columns.as_flattened_mut();
    rows!(sums, number: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18);
    for (sums, limb) in sums.as_chunks_mut().0.iter_mut().zip(number) {
        let [low, high] = [_mm256_add_epi64(sums[0], sums[0]), _mm256_add_epi64(sums[1], sums[1])];
        *sums = [_mm256_madd52lo_epu64(low, *limb, *limb), _mm256_madd52hi_epu64(high, *limb, *limb)];
    }
    columns
}

/// Adds the products of a limb and those above it.
#[inline]
#[target_feature(enable = "avx512ifma,avx512vl")]
fn row<const INDEX: usize>(sums: &mut [Lanes], number: &Limbs) {
    for other in INDEX + 1..LIMBS {
        sums[INDEX + other] = _mm256_madd52lo_epu64(sums[INDEX + other], number[INDEX], number[other]);
    }
    for other in INDEX + 1..LIMBS {
        let sum = &mut sums[INDEX + other + 1];
        *sum = _mm256_madd52hi_epu64(*sum, number[INDEX], number[other]);
    }
}
