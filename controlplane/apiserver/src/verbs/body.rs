//! Request bodies: bytes in one of the accepted media types into objects whose fields are known and well typed.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use naru_api::{
    Object,
    decode::{self, Decoded, Error},
    schema::{self, Findings},
    status::{FieldError, Status},
};
use serde_json::Value;
use tokio::time::timeout;

use super::{Call, large};
use crate::request::FieldValidation;

/// The largest request body (kube-apiserver's limit).
pub(crate) const BODY_BYTES_MAX: usize = 3 << 20;

/// So much of a body that is too large is read and thrown away before it is refused.
const SKIPPED_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;

/// So much of a body that nobody wanted is read and thrown away before the answer (what Go's server reads), and so long.
const UNREAD_BYTES_MAX: usize = 256 << 10;
const UNREAD_WAIT: Duration = Duration::from_secs(1);

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// The media types of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    Yaml,
    Protobuf,
}

/// What a body is expected to hold.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) api_version: &'a str,
    pub(super) kind: &'a str,
    /// In the schema facts.
    pub(super) definition: &'a str,
}

/// An object out of a request, and what its sender should be told.
pub(super) struct Received {
    pub(super) object: Object,
    pub(super) warnings: Vec<String>,
}

/// Reads the whole body of a call.
pub(super) async fn read(call: &Call, body: &mut Body) -> Result<Bytes, Status> {
    let announced =
        call.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > BODY_BYTES_MAX as u64) {
        skip(body, SKIPPED_BYTES_MAX).await;
        return Err(Status::too_large(BODY_BYTES_MAX));
    }
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => {
            let bytes = collected.to_bytes();
            large::read(call, bytes.len()).await?;
            Ok(bytes)
        }
        Err(error) if error.is::<LengthLimitError>() => Err(Status::too_large(BODY_BYTES_MAX)),
        Err(error) => Err(Status::bad_request(format!("cannot read the request's body: {error}"))),
    }
}

/// Reads what a request has left of its body when it is about to be answered: otherwise HTTP/2 resets the stream, and HTTP/1.1
/// closes the connection, before some clients have seen the answer.
pub(crate) async fn finish(body: &mut Body) {
    if !body.is_end_stream() {
        // Who takes longer is cut off.
        let _ = timeout(UNREAD_WAIT, skip(body, UNREAD_BYTES_MAX)).await;
    }
}

/// Reads a body that is refused, up to a bound: a client that is cut off while it sends sees no answer.
async fn skip(body: &mut Body, most_bytes: usize) {
    let mut body = Limited::new(body, most_bytes);
    while let Some(Ok(_)) = body.frame().await {}
}

/// The media type without its parameters; `None` if it is not given.
pub(super) fn content_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    text.split(';').next().map(str::trim).filter(|media| !media.is_empty())
}

/// The media type of an object's body; JSON if it is not given. 415 for others.
pub(super) fn media(headers: &HeaderMap) -> Result<Media, Status> {
    match content_type(headers) {
        None | Some("application/json" | "*/*") => Ok(Media::Json),
        Some("application/yaml") => Ok(Media::Yaml),
        Some("application/vnd.kubernetes.protobuf") => Ok(Media::Protobuf),
        Some(_) => Err(Status::unsupported_media_type(ACCEPTED)),
    }
}

/// Decodes a body.
pub(super) fn decoded(bytes: &[u8], media: Media) -> Result<Decoded, Error> {
    match media {
        Media::Json => decode::json(bytes),
        Media::Yaml => decode::yaml(bytes),
        Media::Protobuf => Ok(Decoded { value: decode::protobuf(bytes)?, duplicates: Vec::new() }),
    }
}

/// Reads and checks an object of the call's kind or of a subresource's.
pub(super) async fn object(
    call: &Call,
    body: &mut Body,
    expected: Expected<'_>,
    validation: FieldValidation,
) -> Result<Received, Status> {
    let media = media(&call.headers)?;
    let bytes = read(call, body).await?;
    let Decoded { value, duplicates } =
        decoded(&bytes, media).map_err(|error| error.to_status(expected.kind, &bytes))?;
    if !value.is_object() {
        let error = Error::Json("the body is no object".into());
        return Err(error.to_status(expected.kind, &bytes));
    }
    let mut object = value;
    if let Some(why) = mistyped_type(&object) {
        return Err(Error::Json(why).to_status(expected.kind, &bytes));
    }
    check_type(&mut object, expected)?;
    let unusable = |why: &str| Status::bad_request(cannot_be_handled(expected, why));
    let unknown = known_fields(&mut object, expected.definition).map_err(|why| unusable(&why))?;
    let strange = strange_fields(unknown, duplicates);
    match validation {
        FieldValidation::Strict if !strange.is_empty() => {
            Err(unusable(&format!("strict decoding error: {}", strange.join(", "))))
        }
        FieldValidation::Warn => Ok(Received { object, warnings: strange }),
        FieldValidation::Ignore | FieldValidation::Strict => Ok(Received { object, warnings: Vec::new() }),
    }
}

