//! Finds what an object has that its definition does not know, and values of the wrong type.
//!
//! One pass; a good object costs no allocation. Wording follows Go's JSON decoder, as kube-apiserver passes it on.

use serde_json::{Map, Number, Value};

use super::facts::{Definition, Field, definition};
use super::path::Path;
use super::time;
use super::types::{Scalar, Shape, Type};
use crate::quantity::Quantity;

/// Most findings of each sort; an object of nothing else must not cost more than its size.
const FINDINGS_MAX: usize = 100;

/// What is wrong with an object, in document order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Paths of unknown fields, for example `spec.containers[0].foo`.
    pub unknown: Vec<String>,
    /// Sentences about values of the wrong type; kube-apiserver answers the first.
    pub mistyped: Vec<String>,
}

impl Findings {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.unknown.is_empty() && self.mistyped.is_empty()
    }
}

/// Checks `object` against a definition's facts; nothing is found under a name that the facts do not have.
/// What must be there and which values are allowed is for each kind's validation.
pub fn check(definition_name: &str, object: &Value) -> Findings {
    let mut findings = Findings::default();
    let Some(root) = definition(definition_name) else { return findings };
    match object {
        Value::Object(map) => fields(root, map, &Path::ROOT, &mut findings),
        Value::Null => {}
        other => findings.mistyped.push(format!(
            "json: cannot unmarshal {} into Go value of type {}",
            go_kind(other),
            root.go_name()
        )),
    }
    findings
}

fn fields(owner: &'static Definition, map: &Map<String, Value>, path: &Path<'_>, findings: &mut Findings) {
    for (name, value) in map {
        match owner.field(name) {
            Some(field) => {
                let path = path.field(name);
                let place = Place { owner, field, path: &path };
                typed(field.ty, value, &place, findings);
            }
            None if findings.unknown.len() < FINDINGS_MAX => findings.unknown.push(path.field(name).text()),
            None => {}
        }
    }
}

/// Where a value is: the field of the struct it is in, however deep in that field's lists and maps.
struct Place<'a> {
    owner: &'static Definition,
    field: &'static Field,
    path: &'a Path<'a>,
}

impl Place<'_> {
    #[cold]
    fn wrong_type(&self, ty: Type, kind: &str, findings: &mut Findings) {
        let of = if ty == self.field.ty { self.field.go_type() } else { inner_go_type(self.field, ty) };
        let (owner, path) = (self.owner.short_name(), self.path.go_text());
        note(
            findings,
            format!("json: cannot unmarshal {kind} into Go struct field {owner}.{path} of type {of}"),
        );
    }
}

fn typed(ty: Type, value: &Value, place: &Place<'_>, findings: &mut Findings) {
    match (ty.shape(), value) {
        (_, Value::Null) => {}
        (Shape::Object(id), Value::Object(map)) => fields(id.get(), map, place.path, findings),
        (Shape::List(item) | Shape::WrappedList(item), Value::Array(list)) => {
            for (index, value) in list.iter().enumerate() {
                typed(item, value, &Place { path: &place.path.index(index), ..*place }, findings);
            }
        }
        (Shape::Map(inner), Value::Object(map)) => {
            for (key, value) in map {
                typed(inner, value, &Place { path: &place.path.key(key), ..*place }, findings);
            }
        }
        (Shape::Scalar(kind), value) => scalar(ty, kind, value, place, findings),
        (_, value) => place.wrong_type(ty, &go_kind(value), findings),
    }
}

fn scalar(ty: Type, kind: Scalar, value: &Value, place: &Place<'_>, findings: &mut Findings) {
    match (kind, value) {
        (Scalar::String, Value::String(_))
        | (Scalar::Bool, Value::Bool(_))
        | (Scalar::Double, Value::Number(_))
        | (Scalar::IntOrString, Value::String(_))
        | (Scalar::Raw | Scalar::Any, _) => {}
        (Scalar::Int64, Value::Number(number)) if number.is_i64() => {}
        (Scalar::Int32 | Scalar::IntOrString, Value::Number(number)) if is_i32(number) => {}
        (Scalar::Int32 | Scalar::Int64, Value::Number(number)) => {
            place.wrong_type(ty, &format!("number {number}"), findings);
        }
        (Scalar::Bytes, Value::String(text)) => {
            if let Some(at) = bad_base64(text) {
                note(findings, format!("illegal base64 data at input byte {at}"));
            }
        }
        (Scalar::Time | Scalar::MicroTime, Value::String(text)) => {
            if let Some(complaint) = time::complaint(text) {
                note(findings, complaint);
            }
        }
        (Scalar::Time | Scalar::MicroTime, value) => {
            note(findings, format!("json: cannot unmarshal {} into Go value of type string", go_kind(value)));
        }
        (Scalar::IntOrString, value) => {
            let kind = match value {
                Value::Number(number) => format!("number {number}"),
                other => go_kind(other),
            };
            note(findings, format!("json: cannot unmarshal {kind} into Go value of type int32"));
        }
        (Scalar::Quantity, value) => {
            if let Err(error) = Quantity::from_value(value) {
                note(findings, error.to_string());
            }
        }
        (_, value) => place.wrong_type(ty, &go_kind(value), findings),
    }
}

#[cold]
fn note(findings: &mut Findings, sentence: String) {
    if findings.mistyped.len() < FINDINGS_MAX {
        findings.mistyped.push(sentence);
    }
}

fn is_i32(number: &Number) -> bool {
    number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
}

