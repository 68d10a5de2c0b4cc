//! How the embedded store lies in redb: the tables, and one log entry as bytes.
//!
//! The `log` holds every version in the order of revisions, values included; `current` points from each living key
//! to its newest version there. A version names the one it replaced, so that an old state can be read backwards
//! from the present one and compaction never has to search.

use redb::TableDefinition;

/// Where a version lies in the log: its revision and its position in that revision's batch.
pub(super) type Place = (u64, u32);

/// The newest version of each living key.
pub(super) const CURRENT: TableDefinition<'static, &str, Place> = TableDefinition::new("current");
/// All versions since the last compaction, as [`Entry`].
pub(super) const LOG: TableDefinition<'static, Place, &[u8]> = TableDefinition::new("log");
/// The numbers named by the `META_…` keys.
pub(super) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");

/// The layout's version.
pub(super) const META_FORMAT: &str = "format";
/// The newest revision.
pub(super) const META_REVISION: &str = "revision";
/// States before this revision cannot be read any more.
pub(super) const META_COMPACTED: &str = "compacted";
/// How far the log has been freed of what compaction made unreachable; at most `compacted`.
pub(super) const META_SWEPT: &str = "swept";

/// The layout that this code reads and writes.
pub(super) const FORMAT: u64 = 1;

/// The revision of an empty store; as in etcd, the first write gets 2, so that 0 never means a state.
pub(super) const FIRST_REVISION: u64 = 1;

const KIND_PUT: u8 = 0;
const KIND_DELETE: u8 = 1;
/// kind, replaced revision, replaced position, key length.
const HEADER_BYTES: usize = 1 + 8 + 4 + 4;

/// One version as it lies in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The key.
    pub(super) key: &'a str,
    /// The bytes; `None` for a deletion.
    pub(super) value: Option<&'a [u8]>,
    /// The version that this one replaced.
    pub(super) replaced: Option<Place>,
}

impl<'a> Entry<'a> {
    /// The length of the encoded entry in bytes.
    pub(super) fn encoded_len(&self) -> usize {
        HEADER_BYTES + self.key.len() + self.value.map_or(0, <[u8]>::len)
    }

    /// Writes the entry into `out`, whose length is [`Entry::encoded_len`].
    pub(super) fn encode(&self, out: &mut [u8]) {
        let (revision, position) = self.replaced.unwrap_or_default();
        let key_len = u32::try_from(self.key.len()).expect("keys are limited by MAX_KEY_BYTES");
        out[0] = if self.value.is_some() { KIND_PUT } else { KIND_DELETE };
        out[1..9].copy_from_slice(&revision.to_le_bytes());
        out[9..13].copy_from_slice(&position.to_le_bytes());
        out[13..17].copy_from_slice(&key_len.to_le_bytes());
        let (key, value) = out[HEADER_BYTES..].split_at_mut(self.key.len());
        key.copy_from_slice(self.key.as_bytes());
        value.copy_from_slice(self.value.unwrap_or_default());
    }

    /// Reads an entry; `None` if the bytes are not one.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
        let revision = u64::from_le_bytes(header[1..9].try_into().ok()?);
        let position = u32::from_le_bytes(header[9..13].try_into().ok()?);
        let key_len = u32::from_le_bytes(header[13..17].try_into().ok()?);
        let (key, value) = rest.split_at_checked(usize::try_from(key_len).ok()?)?;
        let value = match header[0] {
            KIND_PUT => Some(value),
            KIND_DELETE if value.is_empty() => None,
            _ => return None,
        };
        let replaced = (revision != 0).then_some((revision, position));
        Some(Self { key: std::str::from_utf8(key).ok()?, value, replaced })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        for entry in [
            Entry { key: "/a", value: Some(b"x"), replaced: None },
            Entry { key: "/a", value: Some(b""), replaced: Some((7, 3)) },
            Entry { key: "/a/길", value: None, replaced: Some((u64::MAX, u32::MAX)) },
        ] {
            let mut bytes = vec![0; entry.encoded_len()];
            entry.encode(&mut bytes);
            assert_eq!(Entry::decode(&bytes), Some(entry));
            for cut in 0..HEADER_BYTES + entry.key.len() {
                assert_eq!(Entry::decode(&bytes[..cut]), None, "cut at {cut}");
            }
        }
    }

    #[test]
    fn damaged_entries_are_refused() {
        let entry = Entry { key: "k", value: None, replaced: None };
        let mut bytes = vec![0; entry.encoded_len()];
        entry.encode(&mut bytes);
        let mut unknown = bytes.clone();
        unknown[0] = 9;
        let mut trailing = bytes.clone();
        trailing.push(0);
        let mut key = bytes.clone();
        *key.last_mut().unwrap() = 0xff;
        for damaged in [unknown, trailing, key] {
            assert_eq!(Entry::decode(&damaged), None);
        }
    }
}
