//! Products beside those of num-bigint, at the limits of limbs.

use super::*;

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
        let Some(mut moduli) = Doubles::new([even, odd, &all, &below(halves(0))]) else { continue };
        let odd_numbers = moduli.numbers.clone();
        let inverses = odd_numbers
            .each_ref()
            .map(|number| (BigUint::from(1_u8) << width.bits()).modinv(number).expect("odd moduli"));
        for (lowest, other) in [(0, 1), (1, 0), (0, 0), (1, 1)] {
            let numbers = [halves(lowest), halves(other), halves(lowest), halves(other)];
            let numbers = numbers.map(|number| number & (&top - 1_u8));
            let product = |lane: usize, times: u8| {
                &numbers[lane] * &numbers[lane] * times * &inverses[lane] % &odd_numbers[lane]
            };
            // SAFETY: there are no `Doubles` without AVX2 and FMA.
            let [squares, products] = unsafe { both(&mut moduli, &numbers) };
            for lane in 0..LANES {
                assert_eq!(squares[lane], product(lane, 1 + lane as u8 % 2), "{bits} bits, {lane}");
                assert_eq!(products[lane], product(lane, 1), "{bits} bits, {lane}");
            }
        }
    }
}

/// Squares, twice that in every other lane, and products by themselves, all as Montgomery multiplies.
#[target_feature(enable = "avx2,fma")]
fn both(moduli: &mut Doubles, numbers: &[BigUint; LANES]) -> [[BigUint; LANES]; 2] {
    let limbs = moduli.limbs(numbers);
    let (mut squares, mut products) = (limbs.clone(), limbs.clone());
    moduli.squared(&mut squares, [0, 1, 0, 1]);
    moduli.multiply(&mut products, &limbs);
    let modulus = &moduli.multiplier.modulus;
    [squares, products].map(|limbs| moduli.joined(&sum(&limbs, modulus)))
}
