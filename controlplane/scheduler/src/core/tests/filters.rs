//! Tables of each filter, and the words for what it refuses.

use serde_json::{Value, json};

use super::*;

fn fits_one(node_change: Value, spec: Value) -> bool {
    fits(&cluster([node("a", node_change)]), &pod(spec), "a").is_ok()
}

#[test]
fn node_selector_and_required_node_affinity() {
    let node = json!({"labels": {"zone": "z1", "disk": "ssd", "cores": "16", "empty": ""}});
    let expression = |key: &str, operator: &str, values: Value| json!([{"matchExpressions": [{"key": key, "operator": operator, "values": values}]}]);
    let field = |key: &str, operator: &str, values: Value| json!([{"matchFields": [{"key": key, "operator": operator, "values": values}]}]);
    let cases = [
        (expression("zone", "In", json!(["z0", "z1"])), true),
        (expression("zone", "In", json!(["z0"])), false),
        (expression("none", "In", json!(["z0"])), false),
        (expression("zone", "In", json!([])), false),
        (expression("zone", "NotIn", json!(["z0"])), true),
        (expression("zone", "NotIn", json!(["z1"])), false),
        (expression("none", "NotIn", json!(["z1"])), true),
        (expression("empty", "Exists", json!(null)), true),
        (expression("none", "Exists", json!(null)), false),
        (expression("none", "DoesNotExist", json!(null)), true),
        (expression("zone", "DoesNotExist", json!(null)), false),
        (expression("cores", "Gt", json!(["15"])), true),
        (expression("cores", "Gt", json!(["16"])), false),
        (expression("cores", "Lt", json!(["17"])), true),
        (expression("cores", "Lt", json!(["16"])), false),
        (expression("zone", "Gt", json!(["1"])), false),
        (expression("none", "Lt", json!(["1"])), false),
        (expression("cores", "Gt", json!(["many"])), false),
        (expression("cores", "Gt", json!(["1", "2"])), false),
        (expression("zone", "Near", json!(["z1"])), false),
        (field("metadata.name", "In", json!(["a"])), true),
        (field("metadata.name", "In", json!(["b"])), false),
        (field("metadata.name", "NotIn", json!(["b"])), true),
        (field("metadata.name", "NotIn", json!(["a"])), false),
        (field("metadata.uid", "NotIn", json!(["a"])), false),
        // Terms are alternatives, requirements of a term are not; an empty term matches nothing.
        (json!([]), false),
        (json!([{}]), false),
        (json!([{}, {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]), true),
        (
            json!([{"matchExpressions": [
                {"key": "zone", "operator": "Exists"}, {"key": "disk", "operator": "In", "values": ["hdd"]}
            ]}]),
            false,
        ),
        (
            json!([{
                "matchExpressions": [{"key": "zone", "operator": "Exists"}],
                "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]
            }]),
            false,
        ),
    ];
    for (terms, expected) in cases {
        let required =
            json!({"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}});
        let spec = json!({"affinity": {"nodeAffinity": required}});
        assert_eq!(fits_one(node.clone(), spec), expected, "{terms}");
    }
    let cases = [
        (json!({"zone": "z1"}), true),
        (json!({"zone": "z1", "disk": "ssd"}), true),
        (json!({"zone": "z1", "disk": "hdd"}), false),
        (json!({"none": ""}), false),
        (json!({"empty": ""}), true),
        (json!({}), true),
    ];
    for (selector, expected) in cases {
        assert_eq!(fits_one(node.clone(), json!({"nodeSelector": selector})), expected, "{selector}");
    }
}

#[test]
fn taints_and_tolerations() {
    let taint = |effect: &str| json!({"spec": {"taints": [{"key": "a", "value": "b", "effect": effect}]}});
    let cases = [
        ("NoSchedule", json!([]), false),
        ("NoExecute", json!([]), false),
        ("PreferNoSchedule", json!([]), true),
        (
            "NoSchedule",
            json!([{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}]),
            true,
        ),
        ("NoSchedule", json!([{"key": "a", "value": "b"}]), true),
        ("NoSchedule", json!([{"key": "a", "value": "c"}]), false),
        ("NoSchedule", json!([{"key": "a"}]), false),
        ("NoSchedule", json!([{"key": "a", "operator": "Exists"}]), true),
        ("NoSchedule", json!([{"key": "b", "operator": "Exists"}]), false),
        ("NoSchedule", json!([{"operator": "Exists"}]), true),
        ("NoSchedule", json!([{"key": "a", "operator": "Exists", "effect": "NoExecute"}]), false),
        ("NoExecute", json!([{"key": "a", "operator": "Exists", "effect": "NoExecute"}]), true),
        ("NoExecute", json!([{"key": "a", "operator": "Exists", "effect": "Never"}]), false),
        ("NoExecute", json!([{"key": "a", "operator": "Like", "value": "b"}]), false),
        ("Unknown", json!([]), true),
    ];
    for (effect, tolerations, expected) in cases {
        let spec = json!({"tolerations": tolerations});
        assert_eq!(fits_one(taint(effect), spec), expected, "{effect} {tolerations}");
    }
}

#[test]
fn readiness_pressure_and_cordons_count_as_taints() {
    let condition =
        |kind: &str, status: &str| json!({"status": {"conditions": [{"type": kind, "status": status}]}});
    let with_ready = |kind: &str, status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": kind, "status": status}]}});
    let cases = [
        (json!({}), None),
        (json!({"status": {"conditions": []}}), None),
        (json!({"status": {"conditions": null}}), None),
        (condition("Ready", "False"), Some("node.kubernetes.io/not-ready")),
        (condition("Ready", "Unknown"), Some("node.kubernetes.io/unreachable")),
        (with_ready("MemoryPressure", "True"), Some("node.kubernetes.io/memory-pressure")),
        (with_ready("DiskPressure", "True"), Some("node.kubernetes.io/disk-pressure")),
        (with_ready("PIDPressure", "True"), Some("node.kubernetes.io/pid-pressure")),
        (with_ready("NetworkUnavailable", "True"), Some("node.kubernetes.io/network-unavailable")),
        (with_ready("MemoryPressure", "False"), None),
        (json!({"spec": {"unschedulable": true}}), Some("node.kubernetes.io/unschedulable")),
        (json!({"spec": {"unschedulable": false}}), None),
    ];
    for (node, taint) in cases {
        assert_eq!(fits_one(node.clone(), json!({})), taint.is_none(), "{node}");
        let Some(taint) = taint else { continue };
        let spec = json!({"tolerations": [{"key": taint, "operator": "Exists", "effect": "NoSchedule"}]});
        assert!(fits_one(node.clone(), spec), "{node} with a toleration");
    }
}

#[test]
fn resources() {
    let free = [
        (json!({}), true),
        (json!({"cpu": "4", "memory": "8Gi", "ephemeral-storage": "10Gi"}), true),
        (json!({"cpu": "4001m"}), false),
        (json!({"cpu": "3.9999"}), true),
        (json!({"memory": "8193Mi"}), false),
        (json!({"ephemeral-storage": "11Gi"}), false),
        (json!({"example.com/gpu": "2"}), true),
        (json!({"example.com/gpu": "3"}), false),
        (json!({"example.com/none": "1"}), false),
        (json!({"example.com/none": "0"}), true),
    ];
    let offered = json!({"status": {"allocatable":
        {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "10Gi", "pods": "10", "example.com/gpu": 2}
    }});
    for (requests, expected) in free {
        let spec = json!({"containers": [{"resources": {"requests": requests}}]});
        assert_eq!(fits_one(offered.clone(), spec), expected, "{requests}");
    }
    let mut snapshot = cluster([node("a", offered)]);
    snapshot.set_pod(requesting("1", json!({"cpu": "3", "memory": "6Gi", "example.com/gpu": 1})), "a");
    let left = [
        (json!({"cpu": "1", "memory": "2Gi", "example.com/gpu": 1}), true),
        (json!({"cpu": "1001m"}), false),
        (json!({"memory": "2049Mi"}), false),
        (json!({"example.com/gpu": 2}), false),
        (json!({}), true),
    ];
    for (requests, expected) in left {
        assert_eq!(fits(&snapshot, &requesting("2", requests.clone()), "a").is_ok(), expected, "{requests}");
    }
    // A node may be overcommitted from outside; who requests nothing may still come.
    snapshot.set_pod(requesting("3", json!({"cpu": "9"})), "a");
    assert!(fits(&snapshot, &requesting("2", json!({"memory": "1Gi"})), "a").is_ok());
    assert!(fits(&snapshot, &requesting("2", json!({"cpu": "1m"})), "a").is_err());
}

#[test]
fn requests_of_a_pod_by_container() {
    let container =
        |cpu: &str, memory: &str| json!({"resources": {"requests": {"cpu": cpu, "memory": memory}}});
    let sidecar = |cpu: &str, memory: &str| {
        let mut container = container(cpu, memory);
        container["restartPolicy"] = json!("Always");
        container
    };
    let cases = [
        (json!({"containers": [container("1", "1Gi"), container("2", "1Gi")]}), (3000, 2)),
        (
            json!({"containers": [container("1", "1Gi")], "initContainers": [container("2", "1Gi")]}),
            (2000, 1),
        ),
        (
            json!({
                "containers": [container("2", "1Gi"), container("1", "1Gi")],
                "initContainers": [container("2", "1Gi"), container("2", "3Gi")]
            }),
            (3000, 3),
        ),
        (json!({"containers": [container("1", "1Gi")], "initContainers": [sidecar("1", "1Gi")]}), (2000, 2)),
        // A sidecar counts beside the init containers after it, not beside those before it.
        (
            json!({
                "containers": [container("1", "1Gi")],
                "initContainers": [container("4", "0"), sidecar("1", "1Gi"), container("2", "6Gi")]
            }),
            (4000, 7),
        ),
        (
            json!({
                "containers": [container("1", "1Gi")], "initContainers": [container("2", "0")],
                "overhead": {"cpu": "500m", "memory": "1Gi"}
            }),
            (2500, 2),
        ),
        (json!({"containers": [{}]}), (0, 0)),
    ];
    for (spec, (milli_cpu, gib)) in cases {
        let pod = pod(spec.clone());
        let requests = pod.requests();
        assert_eq!((requests.milli_cpu, requests.memory >> 30), (milli_cpu, gib), "{spec}");
    }
    let bad = json!({"containers": [{"resources": {"requests": {"cpu": "much"}}}]});
    let id = PodIdentity { uid: "1".into(), namespace: "n".into(), name: "p".into() };
    let meta = PodMeta { id, labels: &BTreeMap::new(), terminating: false, owner: None };
    assert!(PodInfo::new(meta, &serde_json::from_value(bad).unwrap(), &PodStatus::default()).is_err());
}

#[test]
fn the_number_of_pods_is_limited() {
    let full = json!({"status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": 1}}});
    let mut snapshot = cluster([node("a", full)]);
    assert!(fits(&snapshot, &pod(json!({})), "a").is_ok());
    snapshot.set_pod(requesting("1", json!({})), "a");
    assert_eq!(
        message(&snapshot, &pod(json!({}))),
        "0/1 nodes are available: 1 Too many pods. \
         no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    );
    assert!(!fits_one(json!({"status": {"allocatable": {"cpu": "4"}}}), json!({})), "unknown is none");
}

#[test]
fn a_named_node_and_gates() {
    let snapshot = cluster([node("a", json!({})), node("b", json!({}))]);
    assert_eq!(chosen(&snapshot, &pod(json!({"nodeName": "b"}))), "b");
    assert_eq!(
        message(&snapshot, &pod(json!({"nodeName": "c"}))),
        "0/2 nodes are available: 2 node(s) didn't match the requested node name. \
         no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    );
    let gated = pod(json!({"schedulingGates": [{"name": "example.com/quota"}]}));
    assert_eq!(decide(&snapshot, &gated), Decision::Gated);
    assert!(fits(&snapshot, &gated, "a").is_err());
    assert!(matches!(decide(&snapshot, &pod(json!({"schedulingGates": []}))), Decision::Place(_)));
}

#[test]
fn reasons_are_counted_and_worded_as_kube_scheduler_does() {
    assert_eq!(message(&Snapshot::new(), &pod(json!({}))), "no nodes available to schedule pods");
    let tainted = json!({"spec": {"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}});
    let mut snapshot = cluster([
        node("busy", json!({})),
        node("tainted1", tainted.clone()),
        node("tainted2", tainted),
        node(
            "role",
            json!({"spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]}}),
        ),
        node("cordoned", json!({"spec": {"unschedulable": true}})),
        node("small", json!({"status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "10"}}})),
        node("other", json!({"labels": {"zone": "z2"}})),
    ]);
    snapshot.set_pod(requesting("1", json!({"cpu": "3"})), "busy");
    let mut spec = json!({
        "containers": [{"resources": {"requests": {"cpu": "2", "memory": "2Gi"}}}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}]
        }}}
    });
    let reasons = "0/7 nodes are available: 1 Insufficient memory, 1 node(s) didn't match Pod's node \
                   affinity/selector, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, \
                   1 node(s) were unschedulable, 2 Insufficient cpu, 2 node(s) had untolerated taint {a: b}. ";
    let preemption = "no new claims to deallocate, preemption: 0/7 nodes are available: 1 No preemption victims found for incoming pod, \
                      6 Preemption is not helpful for scheduling.";
    assert_eq!(message(&snapshot, &pod(spec.clone())), format!("{reasons}{preemption}"));
    spec["preemptionPolicy"] = json!("Never");
    let never = "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.";
    assert_eq!(message(&snapshot, &pod(spec)), format!("{reasons}{never}"));
}

#[test]
fn a_diagnosis_tells_which_changes_help() {
    let snapshot = |change: Value| cluster([node("a", change)]);
    let tainted = json!({"spec": {"taints": [{"key": "a", "effect": "NoExecute"}]}});
    let helped = |snapshot: &Snapshot, spec: Value| refused(snapshot, &pod(spec)).helped_by;
    let large = json!({"containers": [{"resources": {"requests": {"cpu": "9"}}}]});
    let room = Changes::NODE_ADDED | Changes::NODE_ALLOCATABLE | Changes::POD_LEFT;
    assert_eq!(helped(&Snapshot::new(), json!({})), Changes::NODE_ADDED);
    assert_eq!(helped(&snapshot(tainted), json!({})), Changes::NODE_ADDED | Changes::NODE_TAINTS);
    assert_eq!(helped(&snapshot(json!({})), large), room);
    let selector = json!({"nodeSelector": {"zone": "z1"}});
    assert_eq!(helped(&snapshot(json!({})), selector), Changes::NODE_ADDED | Changes::NODE_LABELS);
    assert_eq!(helped(&snapshot(json!({})), json!({"nodeName": "b"})), Changes::NODE_ADDED);
}
