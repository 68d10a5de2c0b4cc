//! Powers modulo four odd numbers at once, where the processor can: what the search for primes spends its time on. In:
//! moduli, bases and exponents. Out: powers.
//!
//! There is an [`Arithmetic`] for processors that multiply whole numbers of 52 bits in lanes (`ifma`), and one for those
//! that do so with floating point only (`avx2`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod powers;

use std::sync::atomic::AtomicBool;

use num_bigint::BigUint;

use self::powers::Powers;

/// Numbers that are worked on together.
pub(crate) const LANES: usize = 4;

/// Arithmetic modulo four odd numbers.
trait Arithmetic {
    /// A number for each of the moduli, in Montgomery's form.
    type Number: Clone;

    /// That form of numbers that are each below its modulus.
    fn raised(&self, numbers: &[BigUint; LANES]) -> Self::Number;

    /// What numbers in that form stand for.
    fn plain(&mut self, number: Self::Number) -> [BigUint; LANES];

    /// The square, and twice the square where `doubled` is 1 instead of 0.
    fn square(&mut self, number: &mut Self::Number, doubled: [u64; LANES]);

    /// The product of both.
    fn multiply(&mut self, number: &mut Self::Number, other: &Self::Number);

    /// For each lane its number of the table's entry.
    fn chosen(table: &[Self::Number], entries: [usize; LANES]) -> Self::Number;
}

/// Four moduli, prepared.
pub(crate) struct Moduli(Box<dyn Powers>);

/// How moduli are prepared where the processor can and they are not too long.
type Prepare = fn([&BigUint; LANES]) -> Option<Box<dyn Powers>>;

/// The fastest first.
#[cfg(target_arch = "x86_64")]
const PREPARE: &[Prepare] =
    &[|numbers| ifma::Integers::new(numbers).map(boxed), |numbers| avx2::Doubles::new(numbers).map(boxed)];
#[cfg(not(target_arch = "x86_64"))]
const PREPARE: &[Prepare] = &[];

#[cfg(target_arch = "x86_64")]
fn boxed(arithmetic: impl Powers + 'static) -> Box<dyn Powers> {
    Box::new(arithmetic)
}

impl Moduli {
    /// None where the processor cannot, or the numbers are too long: then they are taken one by one.
    pub(crate) fn new(numbers: [&BigUint; LANES]) -> Option<Self> {
        PREPARE.iter().find_map(|prepare| prepare(numbers)).map(Self)
    }

    /// 2 to the power of each exponent; none when `stopped`.
    pub(crate) fn powers_of_two(
        &mut self,
        exponents: &[BigUint; LANES],
        stopped: &AtomicBool,
    ) -> Option<[BigUint; LANES]> {
        self.0.of_two(exponents, stopped)
    }

    /// Each base, which is below its modulus, to the power of its exponent.
    pub(crate) fn powers(
        &mut self,
        bases: &[BigUint; LANES],
        exponents: [&BigUint; LANES],
    ) -> [BigUint; LANES] {
        self.0.of(bases, exponents)
    }
}

/// What gives -1 when multiplied by `number`, which is odd, modulo 2⁶⁴.
#[cfg(target_arch = "x86_64")]
fn negative_inverse(number: &BigUint) -> u64 {
    // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
    let lowest = number.iter_u64_digits().next().unwrap_or(1);
    let newton = |inverse: u64| inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)));
    (0..5).fold(lowest, |inverse, _| newton(inverse)).wrapping_neg()
}

#[cfg(test)]
mod tests;
