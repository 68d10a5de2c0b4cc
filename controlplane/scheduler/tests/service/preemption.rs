//! Pods that make others leave.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::{
    LONG,
    fake::{FakeApi, start},
};

/// A pod of a priority that requests CPUs.
fn pod(api: &FakeApi, name: &str, priority: i32, cpu: &str) {
    let container = json!({"name": "c", "resources": {"requests": {"cpu": cpu}}});
    api.pod(name, json!({"priority": priority, "containers": [container]}));
}

/// A node that a pod of priority 0 fills.
async fn full_node(api: &FakeApi) {
    api.node("n1", 2);
    pod(api, "low", 0, "2");
    api.until("bound", |state| state.node_of("low").is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn a_more_important_pod_takes_the_place_of_a_lesser_one() {
    let api = FakeApi::new();
    let _scheduler = start(&api);
    full_node(&api).await;
    pod(&api, "high", 10, "2");
    api.until("nominated", |state| state.nominated("high") == Some("n1")).await;
    api.until("deleted", |state| state.deletions == ["low"]).await;
    let told = ("Preempted", "Preempted by pod uid-high on node n1", 1);
    api.until("told", |state| state.events("low").contains(&told)).await;
    let conditions =
        api.with(|state| state.get("pods", "default/low").unwrap()["status"]["conditions"].clone());
    let condition = &conditions[0];
    assert_eq!(
        (&condition["type"], &condition["status"], &condition["reason"], &condition["message"]),
        (
            &json!("DisruptionTarget"),
            &json!("True"),
            &json!("PreemptionByScheduler"),
            &json!("default-scheduler: preempting to accommodate a higher priority pod"),
        )
    );
    // It waits as long as the victim needs, and nobody lesser takes its place.
    pod(&api, "between", 5, "2");
    sleep(7 * LONG).await;
    assert_eq!(
        api.with(|state| (state.deletions.len(), state.node_of("high").map(str::to_owned))),
        (1, None)
    );
    api.delete("pods", "default/low");
    api.until("bound", |state| state.node_of("high") == Some("n1")).await;
    sleep(LONG).await;
    assert_eq!(api.with(|state| state.node_of("between").map(str::to_owned)), None);
}

#[tokio::test(start_paused = true)]
async fn nominations_survive_a_restart() {
    let api = FakeApi::new();
    let first = start(&api);
    full_node(&api).await;
    pod(&api, "high", 10, "2");
    api.until("deleted", |state| state.deletions == ["low"]).await;
    sleep(LONG).await;
    drop(first);
    // Unseen: the victim goes, and a lesser pod comes that would fit.
    api.delete("pods", "default/low");
    pod(&api, "lesser", 5, "1");
    api.update("pods", "default/high", |pod| pod["spec"]["schedulingGates"] = json!([{"name": "held"}]));
    let _second = start(&api);
    sleep(LONG).await;
    assert_eq!(api.with(|state| state.node_of("lesser").map(str::to_owned)), None, "the node is kept");
    api.update("pods", "default/high", |pod| pod["spec"]["schedulingGates"] = json!([]));
    api.until("bound", |state| state.node_of("high") == Some("n1")).await;
}

#[tokio::test(start_paused = true)]
async fn a_preemptor_that_goes_frees_what_was_kept_for_it() {
    let api = FakeApi::new();
    let _scheduler = start(&api);
    full_node(&api).await;
    pod(&api, "high", 10, "2");
    api.until("deleted", |state| state.deletions == ["low"]).await;
    pod(&api, "between", 5, "2");
    sleep(LONG).await;
    api.delete("pods", "default/low");
    api.delete("pods", "default/high");
    api.until("bound", |state| state.node_of("between") == Some("n1")).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_deletion_is_tried_again() {
    let api = FakeApi::new();
    let _scheduler = start(&api);
    full_node(&api).await;
    api.with(|state| state.refuse_deletions = 1);
    pod(&api, "high", 10, "2");
    api.until("deleted", |state| state.deletions == ["low", "low"]).await;
    api.delete("pods", "default/low");
    api.until("bound", |state| state.node_of("high") == Some("n1")).await;
}

#[tokio::test(start_paused = true)]
async fn who_may_not_preempt_waits() {
    let api = FakeApi::new();
    let _scheduler = start(&api);
    full_node(&api).await;
    let container = json!({"name": "c", "resources": {"requests": {"cpu": "2"}}});
    api.pod("shy", json!({"priority": 10, "preemptionPolicy": "Never", "containers": [container]}));
    pod(&api, "equal", 0, "2");
    let words = "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, \
                 preemption: not eligible due to preemptionPolicy=Never.";
    api.until("told", |state| state.condition("shy") == Some(("Unschedulable", words))).await;
    sleep(Duration::from_secs(600)).await;
    assert!(api.with(|state| state.deletions.is_empty() && state.nominated("shy").is_none()));
}
