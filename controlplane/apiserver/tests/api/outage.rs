//! A store that goes away and comes back.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use naru_store::{Mutation, Precondition, Store, Write, testing::EtcdServer};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{faulty::Faulty, harness::*};

async fn behind(store: &Faulty, name: &str) {
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}});
    let write = Write {
        key: format!("/registry/configmaps/default/{name}").into(),
        precondition: Precondition::Absent,
        mutation: Mutation::Put(object.to_string().into()),
    };
    store.behind().commit(vec![write]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn while_it_is_away_only_the_cache_answers() {
    let store = Faulty::new();
    let api = Api::of(Setup { store: store.clone(), ..Setup::default() }).await;
    let made = api.post(MAPS, &config_map("a")).await.ok(201);
    let path = format!("{MAPS}/a");
    store.cut(true);
    for answer in [
        api.get(&path).await,
        api.get(MAPS).await,
        api.get(&format!("{MAPS}?watch=1")).await,
        api.post(MAPS, &config_map("b")).await,
        api.put(&path, &config_map("a")).await,
        api.patch(&path, "merge", &json!({"data": {"x": "y"}})).await,
        api.delete(&path).await,
    ] {
        let status = answer.refused(503, "ServiceUnavailable");
        assert_eq!(status["details"]["retryAfterSeconds"], 1);
        assert_eq!(answer.headers["retry-after"], "1");
    }
    assert_eq!(api.get(&format!("{path}?resourceVersion=0")).await.ok(200), made);
    assert_eq!(names(&api.get(&format!("{MAPS}?resourceVersion=0")).await.ok(200)), ["a"]);
    let rv = version(&made);
    assert_eq!(names(&api.get(&format!("{MAPS}?resourceVersion={rv}")).await.ok(200)), ["a"]);
    store.cut(false);
    assert_eq!(api.get(&path).await.ok(200), made);
    api.post(MAPS, &config_map("b")).await.ok(201);
    assert_eq!(names(&api.get(MAPS).await.ok(200)), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn watches_survive_an_outage_without_a_gap() {
    let store = Faulty::new();
    let api = Api::of(Setup { store: store.clone(), ..Setup::default() }).await;
    let mut watch = api.watch(&format!("{MAPS}?watch=1")).await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    assert_eq!(watch.line().await, "ADDED a");
    for round in 0..3 {
        store.cut(true);
        tokio::time::sleep(Duration::from_secs(1)).await;
        behind(&store, &format!("missed{round}")).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        store.cut(false);
        api.post(MAPS, &config_map(&format!("after{round}"))).await.ok(201);
        assert_eq!(watch.lines(2).await, [format!("ADDED missed{round}"), format!("ADDED after{round}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_compacted_past_ends_watches() {
    let store = Faulty::new();
    let api = Api::of(Setup { store: store.clone(), ..Setup::default() }).await;
    let made = api.post(MAPS, &config_map("a")).await.ok(201);
    let mut watch = api.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&made))).await;
    store.cut(true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    behind(&store, "missed").await;
    store.compacted.store(true, Ordering::SeqCst);
    store.cut(false);
    let event = watch.next().await.unwrap();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
    assert_eq!(watch.next().await, None);
    assert_eq!(names(&api.get(MAPS).await.ok(200)), ["a", "missed"]);
    let mut old = api.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&made))).await;
    assert_eq!(old.line().await, "ERROR -");
}

#[tokio::test]
async fn a_killed_etcd_loses_and_repeats_nothing() {
    let mut etcd = EtcdServer::start();
    let api = Api::of(Setup { store: connected(&etcd).await, ..Setup::default() }).await;
    let mut watch = api.watch(&format!("{MAPS}?watch=1")).await;
    api.post(MAPS, &config_map("a")).await.ok(201);
    assert_eq!(watch.line().await, "ADDED a");
    etcd.kill();
    api.post(MAPS, &config_map("b")).await.refused(503, "ServiceUnavailable");
    api.get(MAPS).await.refused(503, "ServiceUnavailable");
    assert_eq!(names(&api.get(&format!("{MAPS}?resourceVersion=0")).await.ok(200)), ["a"]);
    etcd.restart();
    let made = loop {
        let answer = api.post(MAPS, &config_map("c")).await;
        if answer.code != 503 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // The refused write may have happened, or the one that was tried again.
    assert!(matches!(made.code, 201 | 409), "{}", made.json());
    let mut line = watch.line().await;
    if line == "ADDED b" {
        line = watch.line().await;
    }
    assert_eq!(line, "ADDED c");
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_turned_away_and_none_waits_for_ever() {
    let store = Faulty::new();
    let api = Arc::new(Api::of(Setup { store: store.clone(), ..Setup::default() }).await);
    store.stall(true);
    let mut requests = JoinSet::new();
    for n in 0..600 {
        let api = api.clone();
        requests.spawn(async move { api.post(MAPS, &config_map(&format!("m{n}"))).await });
    }
    while store.waiting() < 600 {
        tokio::task::yield_now().await;
    }
    let refused = api.get(&format!("{MAPS}?resourceVersion=0")).await;
    refused.refused(429, "TooManyRequests");
    assert_eq!(refused.headers["retry-after"], "1");
    // Watches have a limit of their own.
    drop(api.watch(&format!("{MAPS}?watch=1&resourceVersion=0")).await);
    let started = tokio::time::Instant::now();
    while let Some(answer) = requests.join_next().await {
        answer.unwrap().refused(504, "Timeout");
    }
    assert_eq!(started.elapsed().as_secs(), 60);
    store.stall(false);
    api.post(MAPS, &config_map("after")).await.ok(201);
}

#[tokio::test(start_paused = true)]
async fn events_expire() {
    let api = Api::start().await;
    let events = "/api/v1/namespaces/default/events";
    let event = |name: &str| {
        json!({"metadata": {"name": name}, "reason": "R",
            "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"}})
    };
    api.post(events, &event("old")).await.ok(201);
    api.post(MAPS, &config_map("stays")).await.ok(201);
    api.pass(3000);
    api.post(events, &event("new")).await.ok(201);
    api.pass(1000);
    let mut watch = api.watch(&format!("{events}?watch=1")).await;
    assert_eq!(watch.lines(3).await, ["ADDED new", "ADDED old", "DELETED old"]);
    assert_eq!(names(&api.get(events).await.ok(200)), ["new"]);
    assert_eq!(names(&api.get(MAPS).await.ok(200)), ["stays"]);
}
