//! Random primes.

use std::{
    cell::Cell,
    iter,
    sync::atomic::{AtomicBool, Ordering},
};

use num_bigint::BigUint;
use ring::digest::{Context, SHA256};

use super::{
    KeyError,
    lanes::{LANES, Moduli},
    montgomery::power,
    sieve::sieve,
};

/// A source of random bytes.
pub type Random<'a> = dyn Fn(&mut [u8]) + 'a;

/// Bytes of a seed: 256 bits, which nobody can guess.
const SEED_BYTES: usize = 32;

/// What a search for one prime may be started with in another thread.
pub(crate) fn seed(random: &Random<'_>) -> [u8; SEED_BYTES] {
    let mut seed = [0; SEED_BYTES];
    random(&mut seed);
    seed
}

/// As many random bytes as are wanted of a seed: the digests of it and a counter.
pub(crate) fn expanded(seed: [u8; SEED_BYTES]) -> impl Fn(&mut [u8]) {
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

/// How many odd candidates are sieved together; a prime of 2048 bits is among so many nearly always.
const SIEVED_CANDIDATES: usize = 4096;
/// Rounds of Miller and Rabin's test with random bases, after one with base 2: at least what FIPS 186-5, table B.1,
/// wants for a chance of a composite below 2⁻¹⁰⁰. The larger a random candidate, the fewer it takes.
const ROUNDS: usize = 8 * LANES;
const ROUNDS_OF_LARGE: usize = LANES;
const LARGE_BITS: u64 = 1024;
/// For a search that goes on until it ends by itself.
pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);
/// How often a search starts anew before it gives up: far more often than chance needs.
pub(crate) const MAX_ATTEMPTS: usize = 64;

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
pub(crate) fn random_below(bound: &BigUint, random: &Random<'_>) -> BigUint {
    let wide = random_number(bound.bits() as u32 + 64, 0, random);
    wide % (bound - 3_u8) + 2_u8
}

/// A random prime of `bits` bits whose top two bits are ones, so that the product of two has twice the bits, and
/// that `accepts`; none when `stopped`.
///
/// # Errors
/// Only if `random` is not random.
pub(crate) fn prime(
    bits: u32,
    random: &Random<'_>,
    stopped: &AtomicBool,
    accepts: impl Fn(&BigUint) -> bool,
) -> Result<Option<BigUint>, KeyError> {
    for _ in 0..MAX_ATTEMPTS {
        let mut start = random_number(bits, 2, random);
        start.set_bit(0, true);
        let found = prime_among(&start, &BigUint::from(2_u8), random, stopped, |candidate| {
            candidate.bits() == u64::from(bits) && accepts(candidate)
        });
        if found.is_some() || stopped.load(Ordering::Relaxed) {
            return Ok(found);
        }
    }
    Err(KeyError::NoPrime(MAX_ATTEMPTS))
}

