//! Columns of products of four pairs of numbers, one in each lane of AVX2's registers.
//!
//! A limb is a whole number of at most half a limb's base above or below 0, in a `f64`. Fused multiplication and
//! addition gives both halves of a product of two limbs exactly: the sum of upper halves of a column begins with a
//! constant so large that a product which is added to it is rounded to a multiple of the limbs' base; what was rounded
//! off is the product less the growth of the sum, and is summed by itself. That takes four operations a product, in as
//! many of the processor's units. For a column there are two sums of upper halves, one beginning with the negative
//! constant, so that the processor need not wait for either.

use std::{
    arch::{
        asm,
        x86_64::{
            __m256d, _mm256_add_pd, _mm256_fmadd_pd, _mm256_fnmadd_pd, _mm256_set1_pd, _mm256_setzero_pd,
            _mm256_sub_pd,
        },
    },
    array,
};

/// A limb, or a sum, of each lane's number.
pub(super) type Lanes = __m256d;

/// Columns that are computed together, and rows of a tile.
pub(super) const TOGETHER: usize = 3;
/// As many limbs.
pub(super) type Chunk = [Lanes; TOGETHER];

/// Added and taken away, this rounds to the nearest whole number.
const ROUND: f64 = (3_u64 << 51) as f64;

/// What depends on the bits of a limb.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// What a sum of upper halves begins with.
    base: Lanes,
    /// The limbs' base and its inverse.
    up: Lanes,
    down: Lanes,
}

impl Scale {
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new(limb_bits: usize) -> Self {
        let up = (1_u64 << limb_bits) as f64;
        Self { base: _mm256_set1_pd(up * ROUND), up: _mm256_set1_pd(up), down: _mm256_set1_pd(1.0 / up) }
    }

    /// A sum as a limb and what it carries to the next.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn split(&self, sum: Lanes) -> (Lanes, Lanes) {
        let round = _mm256_set1_pd(ROUND);
        let over = _mm256_sub_pd(_mm256_fmadd_pd(sum, self.down, round), round);
        (_mm256_fnmadd_pd(over, self.up, sum), over)
    }
}

/// Makes limbs of sums of columns, the lowest first, each `changed` before.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn to_limbs(sums: &mut [Lanes], scale: &Scale, changed: impl Fn(Lanes) -> Lanes) {
    let mut carry = _mm256_setzero_pd();
    for sum in sums {
        let (rest, over) = scale.split(changed(*sum));
        (*sum, carry) = (_mm256_add_pd(rest, carry), over);
    }
}

/// Sums of some columns' products.
pub(super) struct Columns {
    upper: [Chunk; 2],
    lower: Chunk,
}

