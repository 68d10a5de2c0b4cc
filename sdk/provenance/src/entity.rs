//! One person's key: the primary key, the names it goes by, the keys below it, and what it says of all these.
//! In: packets that belong together. Out: the entity, every statement of it verified; other people's statements do not
//! count.

use pgp::{
    crypto::public_key::PublicKeyAlgorithm,
    packet::{
        KeyFlags, Packet, PublicKey, PublicSubkey, SecretKey, Signature, SignatureType, SubpacketData, UserId,
    },
    types::{KeyDetails, KeyId, Tag},
};

use crate::Error;

/// A person's key.
#[derive(Debug)]
pub(crate) struct Entity {
    pub primary: PublicKey,
    /// The same with what signs; `None` of a public key.
    pub secret: Option<SecretKey>,
    pub identities: Vec<Identity>,
    pub subkeys: Vec<Subkey>,
    /// By which the key is taken back.
    pub revocations: Vec<Signature>,
}

/// A name that the key itself vouches for.
#[derive(Debug)]
pub(crate) struct Identity {
    pub name: String,
    /// What the key says of itself under this name.
    pub statement: Signature,
    pub revocations: Vec<Signature>,
}

/// A key below the primary one.
#[derive(Debug)]
pub(crate) struct Subkey {
    pub key: PublicSubkey,
    /// What the primary key says of it.
    pub binding: Signature,
    pub revocations: Vec<Signature>,
}

/// What a signature that comes next is about.
enum About {
    Key,
    Name(UserId, Vec<Signature>),
    Subkey(Box<PublicSubkey>, Vec<Signature>),
}

fn data(text: impl Into<String>) -> Error {
    Error::Data(text.into())
}

impl Entity {
    /// From a primary key and what follows it.
    ///
    /// # Errors
    /// Something that cannot be read, or a statement that the key has not made.
    pub(crate) fn build(packets: Vec<Result<Packet, Error>>) -> Result<Entity, Error> {
        let mut packets = packets.into_iter();
        let (primary, secret) = match packets.next() {
            Some(Ok(Packet::PublicKey(key))) => (key, None),
            Some(Ok(Packet::SecretKey(key))) => (key.public_key().clone(), Some(key)),
            Some(Err(error)) => return Err(error),
            _ => return Err(data("first packet was not a public/private key")),
        };
        if !can_sign(primary.algorithm()) {
            return Err(data("primary key cannot be used for signatures"));
        }
        let mut entity =
            Entity { primary, secret, identities: Vec::new(), subkeys: Vec::new(), revocations: Vec::new() };
        let mut about = About::Key;
        for packet in packets {
            let next = match packet? {
                Packet::Signature(signature) => {
                    match &mut about {
                        About::Key => entity.take_back(signature)?,
                        About::Name(_, signatures) | About::Subkey(_, signatures) => {
                            signatures.push(signature)
                        }
                    }
                    continue;
                }
                Packet::UserId(name) => About::Name(name, Vec::new()),
                Packet::PublicSubkey(key) => About::Subkey(Box::new(key), Vec::new()),
                Packet::SecretSubkey(key) => About::Subkey(Box::new(key.public_key().clone()), Vec::new()),
                Packet::UserAttribute(_) => About::Key,
                _ => continue,
            };
            entity.add(std::mem::replace(&mut about, next))?;
        }
        entity.add(about)?;
        match entity.identities.is_empty() {
            true => Err(data("v4 entity without any identities")),
            false => Ok(entity),
        }
    }

    fn add(&mut self, about: About) -> Result<(), Error> {
        match about {
            About::Key => Ok(()),
            About::Name(name, signatures) => self.add_name(&name, signatures),
            About::Subkey(key, signatures) => self.add_subkey(*key, signatures),
        }
    }

    fn take_back(&mut self, signature: Signature) -> Result<(), Error> {
        if signature.typ() == Some(SignatureType::KeyRevocation) {
            let verified = signature.verify_key(&self.primary);
            verified.map_err(|_| data("revocation signature signed by alternate key"))?;
            self.revocations.push(signature);
        }
        Ok(())
    }

