//! Drops what a definition does not know, as kube-apiserver does unless validation is strict.

use serde_json::{Map, Value};

use super::facts::{Definition, definition};
use super::types::{Shape, Type};

/// Drops unknown fields; does nothing under a name that the facts do not have.
pub fn prune(definition_name: &str, object: &mut Value) {
    if let (Some(root), Value::Object(map)) = (definition(definition_name), object) {
        fields(root, map);
    }
}

fn fields(owner: &Definition, map: &mut Map<String, Value>) {
    map.retain(|name, value| match owner.field(name) {
        Some(field) => {
            inner(field.ty, value);
            true
        }
        None => false,
    });
}

fn inner(ty: Type, value: &mut Value) {
    // Scalars in lists and maps hold nothing to drop.
    if ty.object().is_none() {
        return;
    }
    match (ty.shape(), value) {
        (Shape::Object(id), Value::Object(map)) => fields(id.get(), map),
        (Shape::List(item) | Shape::WrappedList(item), Value::Array(list)) => {
            list.iter_mut().for_each(|value| inner(item, value));
        }
        (Shape::Map(item), Value::Object(map)) => map.values_mut().for_each(|value| inner(item, value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::check;

    #[test]
    fn drops_unknown_fields_only() {
        let mut pod = json!({
            "metadata": {"name": "a", "annotations": {"x": "y"}, "foo": 1}, "bar": {},
            "spec": {"containers": [{"name": "c", "baz": [], "env": [{"name": "a", "qux": 1}]}], "nodeSelector": {"k": "v"}},
        });
        prune("io.k8s.api.core.v1.Pod", &mut pod);
        let expected = json!({
            "metadata": {"name": "a", "annotations": {"x": "y"}},
            "spec": {"containers": [{"name": "c", "env": [{"name": "a"}]}], "nodeSelector": {"k": "v"}},
        });
        assert_eq!(pod, expected);
        assert!(check("io.k8s.api.core.v1.Pod", &pod).is_empty());
    }
}
