//! LIST: selectors, versions, pages.

use naru_store::Revision;
use serde_json::{Value, json};

use crate::harness::*;

async fn filled() -> Api {
    let api = Api::start().await;
    for (name, labels) in
        [("a", json!({"app": "web"})), ("b", json!({"app": "db"})), ("c", json!({"app": "web", "x": "y"}))]
    {
        api.post(MAPS, &labelled(name, &labels)).await.ok(201);
    }
    api.post("/api/v1/namespaces/other/configmaps", &labelled("d", &json!({"app": "web"}))).await.ok(201);
    api
}

#[tokio::test]
async fn selectors() {
    let api = filled().await;
    let all = "/api/v1/configmaps";
    for (path, query, expected) in [
        (MAPS, "", vec!["a", "b", "c"]),
        (all, "", vec!["a", "b", "c", "d"]),
        ("/api/v1/namespaces/none/configmaps", "", vec![]),
        (all, "labelSelector=app%3Dweb", vec!["a", "c", "d"]),
        (MAPS, "labelSelector=app%20in%20(db,x),!x", vec!["b"]),
        (MAPS, "labelSelector=x", vec!["c"]),
        (MAPS, "fieldSelector=metadata.name%3Db", vec!["b"]),
        (MAPS, "fieldSelector=metadata.name%3Db&labelSelector=app%3Dweb", vec![]),
        (MAPS, "fieldSelector=metadata.name%3Dnone", vec![]),
        (all, "fieldSelector=metadata.name%3Dd", vec!["d"]),
        (all, "fieldSelector=metadata.namespace!%3Ddefault", vec!["d"]),
        (MAPS, "resourceVersion=0", vec!["a", "b", "c"]),
    ] {
        let list = api.get(&format!("{path}?{query}")).await.ok(200);
        assert_eq!(names(&list), expected, "{path} {query}");
        assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("ConfigMapList"), &json!("v1")));
        assert_eq!(list["metadata"].as_object().unwrap().len(), 1, "{list}");
    }
    let status = api.get(&format!("{all}?fieldSelector=spec.foo%3D1")).await.refused(400, "BadRequest");
    let only = "\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    assert_eq!(status["message"], only);
    let status = api.get("/api/v1/pods?fieldSelector=spec.foo%3D1").await.refused(400, "BadRequest");
    assert_eq!(status["message"], "field label not supported: spec.foo");
    api.get(&format!("{all}?labelSelector=a%3D%3D%3D")).await.refused(400, "BadRequest");
    api.get(&format!("{all}?resourceVersionMatch=Exact")).await.refused(422, "Invalid");
}

#[tokio::test]
async fn pods_are_selected_by_node_and_phase() {
    let api = Api::start().await;
    for name in ["p", "q"] {
        api.post(PODS, &pod(name)).await.ok(201);
    }
    let target = json!({"metadata": {"name": "q"}, "target": {"kind": "Node", "name": "n1"}});
    api.post(&format!("{PODS}/q/binding"), &target).await.ok(201);
    for (selector, expected) in [
        ("spec.nodeName%3D", vec!["p"]),
        ("spec.nodeName%3Dn1", vec!["q"]),
        ("status.phase%3DPending,spec.hostNetwork%3Dfalse", vec!["p", "q"]),
        ("status.phase!%3DPending", vec![]),
    ] {
        let list = api.get(&format!("/api/v1/pods?fieldSelector={selector}")).await.ok(200);
        assert_eq!(names(&list), expected, "{selector}");
    }
}

/// All pages from the first on, until there is no token.
async fn pages(api: &Api, path: &str) -> Vec<Value> {
    let mut pages = vec![api.get(path).await.ok(200)];
    while let Some(token) = pages.last().unwrap()["metadata"]["continue"].as_str() {
        let next = format!("{path}&continue={token}");
        pages.push(api.get(&next).await.ok(200));
    }
    pages
}

