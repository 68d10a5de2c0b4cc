//! Why a strategic merge patch does not apply, in the words of apimachinery `pkg/util/mergepatch`.

use serde_json::{Map, Value};

use crate::status::{Details, Status};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("invalid patch format of primitive list")]
    PrimitiveList,
    #[error("invalid patch format of retainKeys")]
    RetainKeys,
    #[error("lists of lists are not supported")]
    ListOfLists,
    #[error("map: {item} does not contain declared merge key: {key}")]
    NoMergeKey { item: String, key: String },
    #[error("unknown patch type: {directive} in map: {item}")]
    PatchType { directive: String, item: String },
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    #[error("cannot merge lists without merge key for {0}")]
    WithoutMergeKey(&'static str),
    #[error("list element types are not identical: {0}")]
    MixedList(String),
    #[error("The order in patch list:\n{patch}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch { patch: String, order: String },
    #[error("expected a {expected}, but received a {found}")]
    Type { expected: &'static str, found: &'static str },
}

impl Error {
    pub(super) fn no_merge_key(item: &Map<String, Value>, key: &str) -> Self {
        Error::NoMergeKey { item: go_map(item), key: key.into() }
    }

    pub(super) fn patch_type(directive: &Value, item: &Map<String, Value>) -> Self {
        Error::PatchType { directive: go_text(directive), item: go_map(item) }
    }

    pub(super) fn not_a_list(found: &Value) -> Self {
        Error::Type { expected: "[]interface {}", found: go_type(found) }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::PrimitiveList | Error::RetainKeys => Status::bad_request(message),
            Error::ListOfLists => {
                const WHAT: &str = "the server rejected our request due to an error in our request";
                Status::new(422, "Invalid", WHAT).with_details(Details::default())
            }
            // kube-apiserver passes these on as they are, without a reason.
            _ => Status::new(500, "", message),
        }
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A value as Go prints it with `%v`.
pub(super) fn go_text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => go_list(items),
        Value::Object(fields) => go_map(fields),
        other => other.to_string(),
    }
}

pub(super) fn go_list(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(go_text).collect();
    format!("[{}]", items.join(" "))
}

fn go_map(fields: &Map<String, Value>) -> String {
    let mut pairs: Vec<String> =
        fields.iter().map(|(key, value)| format!("{key}:{}", go_text(value))).collect();
    pairs.sort();
    format!("map[{}]", pairs.join(" "))
}
