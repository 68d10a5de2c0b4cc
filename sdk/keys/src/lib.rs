//! Private keys that charts make or bring: RSA, DSA, ECDSA and Ed25519. In: the environment's randomness, or PEM.
//! Out: PEM as Go writes it, public keys and signatures for certificates.
//!
//! Primes are searched here, because no maintained crate searches them with randomness of the caller's at the
//! speed that charts with several keys need; the arithmetic is not constant-time, which is all right for keys that
//! a command makes for its own user and nobody can time.

mod dsa;
mod elliptic;
mod lanes;
mod montgomery;
mod pem;
mod primes;
mod rsa;
mod sieve;
mod stock;

pub use self::pem::{decode as decode_pem, encode as encode_pem};
pub use primes::Random;
pub use stock::Stock;

use thiserror::Error;
use yasna::models::ObjectIdentifier;

use self::{dsa::DsaKey, elliptic::EcKey, rsa::RsaKey};

/// Why a key could not be made, read or used; the words are Go's where it has any.
#[derive(Clone, Debug, Error)]
pub enum KeyError {
    /// No PEM block.
    #[error("no PEM data in input")]
    NoPem,
    /// A PEM block that holds no private key.
    #[error("no private key data in PEM block of type {0}")]
    NotPrivate(String),
    /// A kind of private key that Go's PEM reader does not know.
    #[error("invalid private key type {0}")]
    UnknownType(String),
    /// A block whose content is not what its type says.
    #[error("parsing {kind} private key from PEM: {problem}")]
    Malformed {
        /// `RSA`, `EC`, `DSA`, `PKCS#8`.
        kind: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A DSA key, which certificates cannot have.
    #[error("x509: certificate private key does not implement crypto.Signer")]
    CannotSign,
    /// Randomness that never yields a prime.
    #[error("no prime found in {0} attempts: the source of randomness is not random")]
    NoPrime(usize),
}

impl KeyError {
    fn malformed(kind: &'static str, problem: impl ToString) -> Self {
        Self::Malformed { kind, problem: problem.to_string() }
    }
}

/// A private key.
#[derive(Debug)]
pub struct PrivateKey(Kind);

#[derive(Debug)]
enum Kind {
    Rsa(RsaKey),
    Dsa(DsaKey),
    Elliptic(EcKey),
    /// The seed.
    Ed25519([u8; 32]),
}

/// What a new key shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewKey {
    /// RSA with a modulus of this many bits, an even number of at least 512.
    Rsa(u32),
    /// DSA with 2048 and 256 bits.
    Dsa,
    /// ECDSA on P-256.
    P256,
    /// Ed25519.
    Ed25519,
}

/// How a signature's algorithm is named in a certificate.
pub struct SignatureAlgorithm {
    /// The object identifier.
    pub oid: ObjectIdentifier,
    /// Whether a NULL follows it.
    pub null: bool,
}

const ED25519: &[u64] = &[1, 3, 101, 112];

impl PrivateKey {
    /// Makes a key.
    ///
    /// # Errors
    /// Only if `random` is not random.
    pub fn generate(kind: NewKey, random: &Random<'_>) -> Result<Self, KeyError> {
        Ok(Self(match kind {
            NewKey::Rsa(bits) => return Self::generate_rsa(&Stock::start(bits, 1, random), random),
            NewKey::Dsa => Kind::Dsa(DsaKey::generate(random)?),
            NewKey::P256 => Kind::Elliptic(EcKey::generate(random)?),
            NewKey::Ed25519 => {
                let mut seed = [0; 32];
                random(&mut seed);
                Kind::Ed25519(seed)
            }
        }))
    }

    /// Makes an RSA key of primes that are in stock or come next.
    ///
    /// # Errors
    /// Only if `random` is not random.
    pub fn generate_rsa(stock: &Stock, random: &Random<'_>) -> Result<Self, KeyError> {
        Ok(Self(Kind::Rsa(RsaKey::generate(stock, random)?)))
    }

