//! Many pods in one go: the same as one by one; gangs whole or not at all.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::core::{schedule_each, schedule_gang};

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_pass_decides_as_one_by_one(count in 1..30_usize, nodes in 1..6_usize, cpu in 0..3_i64, spread: bool) {
        let mut spec = json!({"containers": [{"resources": {"requests": {"cpu": cpu}}}]});
        if spread {
            spec["topologySpreadConstraints"] = json!([{
                "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "x"}},
            }]);
        }
        let pods: Vec<_> =
            (0..count).map(|n| labelled(&n.to_string(), json!({"app": "x"}), spec.clone())).collect();
        let mut together = cluster((0..nodes).map(|n| node(&format!("n{n}"), json!({}))));
        let mut apart = together.clone();
        let tie = |pod: &PodInfo| pod.id.name.len() as u64;
        let decisions = schedule_each(&mut together, &pods, &Profile::default(), tie);
        for (pod, decision) in pods.iter().zip(decisions) {
            // A fresh copy, which knows nothing of earlier decisions.
            let single = schedule(&rebuilt(&apart, &pods), pod, &Profile::default(), tie(pod));
            match (&single, &decision) {
                (Decision::Place(one), Decision::Place(other)) => {
                    prop_assert_eq!(&one.node, &other.node);
                    apart.assume(pod, &one.node);
                }
                _ => prop_assert_eq!(single, decision),
            }
        }
    }

    #[test]
    fn gangs_are_never_split(sizes in vec((1..6_usize, 1..4_i64), 1..8), nodes in 1..5_usize) {
        let mut snapshot = cluster((0..nodes).map(|n| node(&format!("n{n}"), json!({}))));
        for (gang, (size, cpu)) in sizes.into_iter().enumerate() {
            let member = |n: usize| requesting(&format!("{gang}-{n}"), json!({"cpu": cpu}));
            let pods: Vec<_> = (0..size).map(member).collect();
            let before = snapshot.pods();
            let placed = schedule_gang(&mut snapshot, &pods, &Profile::default(), |_| 1);
            let there = pods.iter().filter(|pod| snapshot.node_of(&pod.id.uid).is_some()).count();
            match placed {
                Ok(placements) => prop_assert_eq!((placements.len(), there), (size, size)),
                Err(refused) => {
                    prop_assert!(refused.pod < size);
                    prop_assert_eq!((there, snapshot.pods()), (0, before));
                }
            }
            let taken = |name: &str| -> i64 {
                let cluster = &snapshot.cluster;
                cluster.node(name).map_or(0, |(_, slot, _)| slot.requested.milli_cpu)
            };
            prop_assert!((0..nodes).all(|n| taken(&format!("n{n}")) <= 4000), "nothing is overcommitted");
        }
    }
}

/// The same cluster, built anew.
fn rebuilt(snapshot: &Snapshot, pods: &[Arc<PodInfo>]) -> Snapshot {
    let mut fresh = cluster(snapshot.cluster.nodes().map(|(_, _, node)| node.clone()));
    for pod in pods {
        if let Some(node) = snapshot.node_of(&pod.id.uid) {
            fresh.set_pod(pod.clone(), node);
        }
    }
    fresh
}