impl Columns {
    /// Columns with `sums` in them, each at most a limb.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn new(scale: &Scale, sums: &Chunk) -> Self {
        let negative = _mm256_sub_pd(_mm256_setzero_pd(), scale.base);
        Self { upper: [[scale.base; TOGETHER], [negative; TOGETHER]], lower: *sums }
    }

    /// Adds a product of limbs to a column; `set` says to which sum of upper halves.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn add(&mut self, set: usize, column: usize, left: Lanes, right: Lanes) {
        let upper = &mut self.upper[set][column];
        let sum = _mm256_fmadd_pd(left, right, *upper);
        let rest = _mm256_fmadd_pd(left, right, _mm256_sub_pd(*upper, sum));
        *upper = sum;
        self.lower[column] = _mm256_add_pd(self.lower[column], rest);
    }

    /// Adds `count` tiles: products of three limbs of `left` with limbs of `right`, so that the sum of both places is the
    /// column's. The first is at the chunks `first` and `end`; the next are one further on the left and before on the
    /// right, of which two limbs of the chunk before are part.
    ///
    /// By hand, because compilers keep rests for later, for which there are not enough registers.
    ///
    /// # Safety
    /// Chunks from `first` on, `count` of them, must be of `left`, and of `right` that many before `end`, and `end`.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn add_tiles(
        &mut self,
        count: usize,
        left: &[Chunk],
        first: usize,
        right: &[Chunk],
        end: usize,
    ) {
        debug_assert!(first + count <= left.len() && count <= end && end < right.len(), "tiles fit");
        if count == 0 {
            return;
        }
        let ([[a0, a1, a2], [b0, b1, b2]], [l0, l1, l2]) = (&mut self.upper, &mut self.lower);
        // SAFETY: reads what the caller says is there; limbs are aligned.
        unsafe {
            asm!(
                ".p2align 4",
                "2:",
                "vmovapd {x0}, [{left}]",
                "vmovapd {x1}, [{left} + 32]",
                "vmovapd {x2}, [{left} + 64]",
                // The first limb of the five: in column 0.
                "vmovapd {y}, [{right}]",
                "vfmadd213pd {y}, {x2}, {a0}",
                "vsubpd {a0}, {a0}, {y}",
                "vfmadd231pd {a0}, {x2}, [{right}]",
                "vaddpd {l0}, {l0}, {a0}",
                // The second: in columns 1 and 0, whose sum of upper halves is where the last limb was and goes back.
                "vmovapd {a0}, [{right} + 32]",
                "vmovapd {t}, {a1}",
                "vfmadd231pd {a1}, {x2}, {a0}",
                "vsubpd {t}, {t}, {a1}",
                "vfmadd231pd {t}, {x2}, {a0}",
                "vaddpd {l1}, {l1}, {t}",
                "vfmadd213pd {a0}, {x1}, {y}",
                "vsubpd {y}, {y}, {a0}",
                "vfmadd231pd {y}, {x1}, [{right} + 32]",
                "vaddpd {l0}, {l0}, {y}",
                // The third: in all columns.
                "vmovapd {y}, [{right} + 64]",
                "vmovapd {t}, {b0}",
                "vfmadd231pd {b0}, {x0}, {y}",
                "vsubpd {t}, {t}, {b0}",
                "vfmadd231pd {t}, {x0}, {y}",
                "vaddpd {l0}, {l0}, {t}",
                "vmovapd {t}, {b1}",
                "vfmadd231pd {b1}, {x1}, {y}",
                "vsubpd {t}, {t}, {b1}",
                "vfmadd231pd {t}, {x1}, {y}",
                "vaddpd {l1}, {l1}, {t}",
                "vmovapd {t}, {a2}",
                "vfmadd231pd {a2}, {x2}, {y}",
                "vsubpd {t}, {t}, {a2}",
                "vfmadd231pd {t}, {x2}, {y}",
                "vaddpd {l2}, {l2}, {t}",
                // The fourth and the fifth: in columns 1 and 2, as the second and the first.
                "vmovapd {y}, [{right} + 96]",
                "vmovapd {t}, {a1}",
                "vfmadd231pd {a1}, {x0}, {y}",
                "vsubpd {t}, {t}, {a1}",
                "vfmadd231pd {t}, {x0}, {y}",
                "vaddpd {l1}, {l1}, {t}",
                "vfmadd213pd {y}, {x1}, {b2}",
                "vsubpd {b2}, {b2}, {y}",
                "vfmadd231pd {b2}, {x1}, [{right} + 96]",
                "vaddpd {l2}, {l2}, {b2}",
                "vmovapd {b2}, [{right} + 128]",
                "vfmadd213pd {b2}, {x0}, {y}",
                "vsubpd {y}, {y}, {b2}",
                "vfmadd231pd {y}, {x0}, [{right} + 128]",
                "vaddpd {l2}, {l2}, {y}",
                "add {left}, 96",
                "sub {right}, 96",
                "dec {count}",
                "jnz 2b",
                left = inout(reg) left.as_ptr().add(first) => _,
                right = inout(reg) right.as_ptr().add(end).cast::<Lanes>().sub(2) => _,
                count = inout(reg) count => _,
                a0 = inout(ymm_reg) *a0, a1 = inout(ymm_reg) *a1, a2 = inout(ymm_reg) *a2,
                b0 = inout(ymm_reg) *b0, b1 = inout(ymm_reg) *b1, b2 = inout(ymm_reg) *b2,
                l0 = inout(ymm_reg) *l0, l1 = inout(ymm_reg) *l1, l2 = inout(ymm_reg) *l2,
                x0 = out(ymm_reg) _, x1 = out(ymm_reg) _, x2 = out(ymm_reg) _,
                y = out(ymm_reg) _, t = out(ymm_reg) _,
                options(readonly, nostack),
            );
        }
    }

    /// The columns' sums, with the upper halves of the column below them, which become those of the last.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn into_sums(self, scale: &Scale, below: &mut Lanes) -> Chunk {
        array::from_fn(|column| {
            let sum = _mm256_fmadd_pd(*below, scale.down, self.lower[column]);
            *below = _mm256_add_pd(self.upper[0][column], self.upper[1][column]);
            sum
        })
    }
}
