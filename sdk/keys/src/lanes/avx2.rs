//! Powers modulo four odd numbers at once, one in each lane of AVX2's registers: what the search for primes spends its
//! time on. One of four takes about a third of what `montgomery` takes for one alone.
//!
//! A number is `limbs` times 28 bits, each in the low half of a 64-bit lane, so that a column of a product sums up
//! without a carry: Montgomery multiplication, rows of it four at a time, one pass of carries at the end. Numbers stay
//! below four times the modulus and are only reduced wholly when they are read.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_mul_epu32, _mm256_set_epi64x, _mm256_set1_epi64x,
    _mm256_setzero_si256, _mm256_sllv_epi64, _mm256_srli_epi64,
};

use num_bigint::BigUint;

use super::LANES;

const LIMB_BITS: usize = 28;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;
/// Bits that a number has above its modulus, which spare a subtraction after each product.
const SLACK_BITS: usize = 4;
/// With more limbs, a column's sum of products would not fit in 64 bits.
const MAX_LIMBS: usize = 128;
/// Rows that one pass over a product adds.
const ROWS: usize = 4;
/// Exponents are taken this many bits at a time.
const WINDOW_BITS: usize = 4;

/// A limb of each lane's number.
type Limbs = __m256i;

/// Four moduli, prepared.
pub(crate) struct Moduli {
    limbs: Vec<Limbs>,
    /// Negative inverses of the moduli, modulo 2²⁸.
    inverse: Limbs,
    numbers: [BigUint; LANES],
}

impl Moduli {
    /// None where the processor has no AVX2 or the numbers are too long.
    pub(crate) fn new(numbers: [&BigUint; LANES]) -> Option<Self> {
        let bits = numbers.iter().map(|number| number.bits() as usize).max().unwrap_or(0);
        let length = (bits + SLACK_BITS).div_ceil(LIMB_BITS).max(2 * ROWS);
        if length > MAX_LIMBS || !is_x86_feature_detected!("avx2") {
            return None;
        }
        let numbers = numbers.map(BigUint::clone);
        let inverses = numbers.each_ref().map(|number| {
            // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
            let lowest = limb(number, 0);
            let newton =
                |inverse: u64| inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)));
            (0..4).fold(lowest, |inverse, _| newton(inverse)).wrapping_neg() & LIMB_MASK
        });
        // SAFETY: AVX2 is there, as asked above.
        let (limbs, inverse) = unsafe { (spread(&numbers, length), gather(inverses)) };
        Some(Self { limbs, inverse, numbers })
    }

    /// 2 to the power of each exponent.
    pub(crate) fn powers_of_two(&self, exponents: &[BigUint; LANES]) -> [BigUint; LANES] {
        // SAFETY: there is no `Moduli` without AVX2.
        let powers = unsafe { powers_of_two(self, exponents) };
        self.plain(powers)
    }

    /// Each base, which is below its modulus, to the power of `exponent`.
    pub(crate) fn powers(&self, bases: &[BigUint; LANES], exponent: &BigUint) -> [BigUint; LANES] {
        let bases = self.raised(bases);
        // SAFETY: there is no `Moduli` without AVX2.
        let powers = unsafe { powers(self, &spread(&bases, self.limbs.len()), exponent) };
        self.plain(powers)
    }

    /// Numbers in Montgomery's form.
    fn raised(&self, numbers: &[BigUint; LANES]) -> [BigUint; LANES] {
        std::array::from_fn(|lane| (&numbers[lane] << (self.limbs.len() * LIMB_BITS)) % &self.numbers[lane])
    }

    fn ones(&self) -> Vec<Limbs> {
        let ones = self.raised(&[1_u8; LANES].map(BigUint::from));
        // SAFETY: there is no `Moduli` without AVX2.
        unsafe { spread(&ones, self.limbs.len()) }
    }

    /// What numbers in Montgomery's form stand for.
    fn plain(&self, mut numbers: Vec<Limbs>) -> [BigUint; LANES] {
        // SAFETY: there is no `Moduli` without AVX2.
        unsafe {
            let one = spread(&[1_u8; LANES].map(BigUint::from), self.limbs.len());
            multiply(&mut numbers, &one, self, &mut self.scratch());
        }
        std::array::from_fn(|lane| joined(&numbers, lane) % &self.numbers[lane])
    }

    fn scratch(&self) -> Vec<Limbs> {
        // SAFETY: there is no `Moduli` without AVX2.
        vec![unsafe { zero() }; 2 * self.limbs.len()]
    }
}

