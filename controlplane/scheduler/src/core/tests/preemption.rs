//! Tables of preemption: who must leave where.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::core::{Preemption, Victims, feed};

/// Pods: node, priority, CPU, app, hour of start.
type Pods<'a> = &'a [(&'a str, i32, i64, &'a str, u32)];

/// A pod with priority and CPU; `started` is an hour of a day.
fn pod_of(name: &str, priority: i32, cpu: i64, app: &str, started: u32) -> Arc<PodInfo> {
    let container = json!({"resources": {"requests": {"cpu": cpu}}});
    feed::pod(&json!({
        "metadata": {"name": name, "namespace": "default", "uid": name, "labels": {"app": app}},
        "spec": {"priority": priority, "containers": [container]},
        "status": {"startTime": format!("2026-01-01T{started:02}:00:00Z")},
    }))
    .unwrap()
}

fn victims(snapshot: &Snapshot, pod: &PodInfo) -> Victims {
    match refused(snapshot, pod).preemption {
        Preemption::Victims(victims) => *victims,
        other => panic!("{other:?}"),
    }
}

fn named(victims: &Victims) -> (String, Vec<String>) {
    (victims.node.to_string(), victims.pods.iter().map(|pod| pod.id.name.to_string()).collect())
}

/// Two nodes of 4 CPUs with pods.
fn two_nodes(pods: Pods<'_>) -> Snapshot {
    let mut snapshot = cluster([node("a", json!({})), node("b", json!({}))]);
    for (number, (at, priority, cpu, app, started)) in pods.iter().enumerate() {
        snapshot.set_pod(pod_of(&format!("p{number}"), *priority, *cpu, app, *started), at);
    }
    snapshot
}

