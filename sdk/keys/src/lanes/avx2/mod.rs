//! Arithmetic modulo four odd numbers, one in each lane of AVX2's registers, in floating point.

mod columns;
mod limbs;
mod product;

use std::{
    arch::x86_64::{_mm256_blend_pd, _mm256_set_pd},
    array,
};

use num_bigint::BigUint;

use self::{
    columns::{Lanes, Scale},
    limbs::{Width, joined, spread, sum},
    product::{Multiplier, Scratch},
};
use super::{Arithmetic, LANES, negative_inverse};

/// Four moduli, prepared.
pub(super) struct Doubles {
    numbers: [BigUint; LANES],
    width: Width,
    multiplier: Multiplier,
    scratch: Scratch,
}

impl Doubles {
    /// None where the processor has no AVX2 and FMA or the numbers are too long.
    pub(super) fn new(numbers: [&BigUint; LANES]) -> Option<Self> {
        let bits = numbers.iter().map(|number| number.bits() as usize).max().unwrap_or(0);
        let width = Width::of(bits)?;
        if !is_x86_feature_detected!("avx2") || !is_x86_feature_detected!("fma") {
            return None;
        }
        // SAFETY: both are there, as asked above.
        Some(unsafe { Self::prepared(numbers.map(BigUint::clone), width) })
    }

    #[target_feature(enable = "avx2,fma")]
    fn prepared(numbers: [BigUint; LANES], width: Width) -> Self {
        let scale = Scale::new(width.limb_bits);
        let lowest = numbers.each_ref().map(|number| BigUint::from(negative_inverse(number)));
        let lowest = spread(&lowest, width, &scale)[0];
        let multiplier = Multiplier::new(scale, spread(&numbers, width, &scale), lowest);
        let scratch = multiplier.scratch();
        Self { numbers, width, multiplier, scratch }
    }

    #[target_feature(enable = "avx2,fma")]
    fn limbs(&self, numbers: &[BigUint; LANES]) -> Vec<Lanes> {
        spread(numbers, self.width, &self.multiplier.scale)
    }

    #[target_feature(enable = "avx2,fma")]
    fn joined(&self, number: &[Lanes]) -> [BigUint; LANES] {
        // It may be below 0, but not as far as the modulus is above.
        let positive = sum(number, &self.multiplier.modulus);
        array::from_fn(|lane| joined(&positive, lane, self.width) % &self.numbers[lane])
    }

    #[target_feature(enable = "avx2,fma")]
    fn squared(&mut self, number: &mut [Lanes], doubled: [u64; LANES]) {
        let [first, second, third, fourth] = doubled.map(|bit| 1.0 + bit as f64);
        self.multiplier.square(number, &mut self.scratch, _mm256_set_pd(fourth, third, second, first));
    }
}

// SAFETY, in all of it: there are no `Doubles` without AVX2 and FMA.
impl Arithmetic for Doubles {
    type Number = Vec<Lanes>;

    fn raised(&self, numbers: &[BigUint; LANES]) -> Vec<Lanes> {
        let raised = |lane: usize| (&numbers[lane] << self.width.bits()) % &self.numbers[lane];
        // SAFETY: as above.
        unsafe { self.limbs(&array::from_fn(raised)) }
    }

    fn plain(&mut self, mut number: Vec<Lanes>) -> [BigUint; LANES] {
        // SAFETY: as above.
        let one = unsafe { self.limbs(&[1_u8; LANES].map(BigUint::from)) };
        self.multiply(&mut number, &one);
        // SAFETY: as above.
        unsafe { self.joined(&number) }
    }

    fn square(&mut self, number: &mut Vec<Lanes>, doubled: [u64; LANES]) {
        // SAFETY: as above.
        unsafe { self.squared(number, doubled) }
    }

    fn multiply(&mut self, number: &mut Vec<Lanes>, other: &Vec<Lanes>) {
        // SAFETY: as above.
        unsafe { self.multiplier.multiply(number, other, &mut self.scratch) }
    }

    fn chosen(table: &[Vec<Lanes>], entries: [usize; LANES]) -> Vec<Lanes> {
        // SAFETY: as above: without them there would be no table.
        unsafe { chosen(table, entries) }
    }
}

/// For each lane its number of the table's entry.
#[target_feature(enable = "avx2,fma")]
fn chosen(table: &[Vec<Lanes>], entries: [usize; LANES]) -> Vec<Lanes> {
    let [first, second, third, fourth] = entries.map(|entry| &table[entry]);
    let lanes = first.iter().zip(second).zip(third).zip(fourth);
    lanes
        .map(|(((first, second), third), fourth)| {
            let low = _mm256_blend_pd::<0b0010>(*first, *second);
            let high = _mm256_blend_pd::<0b1000>(*third, *fourth);
            _mm256_blend_pd::<0b1100>(low, high)
        })
        .collect()
}

#[cfg(test)]
mod tests;
