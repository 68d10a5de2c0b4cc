#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;

const POD: &str = "io.k8s.api.core.v1.Pod";
const DEPLOYMENT: &str = "io.k8s.api.apps.v1.Deployment";

fn pod(spec: Value) -> Value {
    json!({ "spec": spec })
}

fn patched(document: &Value, patch: &Value) -> Value {
    strategic(POD, document, patch).unwrap()
}

#[test]
fn maps_merge_and_null_removes() {
    let document = json!({"metadata": {"labels": {"a": "1", "b": "2"}, "name": "x"}});
    for (patch, expected) in [
        (json!({}), document.clone()),
        (
            json!({"metadata": {"labels": {"c": "3"}}}),
            json!({"metadata": {"labels": {"a": "1", "b": "2", "c": "3"}, "name": "x"}}),
        ),
        (
            json!({"metadata": {"labels": {"a": null}}}),
            json!({"metadata": {"labels": {"b": "2"}, "name": "x"}}),
        ),
        (json!({"metadata": {"labels": null}}), json!({"metadata": {"name": "x"}})),
        (json!({"metadata": {"labels": {"z": null}}}), document.clone()),
        (
            json!({"metadata": {"annotations": {"z": null, "y": "1"}}}),
            json!({"metadata": {"labels": {"a": "1", "b": "2"}, "name": "x", "annotations": {"y": "1"}}}),
        ),
        (
            json!({"metadata": {"labels": {"$patch": "replace", "n": "1"}}}),
            json!({"metadata": {"labels": {"n": "1"}, "name": "x"}}),
        ),
        (
            json!({"metadata": {"labels": {"$patch": "delete"}}}),
            json!({"metadata": {"labels": {}, "name": "x"}}),
        ),
        (json!({"metadata": {"annotations": {"$patch": "delete"}}}), document.clone()),
    ] {
        assert_eq!(patched(&document, &patch), expected, "{patch}");
    }
}

#[test]
fn lists_merge_by_key() {
    let document = pod(
        json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2", "ports": [{"containerPort": 80, "name": "x"}]}]}),
    );
    for (patch, expected) in [
        // A change in place; what is new comes first; a deletion; the whole list replaced.
        (
            json!([{"name": "a", "image": "3"}]),
            json!([{"name": "a", "image": "3"}, {"name": "b", "image": "2", "ports": [{"containerPort": 80, "name": "x"}]}]),
        ),
        (
            json!([{"name": "c", "image": "4", "env": null}]),
            json!([{"name": "c", "image": "4"}, {"name": "a", "image": "1"}, {"name": "b", "image": "2", "ports": [{"containerPort": 80, "name": "x"}]}]),
        ),
        (json!([{"name": "b", "$patch": "delete"}]), json!([{"name": "a", "image": "1"}])),
        (json!([{"$patch": "replace"}, {"name": "z"}]), json!([{"name": "z"}])),
        (json!([{"$patch": "replace"}]), json!([])),
        (
            json!([]),
            json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2", "ports": [{"containerPort": 80, "name": "x"}]}]),
        ),
        // Merge keys nest: ports are told apart by containerPort.
        (
            json!([{"name": "b", "ports": [{"containerPort": 80, "protocol": "UDP"}]}]),
            json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2", "ports": [{"containerPort": 80, "name": "x", "protocol": "UDP"}]}]),
        ),
        // Lists without a merge strategy are replaced.
        (
            json!([{"name": "a", "command": ["x"]}]),
            json!([{"name": "a", "image": "1", "command": ["x"]}, {"name": "b", "image": "2", "ports": [{"containerPort": 80, "name": "x"}]}]),
        ),
    ] {
        let merged = patched(&document, &pod(json!({"containers": patch})));
        assert_eq!(merged["spec"]["containers"], expected, "{patch}");
    }
}

