//! Create, update and patch.

use std::sync::Arc;

use naru_api::{Object, status::Status};
use naru_apiserver::admission::{Admission, Operation, Request};
use serde_json::{Value, json};

use crate::harness::*;

#[tokio::test]
async fn create_sets_what_the_server_sets() {
    let api = Api::start().await;
    let mut sent = config_map("a");
    sent["metadata"]["uid"] = "mine".into();
    sent["metadata"]["generation"] = 7.into();
    sent["metadata"]["creationTimestamp"] = Value::Null;
    sent["metadata"]["managedFields"] = json!([{"manager": "x"}]);
    let made = api.post(MAPS, &sent).await.ok(201);
    let metadata = &made["metadata"];
    assert_eq!((&metadata["name"], &metadata["namespace"]), (&json!("a"), &json!("default")));
    assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
    assert_eq!(metadata["creationTimestamp"], "2027-01-15T08:00:00Z");
    assert_eq!((metadata.get("generation"), metadata.get("managedFields")), (None, None));
    assert_eq!(made["data"], json!({"k": "v"}));
    assert_eq!(api.get(&format!("{MAPS}/a")).await.ok(200), made);
    assert_eq!(api.post(PODS, &pod("p")).await.ok(201)["metadata"]["generation"], 1);
}

#[tokio::test]
async fn refusals_of_create() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("taken")).await.ok(201);
    let mut other = config_map("b");
    other["metadata"]["namespace"] = "other".into();
    let mut versioned = config_map("b");
    versioned["metadata"]["resourceVersion"] = "5".into();
    let mut wrong_kind = config_map("b");
    wrong_kind["kind"] = "Secret".into();
    let mut wrong_version = config_map("b");
    wrong_version["apiVersion"] = "v2".into();
    let cases = [
        (MAPS, config_map("taken"), 409, "AlreadyExists", "configmaps \"taken\" already exists"),
        (
            "/api/v1/namespaces/none/configmaps",
            config_map("a"),
            404,
            "NotFound",
            "namespaces \"none\" not found",
        ),
        (
            MAPS,
            other,
            400,
            "BadRequest",
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            MAPS,
            json!({"metadata": {}}),
            422,
            "Invalid",
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
        ),
        (
            MAPS,
            config_map("Bad_Name"),
            422,
            "Invalid",
            "ConfigMap \"Bad_Name\" is invalid: metadata.name: Invalid value",
        ),
        (MAPS, versioned, 500, "", "resourceVersion should not be set on objects to be created"),
        (
            "/api/v1/namespaces/default/pods",
            json!({"metadata": {"name": "p"}, "spec": {"priorityClassName": "high", "containers": [{"name": "c", "image": "i"}]}}),
            403,
            "Forbidden",
            "pods \"p\" is forbidden: no PriorityClass with name high was found",
        ),
        (
            "/api/v1/namespaces/default/secrets",
            json!({"metadata": {"name": "s"}, "data": {"k": "aGVsb"}}),
            400,
            "BadRequest",
            "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 4",
        ),
        (MAPS, wrong_kind, 400, "BadRequest", "Secret in version \"v1\" cannot be handled as a ConfigMap"),
        (MAPS, wrong_version, 400, "BadRequest", "the API version in the data (v2) does not match"),
        (
            MAPS,
            json!([1]),
            400,
            "BadRequest",
            "the object provided is unrecognized (must be of type ConfigMap)",
        ),
        (
            MAPS,
            json!({"metadata": {"name": "b"}, "data": 5}),
            400,
            "BadRequest",
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number",
        ),
        (
            "/api/v1/namespaces",
            json!({"metadata": {"name": "a.b"}}),
            422,
            "Invalid",
            "Namespace \"a.b\" is invalid",
        ),
    ];
    for (path, body, code, reason, message) in cases {
        let status = api.post(path, &body).await.refused(code, reason);
        assert!(status["message"].as_str().unwrap().starts_with(message), "{body} {status}");
    }
    let invalid = api.post(MAPS, &json!({"metadata": {}})).await.json();
    assert_eq!(invalid["details"]["causes"][0]["reason"], "FieldValueRequired");
    assert_eq!(
        (&invalid["details"]["kind"], &invalid["details"]["group"]),
        (&json!("ConfigMap"), &Value::Null)
    );
}

