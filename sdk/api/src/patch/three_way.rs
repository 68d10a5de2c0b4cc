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
            (Value::Array(items), old) if field.is_some_and(Field::patch_merges) => {
                let old = old.as_array().map(Vec::as_slice).unwrap_or_default();
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

/// A list that the server merges: the wanted items, directives for those that are to go, and the order.
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
        patch.insert(format!("$setElementOrder/{key}"), Value::Array(items.to_vec()));
        return;
    };
    let ids: Vec<&Value> = items.iter().filter_map(|item| item.get(merge_key)).collect();
    let repeated = ids.iter().enumerate().any(|(index, id)| ids[..index].contains(id));
    if ids.len() < items.len() || repeated {
        // Items that their keys do not tell apart, such as a port for TCP and for UDP, cannot be merged.
        let replace = std::iter::once(json!({"$patch": "replace"}));
        patch.insert(key.into(), replace.chain(items.iter().cloned()).collect());
        return;
    }
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
    let order = ids.into_iter().map(|id| json!({merge_key: id})).collect();
    patch.insert(format!("$setElementOrder/{key}"), Value::Array(order));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::patch::strategic;

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
                "$setElementOrder/finalizers": ["x/z"],
            },
            "spec": {
                "containers": [
                    {"name": "one", "image": "k", "args": null},
                    {"$patch": "delete", "name": "two"},
                ],
                "$setElementOrder/containers": [{"name": "one"}],
                "hostname": null,
            },
        });
        assert_eq!(three_way(POD, &last, &wanted), expected);
    }

    #[test]
    fn an_unknown_kind_has_no_merging_lists() {
        let wanted = json!({"spec": {"containers": [{"name": "a", "command": ["x", "y"]}], "nodeSelector": {"a": "b"}}});
        assert_eq!(three_way("unknown", &Value::Null, &wanted), wanted);
    }

    /// The patch, applied as the server applies it.
    fn applied(last: Value, live: Value, wanted: Value) -> Value {
        let pod = |spec| json!({"spec": {"containers": [spec]}});
        let patch = three_way(POD, &pod(last), &pod(wanted));
        let after = strategic(POD, &pod(live), &patch).unwrap();
        after["spec"]["containers"][0].clone()
    }

    #[test]
    fn applying_gives_what_is_wanted_in_its_order_and_keeps_what_others_wrote() {
        let env = |names: &[&str]| -> Value {
            names.iter().map(|name| json!({"name": name, "value": name})).collect()
        };
        let after = applied(
            json!({"name": "c", "env": env(&["a", "b", "gone"])}),
            json!({"name": "c", "env": env(&["a", "b", "gone", "injected"]), "terminationMessagePath": "/x"}),
            json!({"name": "c", "env": env(&["b", "new", "a"])}),
        );
        assert_eq!(after["terminationMessagePath"], "/x");
        let names: Vec<&str> =
            after["env"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
        let ours: Vec<&&str> = names.iter().filter(|name| **name != "injected").collect();
        assert_eq!(ours, [&"b", &"new", &"a"]);
        assert!(names.contains(&"injected"));
    }

    #[test]
    fn items_with_equal_keys_replace_the_list() {
        let both =
            json!([{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}]);
        let after = applied(
            json!({"name": "c", "ports": [{"containerPort": 53, "protocol": "UDP"}]}),
            json!({"name": "c", "ports": [{"containerPort": 53, "protocol": "UDP"}]}),
            json!({"name": "c", "ports": both}),
        );
        assert_eq!(after["ports"], both);
    }
}
