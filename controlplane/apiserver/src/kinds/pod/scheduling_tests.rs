//! What pods may say about other pods and about spreading, and what may change while they wait at a gate.
#![allow(clippy::unwrap_used)]

use super::*;

fn pod(spec: &Value) -> Object {
    let mut all = json!({"containers": [{"name": "a", "image": "i:1"}]});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let metadata = json!({"name": "p", "namespace": "default", "labels": {"v": "1", "t": "x"}});
    let mut pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": all});
    Rules.default(&mut pod);
    Rules.prepare_create(&mut pod);
    pod
}

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

fn created(spec: &Value) -> Vec<String> {
    texts(&Rules.validate_create(&pod(spec)))
}

fn updated(old: &Value, new: &Value) -> Vec<String> {
    let (old, mut new) = (pod(old), pod(new));
    Rules.prepare_update(None, &mut new, &old);
    texts(&Rules.validate_update(None, &new, &old))
}

/// A required term of affinity to pods.
fn near(term: Value) -> Value {
    json!({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
}

#[test]
fn affinity_to_pods() {
    let selector = json!({"matchLabels": {"app": "x"}});
    let good = json!({
        "labelSelector": selector, "topologyKey": "zone", "namespaces": ["a"], "namespaceSelector": {},
        "matchLabelKeys": ["v"], "mismatchLabelKeys": ["t"],
    });
    assert_eq!(created(&near(good.clone())), [""; 0]);
    let weighted = |weight: i64| {
        json!({"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution":
            [{"weight": weight, "podAffinityTerm": good}]}}})
    };
    assert_eq!(created(&weighted(100)), [""; 0]);
    let path = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
    let with = |field: &str, value: Value| {
        let mut term = json!({"labelSelector": selector, "topologyKey": "zone"});
        term[field] = value;
        near(term)
    };
    let table = [
        (
            weighted(0),
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: \
             must be in the range 1-100"
                .to_string(),
        ),
        (with("topologyKey", json!("")), format!("{path}.topologyKey: Required value: can not be empty")),
        (
            with("matchLabelKeys", json!(["app"])),
            String::new(),
        ),
        (
            near(json!({"topologyKey": "zone", "matchLabelKeys": ["v"]})),
            format!("{path}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"),
        ),
        (
            near(json!({"topologyKey": "zone", "labelSelector": {"matchLabels": {"v": "1"}}, "matchLabelKeys": ["v"]})),
            format!("{path}[0]: Invalid value: \"v\": exists in both matchLabelKeys and labelSelector"),
        ),
        (
            with("namespaceSelector", json!({"matchExpressions": [{"key": "a", "operator": "Gt"}]})),
            format!("{path}.namespaceSelector.matchExpressions[0].operator: Invalid value: \"Gt\": not a valid selector operator"),
        ),
    ];
    for (spec, expected) in table {
        let found = created(&spec);
        assert_eq!(found.first().map_or("", String::as_str), expected, "{spec}");
    }
    let both = with("mismatchLabelKeys", json!(["v"]));
    let mut both = both;
    both["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]["matchLabelKeys"] =
        json!(["v"]);
    let expected = format!(
        "{path}.matchLabelKeys[0]: Invalid value: \"v\": exists in both matchLabelKeys and mismatchLabelKeys"
    );
    assert!(created(&both).contains(&expected), "{:?}", created(&both));
}

#[test]
fn spreading() {
    let good = json!({
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2,
        "labelSelector": {"matchLabels": {"app": "x"}}, "nodeAffinityPolicy": "Honor", "nodeTaintsPolicy": "Ignore",
        "matchLabelKeys": ["v"],
    });
    let all = |constraints: &[Value]| json!({"topologySpreadConstraints": constraints});
    assert_eq!(created(&all(std::slice::from_ref(&good))), [""; 0]);
    let with = |field: &str, value: Value| {
        let mut constraint = good.clone();
        constraint[field] = value;
        all(&[constraint])
    };
    let path = "spec.topologySpreadConstraints[0]";
    let values = "supported values: \"DoNotSchedule\", \"ScheduleAnyway\"";
    let table = [
        (with("maxSkew", json!(0)), format!("{path}.maxSkew: Invalid value: 0: must be greater than zero")),
        (with("topologyKey", json!("")), format!("{path}.topologyKey: Required value: can not be empty")),
        (
            with("minDomains", json!(0)),
            format!("{path}.minDomains: Invalid value: 0: must be greater than zero"),
        ),
        (
            with("whenUnsatisfiable", json!("ScheduleAnyway")),
            format!(
                "{path}.minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
            ),
        ),
        (
            with("nodeTaintsPolicy", json!("Maybe")),
            format!(
                "{path}.nodeTaintsPolicy: Unsupported value: \"Maybe\": supported values: \"Honor\", \"Ignore\""
            ),
        ),
        (
            with("labelSelector", Value::Null),
            format!("{path}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set"),
        ),
        (
            with("labelSelector", json!({"matchLabels": {"v": "1"}})),
            format!(
                "{path}.matchLabelKeys[0]: Invalid value: \"v\": exists in both matchLabelKeys and labelSelector"
            ),
        ),
        (
            all(&[good.clone(), good.clone()]),
            format!(
                "{path}.{{topologyKey, whenUnsatisfiable}}: Duplicate value: \"{{zone, DoNotSchedule}}\""
            ),
        ),
    ];
    for (spec, expected) in table {
        assert_eq!(created(&spec), [expected], "{spec}");
    }
    let found = created(&with("whenUnsatisfiable", json!("Never")));
    assert_eq!(found[0], format!("{path}.whenUnsatisfiable: Unsupported value: \"Never\": {values}"));
}

#[test]
fn what_was_merged_stays_valid() {
    let constraint = json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "x"}}, "matchLabelKeys": ["v"]});
    let old = pod(&json!({"topologySpreadConstraints": [constraint]}));
    let selector = &old["spec"]["topologySpreadConstraints"][0]["labelSelector"];
    assert_eq!(selector["matchExpressions"], json!([{"key": "v", "operator": "In", "values": ["1"]}]));
    assert_eq!(texts(&Rules.validate_update(None, &old, &old)), [""; 0]);
}

#[test]
fn a_waiting_pods_nodes_become_fewer() {
    let term = |keys: &[&str]| {
        let all: Vec<Value> = keys.iter().map(|key| json!({"key": key, "operator": "Exists"})).collect();
        json!({"matchExpressions": all})
    };
    let nodes = |terms: &[Value]| json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}});
    let gated = |affinity: Value| json!({"schedulingGates": [{"name": "g"}], "affinity": affinity});
    let pods = json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
        [{"topologyKey": "zone", "labelSelector": {}}]}});
    let path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
    let table = [
        (Value::Null, nodes(&[term(&["a"])]), String::new()),
        (nodes(&[term(&["a"])]), nodes(&[term(&["a", "b"])]), String::new()),
        (pods.clone(), pods.clone(), String::new()),
        (nodes(&[term(&["a"])]), nodes(&[term(&["b"])]), format!("{path}[0]: Invalid value")),
        (nodes(&[term(&["a"])]), nodes(&[term(&["a"]), term(&["b"])]), format!("{path}: Invalid value")),
        (Value::Null, pods, "spec: Forbidden: pod updates may not change fields".into()),
    ];
    for (old, new, expected) in table {
        let found = updated(&gated(old.clone()), &gated(new.clone())).join("\n");
        assert_eq!(found.is_empty(), expected.is_empty(), "{old} to {new}: {found}");
        assert!(found.starts_with(&expected), "{old} to {new}: {found}");
    }
}
