//! GET: versions and freshness.

use naru_store::{Mutation, Precondition, Write};
use serde_json::json;

use crate::harness::*;

#[tokio::test(start_paused = true)]
async fn versions_of_a_get() {
    let api = Api::start().await;
    let made = api.post(MAPS, &config_map("a")).await.ok(201);
    let path = format!("{MAPS}/a");
    for query in ["", "?resourceVersion=", "?resourceVersion=0", "?resourceVersion=1"] {
        assert_eq!(api.get(&format!("{path}{query}")).await.ok(200), made, "{query}");
    }
    let future = version(&made) + 1000;
    let status = api.get(&format!("{path}?resourceVersion={future}")).await.refused(504, "Timeout");
    let expected = format!("Timeout: Too large resource version: {future}, current: {}", version(&made));
    assert_eq!(status["message"], expected.as_str());
    assert_eq!(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    api.get(&format!("{path}?resourceVersion=x")).await.refused(400, "BadRequest");
    let missing = api.get(&format!("{MAPS}/b")).await.refused(404, "NotFound");
    assert_eq!(missing["message"], "configmaps \"b\" not found");
    assert_eq!(missing["details"], json!({"name": "b", "kind": "configmaps"}));
    let lease =
        api.get("/apis/coordination.k8s.io/v1/namespaces/default/leases/x").await.refused(404, "NotFound");
    assert_eq!(lease["message"], "leases.coordination.k8s.io \"x\" not found");
}

#[tokio::test]
async fn writes_of_other_servers_are_seen_at_once() {
    let api = Api::start().await;
    for n in 0..50 {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("m{n}"), "namespace": "default"}});
        let write = Write {
            key: format!("/registry/configmaps/default/m{n}").into(),
            precondition: Precondition::Absent,
            mutation: Mutation::Put(object.to_string().into()),
        };
        let revision = api.store.commit(vec![write]).await.unwrap();
        assert_eq!(version(&api.get(&format!("{MAPS}/m{n}")).await.ok(200)), revision.0);
        assert_eq!(names(&api.get(MAPS).await.ok(200)).len(), n + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn revisions_that_are_not_ours_do_not_stop_reads() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    // Somebody else's key in the same store: its revision never comes through our watch.
    let write = Write {
        key: "/elsewhere".into(),
        precondition: Precondition::Absent,
        mutation: Mutation::Put("x".into()),
    };
    let revision = api.store.commit(vec![write]).await.unwrap();
    api.get(&format!("{MAPS}/a")).await.ok(200);
    api.get(&format!("{MAPS}/b")).await.refused(404, "NotFound");
    let list = api.get(&format!("{MAPS}?limit=5")).await.ok(200);
    assert_eq!((names(&list), version(&list)), (vec!["a"], revision.0));
    let mut watch = api.watch(&format!("{MAPS}?watch=1")).await;
    assert_eq!(watch.line().await, "ADDED a");
    // Our next write passes the foreign revision.
    api.post(MAPS, &config_map("b")).await.ok(201);
    assert_eq!(watch.line().await, "ADDED b");
}