#[test]
fn element_order() {
    let document = pod(json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}));
    let names = |value: Value| -> Vec<String> {
        value["spec"]["containers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().into())
            .collect()
    };
    for (patch, expected) in [
        (
            json!({"$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}]}),
            vec!["c", "b", "a"],
        ),
        (
            json!({"$setElementOrder/containers": [{"name": "a"}, {"name": "n"}, {"name": "c"}], "containers": [{"name": "n"}]}),
            vec!["a", "n", "b", "c"],
        ),
        (
            json!({"$setElementOrder/containers": [{"name": "a"}, {"name": "c"}], "containers": [{"name": "b", "$patch": "delete"}]}),
            vec!["a", "c"],
        ),
    ] {
        assert_eq!(names(patched(&document, &pod(patch))), expected);
    }
    // As kubectl apply sends for a new list.
    let merged = patched(
        &pod(json!({})),
        &pod(json!({"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "a"}]})),
    );
    assert_eq!(names(merged), ["a"]);
}

#[test]
fn lists_of_scalars() {
    let document = json!({"metadata": {"finalizers": ["a", "b"]}, "spec": {"containers": [{"name": "c", "args": ["x", "y"]}]}});
    for (patch, expected) in [
        (json!({"finalizers": ["c"]}), json!(["c", "a", "b"])),
        (json!({"finalizers": ["b", "c"]}), json!(["a", "b", "c"])),
        (json!({"$deleteFromPrimitiveList/finalizers": ["a"]}), json!(["b"])),
        (
            json!({"$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["c", "b"], "finalizers": ["c"]}),
            json!(["c", "b"]),
        ),
        (json!({"$setElementOrder/finalizers": ["b", "a"]}), json!(["b", "a"])),
    ] {
        let merged = patched(&document, &json!({"metadata": patch}));
        assert_eq!(merged["metadata"]["finalizers"], expected, "{patch}");
    }
    let merged = patched(&document, &pod(json!({"containers": [{"name": "c", "args": ["z"]}]})));
    assert_eq!(merged["spec"]["containers"][0]["args"], json!(["z"]));
}

#[test]
fn retain_keys() {
    let document = pod(json!({"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}]}));
    let patch = pod(
        json!({"volumes": [{"$retainKeys": ["name", "configMap"], "name": "v", "configMap": {"name": "c"}}]}),
    );
    assert_eq!(
        patched(&document, &patch)["spec"]["volumes"],
        json!([{"name": "v", "configMap": {"name": "c"}}])
    );
    let deployment =
        json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}});
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    let merged = strategic(DEPLOYMENT, &deployment, &patch).unwrap();
    assert_eq!(merged, json!({"spec": {"strategy": {"type": "Recreate"}}}));
}

#[test]
fn a_replacing_strategy_and_no_schema() {
    let budget = json!({"spec": {"selector": {"matchLabels": {"a": "1"}}}});
    let patch = json!({"spec": {"selector": {"matchLabels": {"b": "2"}}}});
    assert_eq!(strategic("io.k8s.api.policy.v1.PodDisruptionBudget", &budget, &patch).unwrap(), patch);
    let merged = strategic("unknown", &json!({"a": {"b": [1], "c": 1}}), &json!({"a": {"b": [2]}})).unwrap();
    assert_eq!(merged, json!({"a": {"b": [2], "c": 1}}));
}

#[test]
fn nested_directives_do_not_stay() {
    let patch = pod(
        json!({"containers": [{"name": "n", "$setElementOrder/env": [{"name": "x"}], "env": [{"name": "x", "value": "1"}]}]}),
    );
    let expected = json!([{"name": "n", "env": [{"name": "x", "value": "1"}]}]);
    assert_eq!(patched(&pod(json!({"containers": []})), &patch)["spec"]["containers"], expected);
    assert_eq!(patched(&pod(json!({})), &patch)["spec"]["containers"], expected);
}

#[test]
fn failures() {
    let document = pod(json!({"containers": [{"name": "a"}], "volumes": [{"name": "v"}]}));
    for (patch, code, message) in [
        (
            json!({"containers": [{"image": "x"}]}),
            500,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            json!({"containers": [{"$patch": "delete"}]}),
            500,
            "map: map[$patch:delete] does not contain declared merge key: name",
        ),
        (
            json!({"containers": [{"name": "a", "$patch": "merge"}]}),
            500,
            "merging lists cannot yet be specified in the patch",
        ),
        (
            json!({"containers": [{"name": "a", "$patch": "x"}]}),
            500,
            "unknown patch type: x in map: map[$patch:x name:a]",
        ),
        (json!({"$patch": "x"}), 500, "unknown patch type: x in map: map[$patch:x]"),
        (json!({"containers": ["a"]}), 500, "list element types are not identical: [[map[name:a]] [a]]"),
        (
            json!({"containers": [["a"]]}),
            422,
            "the server rejected our request due to an error in our request",
        ),
        (json!({"$retainKeys": "x"}), 400, "invalid patch format of retainKeys"),
        (json!({"$retainKeys": ["a"], "b": 1}), 400, "invalid patch format of retainKeys"),
        (json!({"$deleteFromPrimitiveList/containers": "x"}), 400, "invalid patch format of primitive list"),
        (
            json!({"$setElementOrder/containers": "x"}),
            500,
            "expected a []interface {}, but received a string",
        ),
        (
            json!({"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a"}]}),
            500,
            "The order in patch list:\n[map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
        ),
    ] {
        let status = strategic(POD, &document, &pod(patch.clone())).unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (code, message), "{patch}");
    }
    assert_eq!(strategic(POD, &document, &json!([])).unwrap_err().code, 400);
}

fn containers() -> impl Strategy<Value = Value> {
    let container = ("[a-e]", proptest::option::of("[0-9]"), proptest::option::of(80u16..84)).prop_map(
        |(name, image, port)| {
            let mut container = json!({ "name": name });
            if let Some(image) = image {
                container["image"] = json!(image);
            }
            if let Some(port) = port {
                container["ports"] = json!([{ "containerPort": port }]);
            }
            container
        },
    );
    proptest::collection::vec(container, 0..5).prop_map(|mut list| {
        let mut seen = std::collections::HashSet::new();
        list.retain(|one| seen.insert(one["name"].clone()));
        json!({"metadata": {"finalizers": list.iter().map(|one| one["name"].clone()).collect::<Vec<_>>()}, "spec": {"containers": list}})
    })
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!("delete")),
        Just(json!("replace")),
        "[a-c]".prop_map(Value::from),
        any::<i8>().prop_map(Value::from)
    ];
    let key = prop_oneof![
        Just("$patch"),
        Just("$retainKeys"),
        Just("$setElementOrder/containers"),
        Just("$deleteFromPrimitiveList/finalizers"),
        Just("$setElementOrder/finalizers"),
        Just("spec"),
        Just("metadata"),
        Just("containers"),
        Just("finalizers"),
        Just("name"),
        Just("ports"),
    ];
    leaf.prop_recursive(6, 64, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..5).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn idempotent(document in containers(), patch in containers()) {
        let once = patched(&document, &patch);
        prop_assert_eq!(&patched(&once, &patch), &once);
    }

    #[test]
    fn a_patch_with_itself_changes_nothing(document in containers()) {
        prop_assert_eq!(&patched(&document, &document), &document);
    }

    #[test]
    fn nothing_is_lost(document in containers(), patch in containers()) {
        let merged = patched(&document, &patch);
        let names = |value: &Value| -> std::collections::BTreeSet<String> {
            value["spec"]["containers"].as_array().unwrap().iter().map(|one| one["name"].to_string()).collect()
        };
        let all: std::collections::BTreeSet<_> = names(&document).union(&names(&patch)).cloned().collect();
        prop_assert_eq!(names(&merged), all);
    }

    #[test]
    fn never_panics_and_leaves_no_directive_in_new_fields(patch in anything()) {
        if let Ok(merged) = strategic(POD, &json!({}), &patch) {
            let text = merged.to_string();
            prop_assert!(!text.contains("\"$"), "{}", text);
        }
    }

    #[test]
    fn never_panics(document in containers(), patch in anything()) {
        let _ = strategic(POD, &document, &patch);
    }
}
