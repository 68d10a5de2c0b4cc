//! Requests with large bodies.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::harness::Api;

/// A pod with this many containers of which nothing is right.
fn bad_pod(containers: usize) -> Value {
    let container = json!({"name": "!".repeat(100)});
    json!({"metadata": {"name": "large"}, "spec": {"containers": vec![container; containers]}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_requests_do_not_wait_for_it() {
    let api = Arc::new(Api::start().await);
    let large = tokio::spawn({
        let (api, pod) = (Arc::clone(&api), bad_pod(10_000));
        async move { api.post("/api/v1/namespaces/default/pods", &pod).await }
    });
    let mut meanwhile = 0;
    while !large.is_finished() {
        let api = Arc::clone(&api);
        // On the only worker thread, as the large one.
        tokio::spawn(async move { api.get("/api/v1/namespaces/default").await.ok(200) }).await.unwrap();
        meanwhile += 1;
    }
    large.await.unwrap().refused(422, "Invalid");
    assert!(meanwhile > 3, "{meanwhile} requests were answered");
}

#[tokio::test]
async fn the_answer_tells_of_so_many_mistakes_and_no_more() {
    let api = Api::start().await;
    let status = api.post("/api/v1/namespaces/default/pods", &bad_pod(3000)).await.refused(422, "Invalid");
    assert_eq!(status["details"]["causes"].as_array().unwrap().len(), 1000);
    let message = status["message"].as_str().unwrap();
    assert!(message.ends_with(" more]") && message.contains(", and "), "{}", &message[message.len() - 100..]);
}