/// The limb at `index`.
fn limb(number: &BigUint, index: usize) -> u64 {
    let (word, shift) = (index * LIMB_BITS / 64, index * LIMB_BITS % 64);
    let mut words = number.iter_u64_digits().skip(word);
    let (low, high) = (words.next().unwrap_or(0), words.next().unwrap_or(0));
    ((u128::from(high) << 64 | u128::from(low)) >> shift) as u64 & LIMB_MASK
}

/// One lane's number.
fn joined(limbs: &[Limbs], lane: usize) -> BigUint {
    let (mut digits, mut buffer, mut held) = (Vec::with_capacity(limbs.len()), 0_u64, 0);
    for limb in limbs {
        buffer |= lanes_of(*limb)[lane] << held;
        held += LIMB_BITS;
        if held >= 32 {
            digits.push(buffer as u32);
            (buffer, held) = (buffer >> 32, held - 32);
        }
    }
    digits.push(buffer as u32);
    BigUint::new(digits)
}

fn lanes_of(limbs: Limbs) -> [u64; LANES] {
    // SAFETY: both are 32 bytes of which all values are good.
    unsafe { std::mem::transmute::<Limbs, [u64; LANES]>(limbs) }
}

#[target_feature(enable = "avx2")]
fn zero() -> Limbs {
    _mm256_setzero_si256()
}

#[target_feature(enable = "avx2")]
fn gather(lanes: [u64; LANES]) -> Limbs {
    let [first, second, third, fourth] = lanes.map(u64::cast_signed);
    _mm256_set_epi64x(fourth, third, second, first)
}

