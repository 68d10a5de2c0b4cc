//! ServiceAccounts, and what pods get from them.

use serde_json::{Value, json};

use crate::harness::*;

const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";

fn account(name: &str, secrets: &[&str]) -> Value {
    let secrets: Vec<Value> = secrets.iter().map(|name| json!({"name": name})).collect();
    json!({"metadata": {"name": name}, "imagePullSecrets": secrets})
}

/// The secrets of a pod that is created with this spec, or why it is not.
async fn given(api: &Api, name: &str, spec: Value) -> Value {
    let mut pod = pod(name);
    pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let made = api.post(PODS, &pod).await.json();
    if made["kind"] == "Status" { made["message"].clone() } else { made["spec"]["imagePullSecrets"].clone() }
}

#[tokio::test]
async fn pods_get_the_secrets_of_their_account() {
    let api = Api::start().await;
    // The controller that makes `default` has not come by yet.
    assert_eq!(given(&api, "early", json!({})).await, json!(null));
    assert_eq!(
        given(&api, "nobody", json!({"serviceAccountName": "robot"})).await,
        "pods \"nobody\" is forbidden: error looking up service account default/robot: serviceaccount \"robot\" not found"
    );
    api.post(ACCOUNTS, &account("default", &["a", "b"])).await.ok(201);
    api.post(ACCOUNTS, &account("robot", &[])).await.ok(201);
    let both = json!([{"name": "a"}, {"name": "b"}]);
    assert_eq!(given(&api, "plain", json!({})).await, both);
    assert_eq!(given(&api, "none", json!({"imagePullSecrets": []})).await, both);
    let own = json!([{"name": "own"}]);
    assert_eq!(given(&api, "own", json!({"imagePullSecrets": own})).await, own);
    assert_eq!(given(&api, "robot", json!({"serviceAccountName": "robot"})).await, json!(null));
    // A pod that a node tells about is as it is.
    let mut mirror = pod("mirror");
    mirror["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    mirror["spec"]["serviceAccountName"] = "gone".into();
    assert_eq!(api.post(PODS, &mirror).await.ok(201)["spec"].get("imagePullSecrets"), None);
    // In another namespace, there are other accounts.
    let made = api.post("/api/v1/namespaces/other/pods", &pod("plain")).await.ok(201);
    assert_eq!(made["spec"].get("imagePullSecrets"), None);
}