/// Checks the types and unknown fields of a patched object; the 422 shows the object.
pub(super) fn patched(
    object: &mut Object,
    expected: Expected<'_>,
    duplicates: Vec<String>,
    validation: FieldValidation,
) -> Result<Vec<String>, Status> {
    let invalid = |object: &Object, why: &str| {
        Status::invalid("", "", "", &[FieldError::invalid("patch", object.to_string(), why)])
    };
    let Findings { mistyped, unknown } = schema::check(expected.definition, object);
    if let Some(why) = mistyped.first() {
        return Err(invalid(object, why));
    }
    let any_unknown = !unknown.is_empty();
    let strange = strange_fields(unknown, duplicates);
    if validation == FieldValidation::Strict && !strange.is_empty() {
        return Err(invalid(object, &format!("strict decoding error: {}", strange.join(", "))));
    }
    clean(object, expected.definition, any_unknown);
    Ok(if validation == FieldValidation::Warn { strange } else { Vec::new() })
}

/// Checks types, takes unknown fields out and brings values to their canonical form. Returns the unknown fields' paths; the error says what
/// has the wrong type.
fn known_fields(object: &mut Object, definition: &str) -> Result<Vec<String>, String> {
    let findings = schema::check(definition, object);
    if let Some(first) = findings.mistyped.into_iter().next() {
        return Err(first);
    }
    clean(object, definition, !findings.unknown.is_empty());
    Ok(findings.unknown)
}

/// Takes unknown fields out, if there are any, and brings values to their canonical form.
fn clean(object: &mut Object, definition: &str, any_unknown: bool) {
    if any_unknown {
        schema::prune(definition, object);
    }
    schema::normalize(definition, object);
}

fn strange_fields(unknown: Vec<String>, duplicates: Vec<String>) -> Vec<String> {
    let unknown = unknown.into_iter().map(|path| format!("unknown field {path:?}"));
    unknown.chain(duplicates.into_iter().map(|path| format!("duplicate field {path:?}"))).collect()
}

/// What is wrong with a `kind` or `apiVersion` that is no text, as Go says it.
fn mistyped_type(object: &Object) -> Option<String> {
    let (field, value) = ["kind", "apiVersion"].into_iter().find_map(|field| {
        let value = object.get(field).filter(|value| !value.is_null() && !value.is_string())?;
        Some((field, value))
    })?;
    let given = match value {
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Array(_) => "array",
        _ => "object",
    };
    Some(format!("json: cannot unmarshal {given} into Go struct field .{field} of type string"))
}

/// Fills in a type that is not given; 400 for another one.
fn check_type(object: &mut Object, expected: Expected<'_>) -> Result<(), Status> {
    for (name, value) in [("apiVersion", expected.api_version), ("kind", expected.kind)] {
        match object.get(name).and_then(Value::as_str).unwrap_or_default() {
            "" => object[name] = value.into(),
            given if given == value => {}
            given if name == "apiVersion" => {
                return Err(Status::bad_request(format!(
                    "the API version in the data ({given}) does not match the expected API version ({value})"
                )));
            }
            given => {
                let version = expected.api_version;
                return Err(Status::bad_request(format!(
                    "{given} in version {version:?} cannot be handled as a {value}: no conversion between them"
                )));
            }
        }
    }
    Ok(())
}

fn cannot_be_handled(expected: Expected<'_>, why: &str) -> String {
    let Expected { kind, api_version, .. } = expected;
    let version = api_version.rsplit('/').next().unwrap_or_default();
    format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_filled_in_or_refused() {
        let expected = Expected { api_version: "v1", kind: "Pod", definition: "" };
        let mut object = json!({"metadata": {}});
        assert_eq!(check_type(&mut object, expected), Ok(()));
        assert_eq!((&object["apiVersion"], &object["kind"]), (&json!("v1"), &json!("Pod")));
        let version = check_type(&mut json!({"apiVersion": "v2", "kind": "Pod"}), expected);
        assert_eq!(version.map_err(|status| status.code), Err(400));
        assert!(
            mistyped_type(&json!({"kind": 5})).is_some() && mistyped_type(&json!({"kind": null})).is_none()
        );
        let kind = check_type(&mut json!({"apiVersion": "v1", "kind": "Secret"}), expected);
        assert_eq!(kind.map_err(|status| status.code), Err(400));
    }
}
