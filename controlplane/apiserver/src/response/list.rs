//! Lists as they are sent: the entries' bytes as they are in the cache, or joined piece by piece if they are small.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};
use naru_api::kinds::Kind;

use super::sent::{Entries, Slice};
use crate::{
    cache::{Part, Parts},
    table::{ListMeta, MetaVersion},
};

/// A piece of a list's body is about so long: what TLS takes at once, and little enough to stay in the processor's cache meanwhile.
const PIECE_BYTES: usize = 64 << 10;
/// Entries that are shorter on average are joined: one write takes 64 slices at most, which should fill [`PIECE_BYTES`].
const APART_BYTES_MIN: usize = 1 << 10;
/// What stands behind the items.
pub(super) const TAIL: &[u8] = b"]}";

/// What stands before the items of a list.
pub(crate) struct ListHead;

impl ListHead {
    /// `{"kind":"PodList","apiVersion":"v1","metadata":{...},"items":[`.
    pub(crate) fn of(kind: &Kind, meta: &ListMeta) -> Vec<u8> {
        Self::named(&format!("{}List", kind.kind), &kind.api_version(), meta)
    }

    /// The same for `PartialObjectMetadataList`.
    pub(crate) fn partial(version: MetaVersion, meta: &ListMeta) -> Vec<u8> {
        Self::named("PartialObjectMetadataList", version.api_version(), meta)
    }

    fn named(kind: &str, api_version: &str, meta: &ListMeta) -> Vec<u8> {
        let meta = serde_json::to_string(meta).expect("invariant: strings and numbers always serialise");
        format!(r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{meta},"items":["#).into_bytes()
    }
}

/// The body of a list in JSON.
pub(crate) struct ListBody {
    head: Option<Vec<u8>>,
    parts: std::vec::IntoIter<Part>,
    /// The part that is being joined.
    joining: Option<Part>,
    /// Entries that have not been sent.
    entries: usize,
    /// Bytes that have not been sent.
    left: u64,
    /// Whether entries are sent from where they are.
    apart: bool,
}

impl ListBody {
    /// A list of these entries.
    pub(crate) fn new(head: Vec<u8>, parts: Parts) -> Self {
        let items: usize = parts.iter().map(|entry| entry.bytes.len()).sum();
        let entries = parts.len();
        let left = (head.len() + items + entries.saturating_sub(1) + TAIL.len()) as u64;
        let apart = items >= entries * APART_BYTES_MIN;
        ListBody { head: Some(head), parts: parts.into_iter(), joining: None, entries, left, apart }
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.left
    }

    /// The head, and the entries.
    pub(super) fn into_parts(self) -> (Vec<u8>, std::vec::IntoIter<Part>) {
        (self.head.unwrap_or_default(), self.parts)
    }

    /// The next bytes of the document.
    fn slice(&mut self) -> Option<Slice> {
        if self.left == 0 {
            return None;
        }
        let slice: Slice = match self.head.take() {
            Some(head) => Bytes::from(head).into(),
            None if self.apart && self.entries > 0 => self.part()?.into(),
            None => self.joined().into(),
        };
        self.left -= slice.remaining() as u64;
        Some(slice)
    }

    /// The next entries as they are.
    fn part(&mut self) -> Option<Entries> {
        let part = self.parts.next()?;
        let (mut count, mut length) = (0, 0);
        for entry in part.iter() {
            count += 1;
            length += entry.followed.len();
        }
        self.entries -= count;
        Some(Entries::new(part, length - usize::from(self.entries == 0)))
    }

    /// The next entries in one piece, and the end behind the last one.
    fn joined(&mut self) -> Bytes {
        let mut piece =
            Vec::with_capacity(PIECE_BYTES.min(usize::try_from(self.left).unwrap_or(PIECE_BYTES)));
        while self.entries > 0 {
            let Some(part) = &mut self.joining else {
                self.joining = self.parts.next();
                continue;
            };
            let Some(next) = part.peek() else {
                self.joining = None;
                continue;
            };
            if !piece.is_empty() && piece.len() + next.followed.len() + TAIL.len() > PIECE_BYTES {
                return piece.into();
            }
            piece.extend_from_slice(&next.followed);
            part.pop();
            self.entries -= 1;
            if self.entries == 0 {
                piece.pop();
            }
        }
        piece.extend_from_slice(TAIL);
        piece.into()
    }

    /// The whole document.
    pub(crate) fn collect(mut self) -> Bytes {
        let mut whole = Vec::with_capacity(usize::try_from(self.left).unwrap_or_default());
        while let Some(mut slice) = self.slice() {
            while slice.has_remaining() {
                let chunk = slice.chunk();
                whole.extend_from_slice(chunk);
                let length = chunk.len();
                slice.advance(length);
            }
        }
        whole.into()
    }
}

impl http_body::Body for ListBody {
    type Data = Slice;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Slice>, Infallible>>> {
        Poll::Ready(self.slice().map(|slice| Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use naru_store::{KeyValue, Revision};
    use serde_json::{Value, json};

    use super::*;
    use crate::{cache::KindCache, registry::Registry};

    /// A list of so many objects, whose version is 9.
    pub(in crate::response) fn list_of(count: usize, padding: usize) -> ListBody {
        let row = Registry::default().by_plural("", "v1", "configmaps").unwrap();
        let cache = KindCache::new(row.kind);
        let entry = |n: usize| {
            let object = json!({"metadata": {"name": n.to_string()}, "data": "x".repeat(padding)});
            let key = format!("/registry/configmaps/a/{n}").into();
            let value = object.to_string().into();
            Arc::new(cache.entry(&KeyValue { key, value, revision: Revision(1) }, 0).unwrap())
        };
        let entries: Vec<_> = (0..count).map(entry).collect();
        let meta = ListMeta { resource_version: "9".into(), ..ListMeta::default() };
        ListBody::new(ListHead::of(row.kind, &meta), Parts::of(&entries))
    }

    #[test]
    fn pieces_make_the_announced_document() {
        for (count, padding) in
            [(0, 0), (1, 0), (3, 10), (300, 500), (50, 5_000), (3, PIECE_BYTES), (2, 3 * PIECE_BYTES)]
        {
            let body = list_of(count, padding);
            let announced = body.len();
            let bytes = body.collect();
            assert_eq!(bytes.len() as u64, announced);
            let list: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(list["items"].as_array().unwrap().len(), count);
            assert_eq!(
                (&list["kind"], &list["metadata"]),
                (&json!("ConfigMapList"), &json!({"resourceVersion": "9"}))
            );
        }
    }
}
