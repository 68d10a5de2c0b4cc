//! Status, binding and log.

use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn status_changes_only_status() {
    let api = Api::start().await;
    let path = format!("{PODS}/p");
    let mut made = api.post(PODS, &pod("p")).await.ok(201);
    made["status"]["phase"] = "Running".into();
    made["spec"]["containers"][0]["image"] = "other".into();
    made["metadata"]["labels"] = json!({"a": "b"});
    made["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "1"}]);
    let put = api.put(&format!("{path}/status"), &made).await.ok(200);
    assert_eq!(
        (&put["status"]["phase"], &put["spec"]["containers"][0]["image"]),
        (&json!("Running"), &json!("busybox"))
    );
    assert_eq!((&put["metadata"]["generation"], put["metadata"].get("ownerReferences")), (&json!(1), None));
    let patch =
        json!({"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}, "spec": {"nodeName": "n"}});
    let patched = api.patch(&format!("{path}/status"), "strategic-merge", &patch).await.ok(200);
    assert_eq!((&patched["status"]["podIP"], patched["spec"].get("nodeName")), (&json!("10.0.0.1"), None));
    assert_eq!(api.get(&format!("{path}/status")).await.ok(200), patched);
    // A change of status alone carries the spec over as it is.
    let small = json!({"status": {"message": "m"}, "metadata": {"labels": {"c": "d"}}});
    for style in ["strategic-merge", "merge"] {
        let after = api.patch(&format!("{path}/status"), style, &small).await.ok(200);
        assert_eq!((&after["spec"], &after["status"]["message"]), (&patched["spec"], &json!("m")), "{style}");
        assert_eq!(after["metadata"]["labels"], json!({"a": "b", "c": "d"}));
        assert_eq!(after["status"]["podIP"], "10.0.0.1");
    }
    assert_eq!(api.put(&format!("{PODS}/none/status"), &pod("none")).await.code, 404);
    assert_eq!(api.put(&format!("{MAPS}/x/status"), &config_map("x")).await.code, 404);
    assert_eq!(api.delete(&format!("{path}/status")).await.code, 405);
}

fn binding(name: &str, node: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node}})
}

#[tokio::test]
async fn bindings_bind_once() {
    let api = Api::start().await;
    let path = format!("{PODS}/p/binding");
    api.post(&path, &binding("p", "n1")).await.refused(404, "NotFound");
    api.post(PODS, &pod("p")).await.ok(201);
    api.post(&path, &binding("other", "n1")).await.refused(400, "BadRequest");
    api.post(&path, &binding("p", "")).await.refused(422, "Invalid");
    api.post(&format!("{path}?dryRun=All"), &binding("p", "n1")).await.ok(201);
    let status = api.post(&path, &binding("p", "n1")).await.ok(201);
    assert_eq!((&status["kind"], &status["status"]), (&json!("Status"), &json!("Success")));
    let bound = api.get(&format!("{PODS}/p")).await.ok(200);
    assert_eq!(bound["spec"]["nodeName"], "n1");
    let condition = &bound["status"]["conditions"][0];
    assert_eq!((&condition["type"], &condition["status"]), (&json!("PodScheduled"), &json!("True")));
    let again = api.post(&path, &binding("p", "n2")).await.refused(409, "Conflict");
    let expected =
        "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\"";
    assert_eq!(again["message"], expected);
}

#[tokio::test]
async fn logs_come_from_the_node() {
    let api = Api::start().await;
    let path = format!("{PODS}/p/log");
    api.get(&path).await.refused(404, "NotFound");
    api.post(PODS, &pod("p")).await.ok(201);
    let status = api.get(&path).await.refused(400, "BadRequest");
    assert_eq!(status["message"], "pod p does not have a host assigned");
    api.post(&format!("{PODS}/p/binding"), &binding("p", "n1")).await.ok(201);
    let log = api.get_as(&format!("{path}?tailLines=5"), "text/plain").await;
    assert_eq!((log.code, &log.headers["content-type"]), (200, &"text/plain".parse().unwrap()));
    assert_eq!(log.bytes, "\"p\" main Some(5)\n");
    api.get(&format!("{path}?container=x")).await.refused(400, "BadRequest");
    api.get(&format!("{path}?tailLines=-1")).await.refused(422, "Invalid");
}
