//! Which of many numbers at even distances have a small divisor. In: the first number and the distance. Out: a mark
//! for each number.

use num_bigint::BigUint;

/// Divisors are below this. Twice as many take as long as they spare of tests of candidates, to a little.
const BOUND: usize = (1 << 18) + 256;
/// Divisors whose remainders are computed together: as many as keep the processor from waiting for a result.
const TOGETHER: usize = 32;
/// Digits that are divided together: their sum, times remainders of at most half the bound, is exact.
const GROUP: usize = 4;

/// So many odd primes are looked for as divisors: those up to 2¹⁸ and few more.
const COUNT: usize = 719 * TOGETHER;
/// The first odd primes, computed by the compiler: no search waits for them.
static PRIMES: [[u32; TOGETHER]; COUNT / TOGETHER] = odd_primes();

#[allow(long_running_const_eval, reason = "a second of the compiler's time")]
const fn odd_primes() -> [[u32; TOGETHER]; COUNT / TOGETHER] {
    // At each index, whether twice it and one is composite.
    let mut composite = [false; BOUND / 2];
    let mut primes = [[0; TOGETHER]; COUNT / TOGETHER];
    let (mut half, mut found) = (1, 0);
    while found < COUNT {
        if !composite[half] {
            let number = 2 * half + 1;
            primes[found / TOGETHER][found % TOGETHER] = number as u32;
            found += 1;
            let mut multiple = number * number / 2;
            while multiple < BOUND / 2 {
                composite[multiple] = true;
                multiple += number;
            }
        }
        half += 1;
    }
    primes
}

/// Which of the `count` numbers `start + step * index` have a divisor below 2¹⁸; multiples of what divides `step`,
/// which is even, are not marked.
pub(crate) fn sieve(start: &BigUint, step: &BigUint, count: usize) -> Vec<bool> {
    let mut divided = vec![false; count];
    let mut mark = |mut index: usize, prime: u32| {
        while let Some(mark) = divided.get_mut(index) {
            *mark = true;
            index += prime as usize;
        }
    };
    let is_two = *step == BigUint::from(2_u8);
    let (start, step) = (digits(start), digits(step));
    for primes in &PRIMES {
        let residues = remainders(&start, primes);
        if is_two {
            primes.iter().zip(residues).for_each(|(prime, residue)| mark(half_to(residue, *prime), *prime));
            continue;
        }
        for ((prime, residue), step) in primes.iter().zip(residues).zip(remainders(&step, primes)) {
            if let Some(inverse) = inverse(step, *prime) {
                let first = u64::from(prime - residue) * u64::from(inverse) % u64::from(*prime);
                mark(first as usize, *prime);
            }
        }
    }
    divided
}

/// The first index at which the number is a multiple of the prime, where indices stand for steps of 2: half of what is
/// missing to the next multiple, or to the one after it.
fn half_to(residue: u32, prime: u32) -> usize {
    let missing = if residue == 0 { 0 } else { prime - residue };
    // Computed rather than branched on, because processors cannot foresee which it is.
    ((missing + missing % 2 * prime) / 2) as usize
}

/// The digits to the base 2³², the highest first.
fn digits(number: &BigUint) -> Vec<f64> {
    let mut digits: Vec<_> = number.iter_u32_digits().map(f64::from).collect();
    digits.reverse();
    digits
}

/// Remainders of the number with these digits, in floating point, which has vector instructions for it.
fn remainders(digits: &[f64], divisors: &[u32; TOGETHER]) -> [u32; TOGETHER] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        #[target_feature(enable = "avx2,fma")]
        fn fused(digits: &[f64], divisors: &[u32; TOGETHER]) -> [u32; TOGETHER] {
            remainders_by(digits, divisors, f64::mul_add)
        }
        // SAFETY: both are there, as asked above.
        return unsafe { fused(digits, divisors) };
    }
    remainders_by(digits, divisors, |left, right, sum| left * right + sum)
}

