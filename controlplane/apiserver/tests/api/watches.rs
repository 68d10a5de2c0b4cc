//! WATCH: where it starts, what it shows, how it ends.

use serde_json::json;

use crate::harness::*;

#[tokio::test]
async fn starts_with_the_state_or_behind_a_version() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    let second = api.post(MAPS, &config_map("b")).await.ok(201);
    let mut state = api.watch(&format!("{MAPS}?watch=true")).await;
    let mut any = api.watch(&format!("{MAPS}?watch=1&resourceVersion=0")).await;
    let mut legacy = api.watch("/api/v1/watch/namespaces/default/configmaps").await;
    let mut behind = api.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&second))).await;
    let mut before = api.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&second) - 1)).await;
    let patched = api.patch(&format!("{MAPS}/a"), "merge", &json!({"data": {"x": "y"}})).await.ok(200);
    api.delete(&format!("{MAPS}/b")).await.ok(200);
    let live = ["MODIFIED a", "DELETED b"];
    for watch in [&mut state, &mut any, &mut legacy] {
        assert_eq!(watch.lines(4).await, ["ADDED a", "ADDED b", live[0], live[1]]);
    }
    let event = behind.next().await.unwrap();
    assert_eq!(event, json!({"type": "MODIFIED", "object": patched}));
    let deleted = behind.next().await.unwrap();
    assert!(version(&deleted["object"]) > version(&patched));
    assert_eq!(deleted["object"]["data"], json!({"k": "v"}));
    assert_eq!(before.lines(3).await, ["ADDED b", live[0], live[1]]);
}

#[tokio::test]
async fn selectors_let_objects_in_and_out() {
    let api = Api::start().await;
    let mut watch = api.watch("/api/v1/configmaps?watch=1&labelSelector=app%3Dweb").await;
    let mut named = api.watch(&format!("{MAPS}?watch=1&fieldSelector=metadata.name%3Da")).await;
    api.post(MAPS, &labelled("a", &json!({"app": "db"}))).await.ok(201);
    let path = format!("{MAPS}/a");
    api.patch(&path, "merge", &json!({"metadata": {"labels": {"app": "web"}}})).await.ok(200);
    api.patch(&path, "merge", &json!({"data": {"x": "1"}})).await.ok(200);
    let out = api.patch(&path, "merge", &json!({"metadata": {"labels": {"app": "db"}}})).await.ok(200);
    api.patch(&path, "merge", &json!({"data": {"x": "2"}})).await.ok(200);
    api.patch(&path, "merge", &json!({"metadata": {"labels": {"app": "web"}}})).await.ok(200);
    api.delete(&path).await.ok(200);
    assert_eq!(watch.lines(2).await, ["ADDED a", "MODIFIED a"]);
    let left = watch.next().await.unwrap();
    assert_eq!((&left["type"], version(&left["object"])), (&json!("DELETED"), version(&out)));
    assert_eq!(left["object"]["metadata"]["labels"], json!({"app": "web"}));
    assert_eq!(watch.lines(2).await, ["ADDED a", "DELETED a"]);
    let all = ["ADDED a", "MODIFIED a", "MODIFIED a", "MODIFIED a", "MODIFIED a", "MODIFIED a", "DELETED a"];
    assert_eq!(named.lines(7).await, all);
}

