//! RSA keys in PKCS #1's form, and signatures by PKCS #1 v1.5 over SHA-256.
//!
//! Signing is done here, because the crate that could do it refuses keys below 2048 and above 4096 bits, which Go
//! takes.

use num_bigint::BigUint;
use ring::digest::{SHA256, digest};
use yasna::{ASN1Result, BERReader, BERReaderSeq, DERWriterSeq, models::ObjectIdentifier};

use super::{KeyError, lanes::Moduli, montgomery::power, primes::Random, sieve::inverse, stock::Stock};

pub(crate) const EXPONENT: u32 = 65_537;
/// What PKCS #1 puts before a SHA-256 digest: its `DigestInfo`.
const SHA256_PREFIX: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// `rsaEncryption`.
pub(crate) fn algorithm() -> ObjectIdentifier {
    ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 1, 1])
}

/// `sha256WithRSAEncryption`.
pub(crate) fn with_sha256() -> ObjectIdentifier {
    ObjectIdentifier::from_slice(&[1, 2, 840, 113_549, 1, 1, 11])
}

/// A key of two primes.
#[derive(Debug)]
pub(crate) struct RsaKey {
    modulus: BigUint,
    public: BigUint,
    private: BigUint,
    primes: [BigUint; 2],
    /// The inverse of the second prime modulo the first.
    coefficient: BigUint,
}

impl RsaKey {
    /// A key with the exponent 65537 and a modulus as long as the stock is for.
    pub(crate) fn generate(stock: &Stock, random: &Random<'_>) -> Result<Self, KeyError> {
        let public = BigUint::from(EXPONENT);
        let mut primes = stock.pair(random)?;
        primes.sort_by(|left, right| right.cmp(left));
        let [p, q] = &primes;
        let totient = (p - 1_u8) * (q - 1_u8);
        let private = inverse_of_exponent(&totient).ok_or(KeyError::NoPrime(primes.len()))?;
        let coefficient = q.modinv(p).ok_or(KeyError::NoPrime(primes.len()))?;
        Ok(Self { modulus: p * q, public, private, primes, coefficient })
    }

    /// Reads PKCS #1.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |problem: &str| KeyError::malformed("RSA", problem);
        let parsed = yasna::parse_ber(der, |reader| {
            reader.read_sequence(|reader| {
                let version = reader.next().read_u8()?;
                let mut number = || positive(reader);
                let [modulus, public, private, p, q] =
                    [number()?, number()?, number()?, number()?, number()?];
                // The exponents modulo what is one below the primes, then the coefficient, none of which is relied on.
                let mut rest = Vec::new();
                while let Some(der) = reader.read_optional(|reader| reader.read_der())? {
                    rest.push(der);
                }
                let coefficient = rest.get(2).and_then(|der| yasna::parse_ber(der, number_of).ok());
                let coefficient = coefficient.unwrap_or_default();
                Ok((version, Self { modulus, public, private, primes: [p, q], coefficient }))
            })
        });
        let (version, mut key) = parsed.map_err(|error| malformed(&error.to_string()))?;
        if version != 0 {
            return Err(malformed("x509: only two-prime RSA private keys are supported"));
        }
        let one = BigUint::from(1_u8);
        let consistent = &key.primes[0] * &key.primes[1] == key.modulus
            && key.primes.iter().all(|prime| {
                *prime > one && (&key.public * &key.private) % (prime - 1_u8) == &one % (prime - 1_u8)
            });
        if consistent && key.modulus.bit(0) {
            let [p, q] = &key.primes;
            if key.coefficient >= *p || &key.coefficient * q % p != one {
                key.coefficient = q.modinv(p).unwrap_or_default();
            }
            Ok(key)
        } else {
            Err(malformed("crypto/rsa: invalid private key"))
        }
    }

    /// Writes PKCS #1.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let [p, q] = &self.primes;
        let exponents = self.exponents();
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                for number in [&self.modulus, &self.public, &self.private, p, q, &exponents[0], &exponents[1]]
                {
                    write_positive(writer, number);
                }
                write_positive(writer, &self.coefficient);
            });
        })
    }

    /// `RSAPublicKey`.
    pub(crate) fn public_der(&self) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                write_positive(writer, &self.modulus);
                write_positive(writer, &self.public);
            });
        })
    }

    /// A signature of `message`.
    pub(crate) fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let length = self.modulus.bits().div_ceil(8) as usize;
        let suffix = [SHA256_PREFIX, digest(&SHA256, message).as_ref()].concat();
        let filling = length.checked_sub(suffix.len() + 3).filter(|filling| *filling >= 8);
        let filling = filling.ok_or_else(|| KeyError::malformed("RSA", "key too small for SHA-256"))?;
        let padded = [&[0, 1][..], &vec![0xff; filling], &[0], &suffix].concat();
        let signature = self.private_power(&BigUint::from_bytes_be(&padded)).to_bytes_be();
        Ok([vec![0; length - signature.len()], signature].concat())
    }

    /// The private exponent modulo what is one below each prime.
    fn exponents(&self) -> [BigUint; 2] {
        self.primes.each_ref().map(|prime| &self.private % (prime - 1_u8))
    }

    /// `number` to the private exponent, by way of both primes.
    fn private_power(&self, number: &BigUint) -> BigUint {
        let [p, q] = &self.primes;
        self.private_power_by(Moduli::new([p, q, p, q]), number)
    }

    /// The same, both at once where `moduli`, the primes, can be had.
    fn private_power_by(&self, moduli: Option<Moduli>, number: &BigUint) -> BigUint {
        let ([p, q], [at_p, at_q]) = (&self.primes, self.exponents());
        let bases = [number % p, number % q];
        let [at_p, at_q] = match moduli {
            Some(mut moduli) => {
                let [left, right] = bases;
                let bases = [left.clone(), right.clone(), left, right];
                let [left, right, ..] = moduli.powers(&bases, [&at_p, &at_q, &at_p, &at_q]);
                [left, right]
            }
            None => [power(&bases[0], &at_p, p), power(&bases[1], &at_q, q)],
        };
        let difference = (at_p + p - &at_q % p) % p;
        at_q + q * (difference * &self.coefficient % p)
    }
}

