//! Powers modulo four odd numbers at once, one in each lane of AVX2's registers: what the search for primes spends its
//! time on.
//!
//! A number is `limbs` times 51 bits, each a whole number in a `f64`, because fused multiplication and addition gives
//! both halves of a product of two limbs exactly: added to 2¹⁰³, the product is rounded to a multiple of 2⁵¹, which
//! leaves its upper half in the low bits of the result; taking that away from the product leaves the lower half, from
//! -2⁵⁰ to 2⁵⁰. Both are added up as integers with the constants that they come with, whose sum for each column is
//! known and taken away beforehand ([`Offsets`]). It takes four fifths of the time of integers of 28 bits.
//!
//! Montgomery multiplication, rows of it four at a time, one pass of carries at the end. Moduli are multiplied so that
//! their lowest limb is all ones, hence the factor of a row is the row's lowest limb itself.

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_blend_pd,
    _mm256_castpd_si256, _mm256_castsi256_pd, _mm256_fmadd_pd, _mm256_or_si256, _mm256_set_epi64x,
    _mm256_set_pd, _mm256_set1_epi64x, _mm256_set1_pd, _mm256_setzero_pd, _mm256_setzero_si256,
    _mm256_sllv_epi64, _mm256_srli_epi64, _mm256_sub_epi64, _mm256_sub_pd,
};

use num_bigint::BigUint;

use super::LANES;

const LIMB_BITS: usize = 51;
const LIMB_MASK: i64 = (1 << LIMB_BITS) - 1;
/// Bits that a number has above its multiplied modulus, which spare a subtraction after each product.
const SLACK_BITS: usize = 2;
/// With more limbs, a column's sum might not fit in [`SUM_BITS`] bits: a product adds less than 2⁵⁴ to it.
const MAX_LIMBS: usize = 128;
/// Bits of a column's sum, besides its sign.
const SUM_BITS: usize = 62;
/// Rows that one pass over a product adds.
const ROWS: usize = 4;
/// Exponents are taken this many bits at a time.
const WINDOW_BITS: u64 = 4;

/// What is added to a product so that its upper half remains.
const UPPER: f64 = (1_u128 << (52 + LIMB_BITS)) as f64;
/// What is added to a product's lower half so that it is an integer in the low bits, even below 0.
const LOWER: f64 = (3_u64 << 51) as f64;

/// A limb of each lane's number.
type Limbs = __m256d;
/// A column of each lane's product.
type Sums = __m256i;

/// Four moduli, prepared.
pub(crate) struct Moduli {
    /// The limbs of the multiplied moduli but the lowest.
    upper: Vec<Limbs>,
    offsets: Offsets,
    numbers: [BigUint; LANES],
}

/// What the sums of each column start with: the constants that come with products, taken away.
struct Offsets {
    square: Vec<i64>,
    product: Vec<i64>,
}

impl Offsets {
    fn new(length: usize) -> Self {
        let (mut square, mut product) = (vec![0; 2 * length], vec![0; 2 * length]);
        // A product of two limbs, whose halves go to a column and to the next.
        let count = |sums: &mut [i64], column: usize| {
            sums[column] = sums[column].wrapping_sub(LOWER.to_bits().cast_signed());
            sums[column + 1] = sums[column + 1].wrapping_sub(UPPER.to_bits().cast_signed());
        };
        for row in 0..length {
            for column in row + 1..row + length {
                count(&mut square, column);
                count(&mut product, column);
            }
            (row..row + length).for_each(|column| count(&mut product, column));
            (2 * row..row + length).for_each(|column| count(&mut square, column));
        }
        // Rows that are added together begin with products by 0, which count too.
        for first in (0..length - length % ROWS).step_by(ROWS) {
            for index in 0..ROWS {
                (first..first + index).for_each(|column| count(&mut product, column));
                let below = 2 * first + ROWS;
                (below..below + index).for_each(|column| count(&mut square, column));
            }
        }
        Self { square, product }
    }
}

