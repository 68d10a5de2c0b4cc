//! PriorityClasses, and the priorities that pods get from them.

use serde_json::{Value, json};

use crate::harness::Api;

const CLASSES: &str = "/apis/scheduling.k8s.io/v1/priorityclasses";
const PODS: &str = "/api/v1/namespaces/default/pods";

fn class(name: &str, value: i64, more: &Value) -> Value {
    let mut class = json!({"metadata": {"name": name}, "value": value});
    class.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    class
}

fn pod(name: &str, spec: &Value) -> Value {
    let mut pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    pod
}

/// The class, priority and policy of a pod that is created.
async fn given(api: &Api, name: &str, spec: Value) -> Value {
    let pod = api.post(PODS, &pod(name, &spec)).await.ok(201);
    json!([pod["spec"]["priorityClassName"], pod["spec"]["priority"], pod["spec"]["preemptionPolicy"]])
}

#[tokio::test]
async fn pods_get_the_priority_of_their_class() {
    let api = Api::start().await;
    let preempts = "PreemptLowerPriority";
    assert_eq!(given(&api, "plain", json!({})).await, json!([null, 0, preempts]));
    let high = api.post(CLASSES, &class("high", 1000, &json!({}))).await.ok(201);
    assert_eq!((&high["metadata"]["generation"], &high["preemptionPolicy"]), (&json!(1), &json!(preempts)));
    api.post(CLASSES, &class("shy", 500, &json!({"preemptionPolicy": "Never"}))).await.ok(201);
    let named = |name: &str| json!({"priorityClassName": name});
    assert_eq!(given(&api, "high", named("high")).await, json!(["high", 1000, preempts]));
    assert_eq!(given(&api, "shy", named("shy")).await, json!(["shy", 500, "Never"]));
    let critical = "system-node-critical";
    assert_eq!(given(&api, "critical", named(critical)).await, json!([critical, 2_000_001_000, preempts]));
    let same = json!({"priorityClassName": "high", "priority": 1000});
    assert_eq!(given(&api, "same", same).await, json!(["high", 1000, preempts]));

    let refused = [
        (
            json!({"priority": 7}),
            "the integer value of priority (7) must not be provided in pod spec; priority admission controller \
             computed 0 from the given PriorityClass name",
        ),
        (
            json!({"priorityClassName": "shy", "preemptionPolicy": "PreemptLowerPriority"}),
            "the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority \
             admission controller computed Never from the given PriorityClass name",
        ),
        (named("none"), "no PriorityClass with name none was found"),
    ];
    for (spec, why) in refused {
        let error = api.post(PODS, &pod("bad", &spec)).await.refused(403, "Forbidden");
        assert_eq!(error["message"], format!("pods \"bad\" is forbidden: {why}"));
    }
    // A manifest that does not repeat what was given changes nothing.
    let mut plain = pod("high", &named("high"));
    plain["metadata"]["labels"] = json!({"a": "b"});
    let high = api.put(&format!("{PODS}/high"), &plain).await.ok(200);
    assert_eq!(high["spec"]["priority"], 1000);
    let mut other = plain;
    other["spec"]["priority"] = json!(5);
    api.put(&format!("{PODS}/high"), &other).await.refused(422, "Invalid");
}

#[tokio::test]
async fn one_class_is_everybodys() {
    let api = Api::start().await;
    let default = json!({"globalDefault": true, "description": "a text with \"globalDefault\":false"});
    api.post(CLASSES, &class("usual", 10, &default)).await.ok(201);
    api.post(CLASSES, &class("other", 20, &json!({"description": "\"globalDefault\":true"}))).await.ok(201);
    assert_eq!(given(&api, "a", json!({})).await, json!(["usual", 10, "PreemptLowerPriority"]));
    let why = "PriorityClass usual is already marked as default. Only one default can exist";
    let error = api.post(CLASSES, &class("more", 20, &json!({"globalDefault": true}))).await;
    let error = error.refused(403, "Forbidden");
    assert_eq!(error["message"], format!("priorityclasses.scheduling.k8s.io \"more\" is forbidden: {why}"));
    let other = format!("{CLASSES}/other");
    api.patch(&other, "merge", &json!({"globalDefault": true})).await.refused(403, "Forbidden");
    // The one that is it may stay it, and stop being it.
    let usual = format!("{CLASSES}/usual");
    api.patch(&usual, "merge", &json!({"description": "x"})).await.ok(200);
    api.patch(&usual, "merge", &json!({"globalDefault": false})).await.ok(200);
    assert_eq!(given(&api, "b", json!({})).await, json!([null, 0, "PreemptLowerPriority"]));
    api.patch(&other, "merge", &json!({"globalDefault": true})).await.ok(200);
    assert_eq!(given(&api, "c", json!({})).await, json!(["other", 20, "PreemptLowerPriority"]));
    api.patch(&other, "merge", &json!({"value": 21})).await.refused(422, "Invalid");
}