#[test]
fn the_node_is_chosen_by_what_its_victims_are_worth() {
    let cases: [(Pods<'_>, &str, &[&str]); 6] = [
        // The most important victim should be unimportant.
        (&[("a", 5, 4, "x", 0), ("b", 3, 4, "x", 0)], "b", &["p1"]),
        // Then, the sum of their priorities is small, which fewer victims have.
        (&[("a", 3, 2, "x", 0), ("a", 3, 2, "x", 0), ("b", 3, 4, "x", 0)], "b", &["p2"]),
        (
            &[("a", 3, 2, "x", 0), ("a", 2, 2, "x", 0), ("b", 3, 2, "x", 0), ("b", 1, 2, "x", 0)],
            "b",
            &["p2", "p3"],
        ),
        // Then, they started late.
        (&[("a", 3, 4, "x", 5), ("b", 3, 4, "x", 9)], "b", &["p1"]),
        // Pods of the same or a higher priority stay.
        (&[("a", 10, 4, "x", 0), ("b", 9, 4, "x", 0)], "b", &["p1"]),
        // As few as possible leave; the less important of them.
        (&[("a", 1, 1, "x", 0), ("a", 2, 3, "x", 0), ("b", 10, 4, "x", 0)], "a", &["p1"]),
    ];
    for (pods, place, expected) in cases {
        let snapshot = two_nodes(pods);
        let wanted = pod_of("high", 10, if pods.len() == 3 && pods[1].2 == 3 { 3 } else { 4 }, "high", 0);
        let (at, names) = named(&victims(&snapshot, &wanted));
        assert_eq!(
            (&*at, names),
            (place, expected.iter().map(|name| (*name).to_owned()).collect()),
            "{pods:?}"
        );
    }
}

#[test]
fn broken_disruption_budgets_count_before_all_else() {
    let mut snapshot = two_nodes(&[("a", 1, 4, "guarded", 0), ("b", 5, 4, "x", 0)]);
    let budget = |allowed: i64, disrupted: &[&str]| {
        let disrupted: serde_json::Map<String, Value> =
            disrupted.iter().map(|name| ((*name).to_owned(), json!(null))).collect();
        json!({
            "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "guarded"}}},
            "status": {"disruptionsAllowed": allowed, "disruptedPods": disrupted},
        })
    };
    let high = pod_of("high", 10, 4, "high", 0);
    for (allowed, disrupted, place, violations) in
        [(0, &[][..], "b", 0), (1, &[], "a", 0), (0, &["p0"], "a", 0)]
    {
        feed::apply(&mut snapshot, &budget(allowed, disrupted)).unwrap();
        let found = victims(&snapshot, &high);
        assert_eq!((&*found.node, found.violations), (place, violations));
    }
    feed::apply(&mut snapshot, &budget(0, &[])).unwrap();
    snapshot.remove_node("b");
    let found = victims(&snapshot, &high);
    assert_eq!((&*found.node, found.violations), ("a", 1), "a budget is broken where nothing else helps");
}

#[test]
fn who_may_not_push_others_away_says_so() {
    let snapshot = two_nodes(&[("a", 1, 4, "x", 0), ("b", 20, 4, "x", 0)]);
    let words = |spec: Value| message(&snapshot, &pod(spec));
    let container = |cpu: &str| json!([{"resources": {"requests": {"cpu": cpu}}}]);
    let reasons = "0/2 nodes are available: 2 Insufficient cpu.";
    let never = json!({"priority": 10, "preemptionPolicy": "Never", "containers": container("4")});
    assert_eq!(
        words(never),
        format!(
            "{reasons} no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
        )
    );
    let equal = json!({"priority": 1, "containers": container("4")});
    let none = "no new claims to deallocate, preemption: 0/2 nodes are available: \
                2 No preemption victims found for incoming pod.";
    assert_eq!(words(equal), format!("{reasons} {none}"));
    let large = json!({"priority": 10, "containers": container("9")});
    let unhelpful = "no new claims to deallocate, preemption: 0/2 nodes are available: \
                     2 Preemption is not helpful for scheduling.";
    assert_eq!(words(large), format!("{reasons} {unhelpful}"));
    assert_eq!(words(json!({"priority": 10, "containers": container("4")})), reasons, "there are victims");
}

#[test]
fn a_node_that_is_kept_for_a_pod_is_not_given_to_a_lesser_one() {
    let mut snapshot = cluster([node("a", json!({}))]);
    let (high, low, higher) =
        (pod_of("high", 10, 3, "x", 0), pod_of("low", 5, 2, "x", 0), pod_of("higher", 20, 2, "x", 0));
    snapshot.nominate(&high, "a");
    assert_eq!(snapshot.nomination("high").unwrap().as_ref(), "a");
    assert!(matches!(decide(&snapshot, &low), Decision::Unschedulable(_)));
    assert_eq!(chosen(&snapshot, &high), "a", "but to itself");
    assert_eq!(chosen(&snapshot, &higher), "a", "and to one that is more important");
    assert_eq!(chosen(&snapshot, &pod_of("small", 5, 1, "x", 0)), "a");
    assert_eq!(snapshot.denominate("high"), Changes::POD_LEFT);
    assert_eq!(chosen(&snapshot, &low), "a");
    snapshot.nominate(&high, "a");
    snapshot.assume(&high, "a");
    assert!(snapshot.nomination("high").is_none(), "it has the node now");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn victims_are_lesser_suffice_and_are_all_needed(
        pods in vec((0..4_usize, 0..8_i32, 1..4_i64), 1..12), priority in 0..10_i32, cpu in 1..5_i64,
    ) {
        let nodes = ["a", "b", "c", "d"];
        let mut snapshot = cluster(nodes.map(|name| node(name, json!({}))));
        for (number, (at, priority, cpu)) in pods.iter().enumerate() {
            snapshot.set_pod(pod_of(&format!("p{number}"), *priority, *cpu, "x", 0), nodes[*at]);
        }
        let asked = pod_of("asked", priority, cpu, "x", 0);
        if let Decision::Unschedulable(diagnosis) = decide(&snapshot, &asked)
            && let Preemption::Victims(victims) = diagnosis.preemption
        {
            prop_assert!(victims.pods.iter().all(|pod| pod.priority() < priority));
            for pod in &victims.pods {
                prop_assert_eq!(snapshot.node_of(&pod.id.uid), Some(&victims.node));
                snapshot.remove_pod(&pod.id.uid);
            }
            prop_assert!(fits(&snapshot, &asked, &victims.node).is_ok(), "they suffice");
            for pod in &victims.pods {
                snapshot.set_pod(pod.clone(), &victims.node);
                prop_assert!(fits(&snapshot, &asked, &victims.node).is_err(), "all are needed");
                snapshot.remove_pod(&pod.id.uid);
            }
        }
    }
}
