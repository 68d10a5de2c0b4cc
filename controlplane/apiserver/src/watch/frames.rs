//! The lines of a watch: which event a change is to a watcher, and how it is written in the form the watcher wants.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, status::Status};
use naru_store::Revision;
use serde_json::json;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::{
    cache::{Change, ChangeKind, Entry, write_frame},
    response::Form,
    selection::Selection,
    table::{self, ListMeta, TableWriter},
    verbs::parsed,
};

/// Marks the bookmark behind the initial events.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// What a change is to a watcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// The object came into view or is in view and changed: the change's own object.
    Current(ChangeKind),
    /// The object left the selection: to the watcher it is deleted, and this was its last state.
    Left,
}

/// What `change` is to somebody who watches `selection`; `None` if it does not concern them.
pub(super) fn seen(selection: &Selection, change: &Change) -> Option<Seen> {
    let before = change.previous.as_ref().is_some_and(|previous| selection.includes(previous));
    let now = change.kind != ChangeKind::Deleted && selection.includes(&change.entry);
    match (before, now) {
        (false, true) => Some(Seen::Current(ChangeKind::Added)),
        (true, true) => Some(Seen::Current(ChangeKind::Modified)),
        (true, false) if change.kind == ChangeKind::Deleted => Some(Seen::Current(ChangeKind::Deleted)),
        (true, false) => Some(Seen::Left),
        (false, false) => None,
    }
}

/// Writes events as lines.
pub(super) struct FrameWriter {
    pub(super) kind: &'static Kind,
    pub(super) form: Form,
    /// Whether column definitions are still to be sent.
    pub(super) first: bool,
}

impl FrameWriter {
    /// Whether watchers of this form get the lines that are built once for all.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.form, Form::Object(_))
    }

    /// Appends the line of a change.
    pub(super) fn change(&mut self, out: &mut Vec<u8>, change: &Change, seen: Seen, now: Timestamp) {
        match seen {
            Seen::Current(kind) if kind == change.kind && self.is_plain() => {
                out.extend_from_slice(change.frame());
            }
            Seen::Current(kind) => self.object(out, kind, &change.entry.bytes, now),
            Seen::Left => {
                if let Some(previous) = &change.previous {
                    let last = previous.deleted_at(change.entry.revision);
                    self.object(out, ChangeKind::Deleted, &last.bytes, now);
                }
            }
        }
    }

    /// Appends an object of the initial state.
    pub(super) fn initial(&mut self, out: &mut Vec<u8>, entry: &Entry, now: Timestamp) {
        self.object(out, ChangeKind::Added, &entry.bytes, now);
    }

    /// Appends a bookmark; `end` marks the end of the initial events.
    pub(super) fn bookmark(&mut self, out: &mut Vec<u8>, revision: Revision, end: bool, now: Timestamp) {
        let mut object = json!({
            "kind": self.kind.kind, "apiVersion": self.kind.api_version(),
            "metadata": {"resourceVersion": revision.to_string()},
        });
        if end {
            object["metadata"]["annotations"] = json!({INITIAL_EVENTS_END: "true"});
        }
        let made = self.made(&object, now).unwrap_or_else(|| object.to_string().into_bytes());
        line(out, "BOOKMARK", &made);
    }

    fn object(&mut self, out: &mut Vec<u8>, kind: ChangeKind, bytes: &[u8], now: Timestamp) {
        if self.is_plain() {
            return write_frame(out, kind, bytes);
        }
        if let Form::Partial(version, _) = self.form {
            let mut partial = Vec::with_capacity(512);
            return match table::append_partial(&mut partial, version, bytes) {
                Ok(()) => write_frame(out, kind, &partial),
                Err(status) => error(out, &status),
            };
        }
        match parsed(bytes) {
            Ok(object) => {
                let made = self.made(&object, now);
                write_frame(out, kind, made.as_deref().unwrap_or(bytes));
            }
            Err(status) => error(out, &status),
        }
    }

    /// The object in the watcher's form; `None`: as it is.
    fn made(&mut self, object: &Object, now: Timestamp) -> Option<Vec<u8>> {
        match self.form {
            Form::Object(_) => None,
            Form::Partial(version, _) => {
                let mut partial = Vec::with_capacity(512);
                table::append_partial_value(&mut partial, version, object);
                Some(partial)
            }
            Form::Table(form, _) => {
                let version = naru_api::meta::resource_version(object).unwrap_or_default();
                let meta = ListMeta { resource_version: version.into(), ..ListMeta::default() };
                let definitions = std::mem::take(&mut self.first);
                let mut table = TableWriter::new(self.kind, &meta, definitions, form, now);
                table.row(object);
                Some(table.finish())
            }
        }
    }
}

