//! Answers in gzip for clients that ask for it. Lists are put together from pieces that were compressed before
//! ([`crate::cache::Part::packed`]); whatever else is large is compressed as it is sent.

use std::{
    convert::Infallible,
    io::Write,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, header};
use http_body::Frame;

use super::{ListBody, Response, Sent, list::TAIL};
use crate::cache::{Crc, Packer, Part};

/// Smaller answers are sent as they are (kube-apiserver's limit).
const COMPRESS_MIN_BYTES: u64 = 128 << 10;
/// A piece of the body is about so long.
const PIECE_BYTES: usize = 32 << 10;
/// So much more a piece may be: what a run of objects usually takes.
const PIECE_ROOM_BYTES: usize = 16 << 10;
/// The header of RFC 1952: deflate, no name, no time, the fastest algorithm, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// The longest block of deflate that is not compressed.
const STORED_BYTES_MAX: usize = 0xffff;

/// The answer to a list: compressed if `request` asks for it and it is large.
pub(crate) fn json_list(request: &HeaderMap, list: ListBody, packer: &Arc<Packer>) -> Response {
    let length = list.len();
    let large = length > COMPRESS_MIN_BYTES;
    let mut response = if large && accepts_gzip(request) {
        let mut response = Response::new(Sent::stream(Body::new(GzipBody::new(list, packer.clone()))));
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        let mut response = Response::new(Sent::list(list));
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        response
    };
    let headers = response.headers_mut();
    if large {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    headers.insert(header::CONTENT_TYPE, super::JSON);
    response
}

/// An answer of these bytes, which still lacks its type: compressed if `request` asks for it and it is large.
pub(super) fn whole(request: &HeaderMap, body: Bytes) -> Response {
    if body.len() as u64 <= COMPRESS_MIN_BYTES {
        return Response::new(body.into());
    }
    let mut response = if accepts_gzip(request) {
        let mut response = Response::new(packed(&body).into());
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        Response::new(body.into())
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

/// The bytes as a gzip stream of their own.
fn packed(bytes: &[u8]) -> Bytes {
    const WHY: &str = "invariant: writing to memory cannot fail";
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).expect(WHY);
    encoder.finish().expect(WHY).into()
}

/// Whether a client takes gzip (RFC 9110, 12.5.3; `*` is not taken for it, as kube-apiserver does).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| {
        let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight == 0.0));
        coding.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// A list's body in gzip.
struct GzipBody {
    head: Option<Vec<u8>>,
    /// `None` when the end has been sent.
    parts: Option<std::vec::IntoIter<Part>>,
    packer: Arc<Packer>,
    sum: Crc,
    first: bool,
}

impl GzipBody {
    fn new(list: ListBody, packer: Arc<Packer>) -> Self {
        let (head, parts) = list.into_parts();
        GzipBody { head: Some(head), parts: Some(parts), packer, sum: Crc::EMPTY, first: true }
    }

    /// The next piece of the stream.
    fn piece(&mut self) -> Option<Bytes> {
        let mut parts = self.parts.take()?;
        let mut piece = Vec::with_capacity(PIECE_BYTES + PIECE_ROOM_BYTES);
        if let Some(head) = self.head.take() {
            piece.extend_from_slice(&HEADER);
            head.chunks(STORED_BYTES_MAX).for_each(|some| stored(&mut piece, some, false));
            self.sum = Crc::of(&head);
        }
        while piece.len() < PIECE_BYTES {
            let Some(part) = parts.next() else {
                stored(&mut piece, TAIL, true);
                self.sum = self.sum.then(Crc::of(TAIL));
                piece.extend_from_slice(&self.sum.sum().to_le_bytes());
                // The length modulo 2 to the 32 (RFC 1952).
                piece.extend_from_slice(&(self.sum.length() as u32).to_le_bytes());
                return Some(piece.into());
            };
            let packed = part.packed(&self.packer);
            let (blocks, sum) = packed.blocks(std::mem::take(&mut self.first));
            piece.extend_from_slice(blocks);
            self.sum = self.sum.then(sum);
        }
        self.parts = Some(parts);
        Some(piece.into())
    }
}

/// Appends a block of deflate that is not compressed (RFC 1951, 3.2.4); everything before it ends at a whole byte.
fn stored(out: &mut Vec<u8>, bytes: &[u8], last: bool) {
    // At most STORED_BYTES_MAX.
    let length = bytes.len() as u16;
    out.push(u8::from(last));
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(bytes);
}

impl http_body::Body for GzipBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.piece().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_none()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (lines, expected) in [
            (&[][..], false),
            (&[""], false),
            (&["gzip"], true),
            (&["br, gzip;q=0.5"], true),
            (&["br", "GZip"], true),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000, deflate"], false),
            (&["identity, *"], false),
            (&["xgzip"], false),
        ] {
            let values = lines.iter().map(|line| (header::ACCEPT_ENCODING, line.parse().unwrap()));
            assert_eq!(accepts_gzip(&values.collect()), expected, "{lines:?}");
        }
    }
}
