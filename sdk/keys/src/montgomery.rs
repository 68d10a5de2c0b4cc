//! Powers modulo an odd number by Montgomery multiplication: what the search for primes and RSA signatures spend
//! their time on. The usual widths have code of their own, which takes about half of num-bigint's time.

use num_bigint::BigUint;

/// Exponents are taken this many bits at a time.
const WINDOW_BITS: usize = 4;

/// `base` to the power of `exponent` modulo `modulus`, which is odd and above `base`.
pub(crate) fn power(base: &BigUint, exponent: &BigUint, modulus: &BigUint) -> BigUint {
    let limbs = modulus.to_u64_digits();
    match limbs.len() {
        // The primes of keys of 2048, 3072 and 4096 bits, and DSA's modulus.
        16 => Modulus::<16>::new(modulus).power(base, exponent),
        24 => Modulus::<24>::new(modulus).power(base, exponent),
        32 => Modulus::<32>::new(modulus).power(base, exponent),
        _ => base.modpow(exponent, modulus),
    }
}

/// An odd modulus of `N` limbs, prepared.
struct Modulus<const N: usize> {
    limbs: [u64; N],
    /// The negative inverse of the modulus, modulo 2⁶⁴.
    inverse: u64,
    /// 1 and the square of 2 to the modulus's width in bits, in Montgomery's form.
    one: [u64; N],
    square: [u64; N],
}

impl<const N: usize> Modulus<N> {
    fn new(modulus: &BigUint) -> Self {
        let limbs = padded(modulus);
        // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
        let mut inverse = limbs[0];
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(limbs[0].wrapping_mul(inverse)));
        }
        let shifted = |bits: usize| padded(&((BigUint::from(1_u8) << bits) % modulus));
        Self { limbs, inverse: inverse.wrapping_neg(), one: shifted(64 * N), square: shifted(128 * N) }
    }

    fn power(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
        let result = match base.iter_u64_digits().next() {
            Some(2) if base.bits() == 2 => self.power_of_two(exponent),
            _ => self.windowed_power(base, exponent),
        };
        let plain = self.product(&result, &padded(&BigUint::from(1_u8)));
        BigUint::from_bytes_le(&plain.map(u64::to_le_bytes).concat())
    }

    /// 2 to the power of `exponent`, in Montgomery's form: to multiply by 2 is to shift.
    fn power_of_two(&self, exponent: &BigUint) -> [u64; N] {
        let mut result = self.one;
        for bit in (0..exponent.bits()).rev() {
            result = self.product(&result, &result);
            if exponent.bit(bit) {
                let mut top = 0;
                for limb in &mut result {
                    (*limb, top) = (*limb << 1 | top, *limb >> 63);
                }
                result = self.reduced(result, top);
            }
        }
        result
    }

    /// `base` to the power of `exponent`, in Montgomery's form.
    fn windowed_power(&self, base: &BigUint, exponent: &BigUint) -> [u64; N] {
        let base = self.product(&padded(base), &self.square);
        let mut table = [self.one; 1 << WINDOW_BITS];
        for index in 1..table.len() {
            table[index] = self.product(&table[index - 1], &base);
        }
        let mut result = self.one;
        for window in windows(exponent) {
            for _ in 0..WINDOW_BITS {
                result = self.product(&result, &result);
            }
            if window > 0 {
                result = self.product(&result, &table[window]);
            }
        }
        result
    }

    /// `left * right / 2^width` modulo the modulus. Multiplication and reduction alternate limb by limb; their two
    /// carries run through one loop, which leaves the processor more to do at once.
    fn product(&self, left: &[u64; N], right: &[u64; N]) -> [u64; N] {
        let (mut sum, mut top) = ([0; N], 0);
        for limb in left {
            let (lowest, mut high) = step(sum[0], *limb, right[0], 0);
            let factor = lowest.wrapping_mul(self.inverse);
            let (_, mut carry) = step(lowest, factor, self.limbs[0], 0);
            for index in 1..N {
                let (middle, next) = step(sum[index], *limb, right[index], high);
                high = next;
                (sum[index - 1], carry) = step(middle, factor, self.limbs[index], carry);
            }
            let (partial, over) = high.overflowing_add(top);
            let (highest, more) = partial.overflowing_add(carry);
            sum[N - 1] = highest;
            top = u64::from(over) + u64::from(more);
        }
        self.reduced(sum, top)
    }

    /// `sum` with `top` above it, which is below twice the modulus, less the modulus unless that is below 0.
    fn reduced(&self, sum: [u64; N], top: u64) -> [u64; N] {
        let (mut out, mut borrow) = ([0; N], false);
        for index in 0..N {
            let (difference, first) = sum[index].overflowing_sub(self.limbs[index]);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            (out[index], borrow) = (difference, first || second);
        }
        if borrow && top == 0 { sum } else { out }
    }
}

/// `sum + left * right + carry`, low and high.
#[inline(always)]
fn step(sum: u64, left: u64, right: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(sum) + u128::from(left) * u128::from(right) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

/// The lowest `N` limbs.
fn padded<const N: usize>(number: &BigUint) -> [u64; N] {
    let mut limbs = [0; N];
    limbs.iter_mut().zip(number.iter_u64_digits()).for_each(|(limb, digit)| *limb = digit);
    limbs
}

/// The exponent from its highest bits on.
fn windows(exponent: &BigUint) -> impl Iterator<Item = usize> {
    let mask = (1 << WINDOW_BITS) - 1;
    let limbs = exponent.to_u64_digits();
    limbs.into_iter().rev().flat_map(move |limb| {
        (0..64 / WINDOW_BITS).rev().map(move |index| ((limb >> (index * WINDOW_BITS)) & mask) as usize)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn powers_are_those_of_num_bigint(
            words in prop::collection::vec(any::<u32>(), 64),
            length in prop::sample::select(vec![7_usize, 31, 32, 47, 48, 63, 64]),
            base in prop::collection::vec(any::<u32>(), 1..64),
            exponent in prop::collection::vec(any::<u32>(), 0..4),
        ) {
            let modulus = BigUint::from_slice(&words[..length]) | BigUint::from(3_u8);
            let base = BigUint::new(base) % &modulus;
            let exponent = BigUint::new(exponent);
            prop_assert_eq!(power(&base, &exponent, &modulus), base.modpow(&exponent, &modulus));
        }
    }

    #[test]
    fn limbs_that_are_all_ones_or_zeros() {
        for bits in [1024, 1536, 2048] {
            for modulus in [(BigUint::from(1_u8) << bits) - 1_u8, (BigUint::from(1_u8) << (bits - 1)) + 1_u8]
            {
                for base in [&modulus - 1_u8, BigUint::from(2_u8)] {
                    for exponent in [0_u32, 1, 2, 3, 65_537] {
                        let exponent = BigUint::from(exponent);
                        assert_eq!(power(&base, &exponent, &modulus), base.modpow(&exponent, &modulus));
                    }
                }
            }
        }
    }
}
