//! GnuPG's key boxes (`pubring.kbx`): a chain of blobs, some of which hold keys as packets. Source of the form:
//! `kbx/keybox-blob.c` of GnuPG. In: the file's bytes. Out: the packets of all keys.

/// A blob's length and type, in bytes.
const HEAD: usize = 5;
/// What must be there of a blob with keys: up to the place of the packets, in bytes.
const KEY_HEAD: usize = 16;
const TYPE_HEADER: u8 = 1;
const TYPE_KEYS: u8 = 2;
/// Of a blob that GnuPG does not count as part of the keyring.
const FLAG_EPHEMERAL: u16 = 2;

/// Whether these bytes are a key box.
pub(crate) fn is_keybox(data: &[u8]) -> bool {
    data.get(4) == Some(&TYPE_HEADER) && data.get(8..12) == Some(b"KBXf")
}

/// The packets of all keys in it.
///
/// # Errors
/// What is wrong with the key box, in Helm's words.
pub(crate) fn keys(data: &[u8]) -> Result<Vec<u8>, String> {
    let mut keys = Vec::new();
    let mut offset = 0;
    while offset < data.len() {
        let rest = &data[offset..];
        if rest.len() < HEAD {
            return Err(format!("truncated blob header at offset {offset}"));
        }
        let length = number(rest, 0);
        if length < HEAD {
            return Err(format!("invalid blob length {length} at offset {offset}"));
        }
        let blob = rest.get(..length).ok_or_else(|| {
            let remaining = rest.len();
            format!("blob at offset {offset} has length {length} exceeding the {remaining} remaining bytes")
        })?;
        if blob[4] == TYPE_KEYS {
            keys.extend_from_slice(packets(blob, offset)?);
        }
        offset += length;
    }
    match keys.is_empty() {
        true => Err("keybox contains no OpenPGP keys".into()),
        false => Ok(keys),
    }
}

fn packets(blob: &[u8], offset: usize) -> Result<&[u8], String> {
    if blob.len() < KEY_HEAD {
        return Err(format!("OpenPGP blob at offset {offset} is too short"));
    }
    let flags = u16::from_be_bytes([blob[6], blob[7]]);
    let (start, length) = (number(blob, 8), number(blob, 12));
    let found = start.checked_add(length).and_then(|end| blob.get(start..end));
    let found =
        found.ok_or_else(|| format!("OpenPGP blob at offset {offset} has an out-of-range keyblock"))?;
    Ok(if flags & FLAG_EPHEMERAL == 0 { found } else { &[] })
}

/// The four bytes at `place`, which must be there.
fn number(data: &[u8], place: usize) -> usize {
    let bytes = [data[place], data[place + 1], data[place + 2], data[place + 3]];
    u32::from_be_bytes(bytes) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(kind: u8, flags: u16, start: u32, length: u32, content: &[u8]) -> Vec<u8> {
        let mut blob = ((KEY_HEAD + content.len()) as u32).to_be_bytes().to_vec();
        blob.extend([kind, 1]);
        blob.extend(flags.to_be_bytes());
        blob.extend(start.to_be_bytes());
        blob.extend(length.to_be_bytes());
        blob.extend(content);
        blob
    }

    #[test]
    fn keys_are_found_or_the_fault_is_said() {
        let header = blob(TYPE_HEADER, 0, u32::from_be_bytes(*b"KBXf"), 0, &[]);
        assert!(is_keybox(&header));
        assert!(!is_keybox(b"KBXf") && !is_keybox(b""));
        let keys_of = |blobs: &[Vec<u8>]| keys(&[&header[..], &blobs.concat()].concat());
        for (blobs, expected) in [
            (
                vec![blob(2, 0, 16, 3, b"abc"), blob(3, 0, 16, 3, b"x59"), blob(2, 0, 17, 2, b"-de")],
                Ok("abcde"),
            ),
            (vec![blob(2, 2, 16, 3, b"abc"), blob(2, 0, 16, 1, b"z")], Ok("z")),
            (vec![], Err("keybox contains no OpenPGP keys")),
            (vec![vec![0, 0]], Err("truncated blob header at offset 16")),
            (vec![vec![0, 0, 0, 1, 2]], Err("invalid blob length 1 at offset 16")),
            (
                vec![vec![0, 0, 1, 0, 2]],
                Err("blob at offset 16 has length 256 exceeding the 5 remaining bytes"),
            ),
            (vec![vec![0, 0, 0, 5, 2]], Err("OpenPGP blob at offset 16 is too short")),
            (vec![blob(2, 0, 16, 4, b"abc")], Err("OpenPGP blob at offset 16 has an out-of-range keyblock")),
            (
                vec![blob(2, 0, u32::MAX, u32::MAX, b"")],
                Err("OpenPGP blob at offset 16 has an out-of-range keyblock"),
            ),
        ] {
            let expected = expected.map(|text| text.as_bytes().to_vec()).map_err(String::from);
            assert_eq!(keys_of(&blobs), expected);
        }
    }
}
