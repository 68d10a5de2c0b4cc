//! Random primes.

use std::{cell::Cell, sync::LazyLock};

use num_bigint::BigUint;
use ring::digest::{Context, SHA256};

use super::{KeyError, montgomery::power};

/// A source of random bytes.
pub(crate) type Random<'a> = dyn Fn(&mut [u8]) + 'a;

/// Bytes of a seed: 256 bits, which nobody can guess.
const SEED_BYTES: usize = 32;

/// What a search for one prime may be started with in another thread.
pub(super) fn seed(random: &Random<'_>) -> [u8; SEED_BYTES] {
    let mut seed = [0; SEED_BYTES];
    random(&mut seed);
    seed
}

/// As many random bytes as are wanted of a seed: the digests of it and a counter.
pub(super) fn expanded(seed: [u8; SEED_BYTES]) -> impl Fn(&mut [u8]) {
    let counter = Cell::new(0_u64);
    move |bytes| {
        for chunk in bytes.chunks_mut(SEED_BYTES) {
            counter.set(counter.get() + 1);
            let mut context = Context::new(&SHA256);
            context.update(&seed);
            context.update(&counter.get().to_be_bytes());
            chunk.copy_from_slice(&context.finish().as_ref()[..chunk.len()]);
        }
    }
}

/// Divisors up to this are tried before anything slow.
const SIEVE_BOUND: u32 = 1 << 16;
/// How many odd candidates are sieved together; a prime of 2048 bits is among so many nearly always.
const SIEVED_CANDIDATES: usize = 4096;
/// Rounds of Miller and Rabin's test with random bases, after one with base 2: at least what FIPS 186-5, table B.1,
/// wants for a chance of a composite below 2⁻¹⁰⁰. The larger a random candidate, the fewer it takes.
const ROUNDS: usize = 32;
const ROUNDS_OF_LARGE: usize = 4;
const LARGE_BITS: u64 = 1024;
/// How often a search starts anew before it gives up: far more often than chance needs.
pub(super) const MAX_ATTEMPTS: usize = 64;

static SMALL_PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut composite = vec![false; SIEVE_BOUND as usize];
    let mut primes = Vec::new();
    for number in 3..SIEVE_BOUND as usize {
        if number % 2 == 1 && !composite[number] {
            primes.push(number as u32);
            composite.iter_mut().skip(number * number).step_by(2 * number).for_each(|mark| *mark = true);
        }
    }
    primes
});

/// A random number of `bits` bits; the top `set` bits are ones.
fn random_number(bits: u32, set: u32, random: &Random<'_>) -> BigUint {
    let mut bytes = vec![0; bits.div_ceil(8) as usize];
    random(&mut bytes);
    let mut number = BigUint::from_bytes_be(&bytes) >> (bytes.len() as u32 * 8 - bits);
    for bit in 1..=set {
        number.set_bit(u64::from(bits - bit), true);
    }
    number
}

/// A random number from 2 to `bound - 2`, near enough evenly.
pub(super) fn random_below(bound: &BigUint, random: &Random<'_>) -> BigUint {
    let wide = random_number(bound.bits() as u32 + 64, 0, random);
    wide % (bound - 3_u8) + 2_u8
}

/// A random prime of `bits` bits whose top two bits are ones, so that the product of two has twice the bits, and
/// that `accepts`.
///
/// # Errors
/// Only if `random` is not random.
pub(super) fn prime(
    bits: u32,
    random: &Random<'_>,
    accepts: impl Fn(&BigUint) -> bool,
) -> Result<BigUint, KeyError> {
    for _ in 0..MAX_ATTEMPTS {
        let mut start = random_number(bits, 2, random);
        start.set_bit(0, true);
        let found = prime_among(&start, &BigUint::from(2_u8), random, |candidate| {
            candidate.bits() == u64::from(bits) && accepts(candidate)
        });
        if let Some(prime) = found {
            return Ok(prime);
        }
    }
    Err(KeyError::NoPrime(MAX_ATTEMPTS))
}

/// A random prime of `bits` bits that is 1 modulo `step`, an even number.
///
/// # Errors
/// Only if `random` is not random.
pub(super) fn prime_one_above_multiple(
    bits: u32,
    step: &BigUint,
    random: &Random<'_>,
) -> Result<BigUint, KeyError> {
    for _ in 0..MAX_ATTEMPTS {
        let start = random_number(bits, 2, random);
        let start = &start - &start % step + 1_u8;
        if let Some(prime) =
            prime_among(&start, step, random, |candidate| candidate.bits() == u64::from(bits))
        {
            return Ok(prime);
        }
    }
    Err(KeyError::NoPrime(MAX_ATTEMPTS))
}

