//! Compression of large answers for clients that ask for it.

use std::io::Write;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, header};

use super::ListBody;

/// Smaller answers are sent as they are (kube-apiserver's limit).
const COMPRESS_MIN_BYTES: u64 = 128 << 10;
/// kube-apiserver's level: fast.
const LEVEL: u32 = 1;

/// Whether an answer of this length is to be compressed.
fn wanted(headers: &HeaderMap, length: u64) -> bool {
    let accepts = |value: &HeaderValue| {
        let value = value.to_str().unwrap_or_default();
        value.split(',').any(|one| one.trim().split(';').next() == Some("gzip"))
    };
    length > COMPRESS_MIN_BYTES && headers.get_all(header::ACCEPT_ENCODING).iter().any(accepts)
}

/// A list's body, compressed if `request` asks for it and it is large.
pub(crate) fn compressed(request: &HeaderMap, mut list: ListBody) -> Response {
    if !wanted(request, list.len()) {
        let length = list.len().into();
        let mut response = Response::new(Body::new(list));
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
        return response;
    }
    let mut encoder = Some(GzEncoder::new(Vec::new(), Compression::new(LEVEL)));
    let pieces = std::iter::from_fn(move || {
        let piece = list.piece();
        let mut packer = encoder.take()?;
        Some(match piece {
            Some(piece) => packer.write_all(&piece).map(|()| {
                let packed = std::mem::take(packer.get_mut());
                encoder = Some(packer);
                Bytes::from(packed)
            }),
            None => packer.finish().map(Bytes::from),
        })
    });
    let mut response = Response::new(Body::from_stream(futures::stream::iter(pieces)));
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_large_answers_and_only_when_asked() {
        let mut headers = HeaderMap::new();
        assert!(!wanted(&headers, 1 << 20));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.5"));
        assert!(wanted(&headers, 1 << 20));
        assert!(!wanted(&headers, 1 << 10));
    }
}
