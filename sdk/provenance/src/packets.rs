//! OpenPGP's packets, one after another. In: bytes. Out: each packet read, or why that one cannot be read; bytes that
//! are no packets fail as a whole.

use pgp::packet::{Packet, PacketParser};

use crate::Error;

/// The packets in `data`; one that ends too early ends them.
///
/// # Errors
/// Something where a packet should begin that is none.
pub(crate) fn packets(data: &[u8]) -> Result<Vec<Result<Packet, Error>>, Error> {
    let mut all = Vec::new();
    let mut rest = data;
    while let Some(length) = length(rest)? {
        let (packet, after) = rest.split_at(length);
        rest = after;
        match PacketParser::new(packet).next() {
            Some(read) => all.push(read.map_err(|error| Error::Data(error.to_string()))),
            None => break,
        }
    }
    Ok(all)
}

/// The length of the packet that `data` begins with, its head included; `None` if there is no whole one.
fn length(data: &[u8]) -> Result<Option<usize>, Error> {
    let Some((&tag, rest)) = data.split_first() else { return Ok(None) };
    if tag & 0x80 == 0 {
        return Err(Error::Data("tag byte does not have MSB set".into()));
    }
    let body = if tag & 0x40 == 0 { old_length(tag, rest) } else { new_length(rest)? };
    let whole = body.and_then(|(head, body)| Some(1 + head + usize::try_from(body).ok()?));
    Ok(whole.filter(|length| *length <= data.len()))
}

/// How many bytes say the length, and the length; of the form before RFC 4880.
fn old_length(tag: u8, rest: &[u8]) -> Option<(usize, u64)> {
    let head = match tag & 3 {
        0 => 1,
        1 => 2,
        2 => 4,
        _ => return Some((0, rest.len() as u64)),
    };
    Some((head, number(rest.get(..head)?)))
}

/// The same of the form since RFC 4880.
fn new_length(rest: &[u8]) -> Result<Option<(usize, u64)>, Error> {
    let Some(&first) = rest.first() else { return Ok(None) };
    Ok(match first {
        0..=191 => Some((1, u64::from(first))),
        192..=223 => rest.get(1).map(|&second| (2, (u64::from(first) - 192) * 256 + u64::from(second) + 192)),
        255 => rest.get(1..5).map(|bytes| (5, number(bytes))),
        _ => return Err(Error::Unsupported("a key or signature in parts".into())),
    })
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let long = |head: &[u8], body: usize| [head, &vec![0; body]].concat();
        for (data, expected) in [
            (vec![], Ok(None)),
            (long(&[0x98, 3], 3), Ok(Some(5))),
            (long(&[0x98, 3], 2), Ok(None)),
            (long(&[0x99, 1, 0], 300), Ok(Some(259))),
            (long(&[0x9a, 0, 0, 1, 0], 300), Ok(Some(261))),
            (long(&[0x9b], 7), Ok(Some(8))),
            (long(&[0xc6, 191], 200), Ok(Some(193))),
            (long(&[0xc6, 192, 1], 200), Ok(Some(196))),
            (long(&[0xc6, 255, 0, 0, 0, 2], 2), Ok(Some(8))),
            (vec![0xc6, 255, 0], Ok(None)),
            (vec![0xc6], Ok(None)),
        ] {
            assert_eq!(length(&data), expected, "{data:?}");
        }
        assert!(matches!(length(b"text"), Err(Error::Data(_))));
        assert!(matches!(length(&[0xc6, 230, 0]), Err(Error::Unsupported(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end(data: Vec<u8>) {
            let _ = packets(&data);
        }
    }
}