#[target_feature(enable = "avx2")]
fn spread(numbers: &[BigUint; LANES], length: usize) -> Vec<Limbs> {
    (0..length).map(|index| gather(numbers.each_ref().map(|number| limb(number, index)))).collect()
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(left: Limbs, right: Limbs) -> Limbs {
    _mm256_add_epi64(left, right)
}

/// `sum + left * right`.
#[inline]
#[target_feature(enable = "avx2")]
fn mac(sum: Limbs, left: Limbs, right: Limbs) -> Limbs {
    _mm256_add_epi64(sum, _mm256_mul_epu32(left, right))
}

#[inline]
#[target_feature(enable = "avx2")]
fn low(sum: Limbs) -> Limbs {
    _mm256_and_si256(sum, _mm256_set1_epi64x(LIMB_MASK.cast_signed()))
}

#[inline]
#[target_feature(enable = "avx2")]
fn high(sum: Limbs) -> Limbs {
    _mm256_srli_epi64::<{ LIMB_BITS as i32 }>(sum)
}

/// 2 to the power of each exponent, in Montgomery's form: to multiply by 2 is to shift.
#[target_feature(enable = "avx2")]
fn powers_of_two(moduli: &Moduli, exponents: &[BigUint; LANES]) -> Vec<Limbs> {
    let (mut result, mut sums) = (moduli.ones(), moduli.scratch());
    let bits = exponents.iter().map(BigUint::bits).max().unwrap_or(0);
    for bit in (0..bits).rev() {
        let shifts = gather(exponents.each_ref().map(|exponent| u64::from(exponent.bit(bit))));
        square(&mut result, moduli, &mut sums);
        double(&mut result, shifts);
    }
    result
}

/// Each base to the power of `exponent`, all in Montgomery's form.
#[target_feature(enable = "avx2")]
fn powers(moduli: &Moduli, bases: &[Limbs], exponent: &BigUint) -> Vec<Limbs> {
    let mut sums = moduli.scratch();
    let mut table = vec![moduli.ones()];
    for index in 1..1 << WINDOW_BITS {
        let mut next = table[index - 1].clone();
        multiply(&mut next, bases, moduli, &mut sums);
        table.push(next);
    }
    let mut result = table[0].clone();
    for window in (0..exponent.bits().div_ceil(WINDOW_BITS as u64)).rev() {
        for _ in 0..WINDOW_BITS {
            square(&mut result, moduli, &mut sums);
        }
        let bits = (0..WINDOW_BITS).filter(|bit| exponent.bit(window * WINDOW_BITS as u64 + *bit as u64));
        match bits.map(|bit| 1 << bit).sum() {
            0_usize => {}
            window => multiply(&mut result, &table[window], moduli, &mut sums),
        }
    }
    result
}

/// Shifts each number left by its lane of `shifts`, 0 or 1.
#[target_feature(enable = "avx2")]
fn double(number: &mut [Limbs], shifts: Limbs) {
    let mut carry = zero();
    for limb in number {
        let shifted = add(_mm256_sllv_epi64(*limb, shifts), carry);
        (*limb, carry) = (low(shifted), high(shifted));
    }
}

/// `number * number`, as Montgomery multiplies.
#[target_feature(enable = "avx2")]
fn square(number: &mut [Limbs], moduli: &Moduli, sums: &mut [Limbs]) {
    let length = number.len();
    sums.fill(zero());
    let whole = length - length % ROWS;
    (0..whole).step_by(ROWS).for_each(|row| square_rows::<ROWS>(sums, number, row));
    (whole..length).for_each(|row| square_rows::<1>(sums, number, row));
    reduce(number, moduli, sums);
}

/// `number * other`, as Montgomery multiplies.
#[target_feature(enable = "avx2")]
fn multiply(number: &mut [Limbs], other: &[Limbs], moduli: &Moduli, sums: &mut [Limbs]) {
    let length = number.len();
    sums.fill(zero());
    let whole = length - length % ROWS;
    for row in (0..whole).step_by(ROWS) {
        add_rows::<ROWS>(&mut sums[row..], std::array::from_fn(|index| number[row + index]), other);
    }
    for row in whole..length {
        add_rows::<1>(&mut sums[row..], [number[row]], other);
    }
    reduce(number, moduli, sums);
}

/// Adds `K` rows of a square: the products on the diagonal once, those above it twice.
#[inline]
#[target_feature(enable = "avx2")]
fn square_rows<const K: usize>(sums: &mut [Limbs], number: &[Limbs], row: usize) {
    let mut twice = [zero(); K];
    for index in 0..K {
        let limb = number[row + index];
        let diagonal = &mut sums[2 * (row + index)];
        *diagonal = mac(*diagonal, limb, limb);
        twice[index] = add(limb, limb);
        for other in index + 1..K {
            let sum = &mut sums[2 * row + index + other];
            *sum = mac(*sum, twice[index], number[row + other]);
        }
    }
    add_rows::<K>(&mut sums[2 * row + K..], twice, &number[row + K..]);
}

/// Adds `factors[k] * number`, shifted by `k` limbs, for each `k`.
#[inline]
#[target_feature(enable = "avx2")]
fn add_rows<const K: usize>(sums: &mut [Limbs], factors: [Limbs; K], number: &[Limbs]) {
    add_columns(sums, factors, [zero(); K], number);
}

/// As [`add_rows`], where `last[k]` is the limb `k + 1` before the first of `number`.
#[inline]
#[target_feature(enable = "avx2")]
fn add_columns<const K: usize>(
    sums: &mut [Limbs],
    factors: [Limbs; K],
    mut last: [Limbs; K],
    number: &[Limbs],
) {
    let (body, tail) = sums.split_at_mut(number.len());
    for (sum, limb) in body.iter_mut().zip(number) {
        let mut column = mac(*sum, factors[0], *limb);
        for index in 1..K {
            column = mac(column, factors[index], last[index - 1]);
        }
        *sum = column;
        for index in (1..K).rev() {
            last[index] = last[index - 1];
        }
        last[0] = *limb;
    }
    for (place, sum) in tail[..K - 1].iter_mut().enumerate() {
        for index in place + 1..K {
            *sum = mac(*sum, factors[index], last[index - place - 1]);
        }
    }
}

/// Adds multiples of the moduli so that the lower half of `sums` becomes 0; the upper half, carried, is the result.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce(number: &mut [Limbs], moduli: &Moduli, sums: &mut [Limbs]) {
    let length = number.len();
    let whole = length - length % ROWS;
    (0..whole).step_by(ROWS).for_each(|row| reduce_rows::<ROWS>(&mut sums[row..], moduli));
    (whole..length).for_each(|row| reduce_rows::<1>(&mut sums[row..], moduli));
    let mut carry = zero();
    for (limb, sum) in number.iter_mut().zip(&sums[length..]) {
        let sum = add(*sum, carry);
        (*limb, carry) = (low(sum), high(sum));
    }
}

