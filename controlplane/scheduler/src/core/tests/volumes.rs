//! Volumes: tables of what is documented, and a property against a naive reference.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::core::{Preemption, VolumeStep, feed};

fn volume(name: &str, more: Value) -> Value {
    let mut volume = json!({
        "kind": "PersistentVolume", "metadata": {"name": name},
        "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "late"},
        "status": {"phase": "Available"},
    });
    merge(&mut volume, more);
    volume
}

/// A claim of class `late` that waits for its first pod.
fn claim(name: &str, more: Value) -> Value {
    let mut claim = json!({
        "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "default", "uid": format!("uid-{name}")},
        "spec": {"resources": {"requests": {"storage": "5Gi"}}, "accessModes": ["ReadWriteOnce"], "storageClassName": "late"},
        "status": {"phase": "Pending"},
    });
    merge(&mut claim, more);
    claim
}

/// A claim that is bound to a volume.
fn bound(name: &str, volume: &str) -> Value {
    claim(
        name,
        json!({
            "metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
            "spec": {"volumeName": volume}, "status": {"phase": "Bound"},
        }),
    )
}

fn class(name: &str, mode: &str, more: Value) -> Value {
    let mut class = json!({
        "kind": "StorageClass", "metadata": {"name": name}, "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": mode,
    });
    merge(&mut class, more);
    class
}

fn merge(target: &mut Value, more: Value) {
    match more {
        Value::Object(fields) => fields.into_iter().for_each(|(key, value)| merge(&mut target[key], value)),
        other => *target = other,
    }
}

/// Nodes `a` in zone `z1` and `b` in zone `z2`, and these objects.
fn two_zones(objects: &[Value]) -> Snapshot {
    let placed = |name: &str, zone: &str| {
        node(name, json!({"labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}}))
    };
    let mut snapshot = cluster([placed("a", "z1"), placed("b", "z2")]);
    feed::apply(&mut snapshot, &class("late", "WaitForFirstConsumer", json!({}))).unwrap();
    feed::apply(&mut snapshot, &class("soon", "Immediate", json!({}))).unwrap();
    for object in objects {
        feed::apply(&mut snapshot, object).unwrap();
    }
    snapshot
}

/// A pod that uses claims.
fn using(name: &str, claims: &[&str]) -> Arc<PodInfo> {
    let volume = |claim: &&str| json!({"name": claim, "persistentVolumeClaim": {"claimName": claim}});
    pod_named(name, json!({"volumes": claims.iter().map(volume).collect::<Vec<_>>()}))
}

/// Only nodes with this value of a label reach a volume.
fn only(key: &str, value: &str) -> Value {
    json!({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}]}}}})
}

