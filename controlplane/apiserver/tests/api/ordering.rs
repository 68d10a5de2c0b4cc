//! Many writers at once: every watcher sees every change, once, in the same order, and no gap between list and watch.

use std::{collections::BTreeMap, sync::Arc};

use naru_store::{Embedded, EmbeddedOptions, testing::EtcdServer};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::*;

const WRITERS: usize = 8;
const STEPS: usize = 60;

/// Creates, changes and deletes a few objects, some of them shared with other writers.
async fn write(api: Arc<Api>, writer: usize) {
    for step in 0..STEPS {
        let name =
            if step % 3 == 0 { format!("shared{}", step % 5) } else { format!("own{writer}-{}", step % 4) };
        let path = format!("{MAPS}/{name}");
        // Whatever the answer, what counts is what watchers see.
        match (writer + step * 7) % 4 {
            0 => drop(api.post(MAPS, &config_map(&name)).await),
            1 => drop(api.delete(&path).await),
            _ => {
                let data = json!({"data": {"step": format!("{writer}-{step}")}});
                let patched = api.patch(&path, "merge", &data).await;
                if patched.code == 404 {
                    api.post(MAPS, &config_map(&name)).await;
                }
            }
        }
    }
}

/// Applies events to a state and checks that they fit it; returns the versions in order.
fn apply(state: &mut BTreeMap<String, Value>, events: &[Value]) -> Vec<u64> {
    let mut versions = Vec::new();
    for event in events {
        let object = &event["object"];
        let name = object["metadata"]["name"].as_str().unwrap().to_string();
        match event["type"].as_str().unwrap() {
            "ADDED" => assert!(state.insert(name, object.clone()).is_none(), "added twice: {event}"),
            "MODIFIED" => assert!(state.insert(name, object.clone()).is_some(), "not there: {event}"),
            "DELETED" => assert!(state.remove(&name).is_some(), "not there: {event}"),
            other => panic!("{other}"),
        }
        versions.push(version(object));
    }
    versions
}

/// Reads until the object `end` is added.
async fn until_end(mut watch: Watch) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let event = watch.next().await.unwrap();
        if event["object"]["metadata"]["name"] == "end" {
            return events;
        }
        events.push(event);
    }
}

/// Lists and watches from there, over and over while others write.
async fn list_then_watch(api: Arc<Api>) -> (BTreeMap<String, Value>, Vec<Value>) {
    tokio::task::yield_now().await;
    let list = api.get(MAPS).await.ok(200);
    let items = list["items"].as_array().unwrap();
    let state =
        items.iter().map(|item| (item["metadata"]["name"].as_str().unwrap().to_string(), item.clone()));
    let mut state: BTreeMap<String, Value> = state.collect();
    // The writers may have been faster than this list.
    if state.remove("end").is_some() {
        return (state, Vec::new());
    }
    let watch = api.watch(&format!("{MAPS}?watch=1&resourceVersion={}", version(&list))).await;
    (state, until_end(watch).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn watchers_agree_and_miss_nothing() {
    agree(Setup::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn watchers_agree_on_the_embedded_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path().join("state"), EmbeddedOptions::default()).unwrap();
    agree(Setup { store: Arc::new(store), ..Setup::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn watchers_agree_on_etcd() {
    let etcd = EtcdServer::start();
    agree(Setup { store: connected(&etcd).await, ..Setup::default() }).await;
}

async fn agree(setup: Setup) {
    let api = Arc::new(Api::of(setup).await);
    let first = until_end(api.watch(&format!("{MAPS}?watch=1")).await);
    let first = tokio::spawn(first);
    let mut writers = JoinSet::new();
    let mut listers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(api.clone(), writer));
        for _ in 0..3 {
            listers.spawn(list_then_watch(api.clone()));
        }
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let list = api.get(MAPS).await.ok(200);
    api.post(MAPS, &config_map("end")).await.ok(201);

    let all = first.await.unwrap();
    let mut state = BTreeMap::new();
    let versions = apply(&mut state, &all);
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    let now: Vec<Value> = state.into_values().collect();
    assert_eq!(now, *list["items"].as_array().unwrap());
    while let Some(done) = listers.join_next().await {
        let (mut state, events) = done.unwrap();
        let mine = apply(&mut state, &events);
        // The same changes in the same order, from its list on.
        let tail = &versions[versions.len() - mine.len()..];
        assert_eq!(mine, tail);
        assert_eq!(state.into_values().collect::<Vec<_>>(), now);
    }
}