/// The lines of these pieces, each a message of its own.
pub(super) fn messages<S>(pieces: S) -> impl Stream<Item = std::io::Result<Message>> + Send
where
    S: Stream<Item = Result<Bytes, Infallible>> + Send,
{
    pieces.flat_map(|piece| {
        let Ok(mut rest) = piece;
        stream::iter(std::iter::from_fn(move || {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            let line = rest.split_to(end);
            (!line.is_empty()).then(|| text(line))
        }))
    })
}

fn text(line: Bytes) -> std::io::Result<Message> {
    Utf8Bytes::try_from(line).map(Message::Text).map_err(std::io::Error::other)
}

/// Appends the line that ends a watch that cannot go on.
pub(super) fn error(out: &mut Vec<u8>, status: &Status) {
    line(out, "ERROR", status.to_json().to_string().as_bytes());
}

fn line(out: &mut Vec<u8>, kind: &str, object: &[u8]) {
    out.extend_from_slice(br#"{"type":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","object":"#);
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use naru_api::selector::{FieldSelector, LabelSelector};
    use naru_store::KeyValue;
    use serde_json::Value;

    use super::*;
    use crate::{cache::KindCache, registry::Registry, response::Media};

    fn entry(labels: &Value, revision: u64) -> Arc<Entry> {
        let row = Registry::default().by_plural("", "v1", "pods").unwrap();
        let value = json!({"kind": "Pod", "metadata": {"name": "x", "labels": labels}}).to_string().into();
        let found = KeyValue { key: "/registry/pods/a/x".into(), value, revision: Revision(revision) };
        Arc::new(KindCache::new(row.kind).entry(&found, 0).unwrap())
    }

    fn selection() -> Selection {
        let row = Registry::default().by_plural("", "v1", "pods").unwrap();
        let labels = LabelSelector::parse("app=web").unwrap();
        Selection::new(row.kind, Some("a"), labels, FieldSelector::default()).unwrap()
    }

    #[test]
    fn objects_come_into_view_and_leave_it() {
        let (web, other) = (json!({"app": "web"}), json!({"app": "db"}));
        let (added, modified, deleted) = (ChangeKind::Added, ChangeKind::Modified, ChangeKind::Deleted);
        for (kind, before, now, expected) in [
            (added, None, &web, Some(Seen::Current(added))),
            (added, None, &other, None),
            (modified, Some(&other), &web, Some(Seen::Current(added))),
            (modified, Some(&web), &web, Some(Seen::Current(modified))),
            (modified, Some(&web), &other, Some(Seen::Left)),
            (modified, Some(&other), &other, None),
            (deleted, Some(&web), &web, Some(Seen::Current(deleted))),
            (deleted, Some(&other), &other, None),
        ] {
            let change = Change::new(kind, entry(now, 9), before.map(|labels| entry(labels, 8)));
            assert_eq!(seen(&selection(), &change), expected, "{kind:?} {before:?} {now:?}");
        }
    }

    #[test]
    fn an_object_that_leaves_is_deleted_with_its_last_state_and_the_new_version() {
        let row = Registry::default().by_plural("", "v1", "pods").unwrap();
        let change = Change::new(
            ChangeKind::Modified,
            entry(&json!({"app": "db"}), 12),
            Some(entry(&json!({"app": "web"}), 8)),
        );
        let mut out = Vec::new();
        let mut writer = FrameWriter { kind: row.kind, form: Form::Object(Media::Json), first: true };
        writer.change(&mut out, &change, Seen::Left, Timestamp::UNIX_EPOCH);
        let event: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(event["type"], "DELETED");
        assert_eq!(event["object"]["metadata"]["labels"], json!({"app": "web"}));
        assert_eq!(event["object"]["metadata"]["resourceVersion"], "12");
    }

    #[test]
    fn tables_define_their_columns_once_and_bookmarks_mark_the_end() {
        let row = Registry::default().by_plural("", "v1", "pods").unwrap();
        let form = Form::Table(table::TableForm::default(), Media::Json);
        let mut writer = FrameWriter { kind: row.kind, form, first: true };
        let mut events = Vec::new();
        for _ in 0..2 {
            let mut out = Vec::new();
            writer.initial(&mut out, &entry(&json!({}), 3), Timestamp::UNIX_EPOCH);
            events.push(serde_json::from_slice::<Value>(&out).unwrap());
        }
        assert_eq!(events[0]["object"]["kind"], "Table");
        assert!(events[0]["object"]["columnDefinitions"].is_array());
        assert!(events[1]["object"]["columnDefinitions"].is_null());
        let mut out = Vec::new();
        let mut plain = FrameWriter { kind: row.kind, form: Form::Object(Media::Json), first: true };
        plain.bookmark(&mut out, Revision(7), true, Timestamp::UNIX_EPOCH);
        let event: Value = serde_json::from_slice(&out).unwrap();
        let expected = json!({"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata":
            {"resourceVersion": "7", "annotations": {"k8s.io/initial-events-end": "true"}}}});
        assert_eq!(event, expected);
    }
}
