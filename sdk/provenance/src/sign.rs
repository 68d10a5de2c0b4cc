//! Signing. In: a keyring, whose key, the passphrase, a text, the time. Out: the text with its signature below.

use pgp::{
    armor::Headers,
    composed::{ArmorOptions, CleartextSignedMessage},
    crypto::hash::HashAlgorithm,
    packet::{SecretKey, SignatureConfig, SignatureType, Subpacket, SubpacketData},
    types::{KeyDetails, Password, SecretParams, Timestamp},
};

use crate::{Error, Keyring, clear::signable, entity::Entity};

/// Somebody who signs.
#[derive(Debug)]
pub struct Signer<'a> {
    name: &'a str,
    key: &'a SecretKey,
}

impl<'a> Signer<'a> {
    /// The key whose name is `id`, else the one key with a name that contains it.
    ///
    /// # Errors
    /// None or several keys fit, or the one that does is a public key.
    pub fn find(keyring: &'a Keyring, id: &str) -> Result<Self, Error> {
        let entity = find(keyring, id)?;
        let key = entity.secret.as_ref().ok_or(Error::NotPrivate)?;
        let name = entity.names().find(|name| !name.is_empty()).unwrap_or("Unknown");
        Ok(Signer { name, key })
    }

    /// Whose passphrase is needed; `None` if the key has none.
    pub fn locked(&self) -> Option<&str> {
        matches!(self.key.secret_params(), SecretParams::Encrypted(_)).then_some(self.name)
    }

    /// Signs a text; `now` is in seconds since 1970. Spaces at the ends of lines go.
    ///
    /// # Errors
    /// The passphrase is wrong, or the key of a kind that does not sign.
    pub fn sign(&self, passphrase: &[u8], text: &str, now: u32) -> Result<String, Error> {
        let password = match self.locked() {
            Some(_) => Password::from(passphrase),
            None => Password::empty(),
        };
        self.key
            .unlock(&password, |_, _| Ok(()))
            .and_then(|done| done)
            .map_err(|_| Error::WrongPassphrase)?;
        let signed = self.clear_sign(&password, &signable(text), now);
        signed.map_err(|error| Error::Unsupported(error.to_string()))
    }

    fn clear_sign(&self, password: &Password, text: &str, now: u32) -> pgp::errors::Result<String> {
        let mut config =
            SignatureConfig::v4(SignatureType::Text, self.key.algorithm(), HashAlgorithm::Sha512);
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::from_secs(now)))?,
            Subpacket::regular(SubpacketData::IssuerKeyId(self.key.legacy_key_id()))?,
            Subpacket::regular(SubpacketData::IssuerFingerprint(self.key.fingerprint()))?,
        ];
        let message = CleartextSignedMessage::new(text, config, self.key, password)?;
        let headers: Option<&Headers> = None;
        let mut signed = message.to_armored_string(ArmorOptions { headers, include_checksum: false })?;
        signed.truncate(signed.trim_end().len());
        Ok(signed)
    }
}

fn find<'a>(keyring: &'a Keyring, id: &str) -> Result<&'a Entity, Error> {
    let names = || keyring.entities.iter().flat_map(|one| one.names().map(move |name| (name, one)));
    if let Some((_, entity)) = names().find(|(name, _)| *name == id) {
        return Ok(entity);
    }
    let mut containing = names().filter(|(name, _)| name.contains(id));
    match (containing.next(), containing.next()) {
        (Some((_, entity)), None) => Ok(entity),
        (None, _) => Err(Error::NoKey),
        (Some(_), Some(_)) => Err(Error::Ambiguous(id.into())),
    }
}
