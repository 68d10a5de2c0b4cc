//! What is sent: one document, a list straight out of the cache, or a stream.

use std::{
    convert::Infallible,
    io::IoSlice,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use super::ListBody;
use crate::cache::Part;

/// The body of an answer.
pub struct Sent(Content);

enum Content {
    /// A document; `None` when it has been sent.
    Document(Option<Bytes>),
    List(Box<ListBody>),
    Stream(Body),
}

impl<T: Into<Bytes>> From<T> for Sent {
    fn from(document: T) -> Self {
        let document = document.into();
        Sent(Content::Document((!document.is_empty()).then_some(document)))
    }
}

impl Sent {
    /// A list in JSON.
    pub(crate) fn list(list: ListBody) -> Self {
        Sent(Content::List(Box::new(list)))
    }

    /// Anything else.
    pub(crate) fn stream(body: Body) -> Self {
        Sent(Content::Stream(body))
    }

    /// The same for those who know streams only.
    pub(crate) fn into_body(self) -> Body {
        match self.0 {
            Content::Document(document) => Body::from(document.unwrap_or_default()),
            Content::List(list) => Body::new(list.map_frame(|frame| {
                frame.map_data(|mut slice: Slice| slice.copy_to_bytes(slice.remaining()))
            })),
            Content::Stream(body) => body,
        }
    }
}

impl http_body::Body for Sent {
    type Data = Slice;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Slice>, axum::Error>>> {
        match &mut self.0 {
            Content::Document(document) => {
                Poll::Ready(document.take().map(|document| Ok(Frame::data(document.into()))))
            }
            Content::List(list) => {
                Pin::new(&mut **list).poll_frame(context).map_err(|never: Infallible| match never {})
            }
            Content::Stream(body) => {
                Pin::new(body).poll_frame(context).map_ok(|frame| frame.map_data(Slice::from))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Document(document) => document.is_none(),
            Content::List(list) => list.is_end_stream(),
            Content::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Document(document) => {
                SizeHint::with_exact(document.as_ref().map_or(0, Bytes::len) as u64)
            }
            Content::List(list) => list.size_hint(),
            Content::Stream(body) => body.size_hint(),
        }
    }
}

/// Some bytes of a body.
#[derive(Debug)]
pub struct Slice(Place);

#[derive(Debug)]
enum Place {
    /// In one piece.
    Bytes(Bytes),
    /// In the cache, entry by entry: they are copied only once, into what is encrypted.
    Entries(Entries),
}

impl From<Bytes> for Slice {
    fn from(bytes: Bytes) -> Self {
        Slice(Place::Bytes(bytes))
    }
}

impl From<Entries> for Slice {
    fn from(entries: Entries) -> Self {
        Slice(Place::Entries(entries))
    }
}

/// Entries with commas between them.
#[derive(Debug)]
pub(super) struct Entries {
    part: Part,
    /// How much of the first entry is gone.
    sent: usize,
    left: usize,
}

impl Entries {
    /// The first `length` bytes of these entries, each of which has a comma behind it.
    pub(super) fn new(part: Part, length: usize) -> Self {
        Entries { part, sent: 0, left: length }
    }

    /// What is left, entry by entry.
    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let (mut sent, mut left) = (self.sent, self.left);
        self.part.iter().map_while(move |entry| {
            // The last one ends with what is left: its comma may not be meant.
            let slice = entry.followed.get(std::mem::take(&mut sent)..)?;
            let slice = slice.get(..left.min(slice.len()))?;
            left -= slice.len();
            (!slice.is_empty()).then_some(slice)
        })
    }
}

impl Buf for Entries {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        self.slices().next().unwrap_or_default()
    }

    fn chunks_vectored<'a>(&'a self, out: &mut [IoSlice<'a>]) -> usize {
        out.iter_mut().zip(self.slices()).map(|(place, slice)| *place = IoSlice::new(slice)).count()
    }

    fn advance(&mut self, count: usize) {
        assert!(count <= self.left, "invariant: nobody sends more than there is");
        self.left -= count;
        self.sent += count;
        while let Some(entry) = self.part.peek()
            && entry.followed.len() <= self.sent
        {
            self.sent -= entry.followed.len();
            self.part.pop();
        }
    }
}

