//! Random worlds as the API has them, in which every feature meets every other often.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use super::reference::World;

const ZONES: [&str; 3] = ["z1", "z2", "z3"];
const NAMESPACES: [&str; 2] = ["default", "other"];
const KEYS: [&str; 2] = ["kubernetes.io/hostname", "zone"];

fn labels() -> impl Strategy<Value = Value> {
    let value = || option::of(select(&["1", "2"][..]));
    (value(), value()).prop_map(|(app, tier)| {
        let mut labels = json!({});
        for (key, value) in [("app", app), ("tier", tier)] {
            if let Some(value) = value {
                labels[key] = json!(value);
            }
        }
        labels
    })
}

fn selector() -> impl Strategy<Value = Value> {
    let key = || select(&["app", "tier"][..]);
    prop_oneof![
        4 => (key(), select(&["1", "2"][..])).prop_map(|(key, value)| json!({"matchLabels": {key: value}})),
        2 => (key(), select(&["In", "NotIn", "Exists", "DoesNotExist"][..])).prop_map(|(key, operator)| {
            let values = if operator.ends_with("In") { json!(["1"]) } else { json!(null) };
            json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]})
        }),
        1 => Just(json!({})),
        1 => Just(json!(null)),
    ]
}

fn term() -> impl Strategy<Value = Value> {
    let namespaces = prop_oneof![
        4 => Just((json!(null), json!(null))),
        1 => Just((json!(["other"]), json!(null))),
        1 => Just((json!(null), json!({"matchLabels": {"team": "a"}}))),
        1 => Just((json!(["default"]), json!({}))),
    ];
    let keys = || prop_oneof![5 => Just(json!(null)), 1 => Just(json!(["tier"]))];
    (selector(), select(&KEYS[..]), namespaces, keys(), keys()).prop_map(
        |(selector, key, (namespaces, namespace_selector), same, other)| {
            json!({
                "labelSelector": selector, "topologyKey": key, "namespaces": namespaces,
                "namespaceSelector": namespace_selector, "matchLabelKeys": same, "mismatchLabelKeys": other,
            })
        },
    )
}

fn affinity() -> impl Strategy<Value = Value> {
    let required = || prop_oneof![5 => Just(Vec::new()), 2 => vec(term(), 1..3)];
    let weighted = || {
        (1..5_i64, term()).prop_map(|(weight, term)| json!({"weight": weight * 20, "podAffinityTerm": term}))
    };
    let preferred = || prop_oneof![4 => Just(Vec::new()), 1 => vec(weighted(), 1..3)];
    (required(), required(), preferred(), preferred()).prop_map(|(near, far, likes, dislikes)| {
        let side = |required, preferred| {
            json!({
                "requiredDuringSchedulingIgnoredDuringExecution": required,
                "preferredDuringSchedulingIgnoredDuringExecution": preferred,
            })
        };
        json!({"podAffinity": side(json!(near), json!(likes)), "podAntiAffinity": side(json!(far), json!(dislikes))})
    })
}

fn node_affinity() -> impl Strategy<Value = Value> {
    let expression = || {
        (select(&["In", "NotIn", "Exists", "DoesNotExist"][..]), select(&ZONES[..])).prop_map(
            |(operator, zone)| {
                let values = if operator.ends_with("In") { json!([zone]) } else { json!(null) };
                json!({"matchExpressions": [{"key": "zone", "operator": operator, "values": values}]})
            },
        )
    };
    let preferred = (1..50_i64, expression())
        .prop_map(|(weight, preference)| json!({"weight": weight, "preference": preference}));
    (option::weighted(0.2, vec(expression(), 1..3)), option::weighted(0.2, vec(preferred, 1..3))).prop_map(
        |(required, preferred)| {
            let terms = required.map(|terms| json!({"nodeSelectorTerms": terms}));
            json!({
                "requiredDuringSchedulingIgnoredDuringExecution": terms,
                "preferredDuringSchedulingIgnoredDuringExecution": preferred,
            })
        },
    )
}

fn constraint() -> impl Strategy<Value = Value> {
    let policy = || option::weighted(0.3, select(&["Honor", "Ignore"][..]));
    (
        (1..3_i64, select(&KEYS[..]), any::<bool>(), selector()),
        (option::weighted(0.3, 1..4_i64), policy(), policy(), any::<bool>()),
    )
        .prop_map(|((skew, key, hard, selector), (domains, affinity, taints, keys))| {
            json!({
                "maxSkew": skew, "topologyKey": key, "labelSelector": selector,
                "whenUnsatisfiable": if hard { "DoNotSchedule" } else { "ScheduleAnyway" },
                "minDomains": if hard { json!(domains) } else { json!(null) },
                "nodeAffinityPolicy": affinity, "nodeTaintsPolicy": taints,
                "matchLabelKeys": if keys { json!(["app"]) } else { json!(null) },
            })
        })
}