impl Moduli {
    /// None where the processor has no AVX2 and FMA or the numbers are too long.
    pub(crate) fn new(numbers: [&BigUint; LANES]) -> Option<Self> {
        let bits = numbers.iter().map(|number| number.bits() as usize).max().unwrap_or(0);
        let length = (bits + LIMB_BITS + SLACK_BITS).div_ceil(LIMB_BITS).max(2 * ROWS);
        if length > MAX_LIMBS || !is_x86_feature_detected!("avx2") || !is_x86_feature_detected!("fma") {
            return None;
        }
        let multiplied = numbers.map(|number| {
            // Newton's iteration doubles the number of right bits; an odd number is its own inverse modulo 8.
            let lowest = number.iter_u64_digits().next().unwrap_or(1);
            let newton =
                |inverse: u64| inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)));
            let inverse = (0..5).fold(lowest, |inverse, _| newton(inverse));
            number * (inverse.wrapping_neg() & LIMB_MASK.cast_unsigned())
        });
        // SAFETY: AVX2 and FMA are there, as asked above.
        let upper = unsafe { spread(&multiplied, length) }.split_off(1);
        Some(Self { upper, offsets: Offsets::new(length), numbers: numbers.map(BigUint::clone) })
    }

    /// 2 to the power of each exponent.
    pub(crate) fn powers_of_two(&self, exponents: &[BigUint; LANES]) -> [BigUint; LANES] {
        // SAFETY: there is no `Moduli` without AVX2 and FMA.
        let powers = unsafe { powers_of_two(self, exponents) };
        self.plain(powers)
    }

    /// Each base, which is below its modulus, to the power of its exponent.
    pub(crate) fn powers(&self, bases: &[BigUint; LANES], exponents: [&BigUint; LANES]) -> [BigUint; LANES] {
        let bases = self.raised(bases);
        // SAFETY: there is no `Moduli` without AVX2 and FMA.
        let powers = unsafe { powers(self, &spread(&bases, self.length()), exponents) };
        self.plain(powers)
    }

    /// Limbs of a number.
    fn length(&self) -> usize {
        self.upper.len() + 1
    }

    /// Numbers in Montgomery's form.
    fn raised(&self, numbers: &[BigUint; LANES]) -> [BigUint; LANES] {
        std::array::from_fn(|lane| (&numbers[lane] << (self.length() * LIMB_BITS)) % &self.numbers[lane])
    }

    fn ones(&self) -> Vec<Limbs> {
        let ones = self.raised(&[1_u8; LANES].map(BigUint::from));
        // SAFETY: there is no `Moduli` without AVX2 and FMA.
        unsafe { spread(&ones, self.length()) }
    }

    /// What numbers in Montgomery's form stand for.
    fn plain(&self, mut numbers: Vec<Limbs>) -> [BigUint; LANES] {
        // SAFETY: there is no `Moduli` without AVX2 and FMA.
        unsafe {
            let one = spread(&[1_u8; LANES].map(BigUint::from), self.length());
            multiply(&mut numbers, &one, self, &mut self.scratch());
        }
        std::array::from_fn(|lane| joined(&numbers, lane) % &self.numbers[lane])
    }

    fn scratch(&self) -> Vec<Sums> {
        // SAFETY: there is no `Moduli` without AVX2 and FMA.
        vec![unsafe { zero() }; 2 * self.length()]
    }
}

/// The limb at `index`.
fn limb(number: &BigUint, index: usize) -> f64 {
    let (word, shift) = (index * LIMB_BITS / 64, index * LIMB_BITS % 64);
    let mut words = number.iter_u64_digits().skip(word);
    let (low, high) = (words.next().unwrap_or(0), words.next().unwrap_or(0));
    (((u128::from(high) << 64 | u128::from(low)) >> shift) as i64 & LIMB_MASK) as f64
}

/// One lane's number.
fn joined(limbs: &[Limbs], lane: usize) -> BigUint {
    let (mut digits, mut buffer, mut held) = (Vec::with_capacity(2 * limbs.len()), 0_u128, 0);
    for limb in limbs {
        buffer |= (lanes_of(*limb)[lane] as u128) << held;
        held += LIMB_BITS;
        while held >= 32 {
            digits.push(buffer as u32);
            (buffer, held) = (buffer >> 32, held - 32);
        }
    }
    digits.push(buffer as u32);
    BigUint::new(digits)
}

fn lanes_of(limbs: Limbs) -> [f64; LANES] {
    // SAFETY: both are 32 bytes of which all values are good.
    unsafe { std::mem::transmute::<Limbs, [f64; LANES]>(limbs) }
}

#[target_feature(enable = "avx2,fma")]
fn zero() -> Sums {
    _mm256_setzero_si256()
}

#[target_feature(enable = "avx2,fma")]
fn spread(numbers: &[BigUint; LANES], length: usize) -> Vec<Limbs> {
    let gather = |index: usize| {
        let [first, second, third, fourth] = numbers.each_ref().map(|number| limb(number, index));
        _mm256_set_pd(fourth, third, second, first)
    };
    (0..length).map(gather).collect()
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add(left: Sums, right: Sums) -> Sums {
    _mm256_add_epi64(left, right)
}

/// The lower and the upper half of a product, with the constants that [`Offsets`] take away. One factor may be twice a
/// limb.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn halves(left: Limbs, right: Limbs) -> (Sums, Sums) {
    let upper = _mm256_fmadd_pd(left, right, _mm256_set1_pd(UPPER));
    let rest = _mm256_sub_pd(_mm256_set1_pd(UPPER + LOWER), upper);
    let lower = _mm256_fmadd_pd(left, right, rest);
    (_mm256_castpd_si256(lower), _mm256_castpd_si256(upper))
}

