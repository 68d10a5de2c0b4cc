//! The errors of the Kubernetes API: `Status` objects with the code, reason and wording that stock clients match on.
//!
//! Source: apimachinery `pkg/api/errors` and `util/validation/field`, as observed on a real kube-apiserver.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Field errors that one answer tells: nobody reads more, and a small body can have hundreds of thousands.
pub const FIELD_ERRORS_MAX: usize = 1000;

/// One cause of an `Invalid` status, or another machine-readable detail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// For example `FieldValueRequired`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The field's path, for example `spec.containers[0].image`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// What the failure is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The object's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The API group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The resource's plural, or the kind for `Invalid`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The object's uid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Details of the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// When to try again, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// A failed request's answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    /// For example `NotFound`; empty for a failure without one.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// What it is about.
    pub details: Option<Box<Details>>,
}

impl Status {
    /// A status with no details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Status { code, reason, message: message.into(), details: None }
    }

    /// The same with `details`.
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// 404: no such object. `resource` is the plural.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} not found", qualified(group, resource));
        Status::new(404, "NotFound", message).with_details(about(group, resource, name))
    }

    /// 404: no such path or resource type.
    pub fn no_such_resource() -> Self {
        Status::new(404, "NotFound", "the server could not find the requested resource")
            .with_details(Details::default())
    }

    /// 404: a part of a resource that is not served, as `exec` of `pods`: kubectl shows the message.
    pub fn no_such_subresource(resource: &str, part: &str) -> Self {
        Status::new(404, "NotFound", format!("this server does not serve {resource}/{part}"))
            .with_details(Details::default())
    }

    /// 409: the name is taken.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", qualified(group, resource));
        Status::new(409, "AlreadyExists", message).with_details(about(group, resource, name))
    }

    /// 409: written since it was read, or another precondition that does not hold; `why` ends the sentence.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", qualified(group, resource));
        Status::new(409, "Conflict", message).with_details(about(group, resource, name))
    }

    /// 409 with the words for a stale resourceVersion.
    pub fn modified(group: &str, resource: &str, name: &str) -> Self {
        const WHY: &str =
            "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(group, resource, name, WHY)
    }

    /// 422: fields that cannot be accepted; the first [`FIELD_ERRORS_MAX`] are told.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let told = &errors[..errors.len().min(FIELD_ERRORS_MAX)];
        let mut all: Vec<String> = told.iter().map(ToString::to_string).collect();
        if errors.len() > told.len() {
            all.push(format!("and {} more", errors.len() - told.len()));
        }
        let list = if all.len() == 1 { all[0].clone() } else { format!("[{}]", all.join(", ")) };
        let message = format!("{} {name:?} is invalid: {list}", qualified(group, kind));
        let causes = told.iter().map(FieldError::cause).collect();
        let details = Details { causes, ..about(group, kind, name) };
        Status::new(422, "Invalid", message).with_details(details)
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Status::new(400, "BadRequest", message)
    }

    /// 401: who is this.
    pub fn unauthorized() -> Self {
        Status::new(401, "Unauthorized", "Unauthorized")
    }

    /// 403: not allowed; `why` ends the sentence. An empty `name` is left out.
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let subject = match name {
            "" => qualified(group, resource),
            name => format!("{} {name:?}", qualified(group, resource)),
        };
        let message = format!("{subject} is forbidden: {why}");
        Status::new(403, "Forbidden", message).with_details(about(group, resource, name))
    }

    /// 405: the resource has no such verb.
    pub fn method_not_allowed() -> Self {
        const WHAT: &str = "the server does not allow this method on the requested resource";
        Status::new(405, "MethodNotAllowed", WHAT).with_details(Details::default())
    }

    /// 406: none of the accepted media types can be made.
    pub fn not_acceptable(accepted: &str) -> Self {
        let message = format!("only the following media types are accepted: {accepted}");
        Status::new(406, "NotAcceptable", message)
    }

    /// 410: the asked point in history is gone.
    pub fn expired(message: impl Into<String>) -> Self {
        Status::new(410, "Expired", message)
    }

    /// 413: the body is too large.
    pub fn too_large(limit_bytes: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit_bytes}");
        Status::new(413, "RequestEntityTooLarge", message)
    }

    /// 415: the body is in a form that is not understood here.
    pub fn unsupported_media_type(accepted: &str) -> Self {
        const WHAT: &str = "the body of the request was in an unknown format - accepted media types include";
        Status::new(415, "UnsupportedMediaType", format!("{WHAT}: {accepted}"))
    }

    /// 429: try again in `seconds`.
    pub fn too_many_requests(message: impl Into<String>, seconds: u32) -> Self {
        let details = Details { retry_after_seconds: Some(seconds), ..Details::default() };
        Status::new(429, "TooManyRequests", message).with_details(details)
    }

    /// 500: our fault.
    pub fn internal(message: impl Into<String>) -> Self {
        let message = format!("Internal error occurred: {}", message.into());
        Status::new(500, "InternalError", message)
    }

    /// 503: the store or a part behind us is away; nothing was changed that the caller was told of.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let details = Details { retry_after_seconds: Some(1), ..Details::default() };
        Status::new(503, "ServiceUnavailable", message).with_details(details)
    }

    /// 504: the asked resourceVersion is in the future.
    pub fn too_large_resource_version(asked: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        let cause = Cause {
            reason: "ResourceVersionTooLarge".into(),
            message: "Too large resource version".into(),
            field: String::new(),
        };
        let details = Details { causes: vec![cause], retry_after_seconds: Some(1), ..Details::default() };
        Status::new(504, "Timeout", format!("Timeout: {message}")).with_details(details)
    }

    /// The `v1 Status` object that is sent.
    pub fn to_json(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            status["details"] = json!(details);
        }
        status["code"] = json!(self.code);
        status
    }
}

