//! Questions about who somebody is and what they may do; the answers are those of a real kube-apiserver.

use serde_json::{Value, json};

use crate::harness::Api;

const ACCESS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const OF_OTHERS: &str = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const LOCAL: &str = "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews";
const RULES: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
const WHO: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

#[tokio::test]
async fn questions_are_answered_and_not_kept() {
    let api = Api::start().await;
    let create =
        json!({"resourceAttributes": {"namespace": "default", "verb": "create", "resource": "pods"}});
    let answer = api.post(ACCESS, &json!({"spec": create})).await.ok(201);
    let expected = json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": create,
        "status": {"allowed": true},
    });
    assert_eq!(answer, expected);
    let path = json!({"nonResourceAttributes": {"path": "/healthz", "verb": "get"}});
    assert_eq!(api.post(ACCESS, &json!({"spec": path})).await.ok(201)["status"], json!({"allowed": true}));
    for url in [OF_OTHERS, LOCAL] {
        for (user, groups, allowed) in [
            ("joe", json!([]), true),
            ("", json!(["others"]), true),
            ("nobody", json!(["system:masters"]), false),
            ("system:anonymous", json!(["system:unauthenticated"]), false),
        ] {
            let mut spec = create.clone();
            spec["user"] = user.into();
            spec["groups"] = groups;
            let status = api.post(url, &json!({"spec": spec})).await.ok(201)["status"].clone();
            assert_eq!(
                (&status["allowed"], status["reason"].is_string()),
                (&json!(allowed), !allowed),
                "{url} {user}"
            );
        }
    }
    let who = api.post(WHO, &json!({"metadata": {"name": "x"}})).await.ok(201);
    assert_eq!(
        who["status"]["userInfo"],
        json!({"username": "admin", "groups": ["system:masters", "system:authenticated"]})
    );
    let rules = api.post(RULES, &json!({"spec": {"namespace": "default"}})).await.ok(201);
    assert!(rules["status"]["resourceRules"].is_array() && rules["status"]["nonResourceRules"].is_array());
    api.get(ACCESS).await.refused(405, "MethodNotAllowed");
    let table =
        [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io"), ("content-type", "application/json")];
    api.send("POST", WHO, &table, "{}").await.refused(406, "NotAcceptable");
    let served = api.get("/apis/authorization.k8s.io/v1").await.ok(200);
    let first = json!({
        "name": "localsubjectaccessreviews", "singularName": "localsubjectaccessreview", "namespaced": true,
        "kind": "LocalSubjectAccessReview", "verbs": ["create"],
    });
    assert_eq!(served["resources"][0], first);
}

#[tokio::test]
async fn senseless_questions_are_refused() {
    let api = Api::start().await;
    let both = json!({"resourceAttributes": {}, "nonResourceAttributes": {}});
    let table: [(&str, Value, &str); 7] = [
        (
            ACCESS,
            json!({}),
            "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or \
             resourceAttributes must be specified",
        ),
        (
            ACCESS,
            json!({"spec": both}),
            "spec.nonResourceAttributes: Invalid value: {\"Path\":\"\",\"Verb\":\"\"}: cannot be specified in \
             combination with resourceAttributes",
        ),
        (
            ACCESS,
            json!({"metadata": {"name": "x"}, "spec": {"resourceAttributes": {}}}),
            "metadata: Invalid value: {\"name\":\"x\"}: must be empty",
        ),
        (
            OF_OTHERS,
            json!({"spec": {"resourceAttributes": {}}}),
            "spec.user: Invalid value: \"\": at least one of user or group must be specified",
        ),
        (
            LOCAL,
            json!({"spec": {"user": "joe", "resourceAttributes": {}}}),
            "spec.resourceAttributes.namespace: Invalid value: \"\": must match metadata.namespace",
        ),
        (
            LOCAL,
            json!({"spec": {"user": "joe", "nonResourceAttributes": {"verb": "get", "path": "/"}}}),
            "spec.nonResourceAttributes: Invalid value: {\"Path\":\"/\",\"Verb\":\"get\"}: disallowed on this kind of \
             request",
        ),
        (RULES, json!({"spec": {}}), "no namespace on request"),
    ];
    for (url, body, expected) in table {
        let refused = api.post(url, &body).await.json();
        let expected = match url {
            RULES => expected.to_owned(),
            _ => format!(".authorization.k8s.io \"\" is invalid: {expected}"),
        };
        assert_eq!(refused["message"], expected, "{body}");
    }
}
