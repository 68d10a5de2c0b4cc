//! Delete and deletecollection: at once, with grace, held up by finalizers.

use naru_store::{Mutation, Precondition, Write};
use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn plain_objects_go_at_once() {
    let api = Api::start().await;
    let made = api.post(MAPS, &config_map("a")).await.ok(201);
    let path = format!("{MAPS}/a");
    let status = api.delete(&path).await.ok(200);
    let expected = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}});
    assert_eq!(status, expected);
    api.get(&path).await.refused(404, "NotFound");
    assert_eq!(api.delete(&path).await.refused(404, "NotFound")["message"], "configmaps \"a\" not found");
}

#[tokio::test]
async fn preconditions_and_options_are_checked() {
    let api = Api::start().await;
    let made = api.post(MAPS, &config_map("a")).await.ok(201);
    let path = format!("{MAPS}/a");
    let uid = made["metadata"]["uid"].as_str().unwrap();
    let status =
        api.delete_with(&path, &json!({"preconditions": {"uid": "xx"}})).await.refused(409, "Conflict");
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (xx) does not match the UID in record ({uid})."
    );
    assert!(status["message"].as_str().unwrap().starts_with(&message), "{status}");
    api.delete_with(&path, &json!({"preconditions": {"resourceVersion": "1"}}))
        .await
        .refused(409, "Conflict");
    api.delete_with(&path, &json!({"propagationPolicy": "Odd"})).await.refused(422, "Invalid");
    api.send("DELETE", &path, &[], "{").await.refused(400, "BadRequest");
    // An empty protobuf envelope is what `kubectl drain` may send.
    let envelope = b"k8s\0\x0a\x13\x0a\x02v1\x12\x0dDeleteOptions".to_vec();
    let media = [("content-type", "application/vnd.kubernetes.protobuf")];
    assert_eq!(api.send("DELETE", &path, &media, envelope).await.ok(200)["status"], "Success");
}

#[tokio::test]
async fn finalizers_hold_objects_up() {
    let api = Api::start().await;
    let path = format!("{MAPS}/a");
    let mut map = config_map("a");
    map["metadata"]["finalizers"] = json!(["a.io/one", "a.io/two"]);
    api.post(MAPS, &map).await.ok(201);
    let marked = api.delete(&path).await.ok(200);
    assert_eq!(marked["kind"], "ConfigMap");
    assert_eq!(marked["metadata"]["deletionTimestamp"], "2027-01-15T08:00:00Z");
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 0);
    api.pass(10);
    assert_eq!(api.delete(&path).await.ok(200), marked);
    let more = json!({"metadata": {"finalizers": ["a.io/one", "a.io/two", "a.io/three"]}});
    api.patch(&path, "merge", &more).await.refused(422, "Invalid");
    let revive = api.patch(&path, "merge", &json!({"metadata": {"deletionTimestamp": null}})).await.ok(200);
    assert!(revive["metadata"]["deletionTimestamp"].is_string());
    let one = api.patch(&path, "merge", &json!({"metadata": {"finalizers": ["a.io/two"]}})).await.ok(200);
    assert_eq!(one["metadata"]["finalizers"], json!(["a.io/two"]));
    api.patch(&path, "merge", &json!({"metadata": {"finalizers": []}})).await.ok(200);
    api.get(&path).await.refused(404, "NotFound");
}

#[tokio::test]
async fn propagation_leaves_a_finalizer_for_the_garbage_collector() {
    let api = Api::start().await;
    for (name, policy, finalizer) in [("o", "Orphan", "orphan"), ("f", "Foreground", "foregroundDeletion")] {
        api.post(MAPS, &config_map(name)).await.ok(201);
        let path = format!("{MAPS}/{name}?propagationPolicy={policy}");
        let marked = api.delete(&path).await.ok(200);
        assert_eq!(marked["metadata"]["finalizers"], json!([finalizer]));
        assert!(marked["metadata"]["deletionTimestamp"].is_string());
    }
    api.post(MAPS, &config_map("b")).await.ok(201);
    let gone = api.delete_with(&format!("{MAPS}/b"), &json!({"propagationPolicy": "Background"})).await;
    assert_eq!(gone.ok(200)["status"], "Success");
}

async fn running_pod(api: &Api, name: &str) -> String {
    let mut body = pod(name);
    body["spec"]["nodeName"] = "n1".into();
    api.post(PODS, &body).await.ok(201);
    format!("{PODS}/{name}")
}

