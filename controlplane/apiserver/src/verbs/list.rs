//! LIST: from a snapshot of the cache wherever that can answer, else from the store.

use naru_api::status::Status;
use naru_store::{Error, Revision};

use super::{Call, get::not_older_than, object_of, page::Continue, store_status};
use crate::{
    cache::{Confirmed, Entry, Parts, Snapshot},
    request::{ListOptions, VersionMatch},
    response::{self, Form, ListBody, ListHead, Media, Response},
    selection::Selection,
    table::{self, ListMeta, TableWriter},
};

/// Entries read from the store at a time when a selector has to look for matches.
const STORE_PAGE: usize = 500;

const EXPIRED: &str = "The provided continue parameter is too old to display a consistent list result. You can \
    start a new list without the continue parameter, or use the continue token in this response to retrieve the \
    remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were \
    created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// What a list answers with.
pub(super) struct Page {
    pub(super) entries: Parts,
    pub(super) meta: ListMeta,
}

/// Where the entries of a list come from.
enum Source {
    Cache(Snapshot),
    /// The store, at a revision or now.
    Store(Option<Revision>),
}

/// What a page is to hold.
struct Wanted<'a> {
    selection: &'a Selection,
    prefix: String,
    /// The only key that can match.
    only: Option<String>,
    /// The key behind which it starts.
    after: Option<String>,
    /// At most so many entries.
    limit: usize,
    /// Whether the page belongs to an inconsistent continuation.
    inconsistent: bool,
}

/// Answers with the collection that the path names.
pub(super) async fn list(call: &Call) -> Result<Response, Status> {
    let options = ListOptions::parse(&call.query, false)?;
    let namespace = call.path.namespace.as_deref();
    let selection = Selection::new(call.row(), namespace, options.labels.clone(), options.fields.clone())?;
    match page(call, &options, &selection).await {
        Ok(page) => list_response(call, page),
        Err(Failed::Status(status)) => Err(status),
        Err(Failed::Expired(token)) => {
            let mut status = Status::expired(EXPIRED).to_json();
            status["metadata"]["continue"] = token.into();
            Ok(response::json_document(410, status.to_string()))
        }
    }
}

/// Why there is no page.
pub(super) enum Failed {
    Status(Status),
    /// The revision is gone; the token goes on with what is newest.
    Expired(String),
}

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        Failed::Status(status)
    }
}

/// The entries that the options ask for.
pub(super) async fn page(call: &Call, options: &ListOptions, selection: &Selection) -> Result<Page, Failed> {
    let place = options.continue_token.as_deref().map(Continue::parse).transpose()?;
    let source = match &place {
        Some(place) => continued(call, options, place).await?,
        None => first(call, options).await?,
    };
    let prefix = call.kind.prefix_of(&selection.namespace);
    let after = place.as_ref().map(|place| format!("{}{}", call.kind.prefix, place.after));
    let inconsistent = place.as_ref().is_some_and(|place| place.revision.is_none());
    let limit = if options.limit == 0 { usize::MAX } else { options.limit };
    let placed = !selection.namespace.is_empty() || !call.row().namespaced();
    let only = selection.exact_name().filter(|_| placed).map(|name| format!("{prefix}{name}"));
    let wanted = Wanted { selection, prefix, only, after, limit, inconsistent };
    match source {
        Source::Cache(snapshot) => Ok(cached_page(&snapshot, &wanted)),
        Source::Store(at) => match stored_page(call, at, &wanted).await {
            Ok(page) => Ok(page),
            Err(StoredPageError::Store(Error::Compacted { .. })) if place.is_some() => {
                let after = place.map(|place| place.after).unwrap_or_default();
                Err(Failed::Expired(Continue { revision: None, after }.token()))
            }
            Err(StoredPageError::Store(error)) => Err(store_status(&error).into()),
            Err(StoredPageError::Status(status)) => Err(status.into()),
        },
    }
}

/// The source of a list's first page (kubernetes.io "API concepts", semantics for get and list).
async fn first(call: &Call, options: &ListOptions) -> Result<Source, Status> {
    let cache = &call.server.cache;
    let exact = match options.version_match {
        Some(asked) => asked == VersionMatch::Exact,
        None => options.limit > 0,
    };
    match options.version {
        None => newest(call).await,
        Some(Revision(0)) => Ok(Source::Cache(cache.snapshot(&call.kind))),
        Some(version) if exact => at(call, version).await,
        Some(version) => {
            not_older_than(call, version).await?;
            Ok(Source::Cache(cache.snapshot(&call.kind)))
        }
    }
}

async fn newest(call: &Call) -> Result<Source, Status> {
    let cache = &call.server.cache;
    match cache.confirmed().await.map_err(|error| store_status(&error))? {
        Confirmed::Cached => Ok(Source::Cache(cache.snapshot(&call.kind))),
        Confirmed::Behind => Ok(Source::Store(None)),
    }
}

