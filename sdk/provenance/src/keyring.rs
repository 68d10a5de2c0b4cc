//! A keyring: people's keys, from whichever form GnuPG keeps or exports them in.

use std::str;

use crate::{Error, armor, entity::Entity, keybox, packets::packets};

/// Keys, public or secret.
#[derive(Debug, Default)]
pub struct Keyring {
    pub(crate) entities: Vec<Entity>,
}

impl Keyring {
    /// Reads a keyring: packets (`pubring.gpg`, `gpg --export`), a key box (`pubring.kbx`) or either of the first two in
    /// letters (`gpg --export --armor`). Keys that cannot be read are passed over if there are others. `name` is what
    /// messages call the file.
    ///
    /// # Errors
    /// Bytes that are no keyring.
    pub fn read(name: &str, data: &[u8]) -> Result<Self, Error> {
        if keybox::is_keybox(data) {
            let keys = keybox::keys(data).map_err(|reason| Error::Keybox { name: name.into(), reason })?;
            return Ok(Keyring { entities: entities(&keys)? });
        }
        if data.trim_ascii_start().starts_with(b"-----BEGIN PGP") {
            return Self::read_armored(data).map_err(|reason| Error::Armor { name: name.into(), reason });
        }
        Ok(Keyring { entities: entities(data)? })
    }

    fn read_armored(data: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(data).map_err(|_| "it is no text")?;
        let first = text.trim_start().lines().next().unwrap_or_default().trim_end();
        let kind = first.trim_start_matches("-----BEGIN ").trim_end_matches("-----");
        if !is_keys(kind) {
            return Err(format!("expected a public or private key block, got {kind:?}"));
        }
        let mut all = Vec::new();
        for block in armor::blocks(text)? {
            if !is_keys(&block.kind) {
                return Err(format!("expected a public or private key block, got {:?}", block.kind));
            }
            all.extend(entities(&block.bytes).map_err(|error| error.to_string())?);
        }
        match all.is_empty() {
            true => Err("no keys found".into()),
            false => Ok(Keyring { entities: all }),
        }
    }
}

fn is_keys(kind: &str) -> bool {
    matches!(kind, "PGP PUBLIC KEY BLOCK" | "PGP PRIVATE KEY BLOCK")
}

/// The keys in a row of packets: each begins with a primary key.
fn entities(data: &[u8]) -> Result<Vec<Entity>, Error> {
    let mut groups: Vec<Vec<_>> = Vec::new();
    let mut problem = None;
    for packet in packets(data)? {
        let is_primary =
            matches!(packet, Ok(pgp::packet::Packet::PublicKey(_) | pgp::packet::Packet::SecretKey(_)));
        match groups.last_mut() {
            _ if is_primary => groups.push(vec![packet]),
            Some(group) => group.push(packet),
            None => problem = Some(Error::Data("first packet was not a public/private key".into())),
        }
    }
    let mut all = Vec::new();
    for group in groups {
        match Entity::build(group) {
            Ok(entity) => all.push(entity),
            Err(error) => problem = Some(error),
        }
    }
    match problem {
        Some(problem) if all.is_empty() => Err(problem),
        _ => Ok(all),
    }
}
