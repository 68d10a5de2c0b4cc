//! Powers by squaring, whatever the arithmetic.

use std::{
    iter,
    sync::atomic::{AtomicBool, Ordering},
};

use num_bigint::BigUint;

use super::{Arithmetic, LANES};

/// Exponents are taken this many bits at a time.
const WINDOW_BITS: u64 = 5;

/// Powers modulo some numbers.
pub(super) trait Powers {
    /// 2 to the power of each exponent; none when `stopped`.
    fn of_two(&mut self, exponents: &[BigUint; LANES], stopped: &AtomicBool) -> Option<[BigUint; LANES]>;

    /// Each base, which is below its modulus, to the power of its exponent.
    fn of(&mut self, bases: &[BigUint; LANES], exponents: [&BigUint; LANES]) -> [BigUint; LANES];
}

impl<A: Arithmetic> Powers for A {
    fn of_two(&mut self, exponents: &[BigUint; LANES], stopped: &AtomicBool) -> Option<[BigUint; LANES]> {
        let words = exponents.iter().map(|exponent| exponent.iter_u64_digits().len()).max().unwrap_or(0);
        let digits = exponents.each_ref().map(|exponent| {
            exponent.iter_u64_digits().chain(iter::repeat(0)).take(words).collect::<Vec<_>>()
        });
        let mut result = self.raised(&ones());
        for word in (0..words).rev() {
            if stopped.load(Ordering::Relaxed) {
                return None;
            }
            for bit in (0..64).rev() {
                self.square(&mut result, digits.each_ref().map(|digits| digits[word] >> bit & 1));
            }
        }
        Some(self.plain(result))
    }

    fn of(&mut self, bases: &[BigUint; LANES], exponents: [&BigUint; LANES]) -> [BigUint; LANES] {
        let bases = self.raised(bases);
        let mut table = vec![self.raised(&ones()), bases.clone()];
        for index in 2..1 << WINDOW_BITS {
            let mut next = table[index - 1].clone();
            self.multiply(&mut next, &bases);
            table.push(next);
        }
        let bits = exponents.map(BigUint::bits).into_iter().max().unwrap_or(0);
        let mut result = table[0].clone();
        for window in (0..bits.div_ceil(WINDOW_BITS)).rev() {
            for _ in 0..WINDOW_BITS {
                self.square(&mut result, [0; LANES]);
            }
            let bit = |number: &BigUint, bit: u64| usize::from(number.bit(window * WINDOW_BITS + bit)) << bit;
            let windows = exponents.map(|number| (0..WINDOW_BITS).map(|index| bit(number, index)).sum());
            if windows != [0; LANES] {
                self.multiply(&mut result, &A::chosen(&table, windows));
            }
        }
        self.plain(result)
    }
}

fn ones() -> [BigUint; LANES] {
    [1_u8; LANES].map(BigUint::from)
}