/// The state at exactly `version`: the cache still has it if the kind has not changed since.
async fn at(call: &Call, version: Revision) -> Result<Source, Status> {
    not_older_than(call, version).await?;
    let mut snapshot = call.server.cache.snapshot(&call.kind);
    if snapshot.changed > version {
        return Ok(Source::Store(Some(version)));
    }
    snapshot.revision = version;
    Ok(Source::Cache(snapshot))
}

/// The source of a page behind a token.
async fn continued(call: &Call, options: &ListOptions, place: &Continue) -> Result<Source, Status> {
    if options.version.is_some_and(|version| version > Revision(0)) {
        return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
    }
    match place.revision {
        Some(revision) => at(call, Revision(revision)).await,
        None => newest(call).await,
    }
}

fn cached_page(snapshot: &Snapshot, wanted: &Wanted<'_>) -> Page {
    let selection = wanted.selection;
    if let Some(only) = &wanted.only {
        let found = snapshot.tree.get(only).filter(|entry| selection.matches(entry));
        let behind = wanted.after.as_ref().is_none_or(|after| only > after);
        let entries: Vec<_> = found.filter(|_| behind).cloned().into_iter().collect();
        return wanted.page(Parts::of(&entries), snapshot.revision, None);
    }
    let matches = |entry: &Entry| selection.matches(entry);
    let matches = (!selection.is_everything()).then_some(&matches as &dyn Fn(&Entry) -> bool);
    let (entries, behind) =
        snapshot.tree.pick(&wanted.prefix, wanted.after.as_deref(), wanted.limit, matches);
    wanted.page(entries, snapshot.revision, (behind > 0).then_some(behind as u64))
}

enum StoredPageError {
    Store(Error),
    Status(Status),
}

impl From<Error> for StoredPageError {
    fn from(error: Error) -> Self {
        StoredPageError::Store(error)
    }
}

/// Reads pages from the store until there are enough matches.
async fn stored_page(
    call: &Call,
    at: Option<Revision>,
    wanted: &Wanted<'_>,
) -> Result<Page, StoredPageError> {
    let store = call.server.cache.store();
    let everything = wanted.selection.is_everything();
    let fetch = if everything { wanted.limit.min(STORE_PAGE) } else { STORE_PAGE };
    let mut entries = Vec::new();
    let (mut at, mut after) = (at, wanted.after.clone());
    loop {
        let found = store.list(&wanted.prefix, at, fetch, after.as_deref()).await?;
        at = Some(found.revision);
        for (index, one) in found.entries.iter().enumerate() {
            let entry = super::get::entry(call, &call.kind, one).map_err(StoredPageError::Status)?;
            if !everything && !wanted.selection.matches(&entry) {
                continue;
            }
            entries.push(entry);
            let remaining = found.remaining + (found.entries.len() - index - 1) as u64;
            if entries.len() == wanted.limit && remaining > 0 {
                return Ok(wanted.page(Parts::of(&entries), found.revision, Some(remaining)));
            }
        }
        after = found.entries.last().map(|last| last.key.to_string());
        if found.remaining == 0 || after.is_none() {
            return Ok(wanted.page(Parts::of(&entries), found.revision, None));
        }
    }
}

impl Wanted<'_> {
    /// A page; `remaining` is given if there is another one behind it.
    fn page(&self, entries: Parts, revision: Revision, remaining: Option<u64>) -> Page {
        let mut meta = ListMeta { resource_version: revision.to_string(), ..ListMeta::default() };
        if let (Some(remaining), Some(last)) = (remaining, entries.last()) {
            let revision = (!self.inconsistent).then_some(revision.0);
            meta.continue_token = Continue { revision, after: last.path().to_string() }.token();
            // Nobody has counted what a selector would let through.
            meta.remaining_item_count = self.selection.is_everything().then_some(remaining);
        }
        Page { entries, meta }
    }
}

/// A list in the form that was asked for.
pub(super) fn list_response(call: &Call, page: Page) -> Result<Response, Status> {
    let Page { entries, meta } = page;
    let body = match call.form {
        Form::Object(Media::Yaml) => {
            let whole = ListBody::new(ListHead::of(call.row(), &meta), entries).collect();
            return response::document(&call.headers, 200, Media::Yaml, whole);
        }
        Form::Object(Media::Json) => ListBody::new(ListHead::of(call.row(), &meta), entries),
        Form::Table(form, media) => {
            let mut table = TableWriter::new(call.row(), &meta, true, form, call.now());
            for entry in entries.iter() {
                table.row(&object_of(entry)?);
            }
            return response::document(&call.headers, 200, media, table.finish().into());
        }
        Form::Partial(version, media) => {
            let mut list = ListHead::partial(version, &meta);
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    list.push(b',');
                }
                table::append_partial(&mut list, version, &entry.bytes)?;
            }
            list.extend_from_slice(b"]}");
            return response::document(&call.headers, 200, media, list.into());
        }
    };
    Ok(response::json_list(&call.headers, body, call.server.cache.packer()))
}
