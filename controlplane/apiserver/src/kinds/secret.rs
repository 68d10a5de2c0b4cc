//! Secret: settings that must not be seen, by key, base64 encoded.
//!
//! Source of the behaviour: kube-apiserver's `ValidateSecret` and `ValidateSecretUpdate`.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use naru_api::{Object, kinds::Kind, meta, status::FieldError};
use serde_json::Value;

use super::{
    Strategy, age_cell,
    data::{self, MAX_BYTES},
    fields::{count, set_default_text, text},
    name_cell,
    path::{Path, Problems},
};

/// The annotation that names a token's service account.
const SERVICE_ACCOUNT: &str = "kubernetes.io/service-account.name";

pub(super) struct Rules;

impl Strategy for Rules {
    fn default(&self, object: &mut Object) {
        if let Some(map) = object.as_object_mut() {
            set_default_text(map, "type", "Opaque");
        }
        merge_string_data(object);
    }

    fn validate_create(&self, object: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        check(object, &mut problems);
        problems.into_errors()
    }

    fn validate_update(&self, _subresource: Option<&str>, object: &Object, old: &Object) -> Vec<FieldError> {
        let mut problems = Problems::default();
        problems.check_immutable(&Path::root("type"), &object["type"], &old["type"]);
        data::check_immutable(object, old, &["data"], &mut problems);
        check(object, &mut problems);
        problems.into_errors()
    }

    fn cells(&self, _kind: &Kind, object: &Object, now: Timestamp) -> Vec<Value> {
        let keys = count(&object["data"]);
        vec![name_cell(object), object["type"].clone(), keys.into(), age_cell(object, now)]
    }
}

/// `stringData` is a way to write `data` without encoding it; it is never stored.
fn merge_string_data(object: &mut Object) {
    let Some(map) = object.as_object_mut() else { return };
    let Some(Value::Object(plain)) = map.shift_remove("stringData") else { return };
    if plain.is_empty() {
        return;
    }
    let data = meta::child_mut(object, "data");
    for (key, value) in plain {
        data.insert(key, BASE64_STANDARD.encode(text(&value)).into());
    }
}

fn check(object: &Object, problems: &mut Problems) {
    data::check_keys(object, "data", problems);
    if data::check_base64(object, "data", problems) > MAX_BYTES {
        problems.too_long(&Path::root("data"), MAX_BYTES);
    }
    let missing = |key: &str| object["data"].get(key).is_none();
    let account = text(&object["metadata"]["annotations"][SERVICE_ACCOUNT]);
    let path = Path::root("data");
    match text(&object["type"]) {
        "kubernetes.io/service-account-token" if account.is_empty() => {
            let path = Path::root("metadata");
            problems.required(&path.child("annotations").key(SERVICE_ACCOUNT), "");
        }
        "kubernetes.io/dockercfg" => check_json(object, ".dockercfg", problems),
        "kubernetes.io/dockerconfigjson" => check_json(object, ".dockerconfigjson", problems),
        "kubernetes.io/basic-auth" if missing("username") && missing("password") => {
            problems.required(&path.key("username"), "");
            problems.required(&path.key("password"), "");
        }
        "kubernetes.io/ssh-auth" if text(&object["data"]["ssh-privatekey"]).is_empty() => {
            problems.required(&path.key("ssh-privatekey"), "");
        }
        "kubernetes.io/tls" => {
            for key in ["tls.crt", "tls.key"].into_iter().filter(|key| missing(key)) {
                problems.required(&path.key(key), "");
            }
        }
        _ => {}
    }
}

/// A key that must hold a JSON object.
fn check_json(object: &Object, key: &str, problems: &mut Problems) {
    let root = Path::root("data");
    let path = root.key(key);
    let value = &object["data"][key];
    if value.is_null() {
        return problems.required(&path, "");
    }
    let Ok(bytes) = data::decode(value) else { return };
    if let Err(error) = serde_json::from_slice::<serde_json::Map<String, Value>>(&bytes) {
        problems.invalid(&path, "<secret contents redacted>", &error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn string_data_becomes_data() {
        let mut secret = json!({"data": {"a": "QQ==", "b": "Qg=="}, "stringData": {"a": "x", "c": ""}});
        Rules.default(&mut secret);
        assert_eq!(secret, json!({"data": {"a": "eA==", "b": "Qg==", "c": ""}, "type": "Opaque"}));
    }

    #[test]
    fn types_need_their_keys() {
        let table = [
            (json!({"type": "Opaque", "data": {"a": ""}}), vec![]),
            (json!({"type": "example.com/own"}), vec![]),
            (
                json!({"type": "kubernetes.io/tls", "data": {"tls.crt": ""}}),
                vec!["data[tls.key]: Required value"],
            ),
            (
                json!({"type": "kubernetes.io/basic-auth"}),
                vec!["data[username]: Required value", "data[password]: Required value"],
            ),
            (json!({"type": "kubernetes.io/ssh-auth"}), vec!["data[ssh-privatekey]: Required value"]),
            (
                json!({"type": "kubernetes.io/service-account-token"}),
                vec!["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
            ),
            (
                json!({"type": "kubernetes.io/dockerconfigjson"}),
                vec!["data[.dockerconfigjson]: Required value"],
            ),
            (
                json!({"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "e30="}}),
                vec![],
            ),
            (
                json!({"data": {"a": "%"}}),
                vec!["data[a]: Invalid value: \"<contents redacted>\": illegal base64 data at input byte 0"],
            ),
        ];
        for (secret, expected) in table {
            let found: Vec<_> = Rules.validate_create(&secret).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{secret}");
        }
    }

    #[test]
    fn the_type_stays() {
        let found = Rules.validate_update(None, &json!({"type": "a"}), &json!({"type": "b"}));
        assert_eq!(found, [FieldError::invalid("type", "a", "field is immutable")]);
    }
}
