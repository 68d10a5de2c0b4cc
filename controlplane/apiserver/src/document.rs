//! JSON documents that change seldom: discovery and OpenAPI. They carry an `ETag`, and a client that has the
//! document is told so with 304.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

/// Seconds of a year, for documents that never change.
const YEAR_SECONDS: i64 = 365 * 24 * 3600;

/// A document and what identifies its content.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// JSON.
    pub(crate) bytes: Bytes,
    /// Upper-case hexadecimal digits of its SHA-256.
    pub(crate) hash: String,
    /// For example `application/json`.
    pub(crate) content_type: &'static str,
}

impl Document {
    /// A document of this content.
    pub(crate) fn new(bytes: impl Into<Bytes>, content_type: &'static str) -> Self {
        let bytes = bytes.into();
        let hash = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02X}")).collect();
        Document { bytes, hash, content_type }
    }

    /// The answer to a GET with these headers: the document, or 304 if the client has it.
    pub(crate) fn respond(&self, request: &HeaderMap) -> Response {
        let known = self.is_known_to(request);
        let body = if known { Body::empty() } else { Body::from(self.bytes.clone()) };
        let mut response = Response::new(body);
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        // May be kept, but asked about each time.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
        insert(headers, header::ETAG, &self.tag());
        response
    }

    /// The same for a path that names the content: it may be kept for good.
    pub(crate) fn respond_immutable(&self, request: &HeaderMap, now: jiff::Timestamp) -> Response {
        let mut response = self.respond(request);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
        let expires = now.as_second().saturating_add(YEAR_SECONDS);
        if let Ok(expires) = jiff::Timestamp::from_second(expires) {
            insert(headers, header::EXPIRES, &expires.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        }
        response
    }

    fn tag(&self) -> String {
        format!("\"{}\"", self.hash)
    }

    fn is_known_to(&self, request: &HeaderMap) -> bool {
        let tags =
            request.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
        tags.split(',').any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.trim_start_matches("W/") == self.tag()
        })
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    headers.insert(name, value.parse().expect("invariant: made of printable ASCII"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_the_document_is_told_so() {
        let document = Document::new("{}", "application/json");
        let mut request = HeaderMap::new();
        let response = document.respond(&request);
        assert_eq!(response.status(), 200);
        let tag = response.headers()[header::ETAG].clone();
        request.insert(header::IF_NONE_MATCH, tag);
        assert_eq!(document.respond(&request).status(), 304);
        request.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert_eq!(document.respond(&request).status(), 200);
    }

    #[test]
    fn immutable_documents_say_until_when() {
        let document = Document::new("{}", "application/json");
        let response = document.respond_immutable(&HeaderMap::new(), jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(response.headers()[header::EXPIRES], "Fri, 01 Jan 1971 00:00:00 GMT");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, immutable");
    }
}
