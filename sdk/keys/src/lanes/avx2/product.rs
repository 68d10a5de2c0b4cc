//! Squares and products modulo four numbers at once, as Montgomery multiplies. In: limbs of numbers in his form. Out:
//! limbs of a number that is congruent, of either sign and little above the modulus.
//!
//! Every limb of a product's lower half is known before a multiple of the moduli is added to it, which is the product of
//! that half and the moduli's negative inverse; of that multiple only the upper half is computed. Columns of a product
//! depend on each other only by what they carry to the next, so that the processor always has something to do.

use std::{
    arch::x86_64::{_mm256_add_pd, _mm256_mul_pd, _mm256_set1_pd, _mm256_setzero_pd},
    mem,
};

use super::columns::{Chunk, Columns, Lanes, Scale, TOGETHER, to_limbs};

/// Where columns are computed. Each place has the code to itself, which compilers then put there: calls, and sums of
/// columns through memory, take a fifth of the time.
const PRODUCT: u8 = 0;
const FACTORS: u8 = 1;
const CARRY: u8 = 2;
const RESULT: u8 = 3;
const LOWER: u8 = 4;
const UPPER: u8 = 5;

/// Multiplies numbers modulo some others.
pub(super) struct Multiplier {
    pub(super) scale: Scale,
    /// Limbs of the moduli and of their negative inverses, as many as a multiple of [`TOGETHER`].
    pub(super) modulus: Vec<Lanes>,
    inverse: Vec<Lanes>,
}

/// Room for products.
pub(super) struct Scratch {
    twice: Vec<Lanes>,
    product: Vec<Lanes>,
    factors: Vec<Lanes>,
}

