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
