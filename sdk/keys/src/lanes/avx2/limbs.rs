//! Numbers as limbs in lanes, and back.

use std::arch::x86_64::{_mm256_add_pd, _mm256_set_pd, _mm256_setzero_pd};

use num_bigint::BigUint;

use super::{
    LANES,
    columns::{Lanes, Scale, TOGETHER},
};

/// Bits of a limb, of shorter numbers first: the fewer limbs, the longer they may be until a sum is not exact any more.
const LIMB_BITS: [usize; 3] = [49, 48, 47];
/// Bits of a column's sum that a `f64` holds exactly. Lower halves, and a limb that is there before, are at most half
/// the limbs' base, upper halves, as the next column sees them, a quarter.
const SUM_BITS: usize = 53;
/// Bits that a number has above the moduli, which spare a subtraction after each product: a sixteenth of the product of
/// two numbers and half a modulus, twice that, is little above a modulus.
const SLACK_BITS: usize = 4;

/// How long numbers are.
#[derive(Clone, Copy)]
pub(super) struct Width {
    pub(super) limb_bits: usize,
    /// A multiple of [`TOGETHER`].
    pub(super) limbs: usize,
}

impl Width {
    /// As many limbs as it takes for moduli of `bits` bits; none if there are no limbs for so many.
    pub(super) fn of(bits: usize) -> Option<Self> {
        let width = |limb_bits| {
            let limbs = (bits + SLACK_BITS).div_ceil(limb_bits).next_multiple_of(TOGETHER);
            Self { limb_bits, limbs }
        };
        // Sums of upper halves alone have room for more: each takes at most two thirds of a column's products.
        let fits = |width: &Self| 3 * width.limbs <= 1 << (SUM_BITS + 2 - width.limb_bits);
        LIMB_BITS.into_iter().map(width).find(fits)
    }

    /// Bits of all limbs.
    pub(super) fn bits(self) -> usize {
        self.limb_bits * self.limbs
    }
}

/// Numbers of at most as many bits as the width has, modulo that many.
#[target_feature(enable = "avx2,fma")]
pub(super) fn spread(numbers: &[BigUint; LANES], width: Width, scale: &Scale) -> Vec<Lanes> {
    let numbers = numbers.each_ref().map(|number| unsigned_limbs(number, width));
    let mut carry = _mm256_setzero_pd();
    let limb = |index: usize| {
        let [first, second, third, fourth] = numbers.each_ref().map(|limbs| limbs[index]);
        let (limb, over) = scale.split(_mm256_add_pd(_mm256_set_pd(fourth, third, second, first), carry));
        carry = over;
        limb
    };
    (0..width.limbs).map(limb).collect()
}

fn unsigned_limbs(number: &BigUint, width: Width) -> Vec<f64> {
    let (mut digits, mut buffer, mut held) = (number.iter_u64_digits(), 0_u128, 0);
    let limb = |_| {
        if held < width.limb_bits {
            buffer |= u128::from(digits.next().unwrap_or(0)) << held;
            held += 64;
        }
        let limb = buffer & ((1 << width.limb_bits) - 1);
        (buffer, held) = (buffer >> width.limb_bits, held - width.limb_bits);
        limb as u64 as f64
    };
    (0..width.limbs).map(limb).collect()
}

/// Limb by limb.
#[target_feature(enable = "avx2,fma")]
pub(super) fn sum(left: &[Lanes], right: &[Lanes]) -> Vec<Lanes> {
    left.iter().zip(right).map(|(left, right)| _mm256_add_pd(*left, *right)).collect()
}

/// One lane's number, which is positive.
pub(super) fn joined(limbs: &[Lanes], lane: usize, width: Width) -> BigUint {
    let (mut digits, mut buffer, mut held) = (Vec::with_capacity(2 * limbs.len()), 0_i128, 0);
    for limb in limbs {
        buffer += i128::from(lanes_of(*limb)[lane] as i64) << held;
        held += width.limb_bits;
        while held >= 32 {
            digits.push(buffer as u32);
            (buffer, held) = (buffer >> 32, held - 32);
        }
    }
    digits.push(buffer as u32);
    BigUint::new(digits)
}

fn lanes_of(limbs: Lanes) -> [f64; LANES] {
    // SAFETY: both are 32 bytes of which all values are good.
    unsafe { std::mem::transmute::<Lanes, [f64; LANES]>(limbs) }
}
