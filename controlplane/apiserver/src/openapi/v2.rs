//! `/openapi/v2`, as little of it as stock clients need.
//!
//! kubectl validates by OpenAPI v3, and on the server. Only for what v3 cannot tell it (a `kind: List`, an unknown kind) does it
//! still ask for v2, in protobuf alone, and give up if there is none. It then skips what the document does not describe,
//! so a document that describes nothing lets the server judge. Whoever asks for JSON gets 404, and turns to v3.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

/// What kubectl asks for.
const ASKED: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/// What the answer is called: kubectl's parser of media types does not take the `@` that it sends.
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// Field numbers of gnostic's `openapi.v2.Document` and `Info`.
const SWAGGER: u8 = 1;
const INFO: u8 = 2;
const TITLE: u8 = 1;
const VERSION: u8 = 2;

/// Answers `GET /openapi/v2`.
pub(super) async fn document(headers: HeaderMap) -> Response {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    match accepts.flat_map(|accept| accept.split(',')).any(|media| matches!(media.trim(), ASKED | PROTOBUF)) {
        true => ([(header::CONTENT_TYPE, PROTOBUF), (header::VARY, "Accept")], empty()).into_response(),
        false => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
    }
}

fn empty() -> Vec<u8> {
    let info = [field(TITLE, b"Kubernetes"), field(VERSION, naru_api::VERSION.as_bytes())].concat();
    [field(SWAGGER, b"2.0"), field(INFO, &info)].concat()
}

/// A length-delimited field. All here are shorter than 128 bytes, so their length is one byte.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    debug_assert!(bytes.len() < 128 && number < 16, "one byte each");
    [&[number << 3 | 2, bytes.len() as u8], bytes].concat()
}
