//! Powers beside those of num-bigint, by every arithmetic that the processor has.

use proptest::prelude::*;

use super::*;
use crate::primes::NEVER;

/// The moduli by all arithmetics that can be had.
fn all(numbers: [&BigUint; LANES]) -> Vec<Moduli> {
    PREPARE.iter().filter_map(|prepare| prepare(numbers)).map(Moduli).collect()
}

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
        for mut moduli in all(numbers.each_ref()) {
            let bases = numbers.each_ref().map(|number| (number >> 1_u8) / 3_u8 + 5_u8);
            let exponents: [BigUint; LANES] = std::array::from_fn(|lane| &exponent >> (7 * lane));
            for (lane, power) in moduli.powers(&bases, exponents.each_ref()).into_iter().enumerate() {
                prop_assert_eq!(power, bases[lane].modpow(&exponents[lane], &numbers[lane]));
            }
            for (lane, power) in moduli.powers_of_two(&exponents, &NEVER).expect("not stopped").into_iter().enumerate() {
                prop_assert_eq!(power, BigUint::from(2_u8).modpow(&exponents[lane], &numbers[lane]));
            }
        }
    }
}

#[test]
fn limbs_that_are_all_ones_or_zeros() {
    for bits in [1024, 1036, 1536, 2048, 2076, 3580] {
        let high = (BigUint::from(1_u8) << bits) - 1_u8;
        let low = (BigUint::from(1_u8) << (bits - 1)) + 1_u8;
        let numbers = [&high, &low, &high, &low];
        let bases = [&high - 1_u8, &low - 1_u8, &high >> 1_u8, BigUint::from(3_u8)];
        let exponent = BigUint::from(65_537_u32);
        let exponents = [&high - 1_u8, &low - 1_u8, &high >> 1_u8, BigUint::ZERO];
        for mut moduli in all(numbers) {
            for (lane, power) in moduli.powers(&bases, [&exponent; LANES]).into_iter().enumerate() {
                assert_eq!(power, bases[lane].modpow(&exponent, numbers[lane]), "{bits} bits, {lane}");
            }
            let powers = moduli.powers_of_two(&exponents, &NEVER).expect("not stopped");
            for (lane, power) in powers.into_iter().enumerate() {
                let expected = BigUint::from(2_u8).modpow(&exponents[lane], numbers[lane]);
                assert_eq!(power, expected, "{bits} bits, {lane}");
            }
        }
    }
}

#[test]
fn a_search_that_is_stopped_has_no_powers() {
    let number = (BigUint::from(1_u8) << 1024_u32) - 1_u8;
    for mut moduli in all([&number; LANES]) {
        assert_eq!(moduli.powers_of_two(&[1_u8; LANES].map(BigUint::from), &AtomicBool::new(true)), None);
    }
}
