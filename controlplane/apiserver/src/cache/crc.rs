//! CRC-32 of bytes that follow each other, out of the CRCs of the parts.
//!
//! A CRC-32 is the remainder of a polynomial over GF(2) after division by that of IEEE 802.3. So the CRC of two parts is that of the first one,
//! multiplied by x to as many bits as the second part has, plus that of the second. The power is the costly factor; whoever joins a part more
//! than once keeps it ([`Crc::shift`]). Polynomials are written as in gzip: the highest bit is the coefficient of x to the 0.

/// The polynomial of IEEE 802.3 without its highest term.
const POLYNOMIAL: u32 = 0xedb8_8320;
const ONE: u32 = 1 << 31;
/// x to the 8: a byte.
const BYTE: u32 = 1 << 23;

/// The CRC-32 of some bytes, ready to be put behind others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crc {
    sum: u32,
    /// x to as many bits as there are.
    shift: u32,
    length: u64,
}

impl Crc {
    /// Of nothing.
    pub(crate) const EMPTY: Crc = Crc { sum: 0, shift: ONE, length: 0 };

    /// Of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let length = bytes.len() as u64;
        Crc { sum: crc.sum(), shift: power(length), length }
    }

    /// Of these bytes and then those of `next`.
    pub(crate) fn then(self, next: Crc) -> Self {
        Crc {
            sum: product(self.sum, next.shift) ^ next.sum,
            shift: product(self.shift, next.shift),
            length: self.length + next.length,
        }
    }

    /// The CRC-32, as gzip has it.
    pub(crate) fn sum(self) -> u32 {
        self.sum
    }

    /// How many bytes there are.
    pub(crate) fn length(self) -> u64 {
        self.length
    }
}

/// x to the bits of so many bytes, by repeated squaring.
fn power(bytes: u64) -> u32 {
    let (mut result, mut square, mut left) = (ONE, BYTE, bytes);
    while left > 0 {
        if left & 1 == 1 {
            result = product(result, square);
        }
        square = product(square, square);
        left >>= 1;
    }
    result
}

/// The product of two polynomials, modulo [`POLYNOMIAL`].
fn product(left: u32, right: u32) -> u32 {
    let mut sum = 0;
    let mut term = right;
    for place in (0..u32::BITS).rev() {
        // Masks instead of branches: the bits are as good as random.
        sum ^= term & 0u32.wrapping_sub(left >> place & 1);
        term = (term >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(term & 1));
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_are_those_of_gzip() {
        for (bytes, expected) in [(&b""[..], 0), (b"a", 0xe8b7_be43), (b"123456789", 0xcbf4_3926)] {
            assert_eq!(Crc::of(bytes).sum(), expected);
        }
    }

    proptest! {
        #[test]
        fn parts_make_the_whole(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..9)) {
            let joined = parts.iter().fold(Crc::EMPTY, |sum, part| sum.then(Crc::of(part)));
            prop_assert_eq!(joined, Crc::of(&parts.concat()));
        }
    }
}
