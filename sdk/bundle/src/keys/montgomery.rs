//! Powers modulo an odd number by Montgomery multiplication: what the search for primes and RSA signatures spend
//! their time on.

use num_bigint::BigUint;

/// Exponents are taken this many bits at a time.
const WINDOW_BITS: usize = 4;

/// An odd modulus, prepared.
pub(super) struct Montgomery {
    modulus: Vec<u64>,
    /// The negative inverse of the modulus, modulo 2⁶⁴.
    inverse: u64,
    /// 2 to twice the modulus's width in bits, modulo the modulus.
    square: Vec<u64>,
}

impl Montgomery {
    /// Prepares `modulus`, which is odd and above 1.
    pub(super) fn new(modulus: &BigUint) -> Self {
        let limbs = modulus.to_u64_digits();
        // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
        let mut inverse = limbs[0];
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(limbs[0].wrapping_mul(inverse)));
        }
        let width = 64 * limbs.len() as u64;
        let square = padded(&((BigUint::from(1_u8) << (2 * width)) % modulus), limbs.len());
        Self { modulus: limbs, inverse: inverse.wrapping_neg(), square }
    }

    /// `base` to the power of `exponent`; `base` is below the modulus.
    pub(super) fn power(&self, base: &BigUint, exponent: &BigUint) -> BigUint {
        let width = self.modulus.len();
        let one = padded(&BigUint::from(1_u8), width);
        let mut scratch = vec![0; width + 2];
        let mut table = vec![self.product(&one, &self.square, &mut scratch)];
        let base = self.product(&padded(base, width), &self.square, &mut scratch);
        for index in 1..1 << WINDOW_BITS {
            table.push(self.product(&table[index - 1], &base, &mut scratch));
        }
        let mut result = table[0].clone();
        let mut next = result.clone();
        for window in windows(exponent) {
            for _ in 0..WINDOW_BITS {
                self.multiply(&result, &result, &mut next, &mut scratch);
                std::mem::swap(&mut result, &mut next);
            }
            if window > 0 {
                self.multiply(&result, &table[window], &mut next, &mut scratch);
                std::mem::swap(&mut result, &mut next);
            }
        }
        let plain = self.product(&result, &one, &mut scratch);
        BigUint::from_slice(
            &plain.iter().flat_map(|limb| [*limb as u32, (limb >> 32) as u32]).collect::<Vec<_>>(),
        )
    }

    fn product(&self, left: &[u64], right: &[u64], scratch: &mut [u64]) -> Vec<u64> {
        let mut out = vec![0; self.modulus.len()];
        self.multiply(left, right, &mut out, scratch);
        out
    }

    /// `left * right / 2^width` modulo the modulus into `out`. Multiplication and reduction alternate limb by limb;
    /// `scratch` has two limbs more than the modulus.
    fn multiply(&self, left: &[u64], right: &[u64], out: &mut [u64], scratch: &mut [u64]) {
        let width = self.modulus.len();
        let modulus = &self.modulus[..width];
        let right = &right[..width];
        scratch.fill(0);
        for limb in &left[..width] {
            let mut carry = 0;
            for (sum, factor) in scratch[..width].iter_mut().zip(right) {
                (*sum, carry) = step(*sum, *limb, *factor, carry);
            }
            let (sum, over) = scratch[width].overflowing_add(carry);
            (scratch[width], scratch[width + 1]) = (sum, u64::from(over));

            let factor = scratch[0].wrapping_mul(self.inverse);
            let (_, mut carry) = step(scratch[0], factor, modulus[0], 0);
            for index in 1..width {
                (scratch[index - 1], carry) = step(scratch[index], factor, modulus[index], carry);
            }
            let (sum, over) = scratch[width].overflowing_add(carry);
            scratch[width - 1] = sum;
            scratch[width] = scratch[width + 1] + u64::from(over);
        }
        self.reduce(scratch, out);
    }

    /// Subtracts the modulus from `sum`, which is below twice the modulus, unless that is below 0.
    fn reduce(&self, sum: &[u64], out: &mut [u64]) {
        let width = self.modulus.len();
        let mut borrow = false;
        for ((out, limb), modulus) in out.iter_mut().zip(sum).zip(&self.modulus) {
            let (difference, first) = limb.overflowing_sub(*modulus);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            (*out, borrow) = (difference, first || second);
        }
        if borrow && sum[width] == 0 {
            out.copy_from_slice(&sum[..width]);
        }
    }
}

/// `sum + left * right + carry`, low and high.
#[inline]
fn step(sum: u64, left: u64, right: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(sum) + u128::from(left) * u128::from(right) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

fn padded(number: &BigUint, width: usize) -> Vec<u64> {
    let mut limbs = number.to_u64_digits();
    limbs.resize(width, 0);
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
            modulus in prop::collection::vec(any::<u32>(), 1..24),
            base in prop::collection::vec(any::<u32>(), 1..24),
            exponent in prop::collection::vec(any::<u32>(), 0..4),
        ) {
            let modulus = BigUint::new(modulus) | BigUint::from(3_u8);
            let base = BigUint::new(base) % &modulus;
            let exponent = BigUint::new(exponent);
            prop_assert_eq!(Montgomery::new(&modulus).power(&base, &exponent), base.modpow(&exponent, &modulus));
        }
    }

    #[test]
    fn limbs_that_are_all_ones() {
        let modulus = (BigUint::from(1_u8) << 256) - 1_u8;
        let base = &modulus - 1_u8;
        for exponent in [0_u32, 1, 2, 3, 65_537] {
            let exponent = BigUint::from(exponent);
            assert_eq!(Montgomery::new(&modulus).power(&base, &exponent), base.modpow(&exponent, &modulus));
        }
    }
}
