//! The patch that turns a live object into the wanted one: what the old manifest had and the new one lacks goes, what
//! the new one says is set, what others have written stays.

use naru_api::{patch, schema};
use serde_json::{Map, Value};

/// A patch and its kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// For built-in kinds, with the name of their schema: lists merge by key.
    Strategic(&'static str, Value),
    /// A JSON merge patch, for all others.
    Merge(Value),
}

impl Patch {
    /// The patch from the old manifest's object (null if it had none) to the new one's.
    pub fn new(old: &Value, wanted: &Value) -> Self {
        match definition(wanted) {
            Some(definition) => Patch::Strategic(definition, patch::three_way(definition, old, wanted)),
            None => Patch::Merge(merge(old, wanted)),
        }
    }

    /// Its media type.
    pub fn media_type(&self) -> &'static str {
        match self {
            Patch::Strategic(..) => "application/strategic-merge-patch+json",
            Patch::Merge(_) => "application/merge-patch+json",
        }
    }

    /// What is sent.
    pub fn body(&self) -> &Value {
        match self {
            Patch::Strategic(_, body) | Patch::Merge(body) => body,
        }
    }

    /// What the server would make of the live object, but for its defaults; the error is the server's.
    pub fn apply(&self, live: &Value) -> Result<Value, String> {
        match self {
            Patch::Strategic(definition, body) => {
                patch::strategic(definition, live, body).map_err(|status| status.message)
            }
            Patch::Merge(body) => {
                let mut after = live.clone();
                patch::merge(&mut after, body);
                Ok(after)
            }
        }
    }
}

fn definition(object: &Value) -> Option<&'static str> {
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    schema::by_kind(text("apiVersion"), text("kind")).map(|definition| definition.name)
}

/// What two manifests say of one object together, the second over the first: what may be on the cluster when an
/// operation that led from the one to the other was interrupted.
pub fn union(first: &Value, second: &Value) -> Value {
    let mut both = first.clone();
    match definition(second).map(|definition| patch::strategic(definition, first, second)) {
        Some(Ok(merged)) => both = merged,
        _ => patch::merge(&mut both, second),
    }
    both
}

/// `wanted` with a null for each field of `old` that it lacks.
fn merge(old: &Value, wanted: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (old, wanted) else { return wanted.clone() };
    let mut patch = Map::new();
    for (key, value) in after {
        patch.insert(key.clone(), merge(before.get(key).unwrap_or(&Value::Null), value));
    }
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    Value::Object(patch)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_map(data: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
    }

    fn widget(spec: Value) -> Value {
        json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": spec})
    }

    #[test]
    fn three_ways_meet() {
        // (old, wanted, live, after): "kept" is somebody else's.
        for (old, wanted, live, after) in [
            (
                json!({"a": "1", "gone": "x"}),
                json!({"a": "2"}),
                json!({"a": "1", "gone": "x", "kept": "y"}),
                json!({"a": "2", "kept": "y"}),
            ),
            (json!({"a": "1"}), json!({"a": "1"}), json!({"a": "drift"}), json!({"a": "1"})),
            (json!({}), json!({"new": "1"}), json!({"kept": "y"}), json!({"kept": "y", "new": "1"})),
        ] {
            for make in [config_map, widget] {
                let patch = Patch::new(&make(old.clone()), &make(wanted.clone()));
                assert_eq!(patch.apply(&make(live.clone())), Ok(make(after.clone())));
            }
        }
    }

    #[test]
    fn kinds_that_our_server_lacks_merge_by_key_too() {
        let deployment = |containers: Value| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "spec": {"template": {"spec": {"containers": containers}}}})
        };
        let patch = Patch::new(
            &deployment(json!([{"name": "a", "image": "1"}, {"name": "gone", "image": "1"}])),
            &deployment(json!([{"name": "a", "image": "2"}])),
        );
        let live = deployment(json!([
            {"name": "a", "image": "1", "terminationMessagePath": "/x"},
            {"name": "gone", "image": "1"},
            {"name": "injected", "image": "i"}
        ]));
        let after = deployment(json!([
            {"name": "a", "image": "2", "terminationMessagePath": "/x"},
            {"name": "injected", "image": "i"}
        ]));
        assert_eq!(patch.apply(&live), Ok(after));
    }

    #[test]
    fn kinds_decide_the_form() {
        let strategic = Patch::new(&Value::Null, &config_map(json!({})));
        assert_eq!(strategic.media_type(), "application/strategic-merge-patch+json");
        let merge = Patch::new(&Value::Null, &widget(json!({"list": [1]})));
        assert_eq!(merge.media_type(), "application/merge-patch+json");
        assert_eq!(merge.body(), &widget(json!({"list": [1]})));
    }

    #[test]
    fn a_union_has_what_either_has() {
        for make in [config_map, widget] {
            let both = union(&make(json!({"a": "1", "b": "1"})), &make(json!({"b": "2", "c": "2"})));
            assert_eq!(both, make(json!({"a": "1", "b": "2", "c": "2"})));
        }
    }
}
