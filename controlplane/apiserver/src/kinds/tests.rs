//! What holds for every kind: no object, however odd, stops the server, and defaulting is idempotent.

use jiff::Timestamp;
use naru_api::Object;
use naru_api::kinds::BUILTIN;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Map, Value, json};

use super::strategy;

/// Names that the strategies look for.
const FIELDS: &[&str] = &[
    "affinity",
    "addresses",
    "annotations",
    "allocatable",
    "binaryData",
    "capacity",
    "conditions",
    "configMap",
    "configMapKeyRef",
    "containerStatuses",
    "containers",
    "count",
    "data",
    "downwardAPI",
    "effect",
    "emptyDir",
    "env",
    "envFrom",
    "eventTime",
    "fieldPath",
    "fieldRef",
    "finalizers",
    "image",
    "immutable",
    "initContainerStatuses",
    "initContainers",
    "involvedObject",
    "items",
    "key",
    "labels",
    "limits",
    "matchExpressions",
    "name",
    "nodeAffinity",
    "nodeSelectorTerms",
    "operator",
    "path",
    "phase",
    "podCIDRs",
    "podIPs",
    "ports",
    "projected",
    "requests",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "resourceFieldRef",
    "resources",
    "schedulingGates",
    "secret",
    "securityContext",
    "series",
    "sources",
    "state",
    "stringData",
    "taints",
    "terminated",
    "tolerations",
    "type",
    "valueFrom",
    "values",
    "volumeMounts",
    "volumes",
    "waiting",
];

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![
            "[a-z:/@.'\\[\\]0-9A-Z=-]{0,12}",
            Just("2026-01-01T00:00:00Z".to_string()),
            Just("1Gi".into())
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(FIELDS), inner), 0..6).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
            }),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Object> {
    (any_value(), any_value(), any_value(), any_value()).prop_map(|(spec, status, data, extra)| {
        let mut object = json!({"metadata": {"name": "x", "namespace": "y"}, "spec": spec, "status": status});
        object["data"] = data;
        if let Value::Object(extra) = extra {
            let map: &mut Map<String, Value> = object.as_object_mut().expect("invariant: made a map above");
            map.extend(extra);
        }
        object
    })
}

proptest! {
    #[test]
    fn odd_objects_stop_nothing(object in any_object(), other in any_object()) {
        for kind in BUILTIN {
            let strategy = strategy(kind);
            let mut new = object.clone();
            strategy.default(&mut new);
            let once = new.clone();
            strategy.default(&mut new);
            prop_assert_eq!(&new, &once, "defaulting {} is idempotent", kind.kind);
            strategy.validate_create(&new);
            strategy.prepare_create(&mut new);
            prop_assert_eq!(strategy.cells(kind, &new, Timestamp::UNIX_EPOCH).len(), kind.columns.len());
            strategy.row_conditions(&new);
            for subresource in [None, Some("status"), Some("finalize")] {
                strategy.validate_update(subresource, &new, &other);
                strategy.prepare_update(subresource, &mut new, &other);
            }
            prop_assert_eq!(strategy.cells(kind, &other, Timestamp::UNIX_EPOCH).len(), kind.columns.len());
        }
    }
}