#[tokio::test]
async fn pods_get_their_grace() {
    let api = Api::start().await;
    // No node runs it: nothing has to stop.
    api.post(PODS, &pod("pending")).await.ok(201);
    let gone = api.delete(&format!("{PODS}/pending")).await.ok(200);
    assert_eq!((&gone["kind"], &gone["metadata"]["name"]), (&json!("Pod"), &json!("pending")));
    api.get(&format!("{PODS}/pending")).await.refused(404, "NotFound");

    let path = running_pod(&api, "p").await;
    let marked = api.delete(&path).await.ok(200);
    assert_eq!(marked["metadata"]["deletionTimestamp"], "2027-01-15T08:00:30Z");
    assert_eq!(
        (&marked["metadata"]["deletionGracePeriodSeconds"], &marked["metadata"]["generation"]),
        (&json!(30), &json!(2))
    );
    // A longer wish changes nothing, a shorter one does.
    assert_eq!(api.delete(&format!("{path}?gracePeriodSeconds=60")).await.ok(200), marked);
    let shorter = api.delete(&format!("{path}?gracePeriodSeconds=5")).await.ok(200);
    assert_eq!(shorter["metadata"]["deletionGracePeriodSeconds"], 5);
    // The node has stopped it.
    let done = api.delete_with(&path, &json!({"gracePeriodSeconds": 0})).await.ok(200);
    assert_eq!(done["kind"], "Pod");
    api.get(&path).await.refused(404, "NotFound");

    let path = running_pod(&api, "forced").await;
    let forced = api.delete(&format!("{path}?gracePeriodSeconds=0")).await.ok(200);
    assert_eq!(forced["kind"], "Pod");

    let path = running_pod(&api, "ended").await;
    api.patch(&format!("{path}/status"), "merge", &json!({"status": {"phase": "Succeeded"}})).await.ok(200);
    assert_eq!(api.delete(&path).await.ok(200)["kind"], "Pod");
}

#[tokio::test]
async fn a_pod_with_finalizers_waits_for_both() {
    let api = Api::start().await;
    let path = running_pod(&api, "p").await;
    api.patch(&path, "merge", &json!({"metadata": {"finalizers": ["a.io/b"]}})).await.ok(200);
    api.delete(&path).await.ok(200);
    // The finalizer goes first: the containers still run.
    let open = api.patch(&path, "merge", &json!({"metadata": {"finalizers": null}})).await.ok(200);
    assert_eq!(open["metadata"]["deletionGracePeriodSeconds"], 30);
    api.get(&path).await.ok(200);
    assert_eq!(api.delete(&format!("{path}?gracePeriodSeconds=0")).await.ok(200)["kind"], "Pod");
    api.get(&path).await.refused(404, "NotFound");
}

#[tokio::test]
async fn a_body_that_is_no_options_deletes_nothing() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    let path = format!("{MAPS}/a");
    for body in [
        json!({"gracePeriodSeconds": "0"}),
        json!({"kind": "Pod", "apiVersion": "v1"}),
        json!({"preconditions": "u"}),
        json!(["DeleteOptions"]),
    ] {
        api.delete_with(&path, &body).await.refused(400, "BadRequest");
    }
    api.get(&path).await.ok(200);
    // A dying object has its name still.
    api.patch(&path, "merge", &json!({"metadata": {"finalizers": ["a.io/b"]}})).await.ok(200);
    api.delete(&path).await.ok(200);
    let taken = api.post(MAPS, &config_map("a")).await.refused(409, "AlreadyExists");
    assert_eq!(taken["message"], "object is being deleted: configmaps \"a\" already exists");
}

#[tokio::test]
async fn namespaces_are_finalized() {
    let api = Api::start().await;
    let path = "/api/v1/namespaces/other";
    let marked = api.delete(path).await.ok(200);
    assert_eq!(
        (&marked["status"]["phase"], &marked["spec"]["finalizers"]),
        (&json!("Terminating"), &json!(["kubernetes"]))
    );
    let status =
        api.post("/api/v1/namespaces/other/configmaps", &config_map("late")).await.refused(403, "Forbidden");
    assert_eq!(status["details"]["causes"][0]["reason"], "NamespaceTerminating");
    let expected = "configmaps \"late\" is forbidden: unable to create new content in namespace other because it is being terminated";
    assert_eq!(status["message"], expected);
    let mut done = marked.clone();
    done["spec"]["finalizers"] = json!([]);
    api.put(&format!("{path}/finalize"), &done).await.ok(200);
    api.get(path).await.refused(404, "NotFound");
    let immortal = api.delete("/api/v1/namespaces/default").await.refused(403, "Forbidden");
    assert_eq!(immortal["message"], "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

#[tokio::test]
async fn collections_go_by_selector() {
    let api = Api::start().await;
    for (name, app) in [("a", "web"), ("b", "web"), ("c", "db")] {
        api.post(MAPS, &labelled(name, &json!({"app": app}))).await.ok(201);
    }
    let list = api.delete(&format!("{MAPS}?labelSelector=app%3Dweb")).await.ok(200);
    assert_eq!((&list["kind"], names(&list)), (&json!("ConfigMapList"), vec!["a", "b"]));
    assert_eq!(names(&api.get(MAPS).await.ok(200)), ["c"]);
    api.delete("/api/v1/configmaps").await.refused(405, "MethodNotAllowed");
    api.delete("/api/v1/namespaces").await.refused(405, "MethodNotAllowed");
}

#[tokio::test]
async fn a_write_of_somebody_else_is_not_lost() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    // Another server deletes and makes it again between our reads.
    let key = "/registry/configmaps/default/a";
    let now = api.store.get(key).await.unwrap().unwrap();
    let mut object: Value = serde_json::from_slice(&now.value).unwrap();
    object["data"] = json!({"theirs": "1"});
    let write = Write {
        key: key.into(),
        precondition: Precondition::At(now.revision),
        mutation: Mutation::Put(object.to_string().into()),
    };
    api.store.commit(vec![write]).await.unwrap();
    let patched = api.patch(&format!("{MAPS}/a"), "merge", &json!({"data": {"ours": "1"}})).await.ok(200);
    assert_eq!(patched["data"], json!({"theirs": "1", "ours": "1"}));
}
