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

use super::columns::{Columns, Lanes, Scale, TOGETHER, to_limbs};

/// Where columns are computed. Each place has the code to itself, which compilers then put there: calls, and sums of
/// columns through memory, take a fifth of the time.
const PRODUCT: u8 = 0;
const FACTORS: u8 = 1;
const CARRY: u8 = 2;
const RESULT: u8 = 3;

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
        while right < multiplier.length() {
            multiplier.lower_product(&multiplier.modulus, &multiplier.inverse, &mut rest);
            rest[0] = _mm256_add_pd(rest[0], _mm256_set1_pd(2.0));
            multiplier.lower_product(&rest, &multiplier.inverse, &mut better);
            mem::swap(&mut multiplier.inverse, &mut better);
            right *= 2;
        }
        multiplier
    }

    fn length(&self) -> usize {
        self.modulus.len()
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn scratch(&self) -> Scratch {
        let limbs = |count: usize| vec![_mm256_setzero_pd(); count];
        let length = self.length();
        Scratch { twice: limbs(length), product: limbs(2 * length), factors: limbs(length) }
    }

    /// `number * number * factor`, where each lane of `factor` is 1 or 2.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn square(&self, number: &mut [Lanes], scratch: &mut Scratch, factor: Lanes) {
        for (twice, limb) in scratch.twice.iter_mut().zip(&*number) {
            *twice = _mm256_add_pd(*limb, *limb);
        }
        let mut below = _mm256_setzero_pd();
        let (columns, _) = scratch.product.as_chunks_mut();
        for (sums, column) in columns.iter_mut().zip((0..).step_by(TOGETHER)) {
            *sums = self.square_columns(column, number, &scratch.twice, &mut below);
        }
        to_limbs(&mut scratch.product, &self.scale, _mm256_setzero_pd());
        self.reduce(number, scratch);
        for sum in &mut *number {
            *sum = _mm256_mul_pd(*sum, factor);
        }
        to_limbs(number, &self.scale, _mm256_setzero_pd());
    }

    /// `number * other`.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn multiply(&self, number: &mut [Lanes], other: &[Lanes], scratch: &mut Scratch) {
        let (mut below, none) = (_mm256_setzero_pd(), [_mm256_setzero_pd(); TOGETHER]);
        let (low, high) = scratch.product.split_at_mut(self.length());
        let ((low, _), (high, _)) = (low.as_chunks_mut(), high.as_chunks_mut());
        for (sums, column) in low.iter_mut().zip((0..).step_by(TOGETHER)) {
            *sums = self.lower_columns::<PRODUCT>(column, number, other, &none, &mut below);
        }
        for (sums, column) in high.iter_mut().zip((0..).step_by(TOGETHER)) {
            *sums = self.upper_columns::<PRODUCT>(column, number, other, &none, &mut below);
        }
        to_limbs(&mut scratch.product, &self.scale, none[0]);
        self.reduce(number, scratch);
        to_limbs(number, &self.scale, none[0]);
    }

    /// Puts the sums of columns of the product in `scratch`, reduced, into `number`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn reduce(&self, number: &mut [Lanes], scratch: &mut Scratch) {
        let (low, high) = scratch.product.split_at(self.length());
        self.lower_product(low, &self.inverse, &mut scratch.factors);
        // The lower half becomes 0; its highest columns are enough to know what that carries to the upper half.
        let factors = &scratch.factors;
        let mut below = _mm256_setzero_pd();
        let last = self.length() - TOGETHER;
        let ((low, _), (high, _)) = (low.as_chunks(), high.as_chunks());
        let sums =
            self.lower_columns::<CARRY>(last, factors, &self.modulus, &low[last / TOGETHER], &mut below);
        let (_, carry) = self.scale.split(sums[TOGETHER - 1]);
        let (columns, _) = number.as_chunks_mut();
        for ((sums, high), column) in columns.iter_mut().zip(high).zip((0..).step_by(TOGETHER)) {
            *sums = self.upper_columns::<RESULT>(column, factors, &self.modulus, high, &mut below);
        }
        number[0] = _mm256_add_pd(number[0], carry);
    }

    /// The lower half of `left * right`.
    #[target_feature(enable = "avx2,fma")]
    fn lower_product(&self, left: &[Lanes], right: &[Lanes], out: &mut [Lanes]) {
        let (mut below, none) = (_mm256_setzero_pd(), [_mm256_setzero_pd(); TOGETHER]);
        let (columns, _) = out.as_chunks_mut();
        for (sums, column) in columns.iter_mut().zip((0..).step_by(TOGETHER)) {
            *sums = self.lower_columns::<FACTORS>(column, left, right, &none, &mut below);
        }
        to_limbs(out, &self.scale, none[0]);
    }

    /// The sums of columns from `column` on, below the numbers' length, of `left * right`, and of `sums`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn lower_columns<const PLACE: u8>(
        &self,
        column: usize,
        left: &[Lanes],
        right: &[Lanes],
        sums: &[Lanes; TOGETHER],
        below: &mut Lanes,
    ) -> [Lanes; TOGETHER] {
        let mut columns = Columns::new(&self.scale, sums);
        let [x0, x1, x2] = chunk(left, column);
        let [y0, y1, y2] = chunk(right, 0);
        columns.add(0, 0, *x0, *y0);
        columns.add(1, 1, *x0, *y1);
        columns.add(0, 2, *x0, *y2);
        columns.add(0, 1, *x1, *y0);
        columns.add(1, 2, *x1, *y1);
        columns.add(0, 2, *x2, *y0);
        columns.add_tiles(column / TOGETHER, left, right, 0, column);
        columns.into_sums(&self.scale, below)
    }

    /// The sums of columns from `column` above the numbers' length on, of `left * right`, and of `sums`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn upper_columns<const PLACE: u8>(
        &self,
        column: usize,
        left: &[Lanes],
        right: &[Lanes],
        sums: &[Lanes; TOGETHER],
        below: &mut Lanes,
    ) -> [Lanes; TOGETHER] {
        let mut columns = Columns::new(&self.scale, sums);
        let last = self.length() - TOGETHER;
        add_corner(&mut columns, chunk(left, column), chunk(right, last));
        columns.add_tiles((last - column) / TOGETHER, left, right, column + TOGETHER, last);
        columns.into_sums(&self.scale, below)
    }

    /// The sums of columns from `column` on of `number * number`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn square_columns(
        &self,
        column: usize,
        number: &[Lanes],
        twice: &[Lanes],
        below: &mut Lanes,
    ) -> [Lanes; TOGETHER] {
        let mut columns = Columns::new(&self.scale, &[_mm256_setzero_pd(); TOGETHER]);
        let last = self.length() - TOGETHER;
        // The place of the first tile, and where it meets the other side.
        let (first, end) = match column.checked_sub(self.length()) {
            None => (0, column),
            Some(column) if column == last => {
                let ([_, t1, _], [_, _, x2]) = (chunk(twice, last), chunk(number, last));
                columns.add(0, 0, *t1, *x2);
                columns.add(0, 1, *x2, *x2);
                return columns.into_sums(&self.scale, below);
            }
            Some(column) => {
                add_corner(&mut columns, chunk(twice, column), chunk(number, last));
                (column + TOGETHER, last)
            }
        };
        // Each tile comes nearer by two tiles' lengths, until the diagonal is in it or beside it.
        let tiles = (end - first) / (2 * TOGETHER);
        let middle = first + tiles * TOGETHER;
        let ([t0, t1, t2], [x0, x1, x2]) = (chunk(twice, middle), chunk(number, middle));
        if (end - first) % (2 * TOGETHER) == 0 {
            columns.add(0, 0, *x0, *x0);
            columns.add(0, 1, *t0, *x1);
            columns.add(0, 2, *t0, *x2);
            columns.add(1, 2, *x1, *x1);
        } else {
            let [x3, x4, x5] = chunk(number, middle + TOGETHER);
            columns.add(0, 0, *t0, *x3);
            columns.add(0, 1, *t0, *x4);
            columns.add(0, 2, *t0, *x5);
            columns.add(1, 0, *t1, *x2);
            columns.add(1, 1, *t1, *x3);
            columns.add(1, 2, *t1, *x4);
            columns.add(0, 1, *x2, *x2);
            columns.add(0, 2, *t2, *x3);
        }
        columns.add_tiles(tiles, twice, number, first, end);
        columns.into_sums(&self.scale, below)
    }
}

/// The limbs from `place` on.
#[inline]
fn chunk(limbs: &[Lanes], place: usize) -> &[Lanes; TOGETHER] {
    limbs[place..].first_chunk().expect("places of tiles are within a number")
}

/// The products at a number's highest limbs.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_corner(columns: &mut Columns, left: &[Lanes; TOGETHER], right: &[Lanes; TOGETHER]) {
    columns.add(0, 0, left[1], right[2]);
    columns.add(1, 0, left[2], right[1]);
    columns.add(1, 1, left[2], right[2]);
}