/// The part of a sum that stays in its column.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn low(sum: Sums) -> Sums {
    _mm256_and_si256(sum, _mm256_set1_epi64x(LIMB_MASK))
}

/// The part of a sum, which may be negative, that goes to the next column.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn high(sum: Sums) -> Sums {
    let positive = add(sum, _mm256_set1_epi64x(1 << SUM_BITS));
    let shifted = _mm256_srli_epi64::<{ LIMB_BITS as i32 }>(positive);
    _mm256_sub_epi64(shifted, _mm256_set1_epi64x(1 << (SUM_BITS - LIMB_BITS)))
}

/// An integer from 0 to below 2⁵² as a limb.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn float(number: Sums) -> Limbs {
    let exponent = _mm256_set1_pd((1_u64 << 52) as f64);
    let bits = _mm256_or_si256(number, _mm256_castpd_si256(exponent));
    _mm256_sub_pd(_mm256_castsi256_pd(bits), exponent)
}

/// 2 to the power of each exponent, in Montgomery's form: to multiply by 2 is to shift.
#[target_feature(enable = "avx2,fma")]
fn powers_of_two(moduli: &Moduli, exponents: &[BigUint; LANES]) -> Vec<Limbs> {
    let (mut result, mut sums) = (moduli.ones(), moduli.scratch());
    let bits = exponents.iter().map(BigUint::bits).max().unwrap_or(0);
    for bit in (0..bits).rev() {
        let [first, second, third, fourth] = exponents.each_ref().map(|number| i64::from(number.bit(bit)));
        square(&mut result, moduli, &mut sums, _mm256_set_epi64x(fourth, third, second, first));
    }
    result
}

/// Each base to the power of its exponent, in Montgomery's form.
#[target_feature(enable = "avx2,fma")]
fn powers(moduli: &Moduli, bases: &[Limbs], exponents: [&BigUint; LANES]) -> Vec<Limbs> {
    let mut sums = moduli.scratch();
    let mut table = vec![moduli.ones()];
    for index in 1..1 << WINDOW_BITS {
        let mut next = table[index - 1].clone();
        multiply(&mut next, bases, moduli, &mut sums);
        table.push(next);
    }
    let bits = exponents.map(BigUint::bits).into_iter().max().unwrap_or(0);
    let mut result = table[0].clone();
    for window in (0..bits.div_ceil(WINDOW_BITS)).rev() {
        for _ in 0..WINDOW_BITS {
            square(&mut result, moduli, &mut sums, zero());
        }
        let bit = |number: &BigUint, bit: u64| usize::from(number.bit(window * WINDOW_BITS + bit)) << bit;
        let windows = exponents.map(|number| (0..WINDOW_BITS).map(|index| bit(number, index)).sum());
        if windows != [0; LANES] {
            multiply(&mut result, &chosen(&table, windows), moduli, &mut sums);
        }
    }
    result
}

/// For each lane its number of the table's entry.
#[target_feature(enable = "avx2,fma")]
fn chosen(table: &[Vec<Limbs>], entries: [usize; LANES]) -> Vec<Limbs> {
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

/// `number * number`, as Montgomery multiplies, then shifted left by each lane of `shifts`, 0 or 1.
#[target_feature(enable = "avx2,fma")]
fn square(number: &mut [Limbs], moduli: &Moduli, sums: &mut [Sums], shifts: Sums) {
    let length = number.len();
    start(sums, &moduli.offsets.square);
    let whole = length - length % ROWS;
    (0..whole).step_by(ROWS).for_each(|row| square_rows::<ROWS>(sums, number, row));
    (whole..length).for_each(|row| square_rows::<1>(sums, number, row));
    reduce(number, moduli, sums, shifts);
}

/// `number * other`, as Montgomery multiplies.
#[target_feature(enable = "avx2,fma")]
fn multiply(number: &mut [Limbs], other: &[Limbs], moduli: &Moduli, sums: &mut [Sums]) {
    let length = number.len();
    start(sums, &moduli.offsets.product);
    let (whole, none) = (length - length % ROWS, _mm256_setzero_pd());
    for row in (0..whole).step_by(ROWS) {
        let factors = std::array::from_fn(|index| number[row + index]);
        add_rows::<ROWS>(&mut sums[row..], factors, [none; ROWS], zero(), other);
    }
    for row in whole..length {
        add_rows::<1>(&mut sums[row..], [number[row]], [none], zero(), other);
    }
    reduce(number, moduli, sums, zero());
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn start(sums: &mut [Sums], offsets: &[i64]) {
    sums.iter_mut().zip(offsets).for_each(|(sum, offset)| *sum = _mm256_set1_epi64x(*offset));
}

/// Adds `K` rows of a square: the products on the diagonal once, those above it twice.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn square_rows<const K: usize>(sums: &mut [Sums], number: &[Limbs], row: usize) {
    let none = _mm256_setzero_pd();
    let mut twice = [none; K];
    for index in 0..K {
        let limb = number[row + index];
        add_product(sums, 2 * (row + index), limb, limb);
        twice[index] = _mm256_add_pd(limb, limb);
        for other in index + 1..K {
            add_product(sums, 2 * row + index + other, twice[index], number[row + other]);
        }
    }
    add_rows::<K>(&mut sums[2 * row + K..], twice, [none; K], zero(), &number[row + K..]);
}

/// Adds a product to a column and to the next.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_product(sums: &mut [Sums], column: usize, left: Limbs, right: Limbs) {
    let (lower, upper) = halves(left, right);
    sums[column] = add(sums[column], lower);
    sums[column + 1] = add(sums[column + 1], upper);
}