fn steps(snapshot: &Snapshot, pod: &PodInfo) -> (String, Vec<String>) {
    match decide(snapshot, pod) {
        Decision::Place(placement) => {
            (placement.node.to_string(), placement.volumes.iter().map(told).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn told(step: &VolumeStep) -> String {
    match step {
        VolumeStep::Bind { claim, volume } => format!("{} to {volume}", claim.1),
        VolumeStep::Provision { claim, node } => format!("{} made for {node}", claim.1),
    }
}

/// What keeps a pod from every node, before it is said that others' leaving does not help.
fn why(snapshot: &Snapshot, pod: &PodInfo) -> String {
    let message = message(snapshot, pod);
    let message = message.split(" no new claims").next().unwrap();
    message.split(" preemption: ").next().unwrap().trim_start_matches("0/2 nodes are available: ").to_owned()
}

#[test]
fn claims_that_cannot_be_used_keep_a_pod_from_all_nodes() {
    let deleted = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    let cases = [
        (vec![], "persistentvolumeclaim \"c\" not found."),
        (vec![claim("c", deleted)], "persistentvolumeclaim \"c\" is being deleted."),
        (
            vec![claim("c", json!({"spec": {"storageClassName": "soon"}}))],
            "pod has unbound immediate PersistentVolumeClaims.",
        ),
        (
            vec![claim("c", json!({"spec": {"storageClassName": "none"}}))],
            "pod has unbound immediate PersistentVolumeClaims.",
        ),
        // One that names its volume is bound by the volume controller, whatever its class.
        (
            vec![claim("c", json!({"spec": {"volumeName": "v"}}))],
            "pod has unbound immediate PersistentVolumeClaims.",
        ),
        (
            vec![claim("c", json!({"spec": {"volumeName": "v"}, "status": {"phase": "Lost"}}))],
            "persistentvolumeclaim \"c\" bound to non-existent persistentvolume \"v\".",
        ),
        (vec![bound("c", "v")], "persistentvolume \"v\" not found."),
    ];
    for (objects, expected) in cases {
        let snapshot = two_zones(&objects);
        assert_eq!(why(&snapshot, &using("p", &["c"])), expected);
        let diagnosis = refused(&snapshot, &using("p", &["c"]));
        assert!(diagnosis.helped_by.meets(Changes::STORAGE));
        let none = "Preemption is not helpful for scheduling".to_owned();
        assert_eq!(diagnosis.preemption, Preemption::Impossible([(none, 2)].into()));
    }
}

#[test]
fn a_volume_made_for_a_pod_must_be_the_pods() {
    let pod = pod_named("p", json!({"volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {}}}]}));
    let waiting = "waiting for ephemeral volume controller to create the persistentvolumeclaim \"p-v\".";
    assert_eq!(why(&two_zones(&[]), &pod), waiting);
    let made = |owner: &str| {
        let owners = json!({"metadata": {"ownerReferences": [{"uid": owner, "controller": true}]}});
        let mut claim = claim("p-v", owners);
        merge(&mut claim, json!({"spec": {"storageClassName": "made"}}));
        [claim, class("made", "WaitForFirstConsumer", json!({"provisioner": "x"}))]
    };
    let other = "PVC default/p-v was not created for pod default/p (pod is not owner).";
    assert_eq!(why(&two_zones(&made("other")), &pod), other);
    assert_eq!(steps(&two_zones(&made("uid-p")), &pod).1.len(), 1);
}

#[test]
fn bound_volumes_keep_their_pods_near() {
    let there = |more: Value| two_zones(&[bound("c", "v"), volume("v", more)]);
    assert_eq!(chosen(&there(only("kubernetes.io/hostname", "b")), &using("p", &["c"])), "b");
    let labelled = |key: &str, zones: &str| json!({"metadata": {"labels": {key: zones}}});
    for key in ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"] {
        assert_eq!(chosen(&there(labelled(key, "z2")), &using("p", &["c"])), "b", "{key}");
        assert_eq!(chosen(&there(labelled(key, "z2__z3")), &using("p", &["c"])), "b", "{key}");
    }
    let nowhere = there(only("kubernetes.io/hostname", "c"));
    assert_eq!(
        why(&nowhere, &using("p", &["c"])),
        "2 node(s) didn't match PersistentVolume's node affinity."
    );
    let zone = there(labelled("topology.kubernetes.io/zone", "z3"));
    assert_eq!(why(&zone, &using("p", &["c"])), "2 node(s) had no available volume zone.");
    assert!(refused(&zone, &using("p", &["c"])).helped_by.meets(Changes::NODE_LABELS));
    // A node that says nothing of its place is anywhere.
    let mut placeless = there(labelled("topology.kubernetes.io/zone", "z3"));
    placeless.set_node(node("c", json!({})));
    assert_eq!(chosen(&placeless, &using("p", &["c"])), "c");
}

#[test]
fn waiting_claims_get_the_smallest_volume_that_will_do() {
    let sized = |name: &str, size: &str| volume(name, json!({"spec": {"capacity": {"storage": size}}}));
    let other = |name: &str, more: Value| volume(name, more);
    let suits = [
        (vec![sized("large", "20Gi"), sized("small", "6Gi"), sized("tiny", "1Gi")], Some("small")),
        (vec![other("v", json!({"spec": {"accessModes": ["ReadOnlyMany"]}}))], None),
        (vec![other("v", json!({"spec": {"storageClassName": "other"}}))], None),
        (vec![other("v", json!({"spec": {"volumeMode": "Block"}}))], None),
        (vec![other("v", json!({"status": {"phase": "Released"}}))], None),
        (vec![other("v", json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}))], None),
        (vec![other("v", json!({"spec": {"claimRef": {"namespace": "default", "name": "other"}}}))], None),
        // One that is kept for this claim comes first, however large.
        (
            vec![
                sized("small", "6Gi"),
                volume(
                    "kept",
                    json!({"spec": {"claimRef": {"namespace": "default", "name": "c"}}, "status": {"phase": "Pending"}}),
                ),
            ],
            Some("kept"),
        ),
        (
            vec![volume(
                "v",
                json!({"spec": {"claimRef": {"namespace": "default", "name": "c", "uid": "older"}}}),
            )],
            None,
        ),
    ];
    for (volumes, expected) in suits {
        let mut objects = volumes.clone();
        objects.push(claim("c", json!({})));
        let snapshot = two_zones(&objects);
        match expected {
            Some(name) => {
                assert_eq!(steps(&snapshot, &using("p", &["c"])).1, [format!("c to {name}")], "{volumes:?}")
            }
            None => {
                let words = "2 node(s) didn't find available persistent volumes to bind.";
                assert_eq!(why(&snapshot, &using("p", &["c"])), words, "{volumes:?}");
            }
        }
    }
    let selector = json!({"spec": {"selector": {"matchLabels": {"disk": "fast"}}}});
    let fast = volume("fast", json!({"metadata": {"labels": {"disk": "fast"}}}));
    let snapshot = two_zones(&[claim("c", selector), sized("small", "6Gi"), fast]);
    assert_eq!(steps(&snapshot, &using("p", &["c"])).1, ["c to fast"]);
    let local = volume("local", only("kubernetes.io/hostname", "b"));
    let snapshot = two_zones(&[claim("c", json!({})), local]);
    assert_eq!(steps(&snapshot, &using("p", &["c"])), ("b".into(), vec!["c to local".into()]));
}

#[test]
fn volumes_are_made_where_the_class_allows() {
    let made = |more: Value| {
        let mut fields = json!({"provisioner": "example.com/disks"});
        merge(&mut fields, more);
        [class("late", "WaitForFirstConsumer", fields), claim("c", json!({}))]
    };
    let snapshot = two_zones(&made(json!({})));
    let (node, told) = steps(&snapshot, &using("p", &["c"]));
    assert_eq!(told, [format!("c made for {node}")]);
    let zone = |zone: &str| json!({"allowedTopologies": [{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": [zone]}]}]});
    assert_eq!(steps(&two_zones(&made(zone("z2"))), &using("p", &["c"])).0, "b");
    let words = "2 node(s) didn't find available persistent volumes to bind.";
    assert_eq!(why(&two_zones(&made(zone("z3"))), &using("p", &["c"])), words);
    // What is being made for a node stays with it.
    let selected = json!({"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "b"}}});
    let [class, _] = made(json!({}));
    assert_eq!(steps(&two_zones(&[class, claim("c", selected)]), &using("p", &["c"])).0, "b");
}

#[test]
fn what_one_decision_takes_another_cannot() {
    let objects = [claim("c", json!({})), claim("d", json!({})), volume("v", json!({}))];
    let mut snapshot = two_zones(&objects);
    let (first, second) = (using("1", &["c"]), using("2", &["d"]));
    let Decision::Place(placement) = decide(&snapshot, &first) else { panic!() };
    snapshot.assume_placed(&first, &placement);
    assert!(why(&snapshot, &second).contains("persistent volumes to bind"));
    // A second pod of the same claim gets the same volume.
    assert_eq!(steps(&snapshot, &using("3", &["c"])).1, ["c to v"]);
    assert_eq!(snapshot.forget(&first.id.uid), Changes::POD_LEFT | Changes::STORAGE);
    assert_eq!(steps(&snapshot, &second).1, ["d to v"]);
    // Both claims of one pod need volumes of their own.
    assert!(why(&snapshot, &using("4", &["c", "d"])).contains("persistent volumes to bind"));
    // What the API says replaces what was assumed.
    snapshot.assume_placed(&first, &placement);
    let taken = json!({"spec": {"claimRef": {"namespace": "default", "name": "d", "uid": "uid-d"}}});
    feed::apply(&mut snapshot, &volume("v", taken)).unwrap();
    assert_eq!(steps(&snapshot, &second).1, ["d to v"]);
}

#[test]
fn a_claim_for_one_pod_has_one() {
    let mode = json!({"spec": {"accessModes": ["ReadWriteOncePod"]}});
    let mut claim = bound("c", "v");
    merge(&mut claim, mode);
    let mut snapshot = two_zones(&[claim, volume("v", json!({}))]);
    let low = feed::pod(&json!({
        "metadata": {"name": "low", "namespace": "default"},
        "spec": {"priority": 1, "containers": [], "volumes": [{"name": "c", "persistentVolumeClaim": {"claimName": "c"}}]},
    }));
    let low = low.unwrap();
    snapshot.set_pod(low.clone(), "a");
    let words =
        "2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.";
    assert_eq!(why(&snapshot, &using("p", &["c"])), words);
    let high = pod_named(
        "high",
        json!({"priority": 9, "volumes": [{"name": "c", "persistentVolumeClaim": {"claimName": "c"}}]}),
    );
    match refused(&snapshot, &high).preemption {
        Preemption::Victims(victims) => assert_eq!((&*victims.node, victims.pods.len()), ("a", 1)),
        other => panic!("{other:?}"),
    }
    let changes = snapshot.remove_pod(&low.id.uid);
    let event = crate::core::Event { changes, node: Some("a"), pod: Some(&low) };
    assert_eq!(hint(&snapshot, &using("p", &["c"]), &Profile::default(), &event), Ok(()));
    assert!(matches!(decide(&snapshot, &using("p", &["c"])), Decision::Place(_)));
}

#[test]
fn disks_that_pods_cannot_share() {
    let disk = |kind: &str, fields: Value| {
        pod_named(&format!("{kind}{fields}"), json!({"volumes": [{"name": "v", kind: fields}]}))
    };
    let gce = |name: &str, read: bool| disk("gcePersistentDisk", json!({"pdName": name, "readOnly": read}));
    let aws = |name: &str| disk("awsElasticBlockStore", json!({"volumeID": name, "readOnly": true}));
    let rbd = |monitor: &str, image: &str| disk("rbd", json!({"monitors": ["m", monitor], "image": image}));
    let cases = [
        (gce("d", false), gce("d", true), true),
        (gce("d", true), gce("d", true), false),
        (gce("d", false), gce("e", false), false),
        (aws("d"), aws("d"), true),
        (rbd("x", "i"), rbd("y", "i"), true),
        (rbd("x", "i"), rbd("x", "j"), false),
        (disk("iscsi", json!({"iqn": "q"})), disk("iscsi", json!({"iqn": "q", "readOnly": true})), true),
    ];
    for (first, second, conflict) in cases {
        let mut snapshot = cluster([node("a", json!({}))]);
        snapshot.set_pod(first, "a");
        let fitting = fits(&snapshot, &second, "a");
        assert_eq!(fitting.is_err(), conflict, "{}", second.id.name);
        if conflict {
            assert!(message(&snapshot, &second).contains("1 node(s) had no available disk."));
        }
    }
}

#[test]
fn nodes_take_so_many_volumes_of_a_driver() {
    let csi = |handle: &str| {
        volume(&format!("v{handle}"), json!({"spec": {"csi": {"driver": "d", "volumeHandle": handle}}}))
    };
    let objects: Vec<Value> =
        (1..4).flat_map(|n| [csi(&n.to_string()), bound(&format!("c{n}"), &format!("v{n}"))]).collect();
    let mut snapshot = two_zones(&objects);
    let limit = |node: &str, count: i64| json!({"kind": "CSINode", "metadata": {"name": node}, "spec": {"drivers": [{"name": "d", "allocatable": {"count": count}}]}});
    feed::apply(&mut snapshot, &limit("a", 2)).unwrap();
    feed::apply(&mut snapshot, &limit("b", 0)).unwrap();
    snapshot.set_pod(using("1", &["c1"]), "a");
    assert_eq!(chosen(&snapshot, &using("2", &["c2"])), "a");
    assert!(why(&snapshot, &using("23", &["c2", "c3"])).contains("2 node(s) exceed max volume count"));
    snapshot.set_pod(using("2", &["c2"]), "a");
    assert_eq!(why(&snapshot, &using("3", &["c3"])), "2 node(s) exceed max volume count.");
    assert_eq!(chosen(&snapshot, &using("1again", &["c1"])), "a", "a volume that is there counts once");
    assert!(snapshot.set_volume_limits("b", None).meets(Changes::STORAGE));
    assert_eq!(chosen(&snapshot, &using("3", &["c3"])), "b", "without a limit there is none");
}

#[test]
fn nothing_is_kept_of_what_is_gone() {
    let mut snapshot = two_zones(&[claim("c", json!({})), volume("v", json!({}))]);
    let pod = using("p", &["c"]);
    let Decision::Place(placement) = decide(&snapshot, &pod) else { panic!() };
    snapshot.assume_placed(&pod, &placement);
    snapshot.forget(&pod.id.uid);
    for (kind, name) in [("PersistentVolume", "v"), ("PersistentVolumeClaim", "c"), ("StorageClass", "late")]
    {
        let namespace = if kind.ends_with("Claim") { "default" } else { "" };
        assert!(feed::remove(&mut snapshot, kind, namespace, name).meets(Changes::STORAGE), "{kind}");
        assert_eq!(feed::remove(&mut snapshot, kind, namespace, name), Changes::NONE, "{kind}");
    }
    snapshot.remove_node("a");
    snapshot.remove_node("b");
    assert!(snapshot.is_blank());
}

/// A volume, as plain values: size, host that reaches it.
type VolumePlan = (i64, Option<&'static str>);
/// A claim, as plain values: size, number of the volume that it is bound to.
type ClaimPlan = (i64, Option<usize>);

const HOSTS: [&str; 2] = ["a", "b"];

/// Whether a node has volumes for claims, tried by looking at each: bound ones are reached, the others, the smallest first,
/// get the smallest that is left.
fn has_volumes(volumes: &[VolumePlan], claims: &[ClaimPlan], wanted: &[usize], host: &str) -> bool {
    let reached = |number: usize| volumes[number].1.is_none_or(|only| only == host);
    let mut left: Vec<usize> =
        (0..volumes.len()).filter(|n| !claims.iter().any(|claim| claim.1 == Some(*n))).collect();
    let mut open: Vec<i64> = Vec::new();
    for claim in wanted {
        match claims[*claim].1 {
            Some(number) if !reached(number) => return false,
            Some(_) => {}
            None => open.push(claims[*claim].0),
        }
    }
    open.sort_unstable();
    open.into_iter().all(|size| {
        let suits = left.iter().copied().filter(|n| volumes[*n].0 >= size && reached(*n));
        let Some(best) = suits.min_by_key(|n| (volumes[*n].0, *n)) else { return false };
        left.retain(|n| *n != best);
        true
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nodes_have_volumes_as_the_reference_says(
        volumes in vec((1..5_i64, option::of(select(&HOSTS[..]))), 1..6),
        claims in vec((1..5_i64, option::weighted(0.4, 0..6_usize)), 1..5),
        wanted in vec(0..5_usize, 1..4),
    ) {
        let mut claims: Vec<ClaimPlan> = claims;
        let mut seen = Vec::new();
        for claim in &mut claims {
            claim.1 = claim.1.filter(|n| *n < volumes.len() && !seen.contains(n));
            seen.extend(claim.1);
        }
        let mut wanted: Vec<usize> = wanted.into_iter().filter(|n| *n < claims.len()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let gib = |size: i64| format!("{size}Gi");
        let mut objects = Vec::new();
        for (n, (size, host)) in volumes.iter().enumerate() {
            let owner = claims.iter().position(|claim| claim.1 == Some(n));
            let mut object = volume(&format!("v{n}"), json!({"spec": {"capacity": {"storage": gib(*size)}}}));
            if let Some(host) = host {
                merge(&mut object, only("kubernetes.io/hostname", host));
            }
            if let Some(owner) = owner {
                let claim = json!({"namespace": "default", "name": format!("c{owner}")});
                merge(&mut object, json!({"spec": {"claimRef": claim}, "status": {"phase": "Bound"}}));
            }
            objects.push(object);
        }
        for (n, (size, volume)) in claims.iter().enumerate() {
            let name = format!("c{n}");
            let mut object = volume.map_or_else(|| claim(&name, json!({})), |volume| bound(&name, &format!("v{volume}")));
            merge(&mut object, json!({"spec": {"resources": {"requests": {"storage": gib(*size)}}}}));
            objects.push(object);
        }
        let names: Vec<String> = wanted.iter().map(|n| format!("c{n}")).collect();
        let pod = using("p", &names.iter().map(String::as_str).collect::<Vec<_>>());
        let snapshot = two_zones(&objects);
        let expected: Vec<&str> =
            HOSTS.into_iter().filter(|host| has_volumes(&volumes, &claims, &wanted, host)).collect();
        let found: Vec<&str> = HOSTS.into_iter().filter(|host| fits(&snapshot, &pod, host).is_ok()).collect();
        prop_assert_eq!(&found, &expected);
        match decide(&snapshot, &pod) {
            Decision::Place(placement) => {
                prop_assert!(expected.contains(&&*placement.node));
                let open = wanted.iter().filter(|n| claims[**n].1.is_none()).count();
                prop_assert_eq!(placement.volumes.len(), open);
                // What is taken is given to nobody else, and comes back.
                let mut taken = snapshot.clone();
                taken.assume_placed(&pod, &placement);
                taken.forget(&pod.id.uid);
                let again: Vec<&str> = HOSTS.into_iter().filter(|host| fits(&taken, &pod, host).is_ok()).collect();
                prop_assert_eq!(&again, &expected);
            }
            _ => prop_assert!(expected.is_empty()),
        }
    }
}
