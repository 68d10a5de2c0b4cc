//! Objects compressed once for all lists that hold them.
//!
//! Most clients take answers with gzip, and a list is a third of its size in time as well as a tenth in length that way: encryption and the socket are
//! what a list costs. To compress it for each request would cost far more than that, so the pieces are kept. A gzip stream may be made of
//! pieces that were compressed without knowing of each other: each begins with an empty window and ends at a whole byte (RFC 1951, an empty
//! stored block), and the checksum of the whole comes from those of the pieces ([`super::crc`]).
//!
//! In: the JSON of neighbouring objects. Out: [`Packed`]; the memory that kept ones take is bounded by [`Packer`].

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use parking_lot::Mutex;

use super::{crc::Crc, entry::Entry};

/// Bytes of all pieces that are kept. Lists beyond it are compressed for each request.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// kube-apiserver's level: fast.
const LEVEL: u32 = 1;
/// A compressor is no more than this behind its input's tenth when it has flushed.
const SLACK_BYTES: usize = 1 << 10;
/// A larger buffer is not kept for the next piece.
const SCRATCH_BYTES_MAX: usize = 1 << 20;

/// A comma as a block of deflate of its own (RFC 1951, 3.2.4), for pieces that have one before them.
const COMMA: &[u8] = &[0x00, 0x01, 0x00, 0xfe, 0xff, b','];

/// The JSON of some objects with commas between them, in deflate.
#[derive(Debug)]
pub(crate) struct Packed {
    /// [`COMMA`] and the piece.
    bytes: Bytes,
    /// Of the plain bytes, without the comma at their beginning.
    bare: Crc,
    /// Of the same with it.
    whole: Crc,
    _held: Option<Held>,
}

impl Packed {
    /// The blocks of the objects and the checksum of their bytes; with a comma before them unless they are the first of a list.
    pub(crate) fn blocks(&self, first: bool) -> (&[u8], Crc) {
        if first { (&self.bytes[COMMA.len()..], self.bare) } else { (&self.bytes, self.whole) }
    }

    /// Whether it may be kept.
    pub(crate) fn is_held(&self) -> bool {
        self._held.is_some()
    }
}

/// Room for a piece that is kept, given back with it.
#[derive(Debug)]
struct Held {
    packer: Arc<Packer>,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.packer.kept.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Makes pieces, and counts the bytes of those that are kept.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    kept: AtomicUsize,
    idle: Mutex<Option<Tools>>,
}

/// What it takes to compress; costly to make, so the last one is kept.
#[derive(Debug)]
struct Tools {
    compress: Compress,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

impl Packer {
    /// The piece of these objects.
    pub(crate) fn pack<'a>(self: &Arc<Self>, entries: impl Iterator<Item = &'a Arc<Entry>>) -> Packed {
        let mut tools = self.idle.lock().take().unwrap_or_else(Tools::new);
        tools.plain.clear();
        for entry in entries {
            if !tools.plain.is_empty() {
                tools.plain.push(b',');
            }
            tools.plain.extend_from_slice(&entry.bytes);
        }
        tools.pack();
        let bytes = Bytes::copy_from_slice(&tools.packed);
        let bare = Crc::of(&tools.plain);
        if tools.plain.capacity() <= SCRATCH_BYTES_MAX {
            *self.idle.lock() = Some(tools);
        }
        Packed { whole: Crc::of(b",").then(bare), bare, _held: self.hold(bytes.len()), bytes }
    }

    /// Room for a piece, if there is any.
    fn hold(self: &Arc<Self>, bytes: usize) -> Option<Held> {
        let held = Held { packer: self.clone(), bytes };
        let before = self.kept.fetch_add(bytes, Ordering::Relaxed);
        (before + bytes <= KEPT_BYTES_MAX).then_some(held)
    }

    /// Bytes of the pieces that are kept.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }
}

impl Tools {
    fn new() -> Self {
        let compress = Compress::new(Compression::new(LEVEL), false);
        Tools { compress, plain: Vec::new(), packed: Vec::new() }
    }

    /// Compresses what is in `plain`.
    fn pack(&mut self) {
        self.compress.reset();
        self.packed.clear();
        self.packed.extend_from_slice(COMMA);
        loop {
            self.packed.reserve(self.plain.len() / 8 + SLACK_BYTES);
            let read = usize::try_from(self.compress.total_in()).unwrap_or(usize::MAX);
            let rest = self.plain.get(read..).unwrap_or_default();
            self.compress
                .compress_vec(rest, &mut self.packed, FlushCompress::Sync)
                .expect("invariant: deflate takes any bytes");
            // Room that is left means that everything has been written.
            if self.packed.len() < self.packed.capacity() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read;

    use flate2::read::DeflateDecoder;
    use naru_api::kinds::by_kind;
    use naru_store::Revision;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::cache::extract::Plan;

    fn entries(lengths: &[usize]) -> Vec<Arc<Entry>> {
        let plan = Plan::new(by_kind("v1", "ConfigMap").unwrap());
        let mut random = StdRng::seed_from_u64(7);
        let entry = |length: &usize| {
            let text: String = (0..*length).map(|_| random.random_range('0'..'z')).collect();
            let stored = serde_json::json!({"metadata": {}, "data": text}).to_string();
            Arc::new(Entry::new(&plan, 0, &"a".into(), stored.as_bytes(), Revision(1), 0).unwrap())
        };
        lengths.iter().map(entry).collect()
    }

    #[test]
    fn pieces_follow_each_other_in_one_stream() {
        let packer = Arc::new(Packer::default());
        let groups = [entries(&[3]), entries(&[0, 10, 5000]), entries(&[300_000]), entries(&[2; 40])];
        let pieces: Vec<Packed> = groups.iter().map(|group| packer.pack(group.iter())).collect();
        let (mut stream, mut crc) = (Vec::new(), Crc::EMPTY);
        for (index, piece) in pieces.iter().enumerate() {
            let (blocks, sum) = piece.blocks(index == 0);
            stream.extend_from_slice(blocks);
            crc = crc.then(sum);
        }
        // The last block, empty.
        stream.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
        let plain: Vec<&[u8]> = groups.iter().flatten().map(|entry| &entry.bytes[..]).collect();
        let plain = plain.join(&b","[..]);
        let mut read = Vec::new();
        DeflateDecoder::new(&stream[..]).read_to_end(&mut read).unwrap();
        assert!(read == plain);
        assert_eq!(crc, Crc::of(&plain));
    }

    #[test]
    fn kept_bytes_are_counted_and_bounded() {
        let packer = Arc::new(Packer::default());
        let pieces: Vec<Packed> = (0..4).map(|_| packer.pack(entries(&[9]).iter())).collect();
        assert_eq!(packer.kept(), pieces.iter().map(|piece| piece.bytes.len()).sum::<usize>());
        assert!(pieces.iter().all(Packed::is_held));
        drop(pieces);
        assert_eq!(packer.kept(), 0);
        let most = packer.hold(KEPT_BYTES_MAX).unwrap();
        assert!(!packer.pack(entries(&[9]).iter()).is_held());
        assert_eq!(packer.kept(), KEPT_BYTES_MAX);
        drop(most);
        assert_eq!(packer.kept(), 0);
    }
}