#[tokio::test]
async fn initial_events_end_with_a_bookmark() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    let last = api.post(PODS, &pod("p")).await.ok(201);
    let query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    for extra in ["", "&resourceVersion=0", &format!("&resourceVersion={}", version(&last))] {
        let mut watch = api.watch(&format!("{MAPS}?{query}{extra}")).await;
        assert_eq!(watch.line().await, "ADDED a", "{extra}");
        let bookmark = watch.next().await.unwrap();
        let expected = json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {
            "resourceVersion": last["metadata"]["resourceVersion"],
            "annotations": {"k8s.io/initial-events-end": "true"}}});
        assert_eq!(bookmark, json!({"type": "BOOKMARK", "object": expected}), "{extra}");
    }
    let mut empty = api.watch(&format!("/api/v1/namespaces/other/configmaps?{query}")).await;
    assert_eq!(empty.line().await, "BOOKMARK -");
    api.post("/api/v1/namespaces/other/configmaps", &config_map("b")).await.ok(201);
    assert_eq!(empty.line().await, "ADDED b");

    let no = format!(
        "{MAPS}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    );
    let mut fresh = api.watch(&no).await;
    api.post(MAPS, &config_map("c")).await.ok(201);
    assert_eq!(fresh.line().await, "ADDED c");

    let refused = api.get(&format!("{MAPS}?watch=1&sendInitialEvents=true")).await.refused(422, "Invalid");
    assert_eq!(refused["details"]["kind"], "ListOptions");
    api.get(&format!("{MAPS}?sendInitialEvents=true")).await.refused(422, "Invalid");
    api.get(&format!("{MAPS}?watch=1&resourceVersionMatch=NotOlderThan")).await.refused(422, "Invalid");
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_every_minute_and_before_the_end() {
    let api = Api::start().await;
    let started = tokio::time::Instant::now();
    let mut watch = api.watch(&format!("{MAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=90")).await;
    let mut plain = api.watch(&format!("{MAPS}?watch=1&timeoutSeconds=90")).await;
    let last = api.post(PODS, &pod("p")).await.ok(201);
    let first = watch.next().await.unwrap();
    let at = started.elapsed().as_secs();
    assert!((45..=60).contains(&at), "{at}");
    assert_eq!(version(&first["object"]), version(&last));
    assert_eq!(watch.line().await, "BOOKMARK -");
    assert_eq!(started.elapsed().as_secs(), 88);
    assert_eq!(watch.next().await, None);
    assert_eq!(started.elapsed().as_secs(), 90);
    assert_eq!(plain.next().await, None);
}

#[tokio::test]
async fn versions_of_the_past_and_the_future() {
    let api = Api::start().await;
    let first = api.post(MAPS, &config_map("a")).await.ok(201);
    // The server has started at version 1: what was before is not known.
    let mut old = api.watch(&format!("{MAPS}?watch=1&resourceVersion=1")).await;
    assert_eq!(old.line().await, "ADDED a");
    let future = version(&first) + 1;
    let mut ahead = api.watch(&format!("{MAPS}?watch=1&resourceVersion={future}")).await;
    api.post(MAPS, &config_map("b")).await.ok(201);
    api.post(MAPS, &config_map("c")).await.ok(201);
    assert_eq!(ahead.line().await, "ADDED c");
    api.get(&format!("{MAPS}?watch=1&resourceVersion=x")).await.refused(400, "BadRequest");
}

#[tokio::test]
async fn no_change_is_no_event() {
    let api = Api::start().await;
    let made = api.post(MAPS, &config_map("a")).await.ok(201);
    let mut watch = api.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&made))).await;
    api.put(&format!("{MAPS}/a"), &made).await.ok(200);
    api.patch(&format!("{MAPS}/a"), "merge", &json!({"data": {"k": "v"}})).await.ok(200);
    api.put(&format!("{MAPS}/a?dryRun=All"), &config_map("a")).await.ok(200);
    api.post(MAPS, &config_map("b")).await.ok(201);
    assert_eq!(watch.line().await, "ADDED b");
}

#[tokio::test]
async fn a_slow_watcher_is_sent_away() {
    let api = Api::start().await;
    let mut slow = api.watch(&format!("{MAPS}?watch=1")).await;
    let mut big = config_map("a");
    big["data"]["big"] = "x".repeat(1_000_000).into();
    api.post(MAPS, &big).await.ok(201);
    // More than the ring keeps, while nobody reads.
    for n in 0..30 {
        let patch = json!({"data": {"n": n.to_string()}});
        api.patch(&format!("{MAPS}/a"), "merge", &patch).await.ok(200);
    }
    let mut last = slow.next().await.unwrap();
    while last["type"] != "ERROR" {
        last = slow.next().await.unwrap();
    }
    assert_eq!((&last["object"]["code"], &last["object"]["reason"]), (&json!(410), &json!("Expired")));
    assert_eq!(slow.next().await, None);
    // A watch from back then is refused in the same way.
    let mut late = api.watch(&format!("{MAPS}?watch=1&resourceVersion=2")).await;
    let event = late.next().await.unwrap();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert!(event["object"]["message"].as_str().unwrap().starts_with("too old resource version: 2 ("));
    assert_eq!(late.next().await, None);
}
