//! Why a body cannot be decoded.

use crate::status::Status;

/// Bytes of the body that an error message shows.
const SUMMARY_BYTES: usize = 30;

/// Why a body cannot be decoded; worded as kube-apiserver words it where practical.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Malformed JSON; the message is that of Go's JSON scanner.
    #[error("couldn't get version/kind; json parse error: {0}")]
    Json(String),
    /// Malformed YAML.
    #[error("error converting YAML to JSON: yaml: {0}")]
    Yaml(String),
    /// Malformed protobuf.
    #[error("proto: {0}")]
    Protobuf(String),
    /// A protobuf body of a type that the facts table does not have.
    #[error("no kind {kind:?} is registered for version {api_version:?} in scheme")]
    UnknownType {
        /// The envelope's apiVersion.
        api_version: String,
        /// The envelope's kind.
        kind: String,
    },
}

impl Error {
    /// The 400 that kube-apiserver answers when it expected a `kind` and got `body`.
    pub fn to_status(&self, kind: &str, body: &[u8]) -> Status {
        let message = format!("the object provided is unrecognized (must be of type {kind}): {self}");
        Status::bad_request(format!("{message} ({})", summary(body)))
    }
}

/// The body's beginning: as it is if it looks like a JSON object, else in hexadecimal digits.
fn summary(body: &[u8]) -> String {
    if body.is_empty() {
        return "<empty>".into();
    }
    let start = &body[..body.len().min(SUMMARY_BYTES)];
    let mut text = match start.first() {
        Some(b'{') => String::from_utf8_lossy(start).into_owned(),
        _ => start.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    if body.len() > SUMMARY_BYTES {
        text.push_str(" ...");
    }
    text
}