    fn add_name(&mut self, name: &UserId, signatures: Vec<Signature>) -> Result<(), Error> {
        let mut statement: Option<Signature> = None;
        let mut revocations = Vec::new();
        for signature in signatures {
            let is_revocation = signature.typ() == Some(SignatureType::CertRevocation);
            if !signature.is_certification() && !is_revocation {
                return Err(data("user ID signature with wrong type"));
            }
            if !is_by(&signature, &self.primary) {
                continue;
            }
            let verified = signature.verify_certification(&self.primary, Tag::UserId, name);
            verified.map_err(|error| data(format!("user ID self-signature invalid: {error}")))?;
            if is_revocation {
                revocations.push(signature);
            } else if statement.as_ref().is_none_or(|last| signature.created() > last.created()) {
                statement = Some(signature);
            }
        }
        if let Some(statement) = statement {
            let name = String::from_utf8_lossy(name.id()).into_owned();
            self.identities.push(Identity { name, statement, revocations });
        }
        Ok(())
    }

    fn add_subkey(&mut self, key: PublicSubkey, signatures: Vec<Signature>) -> Result<(), Error> {
        let invalid = |error: &dyn std::fmt::Display| data(format!("subkey signature invalid: {error}"));
        let mut binding: Option<Signature> = None;
        let mut revocations = Vec::new();
        for signature in signatures {
            let is_binding = signature.typ() == Some(SignatureType::SubkeyBinding);
            if !is_binding && signature.typ() != Some(SignatureType::SubkeyRevocation) {
                return Err(data("subkey signature with wrong type"));
            }
            signature.verify_subkey_binding(&self.primary, &key).map_err(|error| invalid(&error))?;
            if !is_binding {
                revocations.push(signature);
                continue;
            }
            // A key that signs must itself agree to belong to the primary one.
            if may_sign(&signature) {
                let agreement = signature.embedded_signature();
                let agreement =
                    agreement.ok_or_else(|| invalid(&"signing subkey is missing cross-signature"))?;
                let verified = agreement.verify_primary_key_binding(&key, &self.primary);
                verified.map_err(|error| invalid(&error))?;
            }
            if binding.as_ref().is_none_or(|last| signature.created() > last.created()) {
                binding = Some(signature);
            }
        }
        let binding = binding.ok_or_else(|| data("subkey packet not followed by signature"))?;
        self.subkeys.push(Subkey { key, binding, revocations });
        Ok(())
    }

    /// The name that counts most: one not taken back, marked as the first, or stated last.
    pub(crate) fn first_identity(&self) -> &Identity {
        let rank = |one: &Identity| {
            (std::cmp::Reverse(one.revocations.len()), one.statement.is_primary(), one.statement.created())
        };
        let best = self.identities.iter().reduce(|best, one| if rank(one) > rank(best) { one } else { best });
        best.expect("an entity is only built with a name")
    }

    /// The names that the key goes by.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.identities.iter().map(|one| one.name.as_str())
    }
}

/// Whether a signature says that this key has made it.
pub(crate) fn is_by(signature: &Signature, key: &impl KeyDetails) -> bool {
    signature.issuer_key_id().iter().any(|id| **id == key.legacy_key_id())
        || signature.issuer_fingerprint().iter().any(|one| **one == key.fingerprint())
}

/// Who says to have made a signature.
pub(crate) fn issuer(signature: &Signature) -> Option<KeyId> {
    let id = signature.issuer_key_id().first().map(|id| **id);
    id.or_else(|| {
        let fingerprint = signature.issuer_fingerprint().first().copied()?;
        Some(KeyId::from(*fingerprint.as_bytes().last_chunk::<8>()?))
    })
}

/// Whether a statement about a key lets it sign.
pub(crate) fn may_sign(statement: &Signature) -> bool {
    let flags = statement.config().and_then(|config| {
        config.hashed_subpackets().find_map(|one| match &one.data {
            SubpacketData::KeyFlags(flags) => Some(flags),
            _ => None,
        })
    });
    flags.is_some_and(KeyFlags::sign)
}

fn can_sign(algorithm: PublicKeyAlgorithm) -> bool {
    name_of(algorithm).is_some()
}

/// What messages call an algorithm that signs.
pub(crate) fn name_of(algorithm: PublicKeyAlgorithm) -> Option<&'static str> {
    Some(match algorithm {
        PublicKeyAlgorithm::RSA | PublicKeyAlgorithm::RSASign => "RSA",
        PublicKeyAlgorithm::DSA => "DSA",
        PublicKeyAlgorithm::ECDSA => "ECDSA",
        PublicKeyAlgorithm::EdDSALegacy => "EdDSA",
        PublicKeyAlgorithm::Ed25519 => "Ed25519",
        PublicKeyAlgorithm::Ed448 => "Ed448",
        _ => return None,
    })
}