/// The inverse of the usual public exponent modulo `totient`, without division of large numbers by each other: the
/// multiple of the totient that is one below a multiple of the exponent gives it.
fn inverse_of_exponent(totient: &BigUint) -> Option<BigUint> {
    let rest = (totient % EXPONENT).iter_u32_digits().next().unwrap_or(0);
    let times = EXPONENT - inverse(rest, EXPONENT)?;
    Some((totient * times + 1_u8) / EXPONENT)
}

/// A positive integer of a sequence.
pub(crate) fn positive(reader: &mut BERReaderSeq<'_, '_>) -> ASN1Result<BigUint> {
    number_of(reader.next())
}

fn number_of(reader: BERReader<'_, '_>) -> ASN1Result<BigUint> {
    let (bytes, nonnegative) = reader.read_bigint_bytes()?;
    let number = BigUint::from_bytes_be(&bytes);
    if nonnegative && number.bits() > 0 {
        Ok(number)
    } else {
        Err(yasna::ASN1Error::new(yasna::ASN1ErrorKind::Invalid))
    }
}

/// Writes a positive integer into a sequence.
pub(crate) fn write_positive(writer: &mut DERWriterSeq<'_>, number: &BigUint) {
    writer.next().write_bigint_bytes(&number.to_bytes_be(), true);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::primes::expanded;

    fn key() -> RsaKey {
        let counter = Cell::new(0_u8);
        let random = move |bytes: &mut [u8]| {
            counter.set(counter.get() + 1);
            expanded([counter.get(); 32])(bytes);
        };
        RsaKey::generate(&Stock::start(1024, 1, &random), &random).expect("random")
    }

    #[test]
    fn numbers_of_a_key_belong_together() {
        let key = key();
        let [p, q] = &key.primes;
        let totient = (p - 1_u8) * (q - 1_u8);
        assert_eq!(Some(&key.private), key.public.modinv(&totient).as_ref());
        assert_eq!(Some(&key.coefficient), q.modinv(p).as_ref());
        let number = BigUint::from(3_u8).pow(600);
        let power = number.modpow(&key.private, &key.modulus);
        assert_eq!(key.private_power(&number), power);
        assert_eq!(key.private_power_by(None, &number), power);
    }

    #[test]
    fn a_coefficient_that_is_wrong_or_missing_is_computed() {
        let key = key();
        let right = key.to_der();
        for wrong in [BigUint::ZERO, &key.coefficient + 1_u8, &key.coefficient + &key.primes[0]] {
            let wrong = RsaKey { coefficient: wrong, ..RsaKey::from_der(&right).expect("our own") };
            assert_eq!(RsaKey::from_der(&wrong.to_der()).expect("consistent").to_der(), right);
        }
        let [p, q] = &key.primes;
        let short = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                for number in [&key.modulus, &key.public, &key.private, p, q] {
                    write_positive(writer, number);
                }
            });
        });
        assert_eq!(RsaKey::from_der(&short).expect("consistent").to_der(), right);
    }
}
