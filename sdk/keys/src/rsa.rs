//! RSA keys in PKCS #1's form, and signatures by PKCS #1 v1.5 over SHA-256.
//!
//! Signing is done here, because the crate that could do it refuses keys below 2048 and above 4096 bits, which Go
//! takes.

use num_bigint::BigUint;
use ring::digest::{SHA256, digest};
use yasna::{ASN1Result, BERReaderSeq, DERWriterSeq, models::ObjectIdentifier};

use super::{KeyError, montgomery::power, primes::Random, stock::Stock};

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
}

impl RsaKey {
    /// A key with the exponent 65537 and a modulus as long as the stock is for.
    pub(crate) fn generate(stock: &Stock, random: &Random<'_>) -> Result<Self, KeyError> {
        let public = BigUint::from(EXPONENT);
        let mut primes = stock.pair(random)?;
        primes.sort_by(|left, right| right.cmp(left));
        let [p, q] = &primes;
        let totient = (p - 1_u8) * (q - 1_u8);
        let private = public.modinv(&totient).ok_or(KeyError::NoPrime(primes.len()))?;
        Ok(Self { modulus: p * q, public, private, primes })
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
                while reader.read_optional(|reader| reader.read_der())?.is_some() {}
                Ok((version, Self { modulus, public, private, primes: [p, q] }))
            })
        });
        let (version, key) = parsed.map_err(|error| malformed(&error.to_string()))?;
        if version != 0 {
            return Err(malformed("x509: only two-prime RSA private keys are supported"));
        }
        let one = BigUint::from(1_u8);
        let consistent = &key.primes[0] * &key.primes[1] == key.modulus
            && key.primes.iter().all(|prime| {
                *prime > one && (&key.public * &key.private) % (prime - 1_u8) == &one % (prime - 1_u8)
            });
        if consistent && key.modulus.bit(0) {
            Ok(key)
        } else {
            Err(malformed("crypto/rsa: invalid private key"))
        }
    }

    /// Writes PKCS #1.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let [p, q] = &self.primes;
        let coefficient = q.modinv(p).unwrap_or_default();
        let exponents = [&self.private % (p - 1_u8), &self.private % (q - 1_u8)];
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                for number in [&self.modulus, &self.public, &self.private, p, q, &exponents[0], &exponents[1]]
                {
                    write_positive(writer, number);
                }
                write_positive(writer, &coefficient);
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

    /// `number` to the private exponent, by way of both primes.
    fn private_power(&self, number: &BigUint) -> BigUint {
        let [p, q] = &self.primes;
        let modulo = |prime: &BigUint| power(&(number % prime), &(&self.private % (prime - 1_u8)), prime);
        let (at_p, at_q) = (modulo(p), modulo(q));
        let difference = (&at_p + p - &at_q % p) % p;
        at_q + q * (difference * q.modinv(p).unwrap_or_default() % p)
    }
}

/// A positive integer of a sequence.
pub(crate) fn positive(reader: &mut BERReaderSeq<'_, '_>) -> ASN1Result<BigUint> {
    let (bytes, nonnegative) = reader.next().read_bigint_bytes()?;
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
