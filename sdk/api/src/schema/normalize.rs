//! Brings an object to the form in which kube-apiserver would store it: what decoding into Go's structs and encoding
//! again does to nulls, quantities and times. Known field types are assumed (see `check`); others are left alone.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::facts::{Definition, Field, definition};
use super::time;
use super::types::{Scalar, Shape, Type};
use crate::quantity::Quantity;

/// Drops null fields and the empty ones that Go leaves out, makes null items and map values the zero value of their type, writes quantities,
/// times and base64 in their canonical form. Idempotent; a canonical object costs no allocation.
pub fn normalize(definition_name: &str, object: &mut Value) {
    if let (Some(root), Value::Object(map)) = (definition(definition_name), object) {
        fields(root, map);
    }
}

fn fields(owner: &Definition, map: &mut Map<String, Value>) {
    let mut dropped = false;
    for (name, value) in map.iter_mut() {
        if value.is_null() {
            dropped = true;
        } else if let Some(field) = owner.field(name) {
            inner(field.ty, value);
            if is_left_out(field, value) {
                *value = Value::Null;
                dropped = true;
            }
        }
    }
    if dropped {
        map.retain(|_, value| !value.is_null());
    }
}

/// Whether Go's encoder leaves the field out: `omitempty`, and the zero value of a type that has an empty one.
fn is_left_out(field: &Field, value: &Value) -> bool {
    let empty = match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty() && matches!(field.ty.shape(), Shape::Map(_)),
        Value::String(text) => text.is_empty() && matches!(field.ty.shape(), Shape::Scalar(Scalar::String)),
        Value::Bool(flag) => !flag,
        Value::Number(number) => {
            let whole = matches!(field.ty.shape(), Shape::Scalar(Scalar::Int32 | Scalar::Int64));
            whole && number.as_i64() == Some(0)
        }
        Value::Null => true,
    };
    empty && field.omit_empty() && !field.pointer()
}

fn inner(ty: Type, value: &mut Value) {
    match (ty.shape(), value) {
        (Shape::Object(id), Value::Object(map)) => fields(id.get(), map),
        (Shape::List(item) | Shape::WrappedList(item), Value::Array(list)) => {
            list.iter_mut().for_each(|value| element(item, value));
        }
        (Shape::Map(item), Value::Object(map)) => map.values_mut().for_each(|value| element(item, value)),
        (Shape::Scalar(Scalar::Quantity), value) => quantity(value),
        // Line ends in base64 say nothing; tools that wrap lines put them in.
        (Shape::Scalar(Scalar::Bytes), Value::String(text)) if text.contains(['\n', '\r']) => {
            text.retain(|letter| !matches!(letter, '\n' | '\r'));
        }
        (Shape::Scalar(Scalar::Time), Value::String(text)) if !time::is_canonical(text, false) => {
            rewrite(text, time::rfc3339_seconds);
        }
        (Shape::Scalar(Scalar::MicroTime), Value::String(text)) if !time::is_canonical(text, true) => {
            rewrite(text, time::rfc3339_micros);
        }
        _ => {}
    }
}

fn element(ty: Type, value: &mut Value) {
    if value.is_null() {
        *value = zero(ty);
    } else {
        inner(ty, value);
    }
}

/// What Go's decoder makes of null in a list or map.
fn zero(ty: Type) -> Value {
    match ty.shape() {
        Shape::Object(_) => Value::Object(Map::new()),
        Shape::Scalar(Scalar::String) => Value::String(String::new()),
        Shape::Scalar(Scalar::Int32 | Scalar::Int64 | Scalar::Double | Scalar::IntOrString) => Value::from(0),
        Shape::Scalar(Scalar::Bool) => Value::Bool(false),
        Shape::Scalar(Scalar::Quantity) => Value::String("0".into()),
        _ => Value::Null,
    }
}

fn quantity(value: &mut Value) {
    if matches!(value, Value::String(text) if is_plainly_canonical(text)) {
        return;
    }
    if let Ok(quantity) = Quantity::from_value(value) {
        *value = Value::String(quantity.to_string());
    }
}

