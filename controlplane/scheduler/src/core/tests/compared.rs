//! Tables of what a comparison with kube-scheduler brought to light.

use super::*;
use crate::core::{NodeView, Preemption, Score, explain, feed};

fn read(object: Value) -> Arc<PodInfo> {
    feed::pod(&object).unwrap()
}

fn view(snapshot: &Snapshot, pod: &PodInfo, node: &str) -> NodeView {
    let views = explain(snapshot, pod, &Profile::default());
    views.into_iter().find(|view| &*view.node == node).unwrap()
}

#[test]
fn tolerations_compare_numbers() {
    let cases = [
        ("10", "Gt", "9", true),
        ("10", "Gt", "10", false),
        ("10", "Lt", "11", true),
        ("10", "Lt", "10", false),
        ("-3", "Lt", "0", true),
        ("0", "Gt", "-1", true),
        // Not written as a number: leading zeros, a plus sign, nothing, letters, too much.
        ("007", "Gt", "5", false),
        ("7", "Gt", "05", false),
        ("+7", "Gt", "5", false),
        ("-0", "Lt", "5", false),
        ("", "Lt", "5", false),
        ("x", "Lt", "5", false),
        ("5", "Gt", "", false),
        ("9223372036854775808", "Gt", "5", false),
    ];
    for (taint, operator, value, expected) in cases {
        let taints = json!({"spec": {"taints": [{"key": "a", "value": taint, "effect": "NoSchedule"}]}});
        let spec = json!({"tolerations": [{"key": "a", "operator": operator, "value": value}]});
        let fits = fits(&cluster([node("n", taints)]), &pod(spec), "n").is_ok();
        assert_eq!(fits, expected, "{taint:?} {operator} {value:?}");
    }
}

#[test]
fn a_constraint_on_all_pods_counts_none() {
    let mut snapshot = cluster([node("a", json!({})), node("b", json!({}))]);
    for name in ["1", "2", "3"] {
        snapshot.set_pod(labelled(name, json!({"app": "x"}), json!({})), "a");
    }
    let spread = |selector: Value, hard: bool| {
        let kind = if hard { "DoNotSchedule" } else { "ScheduleAnyway" };
        labelled(
            "asked",
            json!({"app": "x"}),
            json!({"topologySpreadConstraints": [{
                "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": kind, "labelSelector": selector,
            }]}),
        )
    };
    for (selector, expected) in [(json!({}), true), (json!({"matchLabels": {"app": "x"}}), false)] {
        let fits = fits(&snapshot, &spread(selector.clone(), true), "a").is_ok();
        assert_eq!(fits, expected, "{selector}");
        let score = |at: &str| view(&snapshot, &spread(selector.clone(), false), at).scores[&Score::Spread].0;
        assert_eq!(score("a") == score("b"), expected, "{selector}");
    }
}

#[test]
fn a_pod_goes_where_others_left_in_its_favour() {
    let mut snapshot = cluster([node("full", json!({})), node("empty", json!({}))]);
    snapshot.set_pod(requesting("1", json!({"cpu": "3"})), "full");
    let asked = |nominated: &str, cpu: &str| {
        read(json!({
            "metadata": {"name": "asked", "namespace": "default"},
            "spec": {"containers": [{"resources": {"requests": {"cpu": cpu}}}]},
            "status": {"nominatedNodeName": nominated},
        }))
    };
    let cases = [("full", "1", "full"), ("full", "2", "empty"), ("gone", "1", "empty"), ("", "1", "empty")];
    for (nominated, cpu, expected) in cases {
        assert_eq!(chosen(&snapshot, &asked(nominated, cpu)), expected, "{nominated} {cpu}");
    }
}

#[test]
fn pods_to_come_are_counted_among_the_reasons() {
    let full = json!({"status": {"allocatable": {"cpu": "2", "memory": "2Gi", "pods": "1"}}});
    let mut snapshot = cluster([node("a", full)]);
    let waiting = requesting("waiting", json!({"cpu": "1"}));
    snapshot.nominate(&waiting, "a");
    let large = requesting("large", json!({"memory": "3Gi"}));
    let told: Vec<_> = view(&snapshot, &large, "a").reasons.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["Too many pods", "Insufficient memory"]);
    let message = message(&snapshot, &large);
    assert!(
        message.starts_with("0/1 nodes are available: 1 Insufficient memory, 1 Too many pods. "),
        "{message}"
    );
}

#[test]
fn a_pod_that_needs_one_to_come_does_not_count_on_it() {
    let mut snapshot = cluster([node("a", json!({}))]);
    snapshot.nominate(&labelled("waiting", json!({"app": "x"}), json!({})), "a");
    let near = json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "x"}}}
    ]}}});
    assert!(fits(&snapshot, &pod(near.clone()), "a").is_err());
    snapshot.set_pod(labelled("there", json!({"app": "x"}), json!({})), "a");
    assert!(fits(&snapshot, &pod(near), "a").is_ok());
}

