//! The patch by which `apply` makes an object as its manifest: kubectl's three-way strategic merge patch, in the form
//! that leaves the comparison with the live object to the server.
//!
//! It carries all that is wanted, and takes away what was applied last and is wanted no more: fields by null, keyed list
//! items by `$patch: delete`, values of merging lists by `$deleteFromPrimitiveList`. Patching twice changes nothing more.

use serde_json::{Map, Value, json};

use crate::schema::{self, Definition, Field, Shape};

/// The strategic merge patch from what was applied last (`Null` if nothing was) to what is wanted, for an object of
/// `definition`, for example `io.k8s.api.core.v1.Pod`.
pub fn three_way(definition: &str, last: &Value, wanted: &Value) -> Value {
    object(schema::definition(definition), last, wanted)
}

fn object(definition: Option<&'static Definition>, last: &Value, wanted: &Value) -> Value {
    let Value::Object(after) = wanted else { return wanted.clone() };
    let empty = Map::new();
    let before = last.as_object().unwrap_or(&empty);
    let mut patch = Map::new();
    for (key, value) in after {
        let field = definition.and_then(|definition| definition.field(key));
        let old = before.get(key).unwrap_or(&Value::Null);
        match (value, old) {
            (Value::Object(_), _) => {
                let inner = field.and_then(|field| field.ty.object());
                patch.insert(key.clone(), object(inner, old, value));
            }
            (Value::Array(items), Value::Array(old)) if field.is_some_and(Field::patch_merges) => {
                list(field, key, old, items, &mut patch);
            }
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

/// A list that the server merges: the wanted items, and directives for those that are to go.
fn list(
    field: Option<&'static Field>,
    key: &str,
    old: &[Value],
    items: &[Value],
    patch: &mut Map<String, Value>,
) {
    let Some(merge_key) = field.and_then(Field::patch_merge_key) else {
        let gone: Vec<&Value> = old.iter().filter(|value| !items.contains(value)).collect();
        patch.insert(key.into(), Value::Array(items.to_vec()));
        if !gone.is_empty() {
            patch.insert(format!("$deleteFromPrimitiveList/{key}"), json!(gone));
        }
        return;
    };
    let definition = field.and_then(|field| match field.ty.shape() {
        Shape::List(item) => item.object(),
        _ => None,
    });
    let find = |list: &'_ [Value], id: &Value| list.iter().position(|item| item.get(merge_key) == Some(id));
    let mut merged = Vec::with_capacity(items.len());
    for item in items {
        let id = item.get(merge_key).unwrap_or(&Value::Null);
        let before = find(old, id).map_or(&Value::Null, |index| &old[index]);
        merged.push(object(definition, before, item));
    }
    for item in old {
        let Some(id) = item.get(merge_key) else { continue };
        if find(items, id).is_none() {
            merged.push(json!({"$patch": "delete", merge_key: id}));
        }
    }
    patch.insert(key.into(), Value::Array(merged));
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "io.k8s.api.core.v1.Pod";

    #[test]
    fn what_is_wanted_no_more_goes_and_the_rest_is_carried() {
        let last = json!({
            "metadata": {"labels": {"a": "1", "b": "2"}, "finalizers": ["x/y", "x/z"]},
            "spec": {
                "hostname": "h",
                "containers": [{"name": "one", "image": "i", "args": ["a"]}, {"name": "two", "image": "j"}],
            },
        });
        let wanted = json!({
            "metadata": {"labels": {"a": "3"}, "finalizers": ["x/z"]},
            "spec": {"containers": [{"name": "one", "image": "k"}]},
        });
        let expected = json!({
            "metadata": {
                "labels": {"a": "3", "b": null},
                "finalizers": ["x/z"],
                "$deleteFromPrimitiveList/finalizers": ["x/y"],
            },
            "spec": {
                "containers": [
                    {"name": "one", "image": "k", "args": null},
                    {"$patch": "delete", "name": "two"},
                ],
                "hostname": null,
            },
        });
        assert_eq!(three_way(POD, &last, &wanted), expected);
    }

    #[test]
    fn without_a_last_time_the_patch_is_the_object() {
        let wanted = json!({"spec": {"containers": [{"name": "a", "command": ["x", "y"]}], "nodeSelector": {"a": "b"}}});
        assert_eq!(three_way(POD, &Value::Null, &wanted), wanted);
        assert_eq!(three_way("unknown", &Value::Null, &wanted), wanted);
    }
}
