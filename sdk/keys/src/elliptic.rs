//! ECDSA keys on P-256, P-384 and P-521 in SEC 1's form. Signatures are deterministic (RFC 6979).

use p256::ecdsa::signature::Signer;
use yasna::{Tag, models::ObjectIdentifier};

use super::{
    KeyError,
    primes::{MAX_ATTEMPTS, Random},
};

/// `id-ecPublicKey`.
pub(crate) fn algorithm() -> ObjectIdentifier {
    ObjectIdentifier::from_slice(&[1, 2, 840, 10_045, 2, 1])
}

const P256: &[u64] = &[1, 2, 840, 10_045, 3, 1, 7];
const P384: &[u64] = &[1, 3, 132, 0, 34];
const P521: &[u64] = &[1, 3, 132, 0, 35];

/// A key on one of the curves.
#[derive(Debug)]
pub(crate) enum EcKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

impl EcKey {
    /// A key on P-256.
    pub(crate) fn generate(random: &Random<'_>) -> Result<Self, KeyError> {
        let mut secret = [0; 32];
        for _ in 0..MAX_ATTEMPTS {
            random(&mut secret);
            // Nearly every number of 256 bits is in the curve's range.
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&secret) {
                return Ok(Self::P256(key));
            }
        }
        Err(KeyError::NoPrime(MAX_ATTEMPTS))
    }

    /// Reads SEC 1; `curve` is the one that a PKCS #8 wrapping names.
    pub(crate) fn from_der(der: &[u8], curve: Option<&ObjectIdentifier>) -> Result<Self, KeyError> {
        let parsed = yasna::parse_ber(der, |reader| {
            reader.read_sequence(|reader| {
                reader.next().read_u8()?;
                let secret = reader.next().read_bytes()?;
                let named = reader.read_optional(|reader| {
                    reader.read_tagged(Tag::context(0), |reader| reader.read_oid())
                })?;
                reader.read_optional(|reader| {
                    reader.read_tagged(Tag::context(1), |reader| reader.read_der())
                })?;
                Ok((secret, named))
            })
        });
        let (secret, named) = parsed.map_err(|error| KeyError::malformed("EC", error))?;
        let curve =
            curve.or(named.as_ref()).ok_or_else(|| KeyError::malformed("EC", "unknown elliptic curve"))?;
        let bad = |_| KeyError::malformed("EC", "invalid private key value");
        match curve.components().as_slice() {
            P256 => p256::ecdsa::SigningKey::from_slice(&sized(secret, 32)).map(Self::P256).map_err(bad),
            P384 => p384::ecdsa::SigningKey::from_slice(&sized(secret, 48)).map(Self::P384).map_err(bad),
            P521 => p521::ecdsa::SigningKey::from_slice(&sized(secret, 66)).map(Self::P521).map_err(bad),
            _ => Err(KeyError::malformed("EC", "unknown elliptic curve")),
        }
    }

    /// Writes SEC 1, with curve and public key.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let secret = match self {
            Self::P256(key) => key.to_bytes().to_vec(),
            Self::P384(key) => key.to_bytes().to_vec(),
            Self::P521(key) => key.to_bytes().to_vec(),
        };
        let public = self.public_point();
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(1);
                writer.next().write_bytes(&secret);
                writer.next().write_tagged(Tag::context(0), |writer| writer.write_oid(&self.curve()));
                writer.next().write_tagged(Tag::context(1), |writer| {
                    writer.write_bitvec_bytes(&public, public.len() * 8)
                });
            });
        })
    }

    /// The curve's identifier.
    pub(crate) fn curve(&self) -> ObjectIdentifier {
        ObjectIdentifier::from_slice(match self {
            Self::P256(_) => P256,
            Self::P384(_) => P384,
            Self::P521(_) => P521,
        })
    }

    /// The public point, uncompressed.
    pub(crate) fn public_point(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P521(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// `ecdsa-with-SHA256`, `-SHA384` or `-SHA512`, by the curve's size.
    pub(crate) fn signature_algorithm(&self) -> ObjectIdentifier {
        let digest = match self {
            Self::P256(_) => 2,
            Self::P384(_) => 3,
            Self::P521(_) => 4,
        };
        ObjectIdentifier::from_slice(&[1, 2, 840, 10_045, 4, 3, digest])
    }

    /// A signature of `message` as a sequence of two integers.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |error| KeyError::malformed("EC", error);
        let halves = match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_bytes().to_vec()
            }
            Self::P521(key) => {
                let signature: p521::ecdsa::Signature = key.try_sign(message).map_err(failed)?;
                signature.to_bytes().to_vec()
            }
        };
        let (first, second) = halves.split_at(halves.len() / 2);
        Ok(yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_bigint_bytes(first, true);
                writer.next().write_bigint_bytes(second, true);
            });
        }))
    }
}

/// `secret` as a number of exactly `length` bytes: zeros in front are added or, if there are too many, removed.
fn sized(secret: Vec<u8>, length: usize) -> Vec<u8> {
    let excess = secret.len().saturating_sub(length);
    let zeros = secret.iter().take_while(|byte| **byte == 0).count();
    let kept = &secret[excess.min(zeros)..];
    [vec![0; length.saturating_sub(kept.len())], kept.to_vec()].concat()
}