impl Buf for Slice {
    fn remaining(&self) -> usize {
        match &self.0 {
            Place::Bytes(bytes) => bytes.len(),
            Place::Entries(entries) => entries.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match &self.0 {
            Place::Bytes(bytes) => bytes,
            Place::Entries(entries) => entries.chunk(),
        }
    }

    fn chunks_vectored<'a>(&'a self, out: &mut [IoSlice<'a>]) -> usize {
        match &self.0 {
            Place::Bytes(bytes) => bytes.chunks_vectored(out),
            Place::Entries(entries) => entries.chunks_vectored(out),
        }
    }

    fn advance(&mut self, count: usize) {
        match &mut self.0 {
            Place::Bytes(bytes) => bytes.advance(count),
            Place::Entries(entries) => entries.advance(count),
        }
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        match &mut self.0 {
            Place::Bytes(bytes) => bytes.copy_to_bytes(length),
            Place::Entries(entries) => entries.copy_to_bytes(length),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::convert::Infallible;

    use http_body::Body as _;
    use hyper::{Request, client, server, service::service_fn};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;
    use crate::response::list::tests::list_of;

    #[test]
    fn slices_are_read_in_any_steps() {
        let mut random = StdRng::seed_from_u64(3);
        for _ in 0..50 {
            let (mut list, whole) = (list_of(40, 2_000), list_of(40, 2_000).collect());
            let mut read = Vec::new();
            let mut context = Context::from_waker(std::task::Waker::noop());
            while let Poll::Ready(Some(frame)) = Pin::new(&mut list).poll_frame(&mut context) {
                let mut slice = frame.unwrap().into_data().unwrap();
                while slice.has_remaining() {
                    let places = random.random_range(1..64);
                    let mut out = vec![IoSlice::new(&[]); places];
                    let filled = slice.chunks_vectored(&mut out);
                    let bytes: Vec<u8> = out[..filled].iter().flat_map(|part| part.iter().copied()).collect();
                    assert!(bytes.len() <= slice.remaining() && bytes.starts_with(slice.chunk()));
                    let step = random.random_range(1..=bytes.len());
                    read.extend_from_slice(&bytes[..step]);
                    slice.advance(step);
                }
            }
            assert!(read == whole);
        }
    }

    /// What a client reads of a list over one version of HTTP.
    async fn over(second: bool, count: usize, padding: usize) -> Bytes {
        let (near, far) = tokio::io::duplex(10_000);
        let service = service_fn(move |_: Request<hyper::body::Incoming>| async move {
            Ok::<_, Infallible>(http::Response::new(Sent::list(list_of(count, padding))))
        });
        let far = TokioIo::new(far);
        tokio::spawn(async move {
            if second {
                server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(far, service).await
            } else {
                server::conn::http1::Builder::new().serve_connection(far, service).await
            }
        });
        let request = Request::get("http://a/").header("host", "a").body(String::new()).unwrap();
        let answer = if second {
            let (mut sender, connection) =
                client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(near)).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        } else {
            let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(near)).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        };
        answer.into_body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn lists_arrive_whole_over_both_versions_of_http() {
        for (count, padding) in [(0, 0), (200, 100), (200, 3_000), (3, 200_000)] {
            let expected = list_of(count, padding).collect();
            for second in [false, true] {
                assert!(over(second, count, padding).await == expected, "{second} {count} {padding}");
            }
            assert!(
                Sent::list(list_of(count, padding)).into_body().collect().await.unwrap().to_bytes()
                    == expected
            );
        }
    }
}