/// A random prime of `bits` bits that is 1 modulo `step`, an even number.
///
/// # Errors
/// Only if `random` is not random.
pub(crate) fn prime_one_above_multiple(
    bits: u32,
    step: &BigUint,
    random: &Random<'_>,
) -> Result<BigUint, KeyError> {
    for _ in 0..MAX_ATTEMPTS {
        let start = random_number(bits, 2, random);
        let start = &start - &start % step + 1_u8;
        if let Some(prime) =
            prime_among(&start, step, random, &NEVER, |candidate| candidate.bits() == u64::from(bits))
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
    stopped: &AtomicBool,
    accepts: impl Fn(&BigUint) -> bool,
) -> Option<BigUint> {
    let divided = sieve(start, step, SIEVED_CANDIDATES);
    let survivors = divided.iter().enumerate().filter(|(_, divided)| !**divided);
    let mut candidates =
        survivors.map(|(index, _)| start + step * index).filter(|candidate| accepts(candidate)).peekable();
    while candidates.peek().is_some() && !stopped.load(Ordering::Relaxed) {
        let batch = candidates.by_ref().take(LANES).collect();
        if let Some(prime) =
            probable(batch, stopped).into_iter().find(|candidate| is_prime(candidate, random))
        {
            return Some(prime);
        }
    }
    None
}

/// Those of at most [`LANES`] candidates that pass Fermat's test with base 2, as all primes and few others do; none when
/// `stopped`.
fn probable(mut candidates: Vec<BigUint>, stopped: &AtomicBool) -> Vec<BigUint> {
    let modulus = |lane: usize| &candidates[lane % candidates.len()];
    if let Some(mut moduli) = Moduli::new(std::array::from_fn(modulus)) {
        let exponents = std::array::from_fn(|lane| modulus(lane) - 1_u8);
        let Some(powers) = moduli.powers_of_two(&exponents, stopped) else {
            return Vec::new();
        };
        let one = BigUint::from(1_u8);
        let mut passed = powers.iter().map(|power| *power == one);
        candidates.retain(|_| passed.next().unwrap_or(false));
    }
    candidates
}

/// Miller and Rabin's test of an odd number above 3.
fn is_prime(candidate: &BigUint, random: &Random<'_>) -> bool {
    passes_rounds(candidate, Moduli::new([candidate; LANES]), random)
}

/// The test's rounds, four at a time where `moduli`, four times the candidate, can be had.
fn passes_rounds(candidate: &BigUint, moduli: Option<Moduli>, random: &Random<'_>) -> bool {
    let (one, below) = (BigUint::from(1_u8), candidate - 1_u8);
    let twos = below.trailing_zeros().unwrap_or(0);
    let odd = &below >> twos;
    let passes = |mut power: BigUint| {
        if power == one || power == below {
            return true;
        }
        (1..twos).any(|_| {
            power = &power * &power % candidate;
            power == below
        })
    };
    let rounds = if candidate.bits() >= LARGE_BITS { ROUNDS_OF_LARGE } else { ROUNDS };
    match moduli {
        // Fermat's test was one with base 2.
        Some(mut moduli) => (0..rounds / LANES).all(|_| {
            let bases = std::array::from_fn(|_| random_below(candidate, random));
            moduli.powers(&bases, [&odd; LANES]).into_iter().all(passes)
        }),
        None => iter::once(BigUint::from(2_u8))
            .chain((0..rounds).map(|_| random_below(candidate, random)))
            .all(|base| passes(power(&base, &odd, candidate))),
    }
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
        let prime = |text: &str| {
            let number = text.parse().expect("a number");
            let alone = passes_rounds(&number, None, &random);
            assert_eq!(is_prime(&number, &random), alone, "{text}");
            alone
        };
        for text in ["5", "65537", "2305843009213693951", "170141183460469231731687303715884105727"] {
            assert!(prime(text), "{text}");
        }
        // A Carmichael number, a strong pseudoprime to base 2, a product of two primes.
        for text in ["561", "2047", "3215031751", "5316911983139663487003542222693990401"] {
            assert!(!prime(text), "{text}");
        }
    }

    #[test]
    fn finds_primes_of_the_size() {
        let (random, two) = (counting(), BigUint::from(2_u8));
        let found = prime(256, &random, &NEVER, |candidate| candidate % 3_u8 == two);
        let found = found.expect("random").expect("a prime");
        assert_eq!(found.bits(), 256);
        assert!(found.bit(255) && found.bit(254) && &found % 3_u8 == two);
        let step = &found * 2_u8;
        let larger = prime_one_above_multiple(512, &step, &random).expect("a prime");
        assert_eq!((larger.bits(), &larger % step), (512, BigUint::from(1_u8)));
    }

    #[test]
    fn gives_up_without_randomness() {
        // All ones, 2^64 - 1 and the odd numbers above it, which have 65 bits: no candidate is accepted.
        let constant = |bytes: &mut [u8]| bytes.fill(0xff);
        assert!(matches!(prime(64, &constant, &NEVER, |_| true), Err(KeyError::NoPrime(_))));
    }
}
