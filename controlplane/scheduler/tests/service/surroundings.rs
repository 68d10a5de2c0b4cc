//! What the scheduler watches beside pods and nodes.

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    LONG,
    fake::{FakeApi, start},
};

fn namespace(api: &FakeApi, name: &str, labels: Value) {
    let namespace = json!({"metadata": {"name": name, "labels": labels}});
    api.with(|state| state.put("namespaces", name, namespace));
}

#[tokio::test(start_paused = true)]
async fn namespaces_are_chosen_by_their_labels() {
    let api = FakeApi::new();
    api.node("n1", 4);
    namespace(&api, "default", json!({}));
    let _scheduler = start(&api);
    api.pod_requesting("there", "1");
    api.update("pods", "default/there", |pod| pod["metadata"]["labels"] = json!({"app": "x"}));
    api.until("bound", |state| state.node_of("there").is_some()).await;
    // Must not be near pods of the namespaces that are labelled so: none is yet.
    let far = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
        "labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "kubernetes.io/hostname",
        "namespaceSelector": {"matchLabels": {"team": "a"}},
    }]}});
    api.pod("first", json!({"affinity": far}));
    api.until("bound", |state| state.node_of("first").is_some()).await;
    namespace(&api, "default", json!({"team": "a"}));
    sleep(LONG).await;
    api.pod("second", json!({"affinity": far}));
    let refused = |state: &crate::fake::State| state.condition("second").map(|(_, words)| words.to_owned());
    api.until("refused", |state| refused(state).is_some()).await;
    let words = api.with(|state| refused(state).unwrap());
    assert!(
        words.starts_with("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."),
        "{words}"
    );
    sleep(LONG).await;
    namespace(&api, "default", json!({"team": "b"}));
    api.until("bound", |state| state.node_of("second") == Some("n1")).await;
}