#[tokio::test]
async fn bodies_in_all_media_types() {
    let api = Api::start().await;
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\ndata: {a: b}\n";
    let answer = api.send("POST", MAPS, &[("content-type", "application/yaml")], yaml).await;
    assert_eq!(answer.ok(201)["data"], json!({"a": "b"}));
    // k8s\0, then Unknown{typeMeta{v1, Namespace}, raw{metadata{name "p"}}}.
    let envelope = b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x05\x0a\x03\x0a\x01p".to_vec();
    let protobuf = [("content-type", "application/vnd.kubernetes.protobuf")];
    assert_eq!(
        api.send("POST", "/api/v1/namespaces", &protobuf, envelope).await.ok(201)["metadata"]["name"],
        "p"
    );
    let broken = api.send("POST", "/api/v1/namespaces", &protobuf, "k8s\0zzzz").await;
    broken.refused(400, "BadRequest");
    let cbor = api.send("POST", MAPS, &[("content-type", "application/cbor")], "x").await;
    cbor.refused(415, "UnsupportedMediaType");
    for broken in ["", "{", "{\"a\": }"] {
        api.send("POST", MAPS, &[], broken).await.refused(400, "BadRequest");
    }
    let malformed = api.send("POST", MAPS, &[("content-type", "application/yaml")], "a: [").await;
    malformed.refused(400, "BadRequest");
    let large = api.send("POST", MAPS, &[], vec![b' '; (3 << 20) + 1]).await;
    large.refused(413, "RequestEntityTooLarge");
}

#[tokio::test]
async fn names_are_generated() {
    let api = Api::start().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let made = api.post(MAPS, &json!({"metadata": {"generateName": "web-"}})).await.ok(201);
        let name = made["metadata"]["name"].as_str().unwrap().to_string();
        assert!(name.starts_with("web-") && name.len() == 9, "{name}");
        assert!(seen.insert(name));
    }
}