/// Makes the first `K` limbs of `sums` 0 and carries what is above them on.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce_rows<const K: usize>(sums: &mut [Limbs], moduli: &Moduli) {
    let modulus = &moduli.limbs;
    let (mut factors, mut carry) = ([zero(); K], zero());
    for row in 0..K {
        let mut sum = add(sums[row], carry);
        for index in 0..row {
            sum = mac(sum, factors[index], modulus[row - index]);
        }
        factors[row] = low(_mm256_mul_epu32(sum, moduli.inverse));
        carry = high(mac(sum, factors[row], modulus[0]));
    }
    sums[K] = add(sums[K], carry);
    let last = std::array::from_fn(|index| modulus[K - 1 - index]);
    add_columns(&mut sums[K..], factors, last, &modulus[K..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn odd(words: &[u32], bits: u64) -> BigUint {
        let mut number = BigUint::from_slice(words) & ((BigUint::from(1_u8) << bits) - 1_u8);
        number.set_bit(0, true);
        number.set_bit(bits - 1, true);
        number
    }

    proptest! {
        #[test]
        fn powers_are_those_of_num_bigint(
            words in prop::collection::vec(any::<u32>(), 4 * 112),
            bits in prop::sample::select(vec![64_u64, 512, 1000, 1024, 1536, 2048, 3580]),
            exponent in prop::collection::vec(any::<u32>(), 0..3),
        ) {
            let numbers: [BigUint; LANES] = std::array::from_fn(|lane| odd(&words[lane * 112..][..112], bits));
            let exponent = BigUint::new(exponent);
            if let Some(moduli) = Moduli::new(numbers.each_ref()) {
                let bases = numbers.each_ref().map(|number| (number >> 1_u8) / 3_u8 + 5_u8);
                for (lane, power) in moduli.powers(&bases, &exponent).into_iter().enumerate() {
                    prop_assert_eq!(power, bases[lane].modpow(&exponent, &numbers[lane]));
                }
                let exponents = std::array::from_fn(|lane| &exponent + lane);
                for (lane, power) in moduli.powers_of_two(&exponents).into_iter().enumerate() {
                    prop_assert_eq!(power, BigUint::from(2_u8).modpow(&exponents[lane], &numbers[lane]));
                }
            }
        }
    }

    #[test]
    fn limbs_that_are_all_ones_or_zeros() {
        for bits in [1024, 1536, 2048, 3580] {
            let high = (BigUint::from(1_u8) << bits) - 1_u8;
            let low = (BigUint::from(1_u8) << (bits - 1)) + 1_u8;
            let Some(moduli) = Moduli::new([&high, &low, &high, &low]) else { continue };
            let bases = [&high - 1_u8, &low - 1_u8, &high >> 1_u8, BigUint::from(3_u8)];
            let exponent = BigUint::from(65_537_u32);
            for (lane, power) in moduli.powers(&bases, &exponent).into_iter().enumerate() {
                assert_eq!(
                    power,
                    bases[lane].modpow(&exponent, &moduli.numbers[lane]),
                    "{bits} bits, {lane}"
                );
            }
            let exponents = [&high - 1_u8, &low - 1_u8, &high >> 1_u8, BigUint::ZERO];
            for (lane, power) in moduli.powers_of_two(&exponents).into_iter().enumerate() {
                let expected = BigUint::from(2_u8).modpow(&exponents[lane], &moduli.numbers[lane]);
                assert_eq!(power, expected, "{bits} bits, {lane}");
            }
        }
    }
}