fn container() -> impl Strategy<Value = Value> {
    let amount = |most: i64| option::of(0..most);
    let port = (select(&[80, 81][..]), select(&["TCP", "UDP"][..]), option::of(select(&["10.0.0.1"][..])))
        .prop_map(|(port, protocol, ip)| {
            json!({"containerPort": port, "hostPort": port, "protocol": protocol, "hostIP": ip})
        });
    let ports = option::weighted(0.15, vec(port, 1..2));
    (amount(3), amount(4), option::weighted(0.2, 0..2_i64), ports).prop_map(|(cpu, memory, gpus, ports)| {
        let mut requests = json!({});
        for (name, amount) in [("cpu", cpu), ("memory", memory.map(gib)), ("example.com/gpu", gpus)] {
            if let Some(amount) = amount {
                requests[name] = json!(amount);
            }
        }
        json!({"image": "a", "resources": {"requests": requests}, "ports": ports})
    })
}

fn gib(amount: i64) -> i64 {
    amount << 30
}

/// A pod without a node.
pub(super) fn pod() -> impl Strategy<Value = Value> {
    let toleration = option::weighted(0.4, select(&["a", "b", "node.kubernetes.io/unschedulable"][..]));
    (
        (select(&NAMESPACES[..]), labels(), container(), toleration),
        (affinity(), node_affinity(), prop_oneof![2 => Just(Vec::new()), 1 => vec(constraint(), 1..3)]),
        prop::bool::weighted(0.1),
    )
        .prop_map(|((namespace, labels, container, toleration), (affinity, nodes, spread), ends)| {
            let mut affinity = affinity;
            affinity["nodeAffinity"] = nodes;
            let tolerations: Vec<_> =
                toleration.iter().map(|key| json!({"key": key, "operator": "Exists"})).collect();
            json!({
                "metadata": {
                    "namespace": namespace, "labels": labels,
                    "deletionTimestamp": if ends { json!("2026-01-01T00:00:00Z") } else { json!(null) },
                },
                "spec": {
                    "containers": [container], "affinity": affinity, "tolerations": tolerations,
                    "topologySpreadConstraints": spread,
                },
            })
        })
}

/// A node without a name.
pub(super) fn node() -> impl Strategy<Value = Value> {
    let taint = (
        select(&["a", "b"][..]),
        select(&["", "x"][..]),
        select(&["NoSchedule", "PreferNoSchedule", "NoExecute"][..]),
    )
        .prop_map(|(key, value, effect)| json!({"key": key, "value": value, "effect": effect}));
    (
        (0..9_i64, 0..9_i64, 0..3_i64, 0..9_i64),
        option::weighted(0.9, select(&ZONES[..])),
        prop_oneof![3 => Just(Vec::new()), 1 => vec(taint, 1..3)],
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.9),
    )
        .prop_map(|((cpu, memory, gpus, pods), zone, taints, cordoned, named)| {
            json!({
                "metadata": {"labels": {"zone": zone}, "named": named},
                "spec": {"taints": taints, "unschedulable": cordoned},
                "status": {"allocatable":
                    {"cpu": cpu, "memory": gib(memory), "example.com/gpu": gpus, "pods": pods}},
            })
        })
}

/// Gives a node its name, and most of them the label of it.
pub(super) fn named(mut node: Value, name: &str) -> Value {
    node["metadata"]["name"] = json!(name);
    if node["metadata"]["named"] == true {
        node["metadata"]["labels"]["kubernetes.io/hostname"] = json!(name);
    }
    let labels = node["metadata"]["labels"].as_object_mut().unwrap();
    labels.retain(|_, value| !value.is_null());
    node
}

/// Gives a pod its name.
pub(super) fn called(mut pod: Value, name: &str) -> Value {
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["uid"] = json!(format!("uid-{name}"));
    pod
}

/// A world of nodes, and pods on some of them.
pub(super) fn world() -> impl Strategy<Value = World> {
    (vec(node(), 1..7), vec((pod(), 0..7_usize), 0..12), option::of(select(&["a", "b"][..]))).prop_map(
        |(nodes, pods, team)| {
            let nodes = nodes.into_iter().enumerate().map(|(n, node)| named(node, &format!("n{n}")));
            let pods = pods.into_iter().enumerate().map(|(n, (pod, at))| {
                let mut pod = called(pod, &format!("p{n}"));
                pod["spec"]["nodeName"] = json!(format!("n{at}"));
                pod
            });
            let namespace = |name: &str, team| json!({"metadata": {"name": name, "labels": {"team": team}}});
            let namespaces = team.map(|team| namespace("other", team)).into_iter();
            World { nodes: nodes.collect(), pods: pods.collect(), namespaces: namespaces.collect() }
        },
    )
}
