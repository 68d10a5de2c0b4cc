//! Answers: objects, lists and Status errors as HTTP responses, in the form the client accepts.

mod accept;
mod gzip;
mod list;
mod sent;
mod warnings;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use naru_api::status::{Details, Status};
use serde_json::{Value, json};

pub(crate) use accept::{Form, Media};
pub(crate) use gzip::json_list;
pub(crate) use list::{ListBody, ListHead};
pub use sent::{Sent, Slice};
pub(crate) use warnings::warn;

/// An answer.
pub type Response = http::Response<Sent>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const YAML: HeaderValue = HeaderValue::from_static("application/yaml");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The answer to a failed request: a Status object.
pub fn failure(status: &Status) -> Response {
    let mut response = json_document(status.code, status.to_json().to_string());
    let retry = status.details.as_ref().and_then(|details| details.retry_after_seconds);
    if let Some(seconds) = retry {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The answer to paths that lead nowhere: plain text, as stock clients expect for an unknown group or version.
pub fn page_not_found() -> Response {
    let mut response = Response::new("404 page not found\n".into());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, TEXT);
    response
}

/// A finished JSON document.
pub(crate) fn json_document(code: u16, body: impl Into<Sent>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// A finished document in the media type the client asked for; compressed if `request` asks for it and it is large.
pub(crate) fn document(
    request: &HeaderMap,
    code: u16,
    media: Media,
    body: Bytes,
) -> Result<Response, Status> {
    let (body, media) = match media {
        Media::Json => (body, JSON),
        Media::Yaml => (to_yaml(&body)?.into(), YAML),
    };
    let mut response = gzip::whole(request, body);
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    Ok(response)
}

fn to_yaml(json: &[u8]) -> Result<String, Status> {
    let value: Value = serde_json::from_slice(json).map_err(|error| Status::internal(error.to_string()))?;
    serde_saphyr::to_string(&value).map_err(|error| Status::internal(error.to_string()))
}

/// A text that goes on for as long as its stream.
pub(crate) fn text_stream(body: Body) -> Response {
    let mut response = Response::new(Sent::stream(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// The `Status` object of a deletion or another success without an object.
pub(crate) fn success(details: Option<&Details>) -> Value {
    let mut status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"});
    if let Some(details) = details {
        status["details"] = json!(details);
    }
    status
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn failures_carry_their_code_and_when_to_retry() {
        let response = failure(&Status::unavailable("the store is away"));
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    }
}
