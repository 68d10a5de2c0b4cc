//! Lists as they are sent: the entries' bytes, joined piece by piece while the connection takes them.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use naru_api::kinds::Kind;

use crate::{cache::Entry, table::ListMeta};

/// A piece of a list's body is about so long: what TLS takes at once, and little enough to stay in the processor's cache meanwhile.
const PIECE_BYTES: usize = 64 << 10;
const TAIL: &[u8] = b"]}";

/// What stands before the items of a list.
pub(crate) struct ListHead;

impl ListHead {
    /// `{"kind":"PodList","apiVersion":"v1","metadata":{...},"items":[`.
    pub(crate) fn of(kind: &Kind, meta: &ListMeta) -> Vec<u8> {
        Self::named(&format!("{}List", kind.kind), &kind.api_version(), meta)
    }

    /// The same for `PartialObjectMetadataList`.
    pub(crate) fn partial(meta: &ListMeta) -> Vec<u8> {
        Self::named("PartialObjectMetadataList", "meta.k8s.io/v1", meta)
    }

    fn named(kind: &str, api_version: &str, meta: &ListMeta) -> Vec<u8> {
        let meta = serde_json::to_string(meta).expect("invariant: strings and numbers always serialise");
        format!(r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{meta},"items":["#).into_bytes()
    }
}

/// The body of a list in JSON.
pub(crate) struct ListBody {
    head: Option<Vec<u8>>,
    entries: std::vec::IntoIter<Arc<Entry>>,
    left: u64,
    first: bool,
}

impl ListBody {
    /// A list of these entries.
    pub(crate) fn new(head: Vec<u8>, entries: Vec<Arc<Entry>>) -> Self {
        let items: usize = entries.iter().map(|entry| entry.bytes.len()).sum();
        let commas = entries.len().saturating_sub(1);
        let left = (head.len() + items + commas + TAIL.len()) as u64;
        ListBody { head: Some(head), entries: entries.into_iter(), left, first: true }
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.left
    }

    /// The next piece of the document.
    pub(crate) fn piece(&mut self) -> Option<Bytes> {
        if self.left == 0 {
            return None;
        }
        let mut piece =
            Vec::with_capacity(PIECE_BYTES.min(usize::try_from(self.left).unwrap_or(PIECE_BYTES)));
        if let Some(head) = self.head.take() {
            piece.extend_from_slice(&head);
        }
        while let Some(next) = self.entries.as_slice().first() {
            if !piece.is_empty() && piece.len() + next.bytes.len() + TAIL.len() > PIECE_BYTES {
                break;
            }
            if !std::mem::take(&mut self.first) {
                piece.push(b',');
            }
            piece.extend_from_slice(&next.bytes);
            self.entries.next();
        }
        if self.entries.as_slice().is_empty() {
            piece.extend_from_slice(TAIL);
        }
        self.left -= piece.len() as u64;
        Some(piece.into())
    }

    /// The whole document.
    pub(crate) fn collect(mut self) -> Bytes {
        let mut whole = Vec::with_capacity(usize::try_from(self.left).unwrap_or_default());
        while let Some(piece) = self.piece() {
            whole.extend_from_slice(&piece);
        }
        whole.into()
    }
}

impl http_body::Body for ListBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.piece().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use naru_store::{KeyValue, Revision};
    use serde_json::{Value, json};

    use super::*;
    use crate::{cache::KindCache, registry::Registry};

    #[test]
    fn pieces_make_the_announced_document() {
        let row = Registry::default().by_plural("", "v1", "configmaps").unwrap();
        let cache = KindCache::new(row.kind);
        for (count, padding) in [(0, 0), (1, 0), (3, 10), (50, 5_000), (3, PIECE_BYTES), (2, 3 * PIECE_BYTES)]
        {
            let entries: Vec<_> = (0..count)
                .map(|n| {
                    let object = json!({"metadata": {"name": n.to_string()}, "data": "x".repeat(padding)});
                    let key = format!("/registry/configmaps/a/{n}").into();
                    let value = object.to_string().into();
                    Arc::new(cache.entry(&KeyValue { key, value, revision: Revision(1) }, 0).unwrap())
                })
                .collect();
            let meta = ListMeta { resource_version: "9".into(), ..ListMeta::default() };
            let body = ListBody::new(ListHead::of(row.kind, &meta), entries);
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
