//! The parameters of the operations.

use serde_json::{Value, json};

/// Name, type, and what it does.
type Row = (&'static str, &'static str, &'static str);

const LIST: &[Row] = &[
    ("allowWatchBookmarks", "boolean", "Whether a watch may send bookmarks."),
    ("continue", "string", "The token of the page before, to get the next one."),
    ("fieldSelector", "string", "Only objects whose fields match."),
    ("labelSelector", "string", "Only objects whose labels match."),
    ("limit", "integer", "The most objects on a page."),
    ("resourceVersion", "string", "The point in history to list at or to watch from."),
    ("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
    ("sendInitialEvents", "boolean", "Whether a watch begins with the objects that are there."),
    ("timeoutSeconds", "integer", "When the call ends, whatever happens."),
    ("watch", "boolean", "Whether to go on with the changes after the list."),
];
const DRY_RUN: Row = ("dryRun", "string", "All: do everything but store the result.");
const WRITE: &[Row] = &[
    DRY_RUN,
    ("fieldManager", "string", "Who makes this change."),
    ("fieldValidation", "string", "What to do about unknown and repeated fields: Ignore, Warn or Strict."),
];
const DELETE: &[Row] = &[
    DRY_RUN,
    ("gracePeriodSeconds", "integer", "How long the object has to end by itself."),
    ("orphanDependents", "boolean", "Older form of propagationPolicy."),
    ("propagationPolicy", "string", "What becomes of dependents: Orphan, Background or Foreground."),
];
const LOG: &[Row] = &[
    ("container", "string", "The container whose log it is."),
    ("follow", "boolean", "Whether to go on with what is logged from now on."),
    ("limitBytes", "integer", "The most bytes to send."),
    ("previous", "boolean", "Whether to show the log of the container's run before this one."),
    ("sinceSeconds", "integer", "Only lines that are at most so old."),
    ("sinceTime", "string", "Only lines from this time on."),
    ("tailLines", "integer", "Only so many lines from the end."),
    ("timestamps", "boolean", "Whether each line begins with its time."),
];
const PRETTY: Row = ("pretty", "string", "Whether to indent the output.");

/// Of list and watch.
pub(super) fn list() -> Value {
    query(LIST)
}

/// Of create, update and patch.
pub(super) fn write() -> Value {
    query(WRITE)
}

/// Of delete.
pub(super) fn delete() -> Value {
    query(DELETE)
}

/// Of a deletion of many: which objects, and how they are deleted.
pub(super) fn delete_collection() -> Value {
    let of_watches = ["allowWatchBookmarks", "watch"];
    let which = LIST.iter().filter(|(name, ..)| !of_watches.contains(name));
    which.chain(DELETE).map(one).collect()
}

/// Of a pod's log.
pub(super) fn log() -> Value {
    query(LOG)
}

/// Those of a path: what stands in braces, and `pretty`.
pub(super) fn of_path(path: &str) -> Value {
    let mut all = Vec::new();
    for (name, text) in [("name", "The object's name."), ("namespace", "The object's namespace.")] {
        if path.contains(&format!("{{{name}}}")) {
            let schema = json!({"type": "string", "uniqueItems": true});
            all.push(
                json!({"name": name, "in": "path", "required": true, "description": text, "schema": schema}),
            );
        }
    }
    all.push(one(&PRETTY));
    Value::Array(all)
}

fn query(rows: &[Row]) -> Value {
    rows.iter().map(one).collect()
}

fn one((name, kind, text): &Row) -> Value {
    json!({"name": name, "in": "query", "description": text, "schema": {"type": kind, "uniqueItems": true}})
}
