//! Who signed a text, and whether it counts. In: a keyring, the signed text, the time. Out: the signer and what was
//! signed.

use pgp::{
    packet::{Packet, RevocationCode, Signature, SubpacketData},
    types::{KeyDetails, Timestamp},
};

use crate::{
    Error, Keyring, armor,
    clear::Clear,
    entity::{Entity, Subkey, issuer, may_sign, name_of},
    packets::packets,
};

/// A text whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The text, with LF between its lines.
    pub text: String,
    /// The signer's names.
    pub names: Vec<String>,
    /// The signer's primary key: the fingerprint in capital hexadecimal digits.
    pub fingerprint: String,
}

/// The key that made a signature.
#[derive(Clone, Copy)]
struct Signed<'a> {
    by: &'a Entity,
    /// `None` for the primary key.
    with: Option<&'a Subkey>,
}

/// Opens a signed text; `now` is in seconds since 1970.
///
/// # Errors
/// There is no signature, none of a key in the keyring that may sign, the text was changed, or key or signature do not
/// count at this time.
pub fn open(keyring: &Keyring, signed_text: &[u8], now: u32) -> Result<Opened, Error> {
    let clear = Clear::find(signed_text).ok_or(Error::NoSignature)?;
    let mut blocks = armor::blocks(&clear.armored).map_err(|_| Error::NoSignature)?;
    let block = blocks.pop().ok_or(Error::NoSignature)?;
    for packet in packets(&block.bytes)? {
        let Packet::Signature(signature) = packet? else {
            return Err(Error::Data("non signature packet found".into()));
        };
        let issuer =
            issuer(&signature).ok_or_else(|| Error::Data("signature doesn't have an issuer".into()))?;
        let keys = signers(keyring, |key| key.legacy_key_id() == issuer);
        // The first signature that may be of somebody known decides.
        if !keys.is_empty() {
            let signed = check(&keys, &signature, &clear.signed)?;
            signed.counts(&signature, now)?;
            return Ok(opened(signed.by, &clear));
        }
    }
    Err(Error::UnknownSigner)
}

fn opened(by: &Entity, clear: &Clear) -> Opened {
    let fingerprint = by.primary.fingerprint().as_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    Opened { text: clear.plain(), names: by.names().map(String::from).collect(), fingerprint }
}

/// The keys that may sign and that `wanted` is about.
fn signers(keyring: &Keyring, wanted: impl Fn(&dyn KeyDetails) -> bool) -> Vec<Signed<'_>> {
    let mut found = Vec::new();
    for by in &keyring.entities {
        if wanted(&by.primary) && may_sign(&by.first_identity().statement) {
            found.push(Signed { by, with: None });
        }
        let subkeys = by.subkeys.iter().filter(|subkey| wanted(&subkey.key) && may_sign(&subkey.binding));
        found.extend(subkeys.map(|subkey| Signed { by, with: Some(subkey) }));
    }
    found
}

/// The key of these that made the signature over this text.
fn check<'a>(keys: &[Signed<'a>], signature: &Signature, text: &[u8]) -> Result<Signed<'a>, Error> {
    let verifies = |one: &&Signed<'a>| match one.with {
        None => signature.verify(&one.by.primary, text).is_ok(),
        Some(subkey) => signature.verify(&subkey.key, text).is_ok(),
    };
    let algorithm = signature.config().and_then(|config| name_of(config.pub_alg));
    let mismatch = || match algorithm {
        Some(algorithm) => Error::Mismatch { algorithm },
        None => Error::Unsupported("the signature's algorithm".into()),
    };
    keys.iter().find(verifies).copied().ok_or_else(mismatch)
}

impl Signed<'_> {
    /// Whether a signature by this key counts: nobody took the key back, and nothing about it has expired.
    fn counts(self, signature: &Signature, now: u32) -> Result<(), Error> {
        let identity = self.by.first_identity();
        let mut statements = vec![signature, &identity.statement];
        if let Some(subkey) = self.with {
            statements.push(&subkey.binding);
            statements.extend(subkey.binding.embedded_signature());
        }
        if let Some(name) = statements.iter().find_map(|one| critical_notation(one)) {
            return Err(Error::UnknownNotation(name));
        }
        let taken_back = |all: &[Signature]| all.iter().any(|one| revokes(one, now));
        if taken_back(&self.by.revocations)
            || self.with.is_some_and(|subkey| taken_back(&subkey.revocations))
            || taken_back(&identity.revocations)
        {
            return Err(Error::Revoked);
        }
        let old = |created: Timestamp, statement: &Signature| {
            let lifetime = statement.key_expiration_time().map_or(0, |lifetime| lifetime.as_secs());
            expired(created.as_secs(), lifetime, now)
        };
        if old(self.by.primary.created_at(), &identity.statement)
            || self.with.is_some_and(|subkey| old(subkey.key.created_at(), &subkey.binding))
        {
            return Err(Error::KeyExpired);
        }
        match statements.iter().any(|one| has_expired(one, now)) {
            true => Err(Error::SignatureExpired),
            false => Ok(()),
        }
    }
}

fn revokes(revocation: &Signature, now: u32) -> bool {
    // A key that somebody else may have had does not count, whenever it signed.
    revocation.revocation_reason_code() == Some(&RevocationCode::KeyCompromised)
        || !has_expired(revocation, now)
}

fn has_expired(signature: &Signature, now: u32) -> bool {
    let created = signature.created().map_or(0, Timestamp::as_secs);
    let lifetime = signature.signature_expiration_time().map_or(0, |lifetime| lifetime.as_secs());
    expired(created, lifetime, now)
}

/// Whether something made at `created` that lasts `lifetime` seconds, 0 for ever, is not of the time `now`.
fn expired(created: u32, lifetime: u32, now: u32) -> bool {
    created > now || lifetime != 0 && now > created.saturating_add(lifetime)
}

/// The name of a notation that must be understood; none is.
fn critical_notation(signature: &Signature) -> Option<String> {
    let mut all = signature.config()?.hashed_subpackets();
    all.find_map(|one| match &one.data {
        SubpacketData::Notation(notation) if one.is_critical => {
            Some(String::from_utf8_lossy(&notation.name).into_owned())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_expired() {
        for (created, lifetime, now, expected) in [
            (10, 0, 10, false),
            (11, 0, 10, true),
            (10, 5, 15, false),
            (10, 5, 16, true),
            (u32::MAX - 1, 5, u32::MAX, false),
        ] {
            assert_eq!(expired(created, lifetime, now), expected, "{created} {lifetime} {now}");
        }
    }
}