#[tokio::test]
async fn pages_show_one_version_whatever_happens_between_them() {
    let api = Api::start().await;
    for n in 0..7 {
        api.post(MAPS, &config_map(&format!("m{n}"))).await.ok(201);
    }
    api.post("/api/v1/namespaces/other/configmaps", &config_map("z")).await.ok(201);
    let first = api.get(&format!("{MAPS}?limit=3")).await.ok(200);
    assert_eq!(
        (names(&first), &first["metadata"]["remainingItemCount"]),
        (vec!["m0", "m1", "m2"], &json!(4))
    );
    for change in [false, true] {
        if change {
            api.delete(&format!("{MAPS}/m4")).await.ok(200);
            api.post(MAPS, &config_map("m45")).await.ok(201);
        }
        let token = first["metadata"]["continue"].as_str().unwrap();
        let second = api.get(&format!("{MAPS}?limit=3&continue={token}")).await.ok(200);
        assert_eq!((names(&second), version(&second)), (vec!["m3", "m4", "m5"], version(&first)), "{change}");
        assert_eq!(second["metadata"]["remainingItemCount"], 1);
        let token = second["metadata"]["continue"].as_str().unwrap();
        let third = api.get(&format!("{MAPS}?limit=3&continue={token}")).await.ok(200);
        assert_eq!((names(&third), third["metadata"].get("continue")), (vec!["m6"], None));
        assert_eq!(third["metadata"].get("remainingItemCount"), None);
    }
    let all = pages(&api, "/api/v1/configmaps?limit=2").await;
    assert_eq!(all.len(), 4);
    assert_eq!(all.iter().flat_map(names).count(), 8);
    let selected = pages(&api, "/api/v1/configmaps?limit=2&fieldSelector=metadata.namespace%3Ddefault").await;
    assert_eq!(selected.iter().flat_map(names).count(), 7);
    assert!(selected.iter().all(|page| page["metadata"].get("remainingItemCount").is_none()));
    api.get(&format!("{MAPS}?limit=3&continue=x")).await.refused(400, "BadRequest");
    let token = first["metadata"]["continue"].as_str().unwrap();
    api.get(&format!("{MAPS}?limit=3&continue={token}&resourceVersion=5")).await.refused(400, "BadRequest");
}

#[tokio::test]
async fn expired_tokens_bring_a_new_one() {
    let api = Api::start().await;
    for n in 0..5 {
        api.post(MAPS, &config_map(&format!("m{n}"))).await.ok(201);
    }
    let first = api.get(&format!("{MAPS}?limit=2")).await.ok(200);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let last = api.post(MAPS, &config_map("m25")).await.ok(201);
    api.store.compact(Revision(version(&last))).await.unwrap();
    let status = api.get(&format!("{MAPS}?limit=2&continue={token}")).await.refused(410, "Expired");
    let fresh = status["metadata"]["continue"].as_str().unwrap();
    let second = api.get(&format!("{MAPS}?limit=2&continue={fresh}")).await.ok(200);
    assert_eq!((names(&second), version(&second)), (vec!["m2", "m25"], version(&last)));
    let next = second["metadata"]["continue"].as_str().unwrap();
    assert_eq!(names(&api.get(&format!("{MAPS}?continue={next}")).await.ok(200)), ["m3", "m4"]);
}

#[tokio::test(start_paused = true)]
async fn exact_versions_and_versions_not_older() {
    let api = Api::start().await;
    let first = api.post(MAPS, &config_map("a")).await.ok(201);
    let second = api.post(MAPS, &config_map("b")).await.ok(201);
    let (old, new) = (version(&first), version(&second));
    for (query, expected, at) in [
        (format!("resourceVersion={old}&resourceVersionMatch=Exact"), vec!["a"], old),
        (format!("resourceVersion={old}&limit=10"), vec!["a"], old),
        (format!("resourceVersion={old}"), vec!["a", "b"], new),
        (format!("resourceVersion={old}&resourceVersionMatch=NotOlderThan"), vec!["a", "b"], new),
        (format!("resourceVersion={new}&resourceVersionMatch=Exact"), vec!["a", "b"], new),
    ] {
        let list = api.get(&format!("{MAPS}?{query}")).await.ok(200);
        assert_eq!((names(&list), version(&list)), (expected, at), "{query}");
    }
    // Another kind's writes do not make a version of this kind old.
    let third = version(&api.post(PODS, &pod("p")).await.ok(201));
    let list = api.get(&format!("{MAPS}?resourceVersion={third}&resourceVersionMatch=Exact")).await.ok(200);
    assert_eq!(version(&list), third);
    let future = format!("{MAPS}?resourceVersion={}", third + 100);
    api.get(&future).await.refused(504, "Timeout");
    api.store.compact(Revision(new)).await.unwrap();
    let gone = format!("{MAPS}?resourceVersion={old}&resourceVersionMatch=Exact");
    api.get(&gone).await.refused(410, "Expired");
}