/// What Go calls the JSON value.
fn go_kind(value: &Value) -> String {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
    .into()
}

/// The Go name of a type inside a field's lists and maps: cut out of the field's own where that is special.
fn inner_go_type(field: &Field, ty: Type) -> String {
    let whole = field.go_type();
    let inner = whole.strip_prefix("[]").or_else(|| whole.strip_prefix("map[string]"));
    match inner {
        Some(inner) if !inner.starts_with("[]") && !inner.starts_with("map[") => {
            inner.trim_start_matches('*').into()
        }
        _ => ty.go_name(),
    }
}

/// The place of the first byte that standard base64 (padded, line breaks ignored) does not allow.
fn bad_base64(text: &str) -> Option<usize> {
    let mut significant = 0;
    let mut padding = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' | b'\r' => continue,
            b'=' if significant % 4 >= 2 => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return Some(at),
        }
        significant += 1;
        if padding > 0 && significant % 4 == 0 {
            let rest = &text.as_bytes()[at + 1..];
            let extra = rest.iter().position(|byte| !matches!(byte, b'\n' | b'\r'));
            return extra.map(|extra| at + 1 + extra);
        }
    }
    // Go names the beginning of a last group that is too short, but the end if padding is missing.
    let group = if padding > 0 { 0 } else { significant % 4 };
    (significant % 4 != 0).then(|| text.len() - group)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const POD: &str = "io.k8s.api.core.v1.Pod";

    #[test]
    fn a_good_pod() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "a", "labels": {"a": "b"}, "creationTimestamp": null, "managedFields": [{"fieldsV1": {"f:x": {}}}]},
            "spec": {
                "containers": [{
                    "name": "c", "image": "i", "ports": [{"containerPort": 80}],
                    "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
                    "livenessProbe": {"httpGet": {"port": "http"}, "periodSeconds": 3},
                    "readinessProbe": {"tcpSocket": {"port": 80}},
                }],
                "volumes": [{"name": "v", "emptyDir": {}}],
            },
        });
        assert_eq!(check(POD, &pod), Findings::default());
    }

    #[test]
    fn unknown_fields_in_document_order() {
        let pod = json!({
            "spec": {"zzz": 1, "containers": [{"name": "a"}, {"foo": {"bar": 1}, "image": "i", "env": [{"x": 1}]}]},
            "metadata": {"Name": "a"}, "extra": null,
        });
        let findings = check(POD, &pod);
        assert_eq!(
            findings.unknown,
            ["spec.zzz", "spec.containers[1].foo", "spec.containers[1].env[0].x", "metadata.Name", "extra"]
        );
        assert!(findings.mistyped.is_empty());
    }

    #[test]
    fn wrong_types() {
        for (object, expected) in [
            (
                json!({"spec": {"containers": "x"}}),
                "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container",
            ),
            (
                json!({"spec": {"containers": ["x"]}}),
                "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container",
            ),
            (
                json!({"spec": {"containers": [{"ports": [{"containerPort": "80"}]}]}}),
                "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
            ),
            (
                json!({"spec": {"containers": [{"ports": [{"containerPort": 1.5}]}]}}),
                "json: cannot unmarshal number 1.5 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
            ),
            (
                json!({"spec": {"containers": [{"ports": [{"containerPort": 4294967296i64}]}]}}),
                "json: cannot unmarshal number 4294967296 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
            ),
            (
                json!({"spec": {"containers": [{"env": [{"value": 1}]}]}}),
                "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
            ),
            (
                json!({"spec": {"restartPolicy": true}}),
                "json: cannot unmarshal bool into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy",
            ),
            (
                json!({"spec": []}),
                "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec",
            ),
            (
                json!({"metadata": {"labels": {"a": 1}}}),
                "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                json!({"metadata": {"labels": []}}),
                "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
            ),
            (
                json!({"spec": {"terminationGracePeriodSeconds": "1"}}),
                "json: cannot unmarshal string into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
            ),
            (
                json!({"metadata": {"creationTimestamp": "x"}}),
                "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"",
            ),
            (
                json!({"metadata": {"creationTimestamp": 1}}),
                "json: cannot unmarshal number into Go value of type string",
            ),
            (
                json!({"spec": {"containers": [{"resources": {"limits": {"cpu": "1x"}}}]}}),
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            ),
            (
                json!({"spec": {"containers": [{"livenessProbe": {"httpGet": {"port": true}}}]}}),
                "json: cannot unmarshal bool into Go value of type int32",
            ),
            (json!([]), "json: cannot unmarshal array into Go value of type v1.Pod"),
        ] {
            assert_eq!(check(POD, &object).mistyped, [expected], "{object}");
        }
        let secret = json!({"data": {"a": "####"}});
        assert_eq!(
            check("io.k8s.api.core.v1.Secret", &secret).mistyped,
            ["illegal base64 data at input byte 0"]
        );
    }

    #[test]
    fn without_facts_nothing_is_found() {
        assert!(check("nothing", &json!({"a": 1})).is_empty());
        assert!(check(POD, &Value::Null).is_empty());
    }

    proptest! {
        #[test]
        fn base64_agrees_with_the_decoder(text in "[A-Za-d0-9+/=\\n]{0,12}") {
            let decoded = base64::engine::general_purpose::STANDARD
                .decode(text.replace('\n', ""));
            let lenient = matches!(decoded, Err(base64::DecodeError::InvalidLastSymbol(..)));
            prop_assert_eq!(bad_base64(&text).is_none(), decoded.is_ok() || lenient);
        }
    }
}