    /// Reads the first PEM block of `text`.
    ///
    /// # Errors
    /// When there is none, or it holds no private key of a known kind.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let block = decode_pem(text).ok_or(KeyError::NoPem)?;
        let kind = match block.tag.as_str() {
            "PRIVATE KEY" => return Self::from_pkcs8(&block.contents),
            other => {
                other.strip_suffix(" PRIVATE KEY").ok_or_else(|| KeyError::NotPrivate(other.to_owned()))?
            }
        };
        Ok(Self(match kind {
            "RSA" => Kind::Rsa(RsaKey::from_der(&block.contents)?),
            "EC" => Kind::Elliptic(EcKey::from_der(&block.contents, None)?),
            "DSA" => Kind::Dsa(DsaKey::from_der(&block.contents)?),
            other => return Err(KeyError::UnknownType(other.to_owned())),
        }))
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |problem: String| KeyError::malformed("PKCS#8", problem);
        let parsed = yasna::parse_ber(der, |reader| {
            reader.read_sequence(|reader| {
                reader.next().read_u8()?;
                let algorithm = reader.next().read_sequence(|reader| {
                    let algorithm = reader.next().read_oid()?;
                    Ok((algorithm, reader.read_optional(|reader| reader.read_der())?))
                })?;
                let key = reader.next().read_bytes()?;
                // Attributes and a public key may follow; Go ignores them.
                while reader.read_optional(|reader| reader.read_der())?.is_some() {}
                Ok((algorithm, key))
            })
        });
        let ((algorithm, parameters), key) = parsed.map_err(|error| malformed(error.to_string()))?;
        if algorithm == rsa::algorithm() {
            return Ok(Self(Kind::Rsa(RsaKey::from_der(&key)?)));
        }
        if algorithm == elliptic::algorithm() {
            let curve = parameters.and_then(|der| yasna::parse_der(&der, |reader| reader.read_oid()).ok());
            return Ok(Self(Kind::Elliptic(EcKey::from_der(&key, curve.as_ref())?)));
        }
        if algorithm == ObjectIdentifier::from_slice(ED25519) {
            let seed = yasna::parse_der(&key, |reader| reader.read_bytes()).ok();
            let seed = seed.and_then(|seed| seed.try_into().ok());
            return Ok(Self(Kind::Ed25519(
                seed.ok_or_else(|| malformed("invalid Ed25519 private key".to_owned()))?,
            )));
        }
        Err(malformed(format!("PKCS#8 wrapping contained private key with unknown algorithm: {algorithm}")))
    }

    /// The key as sprig writes it: PKCS#1 for RSA, SEC 1 for ECDSA, OpenSSL's form for DSA, PKCS#8 for Ed25519.
    pub fn to_pem(&self) -> String {
        match &self.0 {
            Kind::Rsa(key) => encode_pem("RSA PRIVATE KEY", &key.to_der()),
            Kind::Dsa(key) => encode_pem("DSA PRIVATE KEY", &key.to_der()),
            Kind::Elliptic(key) => encode_pem("EC PRIVATE KEY", &key.to_der()),
            Kind::Ed25519(seed) => encode_pem("PRIVATE KEY", &ed25519_pkcs8(seed)),
        }
    }

    /// The public key as a certificate holds it (`SubjectPublicKeyInfo`), and its bits alone.
    ///
    /// # Errors
    /// [`KeyError::CannotSign`] for DSA.
    pub fn public(&self) -> Result<PublicKey, KeyError> {
        match &self.0 {
            Kind::Rsa(key) => Ok(PublicKey::new(&rsa::algorithm(), Some(Parameter::Null), key.public_der())),
            Kind::Elliptic(key) => Ok(PublicKey::new(
                &elliptic::algorithm(),
                Some(Parameter::Oid(key.curve())),
                key.public_point(),
            )),
            Kind::Ed25519(seed) => {
                let algorithm = ObjectIdentifier::from_slice(ED25519);
                Ok(PublicKey::new(&algorithm, None, ed25519_pair(seed)?.1))
            }
            Kind::Dsa(_) => Err(KeyError::CannotSign),
        }
    }

    /// The algorithm this key signs with, and the signature of `message`.
    ///
    /// # Errors
    /// [`KeyError::CannotSign`] for DSA.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Kind::Rsa(key) => key.sign_sha256(message),
            Kind::Elliptic(key) => key.sign(message),
            Kind::Ed25519(seed) => Ok(ed25519_pair(seed)?.0.sign(message).as_ref().to_vec()),
            Kind::Dsa(_) => Err(KeyError::CannotSign),
        }
    }

    /// The algorithm that [`Self::sign`] uses.
    ///
    /// # Errors
    /// [`KeyError::CannotSign`] for DSA.
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm, KeyError> {
        Ok(match &self.0 {
            Kind::Rsa(_) => SignatureAlgorithm { oid: rsa::with_sha256(), null: true },
            Kind::Elliptic(key) => SignatureAlgorithm { oid: key.signature_algorithm(), null: false },
            Kind::Ed25519(_) => {
                SignatureAlgorithm { oid: ObjectIdentifier::from_slice(ED25519), null: false }
            }
            Kind::Dsa(_) => return Err(KeyError::CannotSign),
        })
    }
}

/// A public key.
pub struct PublicKey {
    /// `SubjectPublicKeyInfo`.
    pub der: Vec<u8>,
    /// The bits of the key alone, from which a key identifier is made.
    pub bits: Vec<u8>,
}

enum Parameter {
    Null,
    Oid(ObjectIdentifier),
}

impl PublicKey {
    fn new(algorithm: &ObjectIdentifier, parameter: Option<Parameter>, bits: Vec<u8>) -> Self {
        let der = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(algorithm);
                    match &parameter {
                        Some(Parameter::Null) => writer.next().write_null(),
                        Some(Parameter::Oid(oid)) => writer.next().write_oid(oid),
                        None => {}
                    }
                });
                writer.next().write_bitvec_bytes(&bits, bits.len() * 8);
            });
        });
        Self { der, bits }
    }
}

fn ed25519_pair(seed: &[u8]) -> Result<(ring::signature::Ed25519KeyPair, Vec<u8>), KeyError> {
    use ring::signature::KeyPair;
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|error| KeyError::malformed("PKCS#8", error))?;
    let public = pair.public_key().as_ref().to_vec();
    Ok((pair, public))
}

fn ed25519_pkcs8(seed: &[u8]) -> Vec<u8> {
    let inner = yasna::construct_der(|writer| writer.write_bytes(seed));
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(0);
            writer
                .next()
                .write_sequence(|writer| writer.next().write_oid(&ObjectIdentifier::from_slice(ED25519)));
            writer.next().write_bytes(&inner);
        });
    })
}
