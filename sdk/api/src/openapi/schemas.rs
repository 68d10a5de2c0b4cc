//! Component schemas: every definition that the served kinds reach, from the schema facts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::descriptions::Descriptions;
use super::subresource_definition;
use crate::kinds::Kind;
use crate::schema::{self, Definition, Field, ListType, Scalar, Shape, Type};

const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

/// A reference to a component.
pub(super) fn reference(definition: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{definition}") })
}

/// The components for these kinds.
pub(super) fn of(group: &str, version: &str, kinds: &[&Kind]) -> Value {
    let texts = Descriptions::of(kinds);
    let mut components: BTreeMap<&str, Value> = scalars();
    for definition in reachable(kinds) {
        let mut component = component(definition, &texts);
        if definition.name == DELETE_OPTIONS {
            let gvk = json!([{"group": group, "version": version, "kind": "DeleteOptions"}]);
            component.insert("x-kubernetes-group-version-kind".into(), gvk);
        }
        components.insert(definition.name, Value::Object(component));
    }
    json!(components)
}

fn reachable(kinds: &[&Kind]) -> Vec<&'static Definition> {
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    let mut add = |definition: &'static Definition, found: &mut Vec<_>| {
        if names.insert(definition.name) {
            found.push(definition);
        }
    };
    for name in [DELETE_OPTIONS, STATUS].into_iter().filter_map(schema::definition) {
        add(name, &mut found);
    }
    for kind in kinds {
        let list = format!("{}List", kind.definition);
        let own = [kind.definition, &list].into_iter().filter_map(schema::definition);
        let subresources = kind.subresources.iter().filter_map(|one| subresource_definition(kind, one.kind));
        own.chain(subresources).for_each(|definition| add(definition, &mut found));
    }
    let mut next = 0;
    while let Some(definition) = found.get(next).copied() {
        for inner in definition.fields().iter().filter_map(|field| field.ty.object()) {
            add(inner, &mut found);
        }
        next += 1;
    }
    found
}

fn component(definition: &Definition, texts: &Descriptions) -> Map<String, Value> {
    let mut component = Map::new();
    if let Some(text) = texts.definition(definition.name) {
        component.insert("description".into(), text.into());
    }
    component.insert("type".into(), "object".into());
    let mut required: Vec<&str> =
        definition.fields().iter().filter(|field| field.required()).map(|field| field.name).collect();
    required.sort_unstable();
    if !required.is_empty() {
        component.insert("required".into(), json!(required));
    }
    let mut properties: Map<String, Value> = definition
        .fields()
        .iter()
        .map(|field| {
            let text = texts.field(definition.name, field.name);
            (field.name.into(), Value::Object(property(field, text)))
        })
        .collect();
    properties.sort_keys();
    component.insert("properties".into(), Value::Object(properties));
    if let Some((group, version, kind)) = definition.gvk() {
        let gvk = json!([{"group": group, "version": version, "kind": kind}]);
        component.insert("x-kubernetes-group-version-kind".into(), gvk);
    }
    if definition.atomic {
        component.insert("x-kubernetes-map-type".into(), "atomic".into());
    }
    component
}

fn property(field: &Field, text: Option<&str>) -> Map<String, Value> {
    let mut property = match typed(field.ty, field) {
        Value::Object(map) if map.contains_key("$ref") => Map::from_iter([("allOf".into(), json!([map]))]),
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            property.insert(key.into(), value);
        }
    };
    set("description", text.map(Value::from));
    set("default", field.default());
    set("x-kubernetes-patch-merge-key", field.patch_merge_key().map(Value::from));
    set("x-kubernetes-patch-strategy", field.patch_strategy().map(Value::from));
    let list_type = field.list_type().map(|list_type| match list_type {
        ListType::Atomic => "atomic",
        ListType::Set => "set",
        ListType::Map => "map",
    });
    set("x-kubernetes-list-type", list_type.map(Value::from));
    let keys: Vec<&str> = field.list_map_keys().collect();
    set("x-kubernetes-list-map-keys", (!keys.is_empty()).then(|| json!(keys)));
    set("x-kubernetes-map-type", field.map_type().map(Value::from));
    property
}

fn typed(ty: Type, field: &Field) -> Value {
    match ty.shape() {
        Shape::Object(id) => reference(id.get().name),
        Shape::List(item) | Shape::WrappedList(item) => json!({"type": "array", "items": typed(item, field)}),
        Shape::Map(value) => json!({"type": "object", "additionalProperties": typed(value, field)}),
        Shape::Scalar(scalar) => match scalar {
            Scalar::String => json!({"type": "string"}),
            Scalar::Int32 => json!({"type": "integer", "format": "int32"}),
            Scalar::Int64 => json!({"type": "integer", "format": "int64"}),
            Scalar::Bool => json!({"type": "boolean"}),
            Scalar::Double => json!({"type": "number", "format": "double"}),
            Scalar::Bytes => json!({"type": "string", "format": "byte"}),
            Scalar::Quantity => reference(QUANTITY),
            Scalar::IntOrString => reference(INT_OR_STRING),
            Scalar::Time => reference(TIME),
            Scalar::MicroTime => reference(MICRO_TIME),
            Scalar::Raw if field.go_type().ends_with("FieldsV1") => reference(FIELDS_V1),
            Scalar::Raw => reference(RAW_EXTENSION),
            Scalar::Any => json!({}),
        },
    }
}

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
const FIELDS_V1: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/// The components that are scalars or have no fields of their own.
fn scalars() -> BTreeMap<&'static str, Value> {
    let either = |one: Value, other: Value| json!({"oneOf": [one, other]});
    let (string, time) = (json!({"type": "string"}), json!({"type": "string", "format": "date-time"}));
    BTreeMap::from([
        (QUANTITY, either(string.clone(), json!({"type": "number"}))),
        (INT_OR_STRING, json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, string]})),
        (TIME, time.clone()),
        (MICRO_TIME, time),
        (FIELDS_V1, json!({"type": "object"})),
        (RAW_EXTENSION, json!({"type": "object"})),
        (PATCH, json!({"type": "object"})),
    ])
}