/// `resource.group`, or the resource alone in the core group.
fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_string() } else { format!("{resource}.{group}") }
}

fn about(group: &str, kind: &str, name: &str) -> Details {
    Details { name: name.into(), group: group.into(), kind: kind.into(), ..Details::default() }
}

/// One field that cannot be accepted, worded as Kubernetes words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The path, for example `spec.containers[0].image`.
    pub field: String,
    /// The kind of error.
    pub kind: FieldErrorKind,
}

/// The kinds of field errors (apimachinery `util/validation/field`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// Missing; the detail may be empty.
    Required(String),
    /// A bad value (as JSON) and why.
    Invalid(Value, String),
    /// Not one of the supported values.
    NotSupported(Value, Vec<String>),
    /// A value that occurs twice.
    Duplicate(Value),
    /// Not allowed here, and why.
    Forbidden(String),
    /// Longer than so many bytes (or items, for a list).
    TooLong(usize),
    /// Refers to something that is not there.
    NotFound(Value),
    /// Of the wrong type: the value and what was expected.
    TypeInvalid(Value, String),
}

impl FieldError {
    /// A missing field; `detail` may be empty.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        FieldError { field: field.into(), kind: FieldErrorKind::Required(detail.into()) }
    }

    /// A bad value.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        FieldError { field: field.into(), kind: FieldErrorKind::Invalid(value.into(), detail.into()) }
    }

    /// A value that is not among `supported` (printed sorted, as Kubernetes does).
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, supported: &[&str]) -> Self {
        let mut supported: Vec<String> = supported.iter().map(ToString::to_string).collect();
        supported.sort();
        FieldError { field: field.into(), kind: FieldErrorKind::NotSupported(value.into(), supported) }
    }

    /// A value that occurs twice.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        FieldError { field: field.into(), kind: FieldErrorKind::Duplicate(value.into()) }
    }

    /// Something that may not be set here.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError { field: field.into(), kind: FieldErrorKind::Forbidden(detail.into()) }
    }

    fn cause(&self) -> Cause {
        let reason = match &self.kind {
            FieldErrorKind::Required(_) => "FieldValueRequired",
            FieldErrorKind::Invalid(..) => "FieldValueInvalid",
            FieldErrorKind::NotSupported(..) => "FieldValueNotSupported",
            FieldErrorKind::Duplicate(_) => "FieldValueDuplicate",
            FieldErrorKind::Forbidden(_) => "FieldValueForbidden",
            FieldErrorKind::TooLong(_) => "FieldValueTooLong",
            FieldErrorKind::NotFound(_) => "FieldValueNotFound",
            FieldErrorKind::TypeInvalid(..) => "FieldValueTypeInvalid",
        };
        Cause { reason: reason.into(), message: self.body(), field: self.field.clone() }
    }

    fn body(&self) -> String {
        let suffix = |detail: &str| if detail.is_empty() { String::new() } else { format!(": {detail}") };
        match &self.kind {
            FieldErrorKind::Required(detail) => format!("Required value{}", suffix(detail)),
            FieldErrorKind::Invalid(value, detail) => format!("Invalid value: {value}{}", suffix(detail)),
            FieldErrorKind::NotSupported(value, supported) => {
                let quoted: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
                format!("Unsupported value: {value}: supported values: {}", quoted.join(", "))
            }
            FieldErrorKind::Duplicate(value) => format!("Duplicate value: {value}"),
            FieldErrorKind::Forbidden(detail) => format!("Forbidden{}", suffix(detail)),
            FieldErrorKind::TooLong(limit) => format!("Too long: may not be more than {limit} bytes"),
            FieldErrorKind::NotFound(value) => format!("Not found: {value}"),
            FieldErrorKind::TypeInvalid(value, detail) => format!("Invalid value: {value}{}", suffix(detail)),
        }
    }
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}
