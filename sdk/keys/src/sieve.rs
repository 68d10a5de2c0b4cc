//! Which of many numbers at even distances have a small divisor. In: the first number and the distance. Out: a mark
//! for each number.

use num_bigint::BigUint;

/// Divisors up to this are looked for. Twice as many take as long as they spare of tests of candidates, to a little.
const BOUND: usize = 1 << 18;
/// Divisors whose remainders are computed together: as many as keep the processor from waiting for a result.
const TOGETHER: usize = 32;

/// How many odd primes there are below the bound.
const COUNT: usize = 22_999;
/// The odd primes below the bound, computed by the compiler: no search waits for them.
static PRIMES: [u32; COUNT] = odd_primes();

#[allow(long_running_const_eval, reason = "a second of the compiler's time")]
const fn odd_primes() -> [u32; COUNT] {
    // At each index, whether twice it and one is composite.
    let mut composite = [false; BOUND / 2];
    let mut primes = [0; COUNT];
    let (mut half, mut found) = (1, 0);
    while half < BOUND / 2 {
        if !composite[half] {
            let number = 2 * half + 1;
            primes[found] = number as u32;
            found += 1;
            let mut multiple = number * number / 2;
            while multiple < BOUND / 2 {
                composite[multiple] = true;
                multiple += number;
            }
        }
        half += 1;
    }
    assert!(found == COUNT, "as many as there are");
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
    for primes in PRIMES.chunks(TOGETHER) {
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
    (if missing % 2 == 0 { missing / 2 } else { (missing + prime) / 2 }) as usize
}

/// The digits to the base 2³², the highest first.
fn digits(number: &BigUint) -> Vec<f64> {
    let mut digits: Vec<_> = number.iter_u32_digits().map(f64::from).collect();
    digits.reverse();
    digits
}

/// Remainders of the number with these digits, in floating point, which has vector instructions for it.
fn remainders(digits: &[f64], divisors: &[u32]) -> [u32; TOGETHER] {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        #[target_feature(enable = "avx2,fma")]
        fn fused(digits: &[f64], divisors: &[u32]) -> [u32; TOGETHER] {
            remainders_by(digits, divisors, f64::mul_add)
        }
        // SAFETY: both are there, as asked above.
        return unsafe { fused(digits, divisors) };
    }
    remainders_by(digits, divisors, |left, right, sum| left * right + sum)
}

/// The same, with what multiplies and adds. All numbers here are whole and below 2⁵⁰, thus exact. A quotient is rounded
/// to the nearest, so that remainders are up to about half the divisor and of both signs until the end.
#[inline(always)]
fn remainders_by(digits: &[f64], divisors: &[u32], mac: impl Fn(f64, f64, f64) -> f64) -> [u32; TOGETHER] {
    let (mut divisor, mut inverse) = ([1.0_f64; TOGETHER], [1.0_f64; TOGETHER]);
    for (lane, value) in divisors.iter().enumerate() {
        divisor[lane] = f64::from(*value);
        inverse[lane] = 1.0 / divisor[lane];
    }
    let mut remainder = [0.0_f64; TOGETHER];
    for digit in digits {
        for lane in 0..TOGETHER {
            let dividend = mac(remainder[lane], 4_294_967_296.0, *digit);
            // Adding and taking away 1.5 * 2⁵² rounds to the nearest whole number.
            const ROUND: f64 = 6_755_399_441_055_744.0;
            let quotient = mac(dividend, inverse[lane], ROUND) - ROUND;
            remainder[lane] = mac(-quotient, divisor[lane], dividend);
        }
    }
    std::array::from_fn(|lane| {
        let rest = remainder[lane];
        (if rest < 0.0 { rest + divisor[lane] } else { rest }) as u32
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
                assert_eq!(divided, PRIMES.iter().any(divides), "{candidate}");
            }
        }
    }

    proptest! {
        #[test]
        fn remainders_are_those_of_num_bigint(
            words in prop::collection::vec(any::<u32>(), 0..70),
            from in 0_usize..22_900,
        ) {
            let (number, primes) = (BigUint::new(words), &PRIMES[from..from + TOGETHER]);
            for (prime, remainder) in primes.iter().zip(remainders(&digits(&number), primes)) {
                prop_assert_eq!(BigUint::from(remainder), &number % *prime);
            }
        }
    }
}
