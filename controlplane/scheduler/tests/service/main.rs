//! The whole scheduler against an API server in memory, in simulated time.
#![allow(clippy::unwrap_used)]

mod fake;
mod preemption;
mod surroundings;

use std::{collections::BTreeMap, time::Duration};

use fake::{FakeApi, start};
use serde_json::json;
use tokio::time::{Instant, sleep};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_new_pod_is_bound_and_told_of() {
    let api = FakeApi::new();
    api.node("n1", 4);
    let _scheduler = start(&api);
    sleep(Duration::from_secs(1)).await;
    api.pod_requesting("web", "1");
    api.until("bound", |state| state.node_of("web") == Some("n1")).await;
    let told = ("Scheduled", "Successfully assigned default/web to n1", 1);
    api.until("told", |state| state.events("web") == [told]).await;
    assert_eq!(api.with(|state| state.attempts), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_pod_is_bound_without_any_waiting() {
    let api = FakeApi::new();
    api.node("n1", 4);
    let _scheduler = start(&api);
    sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    api.pod_requesting("web", "1");
    // Simulated time stands still as long as anything can be done.
    while api.with(|state| state.node_of("web").is_none()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_counts() {
    let api = FakeApi::new();
    api.node("n1", 4);
    api.node("n2", 4);
    for (name, node) in [("old1", "n1"), ("old2", "n2"), ("finished", "n2")] {
        api.pod_requesting(name, "3");
        api.update("pods", &format!("default/{name}"), |pod| pod["spec"]["nodeName"] = json!(node));
    }
    api.update("pods", "default/finished", |pod| pod["status"]["phase"] = json!("Succeeded"));
    api.update("pods", "default/old2", |pod| pod["status"]["phase"] = json!("Failed"));
    api.update("pods", "default/old1", |pod| {
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z")
    });
    api.pod_requesting("web", "2");
    let _scheduler = start(&api);
    api.until("bound", |state| state.node_of("web") == Some("n2")).await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_fits_nowhere_says_why_and_waits_for_what_helps() {
    let api = FakeApi::new();
    api.node("n1", 1);
    api.node("n2", 2);
    api.update("nodes", "n2", |node| {
        node["spec"]["taints"] = json!([{"key": "a", "value": "b", "effect": "NoSchedule"}]);
    });
    let _scheduler = start(&api);
    api.pod_requesting("web", "2");
    let message = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: b}. \
                   no new claims to deallocate, \
                   preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
    api.until("condition", |state| state.condition("web") == Some(("Unschedulable", message))).await;
    api.until("event", |state| state.events("web") == [("FailedScheduling", message, 1)]).await;
    // Its own condition, unhelpful nodes and the passing of a minute do not make it be tried again.
    api.node("n3", 1);
    sleep(LONG).await;
    assert_eq!(api.with(|state| state.events("web")[0].2), 1);
    // The same answer again is counted, not told again.
    api.delete("nodes", "n3");
    sleep(6 * LONG).await;
    assert_eq!(api.with(|state| state.events("web").iter().map(|event| event.2).collect::<Vec<_>>()), [2]);
    let start = Instant::now();
    api.update("nodes", "n2", |node| node["spec"]["taints"] = json!(null));
    api.until("bound", |state| state.node_of("web") == Some("n2")).await;
    assert!(start.elapsed() < Duration::from_secs(1), "the backoff was over long ago");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_leaves_makes_room_for_one_that_waits() {
    let api = FakeApi::new();
    api.node("n1", 2);
    let _scheduler = start(&api);
    api.pod_requesting("first", "2");
    api.until("bound", |state| state.node_of("first").is_some()).await;
    api.pod_requesting("second", "2");
    api.until("told", |state| state.condition("second").is_some()).await;
    sleep(LONG).await;
    api.update("pods", "default/first", |pod| pod["status"]["phase"] = json!("Succeeded"));
    api.until("bound", |state| state.node_of("second") == Some("n1")).await;
    api.pod_requesting("third", "2");
    api.until("told", |state| state.condition("third").is_some()).await;
    api.delete("pods", "default/second");
    api.until("bound", |state| state.node_of("third") == Some("n1")).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_binding_is_tried_again_and_leaves_nothing_behind() {
    let api = FakeApi::new();
    api.node("n1", 2);
    api.with(|state| state.refuse_bindings = 3);
    let _scheduler = start(&api);
    let start = Instant::now();
    api.pod_requesting("web", "2");
    api.until("bound", |state| state.node_of("web") == Some("n1")).await;
    assert_eq!(api.with(|state| state.attempts), 4);
    assert!(start.elapsed() >= Duration::from_secs(1 + 2 + 4), "backoff grows");
    let reasons =
        api.with(|state| state.events("web").iter().map(|event| event.0.to_owned()).collect::<Vec<_>>());
    assert!(reasons.contains(&"FailedScheduling".into()), "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pod_deleted_amid_its_binding_frees_its_place() {
    let api = FakeApi::new();
    api.node("n1", 2);
    api.with(|state| state.refuse_bindings = 1);
    let _scheduler = start(&api);
    api.pod_requesting("web", "2");
    api.until("refused", |state| state.attempts == 1).await;
    api.delete("pods", "default/web");
    api.pod_requesting("other", "2");
    api.until("bound", |state| state.node_of("other") == Some("n1")).await;
}

#[tokio::test(start_paused = true)]
async fn pods_of_others_and_gated_pods_are_left_alone() {
    let api = FakeApi::new();
    api.node("n1", 4);
    let _scheduler = start(&api);
    api.pod("foreign", json!({"schedulerName": "mine"}));
    api.pod("gated", json!({"schedulingGates": [{"name": "example.com/gate"}]}));
    let blocked = ("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
    api.until("told", |state| state.condition("gated") == Some(blocked)).await;
    sleep(LONG).await;
    assert_eq!(api.with(|state| state.attempts), 0);
    api.update("pods", "default/gated", |pod| pod["spec"]["schedulingGates"] = json!([]));
    api.until("bound", |state| state.node_of("gated") == Some("n1")).await;
    assert_eq!(api.with(|state| state.node_of("foreign").map(str::to_owned)), None);
}

#[tokio::test(start_paused = true)]
async fn what_happened_during_a_broken_watch_is_found_by_the_next_list() {
    let api = FakeApi::new();
    api.node("n1", 2);
    api.node("gone", 64);
    let _scheduler = start(&api);
    api.pod_requesting("first", "1");
    api.until("bound", |state| state.node_of("first").is_some()).await;
    api.update("nodes", "n1", |node| node["metadata"]["labels"]["x"] = json!("y"));
    sleep(LONG).await;
    // Unseen: a node goes, and a pod that held a place on the other.
    api.disconnect(|state| {
        state.forget("nodes", "gone");
        state.forget("pods", "default/first");
    });
    sleep(LONG).await;
    api.pod_requesting("second", "2");
    api.until("bound", |state| state.node_of("second") == Some("n1")).await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_placed_evenly_and_never_overcommits() {
    const PODS: usize = 400;
    let api = FakeApi::new();
    for n in 0..10 {
        api.node(&format!("n{n}"), 40);
    }
    let _scheduler = start(&api);
    api.with(|state| state.refuse_bindings = 20);
    for n in 0..PODS + 5 {
        api.pod_requesting(&format!("p{n}"), "1");
    }
    api.until("all bound that fit", |state| state.bindings.len() == PODS).await;
    sleep(LONG).await;
    let counts = api.with(|state| {
        let mut counts = BTreeMap::new();
        for (_, node) in &state.bindings {
            *counts.entry(node.clone()).or_insert(0) += 1;
        }
        counts
    });
    assert!(counts.len() == 10 && counts.values().all(|count| *count == 40), "{counts:?}");
}
