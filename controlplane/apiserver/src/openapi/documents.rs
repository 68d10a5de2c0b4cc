//! The OpenAPI documents of the served kinds, kept compressed: they are large, alike inside and seldom read.

use std::{
    collections::HashMap,
    io::{Read, Write},
};

use axum::response::Response;
use bytes::Bytes;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use http::{HeaderMap, HeaderValue, header};
use naru_api::kinds::Kind;
use serde_json::{Map, Value, json};

use crate::{document::Document, registry::Row};

const JSON: &str = "application/json";

/// The index and what it leads to.
pub(super) struct Documents {
    /// `/openapi/v3`.
    pub(super) index: Document,
    /// By what follows `/openapi/v3/`, for example `apis/apps/v1`.
    pub(super) by_path: HashMap<String, Packed>,
}

impl Documents {
    /// Makes the documents of all groups and versions among `rows`.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut paths = Map::new();
        let mut by_path = HashMap::new();
        for (group, version) in group_versions(rows) {
            let of_version = |row: &&Row| row.kind.group == group && row.kind.version == version;
            let kinds: Vec<&Kind> = rows.iter().filter(of_version).map(|row| row.kind).collect();
            let path = match group {
                "" => format!("api/{version}"),
                group => format!("apis/{group}/{version}"),
            };
            let packed = Packed::new(naru_api::openapi::document(group, version, &kinds).to_string());
            paths.insert(path.clone(), json!({"serverRelativeURL": url(&path, packed.hash())}));
            by_path.insert(path, packed);
        }
        let index = Document::new(json!({"paths": Value::Object(paths)}).to_string(), JSON);
        Documents { index, by_path }
    }
}

/// The path of a document that never changes.
pub(super) fn url(path: &str, hash: &str) -> String {
    format!("/openapi/v3/{path}?hash={hash}")
}

/// Each group and version once, in the rows' order.
fn group_versions(rows: &[Row]) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    for row in rows {
        let one = (row.kind.group, row.kind.version);
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// A compressed document.
pub(super) struct Packed {
    /// Its bytes are the compressed ones; the hash is that of the plain ones.
    document: Document,
}

impl Packed {
    fn new(json: String) -> Self {
        let mut document = Document::new(json, JSON);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&document.bytes).expect("invariant: writing to memory cannot fail");
        document.bytes = encoder.finish().expect("invariant: writing to memory cannot fail").into();
        Packed { document }
    }

    /// Of the plain bytes.
    pub(super) fn hash(&self) -> &str {
        &self.document.hash
    }

    /// The answer to a GET; `immutable` (with the time now) when the path names the content.
    pub(super) fn respond(&self, request: &HeaderMap, immutable: Option<jiff::Timestamp>) -> Response {
        let zipped = accepts_gzip(request);
        let mut document = self.document.clone();
        if !zipped {
            document.bytes = self.plain();
        }
        let mut response = match immutable {
            Some(now) => document.respond_immutable(request, now),
            None => document.respond(request),
        };
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if zipped {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }

    fn plain(&self) -> Bytes {
        let mut plain = Vec::new();
        GzDecoder::new(self.document.bytes.as_ref())
            .read_to_end(&mut plain)
            .expect("invariant: we compressed it ourselves");
        plain.into()
    }
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let accepted = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|one| one.split(';').next().map(str::trim) == Some("gzip"))
}
