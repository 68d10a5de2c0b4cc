//! Which of many numbers at even distances have a small divisor. In: the first number and the distance. Out: a mark
//! for each number.

use std::sync::LazyLock;

use num_bigint::BigUint;

/// Divisors up to this are looked for.
const BOUND: usize = 1 << 16;
/// Divisors whose remainders are computed together.
const TOGETHER: usize = 16;

/// The odd primes below the bound.
static PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut composite = vec![false; BOUND];
    let mut primes = Vec::new();
    for number in (3..BOUND).step_by(2) {
        if !composite[number] {
            primes.push(number as u32);
            composite.iter_mut().skip(number * number).step_by(2 * number).for_each(|mark| *mark = true);
        }
    }
    primes
});

/// Which of the `count` numbers `start + step * index` have a divisor below 2¹⁶; multiples of what divides `step`
/// are not marked.
pub(crate) fn sieve(start: &BigUint, step: &BigUint, count: usize) -> Vec<bool> {
    let mut divided = vec![false; count];
    for primes in PRIMES.chunks(TOGETHER) {
        let (residues, steps) = (remainders(start, primes), remainders(step, primes));
        for ((prime, residue), step) in primes.iter().zip(residues).zip(steps) {
            if let Some(first) = first_multiple(residue, step, *prime) {
                divided.iter_mut().skip(first).step_by(*prime as usize).for_each(|mark| *mark = true);
            }
        }
    }
    divided
}

/// The first index at which the number is a multiple of the prime: -residue / step modulo the prime.
fn first_multiple(residue: u32, step: u32, prime: u32) -> Option<usize> {
    let inverse = if step == 2 { prime.div_ceil(2) } else { inverse(step, prime)? };
    Some((u64::from(prime - residue) * u64::from(inverse) % u64::from(prime)) as usize)
}

/// Remainders of `number`, in floating point, which has vector instructions for it: all numbers here are whole and
/// below 2⁴⁹, thus exact; a quotient may be off by one, which the remainder then shows.
fn remainders(number: &BigUint, divisors: &[u32]) -> [u32; TOGETHER] {
    let (mut divisor, mut inverse) = ([1.0_f64; TOGETHER], [0.0_f64; TOGETHER]);
    for (lane, value) in divisors.iter().enumerate() {
        divisor[lane] = f64::from(*value);
        inverse[lane] = 1.0 / divisor[lane];
    }
    let mut remainder = [0.0_f64; TOGETHER];
    for digit in number.iter_u32_digits().collect::<Vec<_>>().into_iter().rev().map(f64::from) {
        for lane in 0..TOGETHER {
            let dividend = remainder[lane] * 4_294_967_296.0 + digit;
            // Adding and taking away 1.5 * 2⁵² rounds to the nearest whole number.
            const ROUND: f64 = 6_755_399_441_055_744.0;
            let quotient = (dividend * inverse[lane] + ROUND) - ROUND;
            let rest = dividend - quotient * divisor[lane];
            remainder[lane] = if rest < 0.0 { rest + divisor[lane] } else { rest };
        }
    }
    remainder.map(|rest| rest as u32)
}

/// The inverse of `number` modulo a prime; none for 0.
fn inverse(number: u32, prime: u32) -> Option<u32> {
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
            from in 0_usize..6_500,
        ) {
            let (number, primes) = (BigUint::new(words), &PRIMES[from..from + TOGETHER]);
            for (prime, remainder) in primes.iter().zip(remainders(&number, primes)) {
                prop_assert_eq!(BigUint::from(remainder), &number % *prime);
            }
        }
    }
}
