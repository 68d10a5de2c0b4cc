//! Powers beside those of num-bigint.

use proptest::prelude::*;

use super::*;
use crate::primes::NEVER;

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
            for (lane, power) in moduli.powers_of_two(&exponents, &NEVER).expect("not stopped").into_iter().enumerate() {
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
            assert_eq!(power, bases[lane].modpow(&exponent, &moduli.numbers[lane]), "{bits} bits, {lane}");
        }
        let exponents = [&high - 1_u8, &low - 1_u8, &high >> 1_u8, BigUint::ZERO];
        for (lane, power) in
            moduli.powers_of_two(&exponents, &NEVER).expect("not stopped").into_iter().enumerate()
        {
            let expected = BigUint::from(2_u8).modpow(&exponents[lane], &moduli.numbers[lane]);
            assert_eq!(power, expected, "{bits} bits, {lane}");
        }
    }
}

#[test]
fn a_search_that_is_stopped_has_no_powers() {
    let number = (BigUint::from(1_u8) << 1024_u32) - 1_u8;
    if let Some(moduli) = Moduli::new([&number; LANES]) {
        assert_eq!(moduli.powers_of_two(&[1_u8; LANES].map(BigUint::from), &AtomicBool::new(true)), None);
    }
}

#[test]
fn limbs_as_far_from_0_as_they_may_be() {
    for bits in [1024, 1536, 2048, 3580] {
        let width = Width::of(bits).expect("not too long");
        // In binary, the highest bit of each limb; carried on, that is half the base above or, nearly, below 0.
        let half = BigUint::from(1_u8) << (width.limb_bits - 1);
        let halves = |lowest: u32| {
            let limbs = (0..width.limbs).map(|limb| &half << (limb * width.limb_bits));
            limbs.sum::<BigUint>() + lowest
        };
        let below = |number: BigUint| {
            (number & ((BigUint::from(1_u8) << (bits - 1)) - 1_u8)) << 1_u8 | BigUint::from(1_u8)
        };
        let top = BigUint::from(1_u8) << (bits - 1);
        let moduli = [0, 1].map(|lowest| (halves(lowest) & (&top - 1_u8)) | &top | BigUint::from(1_u8));
        let [even, odd] = &moduli;
        let all = (BigUint::from(1_u8) << bits) - 1_u8;
        let Some(moduli) = Moduli::new([even, odd, &all, &below(halves(0))]) else { continue };
        let inverses = moduli
            .numbers
            .each_ref()
            .map(|number| (BigUint::from(1_u8) << width.bits()).modinv(number).expect("odd moduli"));
        for (lowest, other) in [(0, 1), (1, 0), (0, 0), (1, 1)] {
            let numbers = [halves(lowest), halves(other), halves(lowest), halves(other)];
            let numbers = numbers.map(|number| number & (&top - 1_u8));
            let product = |lane: usize, times: u8| {
                &numbers[lane] * &numbers[lane] * times * &inverses[lane] % &moduli.numbers[lane]
            };
            // SAFETY: there is no `Moduli` without AVX2 and FMA.
            let [squares, products] = unsafe { both(&moduli, &numbers) };
            for lane in 0..LANES {
                assert_eq!(squares[lane], product(lane, 1 + lane as u8 % 2), "{bits} bits, {lane}");
                assert_eq!(products[lane], product(lane, 1), "{bits} bits, {lane}");
            }
        }
    }
}

/// Squares, twice that in every other lane, and products by themselves, all as Montgomery multiplies.
#[target_feature(enable = "avx2,fma")]
fn both(moduli: &Moduli, numbers: &[BigUint; LANES]) -> [[BigUint; LANES]; 2] {
    let multiplier = &moduli.multiplier;
    let limbs = spread(numbers, moduli.width, &multiplier.scale);
    let (mut squares, mut products) = (limbs.clone(), limbs.clone());
    multiplier.square(&mut squares, &mut multiplier.scratch(), _mm256_set_pd(2.0, 1.0, 2.0, 1.0));
    multiplier.multiply(&mut products, &limbs, &mut multiplier.scratch());
    [squares, products].map(|limbs| {
        let positive = sum(&sum(&limbs, &multiplier.modulus), &multiplier.modulus);
        array::from_fn(|lane| joined(&positive, lane, moduli.width) % &moduli.numbers[lane])
    })
}
