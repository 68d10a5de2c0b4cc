//! DSA keys of 2048 and 256 bits in OpenSSL's form. They are only made and passed on: certificates cannot use them.

use num_bigint::BigUint;

use super::{
    KeyError,
    montgomery::power,
    primes::{NEVER, Random, prime, prime_one_above_multiple, random_below},
    rsa::{positive, write_positive},
};

const MODULUS_BITS: u32 = 2048;
const ORDER_BITS: u32 = 256;

/// The numbers as OpenSSL orders them: p, q, g, y, x.
#[derive(Debug)]
pub(crate) struct DsaKey([BigUint; 5]);

impl DsaKey {
    /// New parameters and a key for them.
    pub(crate) fn generate(random: &Random<'_>) -> Result<Self, KeyError> {
        let order = prime(ORDER_BITS, random, &NEVER, |_| true)?.ok_or(KeyError::NoPrime(0))?;
        let modulus = prime_one_above_multiple(MODULUS_BITS, &(&order * 2_u8), random)?;
        let cofactor = (&modulus - 1_u8) / &order;
        // 2 is a generator's root but for a chance of one in the order.
        let generator = power(&BigUint::from(2_u8), &cofactor, &modulus);
        let private = random_below(&order, random);
        let public = power(&generator, &private, &modulus);
        Ok(Self([modulus, order, generator, public, private]))
    }

    /// Reads OpenSSL's form.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let parsed = yasna::parse_ber(der, |reader| {
            reader.read_sequence(|reader| {
                reader.next().read_i64()?;
                let mut number = || positive(reader);
                Ok(Self([number()?, number()?, number()?, number()?, number()?]))
            })
        });
        parsed.map_err(|error| KeyError::malformed("DSA", error))
    }

    /// Writes OpenSSL's form.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                self.0.iter().for_each(|number| write_positive(writer, number));
            });
        })
    }
}