impl Multiplier {
    /// With each modulus's negative inverse modulo the limbs' base.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new(scale: Scale, modulus: Vec<Lanes>, inverse_of_lowest: Lanes) -> Self {
        let none = _mm256_setzero_pd();
        let mut inverse = vec![none; modulus.len()];
        inverse[0] = inverse_of_lowest;
        let mut multiplier = Self { scale, modulus, inverse };
        let (mut rest, mut better) = (multiplier.inverse.clone(), multiplier.inverse.clone());
        // Newton's iteration doubles the number of right limbs: i becomes i * (2 + m * i).
        let mut right = 1;
        while right < multiplier.modulus.len() {
            multiplier.lower_product(&multiplier.modulus, &multiplier.inverse, &mut rest);
            rest[0] = _mm256_add_pd(rest[0], _mm256_set1_pd(2.0));
            multiplier.lower_product(&rest, &multiplier.inverse, &mut better);
            mem::swap(&mut multiplier.inverse, &mut better);
            right *= 2;
        }
        multiplier
    }

    fn chunks(&self) -> usize {
        self.modulus.len() / TOGETHER
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn scratch(&self) -> Scratch {
        let limbs = |count: usize| vec![_mm256_setzero_pd(); count];
        let length = self.modulus.len();
        Scratch { twice: limbs(length), product: limbs(2 * length), factors: limbs(length) }
    }

    /// `number * number * factor`, where each lane of `factor` is 1 or 2.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn square(&self, number: &mut [Lanes], scratch: &mut Scratch, factor: Lanes) {
        for (twice, limb) in scratch.twice.iter_mut().zip(&*number) {
            *twice = _mm256_add_pd(*limb, *limb);
        }
        let mut below = _mm256_setzero_pd();
        let columns = chunks_mut(&mut scratch.product);
        let ((low, high), number_chunks, twice) =
            (columns.split_at_mut(self.chunks()), chunks(number), chunks(&scratch.twice));
        for (block, sums) in low.iter_mut().enumerate() {
            *sums = self.square_columns::<LOWER>(block, number_chunks, twice, &mut below);
        }
        for (block, sums) in high.iter_mut().enumerate() {
            *sums = self.square_columns::<UPPER>(block, number_chunks, twice, &mut below);
        }
        to_limbs(&mut scratch.product, &self.scale, |sum| sum);
        self.reduce(number, scratch);
        to_limbs(number, &self.scale, |sum| _mm256_mul_pd(sum, factor));
    }

    /// `number * other`.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn multiply(&self, number: &mut [Lanes], other: &[Lanes], scratch: &mut Scratch) {
        let mut below = _mm256_setzero_pd();
        let (low, high) = chunks_mut(&mut scratch.product).split_at_mut(self.chunks());
        let (left, right) = (chunks(number), chunks(other));
        for (block, sums) in low.iter_mut().enumerate() {
            *sums = self.lower_columns::<PRODUCT>(block, left, right, &no_sums(), &mut below);
        }
        for (block, sums) in high.iter_mut().enumerate() {
            *sums = self.upper_columns::<PRODUCT>(block, left, right, &no_sums(), &mut below);
        }
        to_limbs(&mut scratch.product, &self.scale, |sum| sum);
        self.reduce(number, scratch);
        to_limbs(number, &self.scale, |sum| sum);
    }

    /// Puts the sums of columns of the product in `scratch`, reduced, into `number`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn reduce(&self, number: &mut [Lanes], scratch: &mut Scratch) {
        let (low, high) = scratch.product.split_at(self.modulus.len());
        self.lower_product(low, &self.inverse, &mut scratch.factors);
        // The lower half becomes 0; its highest columns are enough to know what that carries to the upper half.
        let (low, high, factors, modulus) =
            (chunks(low), chunks(high), chunks(&scratch.factors), chunks(&self.modulus));
        let (last, mut below) = (self.chunks() - 1, _mm256_setzero_pd());
        let [.., sum] = self.lower_columns::<CARRY>(last, factors, modulus, &low[last], &mut below);
        let (_, carry) = self.scale.split(sum);
        for (block, (sums, high)) in chunks_mut(number).iter_mut().zip(high).enumerate() {
            *sums = self.upper_columns::<RESULT>(block, factors, modulus, high, &mut below);
        }
        number[0] = _mm256_add_pd(number[0], carry);
    }

    /// The lower half of `left * right`.
    #[target_feature(enable = "avx2,fma")]
    fn lower_product(&self, left: &[Lanes], right: &[Lanes], out: &mut [Lanes]) {
        let mut below = _mm256_setzero_pd();
        let (left, right) = (chunks(left), chunks(right));
        for (block, sums) in chunks_mut(out).iter_mut().enumerate() {
            *sums = self.lower_columns::<FACTORS>(block, left, right, &no_sums(), &mut below);
        }
        to_limbs(out, &self.scale, |sum| sum);
    }

    /// The sums of a block's columns in the lower half of `left * right`, and of `sums`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn lower_columns<const PLACE: u8>(
        &self,
        block: usize,
        left: &[Chunk],
        right: &[Chunk],
        sums: &Chunk,
        below: &mut Lanes,
    ) -> Chunk {
        let mut columns = Columns::new(&self.scale, sums);
        let ([x0, x1, x2], [y0, y1, y2]) = (&left[block], &right[0]);
        columns.add(0, 0, *x0, *y0);
        columns.add(1, 1, *x0, *y1);
        columns.add(0, 2, *x0, *y2);
        columns.add(0, 1, *x1, *y0);
        columns.add(1, 2, *x1, *y1);
        columns.add(0, 2, *x2, *y0);
        assert!(block < right.len(), "both are of one length");
        // SAFETY: the block is one of the numbers' chunks, of which the tiles take those before and itself.
        unsafe { columns.add_tiles(block, left, 0, right, block) };
        columns.into_sums(&self.scale, below)
    }

    /// The sums of a block's columns in the upper half of `left * right`, and of `sums`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn upper_columns<const PLACE: u8>(
        &self,
        block: usize,
        left: &[Chunk],
        right: &[Chunk],
        sums: &Chunk,
        below: &mut Lanes,
    ) -> Chunk {
        let mut columns = Columns::new(&self.scale, sums);
        let last = left.len() - 1;
        add_corner(&mut columns, &left[block], &right[last]);
        // SAFETY: the tiles take the chunks from the block on to the last of the left number, as many of the right one
        // down from the last, which is there, and part of the one before.
        unsafe { columns.add_tiles(last - block, left, block + 1, right, last) };
        columns.into_sums(&self.scale, below)
    }

    /// The sums of a block's columns in a half of `number * number`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn square_columns<const HALF: u8>(
        &self,
        block: usize,
        number: &[Chunk],
        twice: &[Chunk],
        below: &mut Lanes,
    ) -> Chunk {
        let mut columns = Columns::new(&self.scale, &no_sums());
        let last = number.len() - 1;
        // Where the first tile is on both sides.
        let (mut first, mut end) = (0, block);
        if HALF == UPPER {
            if block == last {
                let ([_, t1, _], [_, _, x2]) = (&twice[last], &number[last]);
                columns.add(0, 0, *t1, *x2);
                columns.add(0, 1, *x2, *x2);
                return columns.into_sums(&self.scale, below);
            }
            add_corner(&mut columns, &twice[block], &number[last]);
            (first, end) = (block + 1, last);
        }
        // Each tile comes nearer by two, until the diagonal is in the next one or beside it.
        let tiles = (end - first) / 2;
        let middle = first + tiles;
        let ([t0, t1, t2], [x0, x1, x2]) = (&twice[middle], &number[middle]);
        if (end - first) % 2 == 0 {
            columns.add(0, 0, *x0, *x0);
            columns.add(0, 1, *t0, *x1);
            columns.add(0, 2, *t0, *x2);
            columns.add(1, 2, *x1, *x1);
        } else {
            let [x3, x4, x5] = &number[middle + 1];
            columns.add(0, 0, *t0, *x3);
            columns.add(0, 1, *t0, *x4);
            columns.add(0, 2, *t0, *x5);
            columns.add(1, 0, *t1, *x2);
            columns.add(1, 1, *t1, *x3);
            columns.add(1, 2, *t1, *x4);
            columns.add(0, 1, *x2, *x2);
            columns.add(0, 2, *t2, *x3);
        }
        assert!(end < number.len(), "a block of the number's square");
        // SAFETY: the tiles take chunks from the first on, below the middle, and as many from the end on, above it.
        unsafe { columns.add_tiles(tiles, twice, first, number, end) };
        columns.into_sums(&self.scale, below)
    }
}

/// Limbs whose number is a multiple of a chunk's.
#[inline]
fn chunks(limbs: &[Lanes]) -> &[Chunk] {
    limbs.as_chunks().0
}

#[inline]
fn chunks_mut(limbs: &mut [Lanes]) -> &mut [Chunk] {
    limbs.as_chunks_mut().0
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn no_sums() -> Chunk {
    [_mm256_setzero_pd(); TOGETHER]
}

/// The products at a number's highest limbs.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_corner(columns: &mut Columns, left: &Chunk, right: &Chunk) {
    columns.add(0, 0, left[1], right[2]);
    columns.add(1, 0, left[2], right[1]);
    columns.add(1, 1, left[2], right[2]);
}
