//! Requests as JSON values: what the commands send and get, without typed structs in between.

use futures::{Stream, StreamExt, TryStreamExt};
use http::{Method, Request, header};
use kube::Client;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::compat::FuturesAsyncReadCompatExt;

/// What asks for the Table form, and gets plain JSON from a server that has none.
pub const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/// A server's longest line in a watch, in bytes: an object of the largest size with room for its frame.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a query value keeps as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

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
    client.request(request(Method::GET, path, accept, "application/json", Vec::new())).await
}

/// Sends JSON.
pub async fn send(client: &Client, method: Method, path: &str, body: &Value) -> Result<Value, kube::Error> {
    client.request(request(method, path, "application/json", "application/json", encode(body))).await
}

/// PATCHes with a patch of this media type.
pub async fn patch(
    client: &Client,
    path: &str,
    media_type: &str,
    body: &Value,
) -> Result<Value, kube::Error> {
    client.request(request(Method::PATCH, path, "application/json", media_type, encode(body))).await
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
) -> Result<impl Stream<Item = anyhow::Result<Value>> + use<>, kube::Error> {
    let reader =
        client.request_stream(request(Method::GET, path, accept, "application/json", Vec::new())).await?;
    let lines = FramedRead::new(reader.compat(), LinesCodec::new_with_max_length(LINE_BYTES_MAX));
    Ok(lines.map(|line| Ok(serde_json::from_str(&line?)?)))
}
