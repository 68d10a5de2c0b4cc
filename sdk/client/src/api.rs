//! Requests as JSON values: what the commands send and get, without typed structs in between.

use futures::{Stream, StreamExt, TryStreamExt};
use http::{Method, Request, header};
use kube::{Client, client::Body, core::Status};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::compat::FuturesAsyncReadCompatExt;

/// What asks for the Table form, and gets plain JSON from a server that has none.
pub const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/// A server's longest line in a watch, in bytes: an object of the largest size with room for its frame.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a query value keeps as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Why a watch ended.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The connection broke, or a line was too long.
    #[error("the watch was cut off")]
    Line(#[from] LinesCodecError),
    /// The server sent something else than an event.
    #[error("the server sent no watch event")]
    Json(#[from] serde_json::Error),
}

/// A path with query parameters.
pub fn with_query<'a>(path: &str, parameters: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let encoded: Vec<String> = parameters
        .into_iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, QUERY)))
        .collect();
    if encoded.is_empty() { path.into() } else { format!("{path}?{}", encoded.join("&")) }
}

fn request(method: Method, path: &str, accept: &str, content_type: &str, body: Vec<u8>) -> Request<Vec<u8>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, accept)
        .header(header::CONTENT_TYPE, content_type)
        .body(body)
        .expect("paths are made of names the server gave or checks, encoded where they are free text")
}

/// GETs JSON.
pub async fn get(client: &Client, path: &str, accept: &str) -> Result<Value, kube::Error> {
    exchange(client, request(Method::GET, path, accept, "application/json", Vec::new())).await
}

/// Sends JSON.
pub async fn send(client: &Client, method: Method, path: &str, body: &Value) -> Result<Value, kube::Error> {
    exchange(client, request(method, path, "application/json", "application/json", encode(body))).await
}

/// PATCHes with a patch of this media type.
pub async fn patch(
    client: &Client,
    path: &str,
    media_type: &str,
    body: &Value,
) -> Result<Value, kube::Error> {
    exchange(client, request(Method::PATCH, path, "application/json", media_type, encode(body))).await
}

/// One request and its answer; the server's warnings go to standard error.
async fn exchange(client: &Client, request: Request<Vec<u8>>) -> Result<Value, kube::Error> {
    let response = client.send(request.map(Body::from)).await?;
    for warning in response.headers().get_all(header::WARNING) {
        if let Some(text) = warning.to_str().ok().and_then(warning_text) {
            eprintln!("Warning: {text}");
        }
    }
    let status = response.status();
    let bytes = response.into_body().collect_bytes().await?;
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(kube::Error::SerdeError);
    }
    let failure = serde_json::from_slice::<Status>(&bytes).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(&bytes).trim().to_string();
        Status::failure(&text, "").with_code(status.as_u16())
    });
    Err(kube::Error::Api(failure.boxed()))
}

/// The text of `299 - "text"` (RFC 7234, 5.5).
fn warning_text(header: &str) -> Option<String> {
    let quoted = header.splitn(3, ' ').nth(2)?.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// Whether the server says that there is no such object.
pub fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

fn encode(body: &Value) -> Vec<u8> {
    serde_json::to_vec(body).expect("a JSON value is always valid JSON")
}

/// The text of a GET as it comes, for logs.
pub async fn text(
    client: &Client,
    path: &str,
) -> Result<impl Stream<Item = std::io::Result<Vec<u8>>> + use<>, kube::Error> {
    let reader =
        client.request_stream(request(Method::GET, path, "*/*", "application/json", Vec::new())).await?;
    let stream = tokio_util::io::ReaderStream::new(reader.compat());
    Ok(stream.map_ok(|bytes| bytes.to_vec()))
}

/// The events of a watch: `{"type": ..., "object": ...}` each.
pub async fn watch(
    client: &Client,
    path: &str,
    accept: &str,
) -> Result<impl Stream<Item = Result<Value, WatchError>> + use<>, kube::Error> {
    let reader =
        client.request_stream(request(Method::GET, path, accept, "application/json", Vec::new())).await?;
    let lines = FramedRead::new(reader.compat(), LinesCodec::new_with_max_length(LINE_BYTES_MAX));
    Ok(lines.map(|line| Ok(serde_json::from_str(&line?)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_and_queries() {
        let text = warning_text(r#"299 - "unknown field \"spec.foo\"""#);
        assert_eq!(text.as_deref(), Some(r#"unknown field "spec.foo""#));
        assert_eq!(warning_text("299 - bare"), None);
        assert_eq!(with_query("/a", [("x", "b c&d".to_string())]), "/a?x=b%20c%26d");
        assert_eq!(with_query("/a", []), "/a");
    }
}
