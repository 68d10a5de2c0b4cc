//! For processors that this is not written for: there are never any moduli, so that numbers are taken one by one.

use std::sync::atomic::AtomicBool;

use num_bigint::BigUint;

use super::LANES;

pub(crate) enum Moduli {}

impl Moduli {
    pub(crate) fn new(_: [&BigUint; LANES]) -> Option<Self> {
        None
    }

    pub(crate) fn powers_of_two(&self, _: &[BigUint; LANES], _: &AtomicBool) -> Option<[BigUint; LANES]> {
        match *self {}
    }

    pub(crate) fn powers(&self, _: &[BigUint; LANES], _: [&BigUint; LANES]) -> [BigUint; LANES] {
        match *self {}
    }
}