/// Adds `factors[k] * number`, shifted by `k` limbs, for each `k`, and `carry` to the first column. `last[k]` is the limb
/// `k + 1` before the first of `number`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_rows<const K: usize>(
    sums: &mut [Sums],
    factors: [Limbs; K],
    mut last: [Limbs; K],
    mut carry: Sums,
    number: &[Limbs],
) {
    let (body, tail) = sums.split_at_mut(number.len());
    for (sum, limb) in body.iter_mut().zip(number) {
        let (lower, mut next) = halves(factors[0], *limb);
        let mut column = add(add(*sum, carry), lower);
        for index in 1..K {
            let (lower, upper) = halves(factors[index], last[index - 1]);
            (column, next) = (add(column, lower), add(next, upper));
        }
        (*sum, carry) = (column, next);
        for index in (1..K).rev() {
            last[index] = last[index - 1];
        }
        last[0] = *limb;
    }
    for (place, sum) in tail[..K - 1].iter_mut().enumerate() {
        let (mut column, mut next) = (add(*sum, carry), zero());
        for index in place + 1..K {
            let (lower, upper) = halves(factors[index], last[index - place - 1]);
            (column, next) = (add(column, lower), add(next, upper));
        }
        (*sum, carry) = (column, next);
    }
    tail[K - 1] = add(tail[K - 1], carry);
}

/// Adds multiples of the moduli so that the lower half of `sums` becomes 0; the upper half, carried and shifted left by
/// each lane of `shifts`, is the result.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce(number: &mut [Limbs], moduli: &Moduli, sums: &mut [Sums], shifts: Sums) {
    let length = number.len();
    let whole = length - length % ROWS;
    (0..whole).step_by(ROWS).for_each(|row| reduce_rows::<ROWS>(&mut sums[row..], &moduli.upper));
    (whole..length).for_each(|row| reduce_rows::<1>(&mut sums[row..], &moduli.upper));
    let (mut carry, mut over) = (zero(), zero());
    for (limb, sum) in number.iter_mut().zip(&sums[length..]) {
        let sum = add(*sum, carry);
        carry = high(sum);
        let shifted = add(_mm256_sllv_epi64(low(sum), shifts), over);
        over = _mm256_srli_epi64::<{ LIMB_BITS as i32 }>(shifted);
        *limb = float(low(shifted));
    }
}

/// Makes the first `K` limbs of `sums` 0 and carries what is above them on.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce_rows<const K: usize>(sums: &mut [Sums], upper: &[Limbs]) {
    let (mut factors, mut columns) = ([_mm256_setzero_pd(); K], [zero(); ROWS + 2]);
    for row in 0..K {
        let sum = add(sums[row], columns[row]);
        // Times the lowest limb of the modulus, all ones, this is one limb up less itself.
        let factor = low(sum);
        factors[row] = float(factor);
        columns[row + 1] = add(columns[row + 1], add(high(sum), factor));
        for index in 0..K - 1 - row {
            let (low, high) = halves(factors[row], upper[index]);
            columns[row + 1 + index] = add(columns[row + 1 + index], low);
            columns[row + 2 + index] = add(columns[row + 2 + index], high);
        }
    }
    let last = std::array::from_fn(|index| if index + 1 < K { upper[K - 2 - index] } else { upper[0] });
    add_rows::<K>(&mut sums[K..], factors, last, columns[K], &upper[K - 1..]);
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
                let exponents: [BigUint; LANES] = std::array::from_fn(|lane| &exponent >> (7 * lane));
                for (lane, power) in moduli.powers(&bases, exponents.each_ref()).into_iter().enumerate() {
                    prop_assert_eq!(power, bases[lane].modpow(&exponents[lane], &numbers[lane]));
                }
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
            for (lane, power) in moduli.powers(&bases, [&exponent; LANES]).into_iter().enumerate() {
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
