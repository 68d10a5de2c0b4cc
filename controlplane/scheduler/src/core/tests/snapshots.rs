//! The snapshot's operations one by one.

use serde_json::json;

use super::*;

#[test]
fn an_assumed_pod_counts_until_it_is_forgotten() {
    let mut snapshot = cluster([node("a", json!({}))]);
    let (first, second) = (requesting("1", json!({"cpu": "3"})), requesting("2", json!({"cpu": "3"})));
    snapshot.assume(&first, "a");
    assert!(fits(&snapshot, &second, "a").is_err());
    assert_eq!(snapshot.forget(&first.id.uid), Changes::POD_LEFT);
    assert!(fits(&snapshot, &second, "a").is_ok());
    assert_eq!(snapshot.forget(&first.id.uid), Changes::NONE);
}

#[test]
fn a_confirmed_pod_is_not_forgotten_and_the_api_wins() {
    let mut snapshot = cluster([node("a", json!({})), node("b", json!({}))]);
    let pod = requesting("1", json!({"cpu": "3"}));
    snapshot.assume(&pod, "a");
    assert_eq!(snapshot.set_pod(pod.clone(), "a"), Changes::NONE);
    assert_eq!(snapshot.forget(&pod.id.uid), Changes::NONE);
    assert_eq!(snapshot.node_of(&pod.id.uid).unwrap().as_ref(), "a");
    // Somebody else bound it to another node.
    assert_eq!(snapshot.set_pod(pod.clone(), "b"), Changes::POD_CAME | Changes::POD_LEFT);
    assert_eq!(snapshot.node_of(&pod.id.uid).unwrap().as_ref(), "b");
    assert!(fits(&snapshot, &requesting("2", json!({"cpu": "4"})), "a").is_ok());
    snapshot.assume(&pod, "a");
    assert_eq!(snapshot.node_of(&pod.id.uid).unwrap().as_ref(), "b", "what the API says is not assumed away");
    assert_eq!(snapshot.remove_pod(&pod.id.uid), Changes::POD_LEFT);
    assert_eq!(snapshot.remove_pod(&pod.id.uid), Changes::NONE);
}

#[test]
fn pods_may_be_seen_before_their_node_and_after_it() {
    let mut snapshot = Snapshot::new();
    let pod = requesting("1", json!({"cpu": "3"}));
    snapshot.set_pod(pod.clone(), "a");
    assert_eq!((snapshot.nodes(), fits(&snapshot, &requesting("2", json!({})), "a").is_ok()), (0, false));
    assert_eq!(snapshot.set_node(node("a", json!({}))), Changes::NODE_ADDED);
    assert!(fits(&snapshot, &requesting("2", json!({"cpu": "2"})), "a").is_err());
    snapshot.remove_node("a");
    assert_eq!(message(&snapshot, &requesting("2", json!({}))), "no nodes available to schedule pods");
    snapshot.set_node(node("a", json!({})));
    assert!(fits(&snapshot, &requesting("2", json!({"cpu": "2"})), "a").is_err());
    snapshot.remove_pod(&pod.id.uid);
    snapshot.remove_node("a");
    snapshot.remove_node("a");
    assert_eq!(snapshot.nodes(), 0);
}

#[test]
fn changes_of_a_node_are_told_by_kind_and_raise_the_generation() {
    let mut snapshot = cluster([node("a", json!({}))]);
    let changes = [
        (json!({}), Changes::NONE),
        (json!({"labels": {"x": "y"}}), Changes::NODE_LABELS),
        (json!({"labels": {"x": "y"}, "spec": {"unschedulable": true}}), Changes::NODE_TAINTS),
        (
            json!({"status": {"allocatable": {"cpu": "5", "pods": "10"}}}),
            Changes::NODE_ALLOCATABLE | Changes::NODE_LABELS | Changes::NODE_TAINTS,
        ),
        (
            json!({"status": {
                "allocatable": {"cpu": "5", "pods": "10"}, "conditions": [{"type": "Ready", "status": "False"}]
            }}),
            Changes::NODE_TAINTS,
        ),
    ];
    for (change, expected) in changes {
        let before = snapshot.generation();
        assert_eq!(snapshot.set_node(node("a", change.clone())), expected, "{change}");
        assert_eq!(snapshot.generation() > before, expected != Changes::NONE, "{change}");
    }
    let before = snapshot.generation();
    let Decision::Unschedulable(_) = decide(&snapshot, &pod(json!({}))) else { panic!() };
    assert_eq!(snapshot.generation(), before);
}