/// The same, with what multiplies and adds. All numbers here are whole and below 2⁵², thus exact. A quotient is rounded
/// to the nearest, so that remainders are up to about half the divisor and of both signs until the end. Of several
/// digits, each times the remainder of its place, the sum is divided once.
#[inline(always)]
fn remainders_by(
    digits: &[f64],
    divisors: &[u32; TOGETHER],
    mac: impl Fn(f64, f64, f64) -> f64,
) -> [u32; TOGETHER] {
    let (mut divisor, mut inverse) = ([1.0_f64; TOGETHER], [1.0_f64; TOGETHER]);
    for (lane, value) in divisors.iter().enumerate() {
        divisor[lane] = f64::from(value.cast_signed());
        inverse[lane] = 1.0 / divisor[lane];
    }
    let reduced = |number: f64, lane: usize| {
        // Adding and taking away 1.5 * 2⁵² rounds to the nearest whole number.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let quotient = mac(number, inverse[lane], ROUND) - ROUND;
        mac(-quotient, divisor[lane], number)
    };
    // Remainders of the base and its powers.
    let (mut places, mut power) = ([[1.0_f64; TOGETHER]; GROUP], [1.0_f64; TOGETHER]);
    for place in &mut places {
        for (lane, power) in power.iter_mut().enumerate() {
            *power = reduced(*power * 4_294_967_296.0, lane);
        }
        *place = power;
    }
    let mut remainder = [0.0_f64; TOGETHER];
    let (first, groups) = digits.as_rchunks::<GROUP>();
    for digit in first {
        for lane in 0..TOGETHER {
            remainder[lane] = reduced(mac(remainder[lane], places[0][lane], *digit), lane);
        }
    }
    for group in groups {
        for lane in 0..TOGETHER {
            let mut sum = mac(remainder[lane], places[GROUP - 1][lane], group[GROUP - 1]);
            for place in 1..GROUP {
                sum = mac(group[GROUP - 1 - place], places[place - 1][lane], sum);
            }
            remainder[lane] = reduced(sum, lane);
        }
    }
    std::array::from_fn(|lane| {
        let rest = remainder[lane];
        let positive = if rest < 0.0 { rest + divisor[lane] } else { rest };
        // Added to 2⁵², a whole number is in the low bits.
        (positive + 4_503_599_627_370_496.0).to_bits() as u32
    })
}

/// The inverse of `number` modulo a prime; none for 0.
pub(crate) fn inverse(number: u32, prime: u32) -> Option<u32> {
    let (mut old, mut new) = ((i64::from(number), 1), (i64::from(prime), 0));
    while new.0 != 0 {
        let quotient = old.0 / new.0;
        (old, new) = (new, (old.0 - quotient * new.0, old.1 - quotient * new.1));
    }
    (number != 0).then(|| old.1.rem_euclid(i64::from(prime)) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_exactly_the_divisible() {
        let start = BigUint::from(1_000_000_007_u64 * 1_000_003);
        for step in [2_u8, 30] {
            for (index, divided) in sieve(&start, &BigUint::from(step), 300).into_iter().enumerate() {
                let candidate = &start + BigUint::from(step) * index;
                let divides = |prime: &u32| {
                    candidate.clone() % *prime == BigUint::ZERO && u32::from(step) % *prime != 0
                };
                assert_eq!(divided, PRIMES.iter().flatten().any(divides), "{candidate}");
            }
        }
    }

    proptest! {
        #[test]
        fn remainders_are_those_of_num_bigint(
            words in prop::collection::vec(any::<u32>(), 0..70),
            chunk in prop::sample::select(&PRIMES[..]),
        ) {
            let number = BigUint::new(words);
            for (prime, remainder) in chunk.iter().zip(remainders(&digits(&number), &chunk)) {
                prop_assert_eq!(BigUint::from(remainder), &number % *prime);
            }
        }
    }
}
