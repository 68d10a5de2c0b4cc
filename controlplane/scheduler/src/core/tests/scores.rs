//! Tables of the scores, and ties.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

#[test]
fn the_emptier_node_is_better() {
    let mut snapshot = cluster([node("a", json!({})), node("b", json!({}))]);
    snapshot.set_pod(requesting("1", json!({"cpu": "1", "memory": "2Gi"})), "a");
    for tie_breaker in 0..20 {
        let decision = schedule(
            &snapshot,
            &requesting("2", json!({"cpu": "1", "memory": "2Gi"})),
            &Profile::default(),
            tie_breaker,
        );
        assert!(matches!(decision, Decision::Place(placement) if &*placement.node == "b"));
    }
}

#[test]
fn pods_without_requests_spread_too() {
    let mut snapshot = cluster((0..4).map(|n| node(&format!("n{n}"), json!({}))));
    for n in 0..40 {
        let next = pod_named(&n.to_string(), json!({"containers": [{}]}));
        let node = chosen(&snapshot, &next);
        snapshot.assume(&next, &node);
    }
    let mut counts = BTreeMap::new();
    for n in 0..40 {
        *counts.entry(snapshot.node_of(&format!("uid-{n}")).unwrap().clone()).or_insert(0) += 1;
    }
    assert!(counts.values().all(|count| *count == 10), "{counts:?}");
}

#[test]
fn making_the_use_of_cpu_and_memory_more_even_is_better() {
    let mut snapshot = cluster([node("even", json!({})), node("uneven", json!({}))]);
    // The same free share in all, but on one node CPU only is left.
    snapshot.set_pod(requesting("1", json!({"cpu": "2", "memory": "4Gi"})), "even");
    snapshot.set_pod(requesting("2", json!({"cpu": "0", "memory": "8Gi"})), "uneven");
    let next = requesting("3", json!({"cpu": "1"}));
    assert_eq!(chosen(&snapshot, &next), "uneven");
}

#[test]
fn preferred_node_affinity_adds_up() {
    let snapshot = cluster([
        node("none", json!({})),
        node("one", json!({"labels": {"disk": "ssd"}})),
        node("both", json!({"labels": {"disk": "ssd", "zone": "z1"}})),
    ]);
    let term = |weight: i32, key: &str| json!({"weight": weight, "preference": {"matchExpressions": [{"key": key, "operator": "Exists"}]}});
    let preferring = |terms: Value| {
        pod(json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": terms}}}))
    };
    assert_eq!(chosen(&snapshot, &preferring(json!([term(10, "disk"), term(5, "zone")]))), "both");
    let away = json!([term(10, "disk"), {"weight": 100, "preference": {"matchExpressions": [
        {"key": "zone", "operator": "DoesNotExist"}
    ]}}]);
    assert_eq!(chosen(&snapshot, &preferring(away)), "one");
    // An empty preference matches nothing.
    let empty = json!([{"weight": 100, "preference": {}}, term(1, "zone")]);
    assert_eq!(chosen(&snapshot, &preferring(empty)), "both");
}

#[test]
fn nodes_that_ask_to_be_avoided_are_avoided() {
    let taint = |key: &str| json!({"key": key, "effect": "PreferNoSchedule"});
    let mut snapshot = cluster([
        node("two", json!({"spec": {"taints": [taint("a"), taint("b")]}})),
        node("one", json!({"spec": {"taints": [taint("a")]}})),
    ]);
    let plain = pod(json!({}));
    let tolerating = pod(json!({"tolerations": [{"key": "a", "operator": "Exists"}]}));
    assert_eq!(chosen(&snapshot, &plain), "one");
    assert_eq!(chosen(&snapshot, &tolerating), "one");
    // Even a busy node is better than one with more such taints.
    snapshot.set_pod(requesting("1", json!({"cpu": "3", "memory": "6Gi"})), "one");
    assert_eq!(chosen(&snapshot, &plain), "one");
}

#[test]
fn ties_are_broken_by_the_seed_alone() {
    let nodes = || (0..8).map(|n| node(&format!("n{n}"), json!({}))).collect::<Vec<_>>();
    let (forward, backward) = (cluster(nodes()), cluster(nodes().into_iter().rev()));
    let mut seen = BTreeMap::new();
    for seed in 0..400 {
        let at = |snapshot| schedule(snapshot, &pod(json!({})), &Profile::default(), seed);
        let (Decision::Place(one), Decision::Place(other)) = (at(&forward), at(&backward)) else { panic!() };
        assert_eq!(one.node, other.node, "the order of nodes does not matter");
        *seen.entry(one.node).or_insert(0) += 1;
    }
    assert!(seen.len() == 8 && seen.values().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn a_profile_can_prefer_nodes_with_compiled_code() {
    let with = |name: &str, compiled: &str| {
        let object = json!({
            "kind": "Node", "metadata": {"name": name, "annotations": {"runtime.naru.dev/compiled-images": compiled}},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"}},
        });
        crate::core::feed::node(&object).unwrap()
    };
    let mut snapshot = cluster([with("a", ""), with("b", "h/x@sha256:1,h/x:1"), with("c", "h/y:1")]);
    let guest = pod(json!({"containers": [{"image": "h/x:1"}]}));
    let mut profile = Profile::default();
    profile.weights.compiled_locality = 5;
    for tie in 0..10 {
        match schedule(&snapshot, &guest, &profile, tie) {
            Decision::Place(placement) => assert_eq!(&*placement.node, "b"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(snapshot.set_node(with("a", "h/x:1")), Changes::NODE_IMAGES);
}
