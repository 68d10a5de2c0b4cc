//! PATCH of an object or of one of its subresources: JSON patch, JSON merge patch and strategic merge patch.

use axum::body::Body;
use naru_api::{
    Object, decode, meta, patch,
    status::{FieldError, Status},
};
use serde_json::{Map, Value};

use super::{
    Call,
    body::{self, Expected},
    change::{self, Change, Decision},
    object_response,
    update::{check_name, finish},
    warned,
};
use crate::{
    request::{FieldValidation, WriteOptions},
    response::Response,
};

const ACCEPTED: &str =
    "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";

/// How the body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Json,
    Merge,
    Strategic,
}

/// Patches the object that the path names.
pub(super) async fn patch(call: &Call, body: &mut Body) -> Result<Response, Status> {
    let options = WriteOptions::parse(&call.query, "PatchOptions")?;
    let style = match body::content_type(&call.headers) {
        Some("application/json-patch+json") => Style::Json,
        Some("application/merge-patch+json") => Style::Merge,
        Some("application/strategic-merge-patch+json") => Style::Strategic,
        _ => return Err(Status::unsupported_media_type(ACCEPTED)),
    };
    if call.query.get("force").is_some() {
        let error = FieldError::forbidden("force", "may not be specified for non-apply patch");
        return Err(Status::invalid("meta.k8s.io", "PatchOptions", "", &[error]));
    }
    let bytes = body::read(call, body).await?;
    let decoded = decode::json(&bytes).map_err(|error| Status::bad_request(error.to_string()))?;
    if style != Style::Json && !decoded.value.is_object() {
        return Err(Status::bad_request("a merge patch must be a JSON object"));
    }
    let mut change = Patch {
        style,
        patch: decoded.value,
        duplicates: decoded.duplicates,
        validation: options.validation,
        warnings: Vec::new(),
    };
    let outcome = change::change(call, call.name(), options.dry_run, &mut change).await;
    match outcome.and_then(|outcome| outcome.ok_or_else(|| call.not_found())) {
        Ok(outcome) => object_response(call, 200, outcome.into_bytes()?, &change.warnings),
        Err(status) => Ok(warned(&status, &change.warnings)),
    }
}

/// The change of a PATCH.
struct Patch {
    style: Style,
    patch: Value,
    duplicates: Vec<String>,
    validation: FieldValidation,
    warnings: Vec<String>,
}

#[async_trait::async_trait]
impl Change for Patch {
    /// A merge patch of the status that names nothing else.
    fn is_about_all(&self, call: &Call) -> bool {
        const NAMED: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];
        let small = |patch: &Map<String, Value>| patch.keys().all(|key| NAMED.contains(&key.as_str()));
        call.path.subresource.as_deref() != Some("status")
            || self.style == Style::Json
            || !self.patch.as_object().is_some_and(small)
    }

    async fn decide(&mut self, call: &Call, current: Object) -> Result<Decision, Status> {
        let row = call.row();
        let mut new = self.applied(row.definition, &current)?;
        let api_version = row.api_version();
        let expected = Expected { api_version: &api_version, kind: row.kind, definition: row.definition };
        check_type(&mut new, expected)?;
        self.warnings = body::patched(&mut new, expected, self.duplicates.clone(), self.validation)?;
        check_name(call, &new)?;
        if meta::namespace(&new) != meta::namespace(&current) {
            const MISMATCH: &str =
                "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Status::bad_request(MISMATCH));
        }
        finish(call, new, current).await
    }
}

impl Patch {
    fn applied(&self, definition: &str, current: &Object) -> Result<Object, Status> {
        match self.style {
            Style::Json => patch::json(current, &self.patch),
            Style::Strategic => patch::strategic(definition, current, &self.patch),
            Style::Merge => {
                let mut new = current.clone();
                patch::merge(&mut new, &self.patch);
                Ok(new)
            }
        }
    }
}

/// A patch may not turn an object into one of another type; what it takes away is as it was.
fn check_type(new: &mut Object, expected: Expected<'_>) -> Result<(), Status> {
    for (name, value) in [("apiVersion", expected.api_version), ("kind", expected.kind)] {
        if new.is_object() && new.get(name).is_none_or(Value::is_null) {
            new[name] = value.into();
        }
    }
    let is = |name: &str, value: &str| new.get(name).and_then(Value::as_str) == Some(value);
    if is("apiVersion", expected.api_version) && is("kind", expected.kind) {
        return Ok(());
    }
    let Expected { api_version, kind, .. } = expected;
    Err(Status::bad_request(format!("a patch may not change the object's type, {api_version} {kind}")))
}