#[tokio::test]
async fn unknown_fields_are_warned_about_refused_or_ignored() {
    let api = Api::start().await;
    let body = r#"{"metadata":{"name":"NAME"},"dat":{"a":"b"},"immutable":true,"immutable":false}"#;
    let send = async |name: &str, query: &str| {
        api.send("POST", &format!("{MAPS}{query}"), &[], body.replace("NAME", name)).await
    };
    let warned = send("warned", "").await;
    assert_eq!(warned.ok(201).get("dat"), None);
    let expected = [r#"299 - "unknown field \"dat\"""#, r#"299 - "duplicate field \"immutable\"""#];
    assert_eq!(warned.warnings(), expected);
    let ignored = send("ignored", "?fieldValidation=Ignore").await;
    ignored.ok(201);
    assert!(ignored.warnings().is_empty());
    let status = send("strict", "?fieldValidation=Strict").await.refused(400, "BadRequest");
    let message = r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat", duplicate field "immutable""#;
    assert_eq!(status["message"], message);
    send("x", "?fieldValidation=Odd").await.refused(422, "Invalid");
    let patch =
        api.patch(&format!("{MAPS}/warned?fieldValidation=Strict"), "merge", &json!({"dat": 1})).await;
    let status = patch.refused(422, "Invalid");
    assert!(status["message"].as_str().unwrap().contains("strict decoding error: unknown field"), "{status}");
    let patch = api.patch(&format!("{MAPS}/warned"), "merge", &json!({"dat": 1})).await;
    assert_eq!((patch.ok(200).get("dat"), patch.warnings().len()), (None, 1));
}

#[tokio::test]
async fn dry_runs_change_nothing() {
    let api = Api::start().await;
    let made = api.post(&format!("{MAPS}?dryRun=All"), &config_map("a")).await.ok(201);
    assert_eq!(made["metadata"].get("resourceVersion"), None);
    api.get(&format!("{MAPS}/a")).await.refused(404, "NotFound");
    let before = api.post(MAPS, &config_map("a")).await.ok(201);
    api.post(&format!("{MAPS}?dryRun=All"), &config_map("a")).await.refused(409, "AlreadyExists");
    let mut changed = before.clone();
    changed["data"] = json!({"new": "1"});
    let would = api.put(&format!("{MAPS}/a?dryRun=All"), &changed).await.ok(200);
    assert_eq!((&would["data"], version(&would)), (&json!({"new": "1"}), version(&before)));
    let would =
        api.patch(&format!("{MAPS}/a?dryRun=All"), "merge", &json!({"data": {"p": "1"}})).await.ok(200);
    assert_eq!(would["data"], json!({"k": "v", "p": "1"}));
    api.delete(&format!("{MAPS}/a?dryRun=All")).await.ok(200);
    assert_eq!(api.get(&format!("{MAPS}/a")).await.ok(200), before);
    api.post(&format!("{MAPS}?dryRun=Some"), &config_map("b")).await.refused(422, "Invalid");
}

#[tokio::test]
async fn updates_conflict_or_replace() {
    let api = Api::start().await;
    let path = format!("{MAPS}/a");
    let first = api.post(MAPS, &config_map("a")).await.ok(201);
    let mut changed = first.clone();
    changed["data"] = json!({"k": "2"});
    let second = api.put(&path, &changed).await.ok(200);
    assert!(version(&second) > version(&first));
    // The version that was read is stale now.
    let status = api.put(&path, &changed).await.refused(409, "Conflict");
    let expected = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again";
    assert_eq!(status["message"], expected);
    // Without a version, whatever is there is replaced; what the server set stays.
    let third = api.put(&path, &json!({"metadata": {"name": "a"}, "data": {"k": "3"}})).await.ok(200);
    assert_eq!((&third["metadata"]["uid"], &third["data"]), (&first["metadata"]["uid"], &json!({"k": "3"})));
    assert_eq!(third["metadata"]["creationTimestamp"], first["metadata"]["creationTimestamp"]);
    // Nothing changes: no new version.
    assert_eq!(version(&api.put(&path, &third).await.ok(200)), version(&third));
    let mut stranger = third.clone();
    stranger["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111".into();
    api.put(&path, &stranger).await.refused(409, "Conflict");
    let renamed = api.put(&path, &config_map("b")).await.refused(400, "BadRequest");
    assert_eq!(renamed["message"], "the name of the object (b) does not match the name on the URL (a)");
    api.put(&format!("{MAPS}/none"), &config_map("none")).await.refused(404, "NotFound");
}

#[tokio::test]
async fn rows_decide_about_updates_without_version_or_object() {
    let api = Api::start().await;
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    let lease = json!({"metadata": {"name": "l", "resourceVersion": ""}, "spec": {"holderIdentity": "a"}});
    // There is none: it is made.
    api.put(&format!("{leases}/l"), &lease).await.ok(201);
    let status = api.put(&format!("{leases}/l"), &lease).await.refused(422, "Invalid");
    let expected = "Lease.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update";
    assert_eq!(status["message"], expected);
    let event = json!({"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"}, "reason": "R"});
    let made = api.put("/api/v1/namespaces/default/events/e", &event).await.ok(201);
    assert!(made["metadata"]["uid"].is_string());
    api.put("/api/v1/namespaces/default/events/e", &event).await.ok(200);
}

#[tokio::test]
async fn objects_are_stored_as_go_would_write_them() {
    let api = Api::start().await;
    let sent =
        json!({"metadata": {"name": "e", "labels": {}, "annotations": {}}, "data": {}, "immutable": false});
    let made = api.post(MAPS, &sent).await.ok(201);
    assert_eq!((made.get("data"), &made["immutable"]), (None, &json!(false)), "{made}");
    assert_eq!((made["metadata"].get("labels"), made["metadata"].get("annotations")), (None, None), "{made}");
    let path = format!("{MAPS}/e");
    api.patch(&path, "merge", &json!({"metadata": {"labels": {"a": "b"}}})).await.ok(200);
    let bare = api.patch(&path, "merge", &json!({"metadata": {"labels": {"a": null}}})).await.ok(200);
    assert_eq!(bare["metadata"].get("labels"), None, "{bare}");
    // Kinds without namespaces lose the one that charts write everywhere.
    let class = json!({"metadata": {"name": "c", "namespace": "default"}, "value": 5});
    let made = api.post("/apis/scheduling.k8s.io/v1/priorityclasses", &class).await.ok(201);
    assert_eq!(made["metadata"].get("namespace"), None);
    // A version of 0 says nothing, and a type that a patch takes away is as it was.
    let mut unversioned = bare.clone();
    unversioned["metadata"]["resourceVersion"] = "0".into();
    api.put(&path, &unversioned).await.ok(200);
    assert_eq!(api.patch(&path, "merge", &json!({"kind": null})).await.ok(200)["kind"], "ConfigMap");
    let marked = json!({"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}});
    let status = api.patch(&path, "merge", &marked).await.refused(422, "Invalid");
    assert_eq!(status["details"]["causes"][0]["field"], "metadata.deletionTimestamp");
}

#[tokio::test]
async fn refusals_warn_too() {
    let api = Api::start().await;
    let mut odd = config_map("Bad");
    odd["foo"] = 1.into();
    let refused = api.post(MAPS, &odd).await;
    refused.refused(422, "Invalid");
    assert_eq!(refused.warnings(), ["299 - \"unknown field \\\"foo\\\"\""]);
    // What is only unwise is said to those whose object is made.
    let unwise = |image: &str| {
        json!({"metadata": {"name": "p"}, "spec": {"imagePullSecrets": [{}],
        "containers": [{"name": "c", "image": image}]}})
    };
    let refused = api.post(PODS, &unwise("")).await;
    refused.refused(422, "Invalid");
    assert_eq!(refused.warnings(), [""; 0]);
    let made = api.post(PODS, &unwise("i")).await;
    made.ok(201);
    assert_eq!(made.warnings(), [r#"299 - "spec.imagePullSecrets[0].name: invalid empty name \"\"""#]);
    let strict = api.patch(&format!("{MAPS}/none"), "merge", &json!({"foo": 1})).await;
    strict.refused(404, "NotFound");
    let typed =
        api.post(MAPS, &json!({"kind": 5, "metadata": {"name": "a"}})).await.refused(400, "BadRequest");
    assert!(typed["message"].as_str().unwrap().contains("field .kind of type string ({\""), "{typed}");
}

#[tokio::test]
async fn generation_counts_specs_and_status_is_kept_apart() {
    let api = Api::start().await;
    let path = format!("{PODS}/p");
    let mut made = api.post(PODS, &pod("p")).await.ok(201);
    assert_eq!((&made["metadata"]["generation"], &made["status"]["phase"]), (&json!(1), &json!("Pending")));
    made["status"] = json!({"phase": "Failed"});
    made["metadata"]["labels"] = json!({"a": "b"});
    made["metadata"]["generation"] = 50.into();
    let labelled = api.put(&path, &made).await.ok(200);
    assert_eq!(
        (&labelled["metadata"]["generation"], &labelled["status"]["phase"]),
        (&json!(1), &json!("Pending"))
    );
    let patched = api
        .patch(
            &path,
            "strategic-merge",
            &json!({"spec": {"containers": [{"name": "main", "image": "other"}]}}),
        )
        .await
        .ok(200);
    assert_eq!(
        (&patched["metadata"]["generation"], &patched["spec"]["containers"][0]["image"]),
        (&json!(2), &json!("other"))
    );
}

#[tokio::test]
async fn patches_of_all_styles() {
    let api = Api::start().await;
    let path = format!("{MAPS}/a");
    let first = api.post(MAPS, &config_map("a")).await.ok(201);
    let json_patch = json!([{"op": "test", "path": "/data/k", "value": "v"}, {"op": "add", "path": "/data/j", "value": "1"}]);
    assert_eq!(api.patch(&path, "json", &json_patch).await.ok(200)["data"], json!({"k": "v", "j": "1"}));
    let merged = api.patch(&path, "merge", &json!({"data": {"j": null, "m": "2"}})).await.ok(200);
    assert_eq!(merged["data"], json!({"k": "v", "m": "2"}));
    let finalizers = json!({"metadata": {"finalizers": ["a.io/b"]}});
    api.patch(&path, "strategic-merge", &finalizers).await.ok(200);
    let both =
        api.patch(&path, "strategic-merge", &json!({"metadata": {"finalizers": ["c.io/d"]}})).await.ok(200);
    assert_eq!(both["metadata"]["finalizers"].as_array().unwrap().len(), 2);
    assert_eq!(version(&api.patch(&path, "merge", &json!({})).await.ok(200)), version(&both));
    let test = json!([{"op": "test", "path": "/data/k", "value": "other"}]);
    api.patch(&path, "json", &test).await.refused(422, "Invalid");
    let stale =
        json!({"metadata": {"resourceVersion": first["metadata"]["resourceVersion"]}, "data": {"x": "y"}});
    api.patch(&path, "merge", &stale).await.refused(409, "Conflict");
    let cases = [
        (json!({"metadata": {"name": "b"}}), 400),
        (json!({"metadata": {"namespace": "other"}}), 400),
        (json!({"kind": "Secret"}), 400),
        (json!({"data": 5}), 422),
        (json!({"metadata": {"uid": "other"}}), 422),
        (json!({"metadata": {"uid": ""}}), 200),
        (json!({"metadata": {"creationTimestamp": "2020-01-01T00:00:00Z"}}), 200),
        (json!({"metadata": {"labels": {"bad key": "x"}}}), 422),
        (json!([]), 400),
    ];
    for (patch, code) in cases {
        let answer = api.patch(&path, "merge", &patch).await;
        assert_eq!(answer.code, code, "{patch}: {:?}", answer.json());
    }
    api.patch(&format!("{MAPS}/none"), "merge", &json!({})).await.refused(404, "NotFound");
    api.send("PATCH", &path, &[("content-type", "application/merge-patch+json")], "{")
        .await
        .refused(400, "BadRequest");
    for media in ["application/json", "application/apply-patch+yaml", ""] {
        let status = api
            .send("PATCH", &path, &[("content-type", media)], "{}")
            .await
            .refused(415, "UnsupportedMediaType");
        assert!(status["message"].as_str().unwrap().contains("application/merge-patch+json"), "{status}");
    }
}

#[tokio::test]
async fn concurrent_patches_all_count() {
    let api = Api::start().await;
    let path = format!("{MAPS}/a");
    api.post(MAPS, &config_map("a")).await.ok(201);
    let path = &path;
    let patches = (0..6).map(|n| {
        let patch = json!({"data": {format!("k{n}"): "1"}});
        let api = &api;
        async move { api.patch(path, "merge", &patch).await.ok(200) }
    });
    futures::future::join_all(patches).await;
    assert_eq!(api.get(path).await.ok(200)["data"].as_object().unwrap().len(), 7);
}

/// Labels what it admits, and refuses what is called `refused`.
struct Labeller;

#[async_trait::async_trait]
impl Admission for Labeller {
    async fn admit(&self, request: &Request<'_>, object: &mut Object) -> Result<(), Status> {
        let name = object["metadata"]["name"].as_str().or_else(|| request.old?["metadata"]["name"].as_str());
        if name == Some("refused") || (request.operation == Operation::Delete && name == Some("kept")) {
            return Err(Status::forbidden("", "configmaps", "refused", "not here"));
        }
        if request.operation != Operation::Delete {
            object["metadata"]["labels"]["by"] = request.identity.user.as_str().into();
        }
        Ok(())
    }
}

#[tokio::test]
async fn admission_changes_and_refuses() {
    let setup = Setup { admission: vec![Arc::new(Labeller)], ..Setup::default() };
    let api = Api::of(setup).await;
    assert_eq!(
        api.post(MAPS, &config_map("kept")).await.ok(201)["metadata"]["labels"],
        json!({"by": "admin"})
    );
    api.post(MAPS, &config_map("refused")).await.refused(403, "Forbidden");
    api.delete(&format!("{MAPS}/kept")).await.refused(403, "Forbidden");
    api.get(&format!("{MAPS}/kept")).await.ok(200);
}
