//! Numbers as limbs of 52 bits in lanes, and back.

use std::{
    arch::x86_64::{
        _mm256_add_epi64, _mm256_and_si256, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_srli_epi64,
    },
    array,
};

use num_bigint::BigUint;

use super::{LANES, LIMBS, Lanes, Limbs};

/// Bits of a limb: what the processor multiplies.
pub(super) const LIMB_BITS: usize = 52;
/// The ones of a limb.
const ONES: u64 = (1 << LIMB_BITS) - 1;

/// Makes limbs of sums, the lowest first.
#[inline]
#[target_feature(enable = "avx512ifma,avx512vl")]
pub(super) fn carried(mut sums: Limbs) -> Limbs {
    let (ones, mut over) = (_mm256_set1_epi64x(ONES as i64), _mm256_setzero_si256());
    for sum in &mut sums {
        let whole = _mm256_add_epi64(*sum, over);
        over = _mm256_srli_epi64::<{ LIMB_BITS as i32 }>(whole);
        *sum = _mm256_and_si256(whole, ones);
    }
    sums
}

/// The lowest limbs of numbers.
pub(super) fn spread(numbers: &[BigUint; LANES]) -> Limbs {
    let numbers = numbers.each_ref().map(limbs);
    array::from_fn(|index| lanes(numbers.each_ref().map(|limbs| limbs[index])))
}

fn limbs(number: &BigUint) -> [u64; LIMBS] {
    let (mut digits, mut buffer, mut held) = (number.iter_u64_digits(), 0_u128, 0);
    array::from_fn(|_| {
        if held < LIMB_BITS {
            buffer |= u128::from(digits.next().unwrap_or(0)) << held;
            held += 64;
        }
        let limb = buffer as u64 & ONES;
        (buffer, held) = (buffer >> LIMB_BITS, held - LIMB_BITS);
        limb
    })
}

/// One lane's number.
pub(super) fn joined(limbs: &[Lanes], lane: usize) -> BigUint {
    let (mut digits, mut buffer, mut held) = (Vec::with_capacity(2 * limbs.len()), 0_u128, 0);
    for limb in limbs {
        buffer |= u128::from(numbers(*limb)[lane]) << held;
        held += LIMB_BITS;
        while held >= 32 {
            digits.push(buffer as u32);
            (buffer, held) = (buffer >> 32, held - 32);
        }
    }
    digits.push(buffer as u32);
    BigUint::new(digits)
}

/// For each lane its number of the table's entry.
pub(super) fn chosen(table: &[Limbs], entries: [usize; LANES]) -> Limbs {
    array::from_fn(|limb| lanes(array::from_fn(|lane| numbers(table[entries[lane]][limb])[lane])))
}

fn lanes(numbers: [u64; LANES]) -> Lanes {
    // SAFETY: both are 32 bytes of which all values are good.
    unsafe { std::mem::transmute::<[u64; LANES], Lanes>(numbers) }
}

fn numbers(lanes: Lanes) -> [u64; LANES] {
    // SAFETY: both are 32 bytes of which all values are good.
    unsafe { std::mem::transmute::<Lanes, [u64; LANES]>(lanes) }
}
