//! Multiplication of whole numbers of 52 bits, four pairs at once, as AVX-512's IFMA has it.
//!
//! A number's limbs have 52 bits each, which is what the processor multiplies; the halves of products are added up in 64 bits,
//! and carried on to the next limb only at the end. For each limb of one factor a multiple of the moduli is added that makes
//! the lowest limb 0, which then is left out: Montgomery's multiplication, row by row. A result is little above its modulus
//! and never more than twice that, which needs no subtraction since there are more bits than the moduli take.

mod columns;
mod limbs;

use std::{
    arch::x86_64::{
        __m256i, _mm256_add_epi64, _mm256_madd52hi_epu64, _mm256_madd52lo_epu64, _mm256_set_epi64x,
        _mm256_setzero_si256, _mm256_sllv_epi64, _mm256_srli_epi64,
    },
    array,
};

use num_bigint::BigUint;

use self::{
    columns::Columns,
    limbs::{LIMB_BITS, carried, chosen, joined, spread},
};
use super::{Arithmetic, LANES, negative_inverse};

/// Limbs of a number: enough for the primes of a key of 2048 bits. For twice as many there are not enough registers, so that
/// floating point takes less time.
const LIMBS: usize = 20;
/// Bits that limbs have above the moduli: products of numbers below four times these are then below twice.
const SLACK_BITS: usize = 4;

/// A limb, or a sum, of each lane's number.
type Lanes = __m256i;
/// Each lane's number.
type Limbs = [Lanes; LIMBS];

/// Four moduli, prepared.
pub(super) struct Integers {
    numbers: [BigUint; LANES],
    modulus: Limbs,
    /// The moduli's negative inverses modulo the limbs' base.
    inverse: Lanes,
}

impl Integers {
    /// None where the processor cannot, or the numbers are too long.
    pub(super) fn new(numbers: [&BigUint; LANES]) -> Option<Self> {
        let bits = numbers.iter().map(|number| number.bits() as usize).max().unwrap_or(0);
        let is_able = is_x86_feature_detected!("avx512ifma") && is_x86_feature_detected!("avx512vl");
        if !is_able || bits + SLACK_BITS > LIMBS * LIMB_BITS {
            return None;
        }
        let numbers = numbers.map(BigUint::clone);
        let [inverse, ..] = spread(&numbers.each_ref().map(|number| BigUint::from(negative_inverse(number))));
        Some(Self { modulus: spread(&numbers), numbers, inverse })
    }

    #[target_feature(enable = "avx512ifma,avx512vl")]
    fn squared(&self, number: &Limbs, doubled: [u64; LANES]) -> Limbs {
        let [first, second, third, fourth] = doubled.map(|bit| bit as i64);
        let bits = _mm256_set_epi64x(fourth, third, second, first);
        let mut sums = self.reduced(&columns::square(number));
        for sum in &mut sums {
            *sum = _mm256_sllv_epi64(*sum, bits);
        }
        carried(sums)
    }

    #[target_feature(enable = "avx512ifma,avx512vl")]
    fn multiplied(&self, left: &Limbs, right: &Limbs) -> Limbs {
        carried(self.reduced(&columns::product(left, right)))
    }

    /// The upper half of columns after multiples of the moduli were added that make the lower one 0.
    #[inline]
    #[target_feature(enable = "avx512ifma,avx512vl")]
    fn reduced(&self, [low, high]: &Columns) -> Limbs {
        let (mut sums, modulus) = (*low, &self.modulus);
        for next in high {
            let factor = _mm256_madd52lo_epu64(_mm256_setzero_si256(), sums[0], self.inverse);
            let lowest = _mm256_madd52lo_epu64(sums[0], factor, modulus[0]);
            sums[1] = _mm256_add_epi64(sums[1], _mm256_srli_epi64::<{ LIMB_BITS as i32 }>(lowest));
            for index in 1..LIMBS {
                sums[index - 1] = _mm256_madd52lo_epu64(sums[index], factor, modulus[index]);
            }
            sums[LIMBS - 1] = *next;
            for (sum, modulus) in sums.iter_mut().zip(modulus) {
                *sum = _mm256_madd52hi_epu64(*sum, factor, *modulus);
            }
        }
        sums
    }
}

impl Arithmetic for Integers {
    type Number = Limbs;

    fn raised(&self, numbers: &[BigUint; LANES]) -> Limbs {
        spread(&array::from_fn(|lane| (&numbers[lane] << (LIMBS * LIMB_BITS)) % &self.numbers[lane]))
    }

    fn plain(&mut self, mut number: Limbs) -> [BigUint; LANES] {
        self.multiply(&mut number, &spread(&[1_u8; LANES].map(BigUint::from)));
        array::from_fn(|lane| joined(&number, lane) % &self.numbers[lane])
    }

    fn square(&mut self, number: &mut Limbs, doubled: [u64; LANES]) {
        // SAFETY: there are no `Integers` without AVX-512's IFMA and VL.
        *number = unsafe { self.squared(number, doubled) };
    }

    fn multiply(&mut self, number: &mut Limbs, other: &Limbs) {
        // SAFETY: there are no `Integers` without AVX-512's IFMA and VL.
        *number = unsafe { self.multiplied(number, other) };
    }

    fn chosen(table: &[Limbs], entries: [usize; LANES]) -> Limbs {
        chosen(table, entries)
    }
}
