//! Scores beyond the default profile's usual ones, from the documented formulas: allocation strategies, images, the system's
//! own spreading.

use super::*;
use crate::core::{Fit, OwnerKind, Score, Strategy, explain, feed, object::LabelSelector};

/// One score of every node, by name.
fn scores(snapshot: &Snapshot, pod: &PodInfo, profile: &Profile, score: Score) -> BTreeMap<String, i64> {
    let views = explain(snapshot, pod, profile);
    views.iter().map(|view| (view.node.to_string(), view.scores[&score].0)).collect()
}

fn named(scores: &[(&str, i64)]) -> BTreeMap<String, i64> {
    scores.iter().map(|(name, score)| ((*name).to_owned(), *score)).collect()
}

#[test]
fn strategies_of_allocation() {
    let gpus = json!({"status": {"allocatable":
        {"cpu": "4", "memory": "8Gi", "pods": "10", "example.com/gpu": "4"}}});
    let mut snapshot = cluster([node("empty", gpus.clone()), node("half", gpus.clone()), node("full", gpus)]);
    snapshot.set_pod(requesting("1", json!({"cpu": "2", "memory": "4Gi", "example.com/gpu": "1"})), "half");
    snapshot.set_pod(requesting("2", json!({"cpu": "3", "memory": "6Gi", "example.com/gpu": "3"})), "full");
    let pod = requesting("p", json!({"cpu": "1", "memory": "2Gi", "example.com/gpu": "1"}));
    let usual = vec![("cpu".into(), 1), ("memory".into(), 1)];
    let weighed: Vec<(Box<str>, i64)> = vec![("cpu".into(), 1), ("example.com/gpu".into(), 3)];
    let ratio = |line: &[(i64, i64)]| Strategy::RequestedToCapacityRatio(line.to_vec());
    let cases = [
        (Strategy::LeastAllocated, &usual, [75, 25, 0]),
        (Strategy::MostAllocated, &usual, [25, 75, 100]),
        // cpu 25, 75, 100 percent and gpus 25, 50, 100 percent, which count three times.
        (Strategy::MostAllocated, &weighed, [25, (75 + 3 * 50) / 4, 100]),
        (ratio(&[(0, 0), (100, 100)]), &usual, [25, 75, 100]),
        (ratio(&[(0, 100), (100, 0)]), &usual, [75, 25, 0]),
        (ratio(&[(0, 0), (50, 100), (100, 0)]), &usual, [50, 50, 0]),
        (ratio(&[(50, 10), (80, 100)]), &usual, [10, 85, 100]),
    ];
    for (strategy, resources, [empty, half, full]) in cases {
        let profile = Profile { fit: Fit { strategy, resources: resources.clone() }, ..Profile::default() };
        let expected = named(&[("empty", empty), ("half", half), ("full", full)]);
        assert_eq!(scores(&snapshot, &pod, &profile, Score::Fit), expected, "{:?}", profile.fit);
    }
}

#[test]
fn images_count_by_size_and_by_how_many_nodes_hold_them() {
    const MIB: i64 = 1 << 20;
    let holding = |name: &str, images: &[(&str, i64)]| {
        let images: Vec<Value> =
            images.iter().map(|(name, size)| json!({"names": [name], "sizeBytes": size * MIB})).collect();
        node(name, json!({"status": {"images": images}}))
    };
    let snapshot = cluster([
        holding("a", &[("large:1", 600), ("small:latest", 30)]),
        holding("b", &[("large:1", 600)]),
        holding("c", &[]),
        holding("d", &[("huge:1", 9000)]),
    ]);
    let running = |images: &[&str]| {
        let containers: Vec<Value> = images.iter().map(|image| json!({"image": image})).collect();
        pod(json!({"containers": containers}))
    };
    let of = |images: &[&str]| scores(&snapshot, &running(images), &Profile::default(), Score::ImageLocality);
    // 600 MiB on two of four nodes count as 300, of at most 1000 MiB a container, beginning at 23.
    let half = 100 * (300 - 23) / (1000 - 23);
    assert_eq!(of(&["large:1"]), named(&[("a", half), ("b", half), ("c", 0), ("d", 0)]));
    // 7.5 MiB are too little to matter; a name without a tag is the latest.
    assert_eq!(of(&["small"]), named(&[("a", 0), ("b", 0), ("c", 0), ("d", 0)]));
    let two = 100 * (300 - 23) / (2000 - 23);
    assert_eq!(of(&["large:1", "none:1"]), named(&[("a", two), ("b", two), ("c", 0), ("d", 0)]));
    assert_eq!(of(&["huge:1"]), named(&[("a", 0), ("b", 0), ("c", 0), ("d", 100)]));
}

#[test]
fn pods_of_one_service_or_controller_are_spread_unasked() {
    let placed = |name: &str, zone: &str| {
        node(name, json!({"labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}}))
    };
    let mut snapshot = cluster([placed("a1", "a"), placed("a2", "a"), placed("b1", "b")]);
    let of_app = |name: &str| labelled(name, json!({"app": "x"}), json!({"containers": []}));
    snapshot.set_pod(of_app("1"), "a1");
    let spread =
        |snapshot: &Snapshot, profile: &Profile| scores(snapshot, &of_app("p"), profile, Score::Spread);
    let profile = Profile::default();
    let alike = spread(&snapshot, &profile);
    assert!(
        alike.values().all(|score| *score == alike["a1"]),
        "nothing says that they belong together: {alike:?}"
    );
    let selector: BTreeMap<String, String> = [("app".to_owned(), "x".to_owned())].into();
    snapshot.set_service("default", "s", Some(&selector));
    let asked = |scores: &BTreeMap<String, i64>| scores["b1"] > scores["a2"] && scores["a2"] > scores["a1"];
    assert!(asked(&spread(&snapshot, &profile)), "the other zone, then the other node");
    let unasked = Profile { default_spread: false, ..Profile::default() };
    let alike = spread(&snapshot, &unasked);
    assert!(alike.values().all(|score| *score == alike["a1"]));
    snapshot.set_service("default", "s", None);
    // The same by the controller that they belong to.
    let labels = LabelSelector { match_labels: Some(selector), match_expressions: None };
    snapshot.set_controller(OwnerKind::ReplicaSet, "default", "r", Some(&labels));
    let owned = feed::pod(&json!({
        "metadata": {"name": "p", "namespace": "default", "labels": {"app": "x"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "controller": true}]},
        "spec": {"containers": []},
    }));
    assert!(asked(&scores(&snapshot, &owned.unwrap(), &profile, Score::Spread)));
}