/// Whether a short quantity is canonical at a glance: up to three digits, not ending in zero, with or without `m`, `Mi`...
fn is_plainly_canonical(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = &text.as_bytes()[..digits];
    let plain = matches!(number, [b'1'..=b'9'] | [b'1'..=b'9', _] | [b'1'..=b'9', _, _]);
    plain && matches!(&text[digits..], "" | "m" | "k" | "M" | "G" | "Ki" | "Mi" | "Gi" | "Ti")
}

fn rewrite(text: &mut String, form: fn(Timestamp) -> String) {
    if let Ok(time) = text.parse::<Timestamp>() {
        *text = form(time);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn as_stored() {
        let mut pod = json!({
            "metadata": {"name": "a", "creationTimestamp": null, "labels": {"a": null}, "deletionTimestamp": "2026-11-21T10:00:00.5+01:00"},
            "spec": {
                "containers": [{"name": "c", "command": null, "args": ["a", null], "resources": {"limits": {"cpu": 0.5, "memory": "1024Mi"}, "requests": {"cpu": 1, "memory": "100Mi"}}}, null],
            },
            "status": null,
        });
        normalize("io.k8s.api.core.v1.Pod", &mut pod);
        let expected = json!({
            "metadata": {"name": "a", "labels": {"a": ""}, "deletionTimestamp": "2026-11-21T09:00:00Z"},
            "spec": {
                "containers": [{"name": "c", "args": ["a", ""], "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "100Mi"}}}, {}],
            },
        });
        assert_eq!(pod, expected);
        let mut lease = json!({"spec": {"renewTime": "2026-11-21T09:00:00Z"}});
        normalize("io.k8s.api.coordination.v1.Lease", &mut lease);
        assert_eq!(lease, json!({"spec": {"renewTime": "2026-11-21T09:00:00.000000Z"}}));
    }

    #[test]
    fn what_go_leaves_out_is_left_out() {
        let mut pod = json!({
            "metadata": {"name": "a", "labels": {}, "annotations": {}, "finalizers": [], "generateName": "", "generation": 0},
            "spec": {
                "containers": [{"name": "c", "command": [], "ports": [], "stdin": false, "securityContext": {"privileged": false, "runAsUser": 0},
                    "resources": {"limits": {}}, "env": [{"name": "e", "value": ""}]}],
                "hostNetwork": false, "subdomain": "", "priority": 0, "enableServiceLinks": false, "securityContext": {},
                "nodeSelector": {}, "terminationGracePeriodSeconds": 0,
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
            "status": {"containerStatuses": [{"name": "c", "ready": false, "restartCount": 0, "image": "", "imageID": ""}]},
        });
        normalize("io.k8s.api.core.v1.Pod", &mut pod);
        let expected = json!({
            "metadata": {"name": "a"},
            "spec": {
                "containers": [{"name": "c", "securityContext": {"privileged": false, "runAsUser": 0}, "resources": {}, "env": [{"name": "e"}]}],
                "priority": 0, "enableServiceLinks": false, "securityContext": {}, "terminationGracePeriodSeconds": 0,
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
            "status": {"containerStatuses": [{"name": "c", "ready": false, "restartCount": 0, "image": "", "imageID": ""}]},
        });
        assert_eq!(pod, expected);
        let mut secret = json!({"data": {"a": "YQ==\n", "b": ""}, "stringData": {}});
        normalize("io.k8s.api.core.v1.Secret", &mut secret);
        assert_eq!(secret, json!({"data": {"a": "YQ==", "b": ""}}));
        let mut map = json!({"data": {}, "metadata": {"name": "a"}});
        normalize("io.k8s.api.core.v1.ConfigMap", &mut map);
        assert_eq!(map, json!({"metadata": {"name": "a"}}));
    }

    proptest! {
        #[test]
        fn a_glance_at_a_quantity_does_not_deceive(text in "[0-9]{1,3}(|m|k|M|G|Ki|Mi|Gi|Ti)") {
            if is_plainly_canonical(&text) {
                prop_assert_eq!(Quantity::parse(&text).map(|one| one.to_string()), Ok(text));
            }
        }
    }
}