#[test]
fn only_a_pod_that_was_told_to_leave_is_waited_for() {
    let on_a = |conditions: Value, deleted: Value| {
        json!({
            "kind": "Pod",
            "metadata": {"name": "low", "namespace": "default", "uid": "low", "deletionTimestamp": deleted},
            "spec": {"nodeName": "a", "containers": [{"resources": {"requests": {"cpu": "4"}}}]},
            "status": {"conditions": conditions},
        })
    };
    let condition = |status: &str, reason: &str| json!([{"type": "DisruptionTarget", "status": status, "reason": reason}]);
    let asked = read(json!({
        "metadata": {"name": "asked", "namespace": "default"},
        "spec": {"priority": 5, "containers": [{"resources": {"requests": {"cpu": "1"}}}]},
        "status": {"nominatedNodeName": "a"},
    }));
    let now = json!("2026-01-01T00:00:00Z");
    let cases = [
        (condition("True", "PreemptionByScheduler"), now.clone(), true),
        (condition("True", "PreemptionByScheduler"), json!(null), false),
        (condition("False", "PreemptionByScheduler"), now.clone(), false),
        (condition("True", "EvictionByEvictionAPI"), now.clone(), false),
        (json!(null), now, false),
    ];
    for (conditions, deleted, expected) in cases {
        let mut snapshot = cluster([node("a", json!({}))]);
        feed::apply(&mut snapshot, &on_a(conditions.clone(), deleted)).unwrap();
        let waits = refused(&snapshot, &asked).preemption == Preemption::UnderWay;
        assert_eq!(waits, expected, "{conditions}");
    }
}

#[test]
fn pods_without_labels_are_in_no_budget() {
    for (labels, violations) in [(json!({}), 0), (json!({"app": "x"}), 1)] {
        let mut snapshot = cluster([node("a", json!({}))]);
        let spec = json!({"containers": [{"resources": {"requests": {"cpu": "4"}}}]});
        snapshot.set_pod(labelled("low", labels.clone(), spec), "a");
        let budget = json!({
            "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "default"},
            "spec": {"selector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}},
            "status": {"disruptionsAllowed": 0},
        });
        feed::apply(&mut snapshot, &budget).unwrap();
        let asked = json!({"priority": 5, "containers": [{"resources": {"requests": {"cpu": "1"}}}]});
        let Preemption::Victims(victims) = refused(&snapshot, &pod(asked)).preemption else { panic!() };
        assert_eq!(victims.violations, violations, "{labels}");
    }
}

#[test]
fn requests_of_a_whole_pod_stand_in_for_those_of_its_containers() {
    // What the pod requests; what it counts as when it is to be placed, and once it is: millicores, and MiB.
    let cases = [
        (json!({}), json!([{}, {}]), (0, 0), (200, 400), (200, 400)),
        (json!({"cpu": "1"}), json!([{}, {}]), (1000, 0), (200, 400), (1000, 400)),
        (json!({"cpu": "1"}), json!([{"memory": "50Mi"}, {}]), (1000, 50), (200, 250), (1000, 50)),
        (json!({"memory": "1Gi"}), json!([{"cpu": "1"}, {}]), (1000, 1024), (1100, 400), (1000, 1024)),
        // Nothing that a pod as a whole can request.
        (json!({"ephemeral-storage": "1Gi"}), json!([{"cpu": "1"}, {}]), (1000, 0), (1100, 400), (1100, 400)),
    ];
    for (whole, containers, requests, asked, held) in cases {
        let containers: Vec<_> = containers
            .as_array()
            .unwrap()
            .iter()
            .map(|requests| json!({"resources": {"requests": requests}}))
            .collect();
        let pod = pod(json!({"containers": containers, "resources": {"requests": whole}}));
        let taken = &pod.shape.key.taken;
        let found = (taken.requests.milli_cpu, taken.requests.memory >> 20);
        assert_eq!(found, requests, "{whole} {containers:?}");
        assert_eq!((taken.asked.milli_cpu, taken.asked.memory >> 20), asked, "{whole} {containers:?}");
        assert_eq!((taken.held.milli_cpu, taken.held.memory >> 20), held, "{whole} {containers:?}");
    }
}

#[test]
fn while_a_container_is_resized_the_most_counts() {
    let cases = [
        // Wanted, has, promised; infeasible; what counts.
        ("1", json!(null), json!(null), false, 1000),
        ("1", json!("2"), json!("1"), false, 2000),
        ("3", json!("1"), json!("1"), false, 3000),
        ("1", json!("1"), json!("2"), false, 2000),
        ("3", json!("1"), json!("1"), true, 1000),
        ("1000m", json!("1"), json!("1"), false, 1000),
    ];
    for (wanted, has, promised, infeasible, expected) in cases {
        let mut status = json!({"name": "c"});
        if !has.is_null() {
            status["resources"] = json!({"requests": {"cpu": has}});
            status["allocatedResources"] = json!({"cpu": promised});
        }
        let reason = if infeasible { "Infeasible" } else { "Deferred" };
        let pod = read(json!({
            "metadata": {"name": "p", "namespace": "default"},
            "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": wanted}}}]},
            "status": {
                "containerStatuses": [status],
                "conditions": [{"type": "PodResizePending", "status": "True", "reason": reason}],
            },
        }));
        assert_eq!(pod.requests().milli_cpu, expected, "{wanted} {has} {promised} {infeasible}");
    }
}