/// The first prime among `start`, `start + step` and so on that `accepts`, if one is near.
fn prime_among(
    start: &BigUint,
    step: &BigUint,
    random: &Random<'_>,
    accepts: impl Fn(&BigUint) -> bool,
) -> Option<BigUint> {
    let divided = sieve(start, step);
    let survivors = divided.iter().enumerate().filter(|(_, divided)| !**divided);
    survivors
        .map(|(index, _)| start + step * index)
        .find(|candidate| accepts(candidate) && is_prime(candidate, random))
}

/// Which of `start + step * index` have a small divisor.
fn sieve(start: &BigUint, step: &BigUint) -> Vec<bool> {
    let mut divided = vec![false; SIEVED_CANDIDATES];
    for prime in SMALL_PRIMES.iter() {
        let (residue, step) = (remainder(start, *prime), remainder(step, *prime));
        let first = match inverse(step, *prime) {
            // The first index at which the candidate is divisible: -residue / step modulo the prime.
            Some(inverse) => u64::from(prime - residue) * u64::from(inverse) % u64::from(*prime),
            None => continue,
        };
        divided.iter_mut().skip(first as usize).step_by(*prime as usize).for_each(|mark| *mark = true);
    }
    divided
}

fn remainder(number: &BigUint, divisor: u32) -> u32 {
    (number % divisor).iter_u32_digits().next().unwrap_or(0)
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

/// Miller and Rabin's test of an odd number above 3.
fn is_prime(candidate: &BigUint, random: &Random<'_>) -> bool {
    let one = BigUint::from(1_u8);
    let below = candidate - &one;
    let twos = below.trailing_zeros().unwrap_or(0);
    let odd = &below >> twos;
    let passes = |base: &BigUint| {
        let mut power = power(base, &odd, candidate);
        if power == one || power == below {
            return true;
        }
        (1..twos).any(|_| {
            power = &power * &power % candidate;
            power == below
        })
    };
    let rounds = if candidate.bits() >= LARGE_BITS { ROUNDS_OF_LARGE } else { ROUNDS };
    passes(&BigUint::from(2_u8)) && (0..rounds).all(|_| passes(&random_below(candidate, random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting() -> impl Fn(&mut [u8]) {
        let state = std::cell::Cell::new(0x9e37_79b9_7f4a_7c15_u64);
        move |bytes: &mut [u8]| {
            for byte in bytes {
                state.set(
                    state
                        .get()
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407),
                );
                *byte = (state.get() >> 33) as u8;
            }
        }
    }

    #[test]
    fn tells_primes_from_composites() {
        let random = counting();
        let prime = |text: &str| is_prime(&text.parse().expect("a number"), &random);
        for text in ["5", "65537", "2305843009213693951", "170141183460469231731687303715884105727"] {
            assert!(prime(text), "{text}");
        }
        // A Carmichael number, a strong pseudoprime to base 2, a product of two primes.
        for text in ["561", "2047", "3215031751", "5316911983139663487003542222693990401"] {
            assert!(!prime(text), "{text}");
        }
    }

    #[test]
    fn sieve_marks_exactly_the_divisible() {
        let (start, step) = (BigUint::from(1_000_000_007_u64 * 1_000_003), BigUint::from(30_u8));
        for (index, divided) in sieve(&start, &step).into_iter().enumerate().take(300) {
            let candidate = &start + &step * index;
            let expected = SMALL_PRIMES.iter().any(|prime| remainder(&candidate, *prime) == 0);
            assert_eq!(divided, expected, "{candidate}");
        }
    }

    #[test]
    fn finds_primes_of_the_size() {
        let random = counting();
        let found = prime(256, &random, |candidate| remainder(candidate, 3) == 2).expect("a prime");
        assert_eq!(found.bits(), 256);
        assert!(found.bit(255) && found.bit(254) && remainder(&found, 3) == 2);
        let step = &found * 2_u8;
        let larger = prime_one_above_multiple(512, &step, &random).expect("a prime");
        assert_eq!((larger.bits(), &larger % step), (512, BigUint::from(1_u8)));
    }

    #[test]
    fn gives_up_without_randomness() {
        // All ones, 2^64 - 1 and the odd numbers above it, which have 65 bits: no candidate is accepted.
        let constant = |bytes: &mut [u8]| bytes.fill(0xff);
        assert!(matches!(prime(64, &constant, |_| true), Err(KeyError::NoPrime(_))));
    }
}
