//! Powers modulo four odd numbers at once, one in each lane of AVX2's registers: what the search for primes spends its
//! time on. In: moduli, bases and exponents. Out: powers.

mod columns;
mod limbs;
mod product;

use std::{
    arch::x86_64::{_mm256_blend_pd, _mm256_set_pd, _mm256_set1_pd},
    array, iter,
    sync::atomic::{AtomicBool, Ordering},
};

use num_bigint::BigUint;

use self::{
    columns::{Lanes, Scale},
    limbs::{Width, joined, spread, sum},
    product::Multiplier,
};
use super::LANES;

/// Exponents are taken this many bits at a time.
const WINDOW_BITS: u64 = 5;

/// Four moduli, prepared.
pub(crate) struct Moduli {
    numbers: [BigUint; LANES],
    width: Width,
    multiplier: Multiplier,
}

impl Moduli {
    /// None where the processor has no AVX2 and FMA or the numbers are too long.
    pub(crate) fn new(numbers: [&BigUint; LANES]) -> Option<Self> {
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
        Self { numbers, width, multiplier }
    }

    /// 2 to the power of each exponent; none when `stopped`.
    pub(crate) fn powers_of_two(
        &self,
        exponents: &[BigUint; LANES],
        stopped: &AtomicBool,
    ) -> Option<[BigUint; LANES]> {
        // SAFETY: there is no `Moduli` without AVX2 and FMA.
        unsafe { self.raised_powers_of_two(exponents, stopped).map(|powers| self.plain(powers)) }
    }

    /// Each base, which is below its modulus, to the power of its exponent.
    pub(crate) fn powers(&self, bases: &[BigUint; LANES], exponents: [&BigUint; LANES]) -> [BigUint; LANES] {
        // SAFETY: there is no `Moduli` without AVX2 and FMA.
        unsafe { self.plain(self.raised_powers(&self.raised(bases), exponents)) }
    }

    /// Numbers in Montgomery's form.
    #[target_feature(enable = "avx2,fma")]
    fn raised(&self, numbers: &[BigUint; LANES]) -> Vec<Lanes> {
        let raised = |lane: usize| (&numbers[lane] << self.width.bits()) % &self.numbers[lane];
        spread(&array::from_fn(raised), self.width, &self.multiplier.scale)
    }

    /// What numbers in Montgomery's form stand for.
    #[target_feature(enable = "avx2,fma")]
    fn plain(&self, mut numbers: Vec<Lanes>) -> [BigUint; LANES] {
        let one = spread(&ones(), self.width, &self.multiplier.scale);
        self.multiplier.multiply(&mut numbers, &one, &mut self.multiplier.scratch());
        // It may be below 0, but not as far as the modulus is above.
        let positive = sum(&numbers, &self.multiplier.modulus);
        array::from_fn(|lane| joined(&positive, lane, self.width) % &self.numbers[lane])
    }

    /// 2 to the power of each exponent, in Montgomery's form: to multiply by 2 is easy.
    #[target_feature(enable = "avx2,fma")]
    fn raised_powers_of_two(&self, exponents: &[BigUint; LANES], stopped: &AtomicBool) -> Option<Vec<Lanes>> {
        let (mut result, mut scratch) = (self.raised(&ones()), self.multiplier.scratch());
        let words = exponents.iter().map(|exponent| exponent.iter_u64_digits().len()).max().unwrap_or(0);
        let digits = exponents.each_ref().map(|exponent| {
            exponent.iter_u64_digits().chain(iter::repeat(0)).take(words).collect::<Vec<_>>()
        });
        for word in (0..words).rev() {
            if stopped.load(Ordering::Relaxed) {
                return None;
            }
            for bit in (0..64).rev() {
                let [first, second, third, fourth] =
                    digits.each_ref().map(|digits| 1.0 + (digits[word] >> bit & 1) as f64);
                let factor = _mm256_set_pd(fourth, third, second, first);
                self.multiplier.square(&mut result, &mut scratch, factor);
            }
        }
        Some(result)
    }

    /// Each base to the power of its exponent, all in Montgomery's form.
    #[target_feature(enable = "avx2,fma")]
    fn raised_powers(&self, bases: &[Lanes], exponents: [&BigUint; LANES]) -> Vec<Lanes> {
        let mut scratch = self.multiplier.scratch();
        let mut table = vec![self.raised(&ones()), bases.to_vec()];
        for index in 2..1 << WINDOW_BITS {
            let mut next = table[index - 1].clone();
            self.multiplier.multiply(&mut next, bases, &mut scratch);
            table.push(next);
        }
        let bits = exponents.map(BigUint::bits).into_iter().max().unwrap_or(0);
        let mut result = table[0].clone();
        for window in (0..bits.div_ceil(WINDOW_BITS)).rev() {
            for _ in 0..WINDOW_BITS {
                self.multiplier.square(&mut result, &mut scratch, _mm256_set1_pd(1.0));
            }
            let bit = |number: &BigUint, bit: u64| usize::from(number.bit(window * WINDOW_BITS + bit)) << bit;
            let windows = exponents.map(|number| (0..WINDOW_BITS).map(|index| bit(number, index)).sum());
            if windows != [0; LANES] {
                self.multiplier.multiply(&mut result, &chosen(&table, windows), &mut scratch);
            }
        }
        result
    }
}

fn ones() -> [BigUint; LANES] {
    [1_u8; LANES].map(BigUint::from)
}

/// What gives -1 when multiplied by `number`, which is odd, modulo 2⁶⁴.
fn negative_inverse(number: &BigUint) -> u64 {
    // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
    let lowest = number.iter_u64_digits().next().unwrap_or(1);
    let newton = |inverse: u64| inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)));
    (0..5).fold(lowest, |inverse, _| newton(inverse)).wrapping_neg()
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
