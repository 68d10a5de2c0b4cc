//! Properties over random worlds: every node's reasons and scores are those of the reference, whatever changes led there.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::{
    reference::World,
    worlds::{called, named, node, pod, world},
    *,
};
use crate::core::{NodeView, Score, explain};

/// The scores that the reference computes.
const SCORES: [Score; 6] = [
    Score::Fit,
    Score::BalancedAllocation,
    Score::TaintToleration,
    Score::NodeAffinity,
    Score::PodAffinity,
    Score::Spread,
];

/// One change of a world.
#[derive(Clone, Debug)]
enum Change {
    Node(usize, Value),
    RemoveNode(usize),
    Place(usize, Value, usize),
    RemovePod(usize),
    Namespace(Option<&'static str>),
    /// A decision, which may add to what is derived.
    Ask(Value),
}

const NODES: usize = 6;
const PODS: usize = 12;

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0..NODES, node()).prop_map(|(at, node)| Change::Node(at, named(node, &format!("n{at}")))),
        1 => (0..NODES).prop_map(Change::RemoveNode),
        5 => (0..PODS, pod(), 0..NODES).prop_map(|(number, pod, at)| {
            Change::Place(number, called(pod, &format!("p{number}")), at)
        }),
        2 => (0..PODS).prop_map(Change::RemovePod),
        1 => proptest::option::of(proptest::sample::select(&["a", "b"][..])).prop_map(Change::Namespace),
        4 => pod().prop_map(|pod| Change::Ask(called(pod, "asked"))),
    ]
}

/// The pod that an object describes.
fn read_pod(pod: &Value) -> Arc<PodInfo> {
    let text = |name: &str| Arc::from(pod["metadata"][name].as_str().unwrap());
    let id = PodIdentity { uid: text("uid"), namespace: text("namespace"), name: text("name") };
    let labels: BTreeMap<String, String> = serde_json::from_value(pod["metadata"]["labels"].clone()).unwrap();
    let terminating = !pod["metadata"]["deletionTimestamp"].is_null();
    let meta = PodMeta { id, labels: &labels, terminating, owner: None };
    let spec: PodSpec = serde_json::from_value(pod["spec"].clone()).unwrap();
    Arc::new(PodInfo::new(meta, &spec, &PodStatus::default()).unwrap())
}

fn read_node(node: &Value) -> NodeInfo {
    let labels = serde_json::from_value(node["metadata"]["labels"].clone()).unwrap();
    let spec = serde_json::from_value(node["spec"].clone()).unwrap();
    let status = serde_json::from_value(node["status"].clone()).unwrap();
    NodeInfo::new(node["metadata"]["name"].as_str().unwrap(), &labels, &spec, &status).unwrap()
}

fn team(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("team".to_owned(), name.to_owned())])
}

fn snapshot_of(world: &World) -> Snapshot {
    let mut snapshot = cluster(world.nodes.iter().map(read_node));
    for pod in &world.pods {
        snapshot.set_pod(read_pod(pod), pod["spec"]["nodeName"].as_str().unwrap());
    }
    for namespace in &world.namespaces {
        let labels = team(namespace["metadata"]["labels"]["team"].as_str().unwrap());
        snapshot.set_namespace(namespace["metadata"]["name"].as_str().unwrap(), Some(&labels));
    }
    snapshot
}

/// Compares every node's reasons and scores with the reference's, and the choice with its best.
fn agree(snapshot: &Snapshot, world: &World, pod: &Value) {
    let mut pod = pod.clone();
    // Nobody places a pod that is being deleted.
    pod["metadata"]["deletionTimestamp"] = json!(null);
    let pod = &pod;
    let asked = read_pod(pod);
    let profile = Profile::default();
    let views = explain(snapshot, &asked, &profile);
    let names: Vec<&str> = views.iter().map(|view| &*view.node).collect();
    let node = |view: &NodeView| world.node(&view.node).unwrap();
    assert_eq!(names.len(), world.nodes.len());
    for view in &views {
        let told: Vec<String> = view.reasons.iter().map(ToString::to_string).collect();
        assert_eq!(told, world.reasons(pod, node(view)), "{} against {}", view.node, asked.id.name);
    }
    let fitting: Vec<_> = views.iter().filter(|view| view.reasons.is_empty()).collect();
    let nodes: Vec<_> = fitting.iter().map(|view| node(view)).collect();
    let expected = world.scores(pod, &nodes);
    let mut totals = vec![0; nodes.len()];
    for score in SCORES {
        let found: Vec<_> = fitting.iter().map(|view| view.scores[&score].0).collect();
        assert_eq!(found, expected[score.name()], "{} of {names:?}", score.name());
        totals.iter_mut().zip(&fitting).for_each(|(total, view)| {
            *total += view.scores[&score].0 * view.scores[&score].1;
        });
    }
    match schedule(snapshot, &asked, &profile, 7) {
        Decision::Place(placement) => {
            let chosen = fitting.iter().position(|view| view.node == placement.node).unwrap();
            assert_eq!(totals[chosen], totals.iter().copied().max().unwrap(), "the best is chosen");
        }
        Decision::Unschedulable(diagnosis) => {
            assert!(fitting.is_empty());
            assert_eq!(diagnosis.nodes, world.nodes.len());
        }
        Decision::Gated => panic!("no pod has gates"),
    }
}

/// Changes both.
fn apply(snapshot: &mut Snapshot, world: &mut World, change: &Change) {
    let named = |name: &str| {
        let name = name.to_owned();
        move |object: &Value| object["metadata"]["name"] != name
    };
    match change {
        Change::Node(at, node) => {
            snapshot.set_node(read_node(node));
            world.nodes.retain(named(&format!("n{at}")));
            world.nodes.push(node.clone());
        }
        Change::RemoveNode(at) => {
            snapshot.remove_node(&format!("n{at}"));
            world.nodes.retain(named(&format!("n{at}")));
        }
        Change::Place(number, pod, at) => {
            let mut pod = pod.clone();
            pod["spec"]["nodeName"] = json!(format!("n{at}"));
            snapshot.set_pod(read_pod(&pod), &format!("n{at}"));
            world.pods.retain(named(&format!("p{number}")));
            world.pods.push(pod);
        }
        Change::RemovePod(number) => {
            snapshot.remove_pod(&format!("uid-p{number}"));
            world.pods.retain(named(&format!("p{number}")));
        }
        Change::Namespace(team_name) => {
            snapshot.set_namespace("other", team_name.map(team).as_ref());
            let labels =
                team_name.map(|team| json!({"metadata": {"name": "other", "labels": {"team": team}}}));
            world.namespaces = labels.into_iter().collect();
        }
        Change::Ask(pod) => agree(snapshot, world, pod),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nodes_are_refused_and_scored_as_documented(world in world(), pods in vec(pod(), 1..4)) {
        let snapshot = snapshot_of(&world);
        for (number, pod) in pods.into_iter().enumerate() {
            agree(&snapshot, &world, &called(pod, &format!("asked-{number}")));
        }
    }

    #[test]
    fn whatever_changes_led_there(changes in vec(change(), 1..40), asked in pod()) {
        let (mut snapshot, mut world) = (Snapshot::new(), World::default());
        for change in &changes {
            apply(&mut snapshot, &mut world, change);
        }
        let asked = called(asked, "asked");
        agree(&snapshot, &world, &asked);
        agree(&snapshot.clone(), &world, &asked);
        agree(&snapshot_of(&world), &world, &asked);
        for number in 0..PODS {
            snapshot.remove_pod(&format!("uid-p{number}"));
        }
        for at in 0..NODES {
            snapshot.remove_node(&format!("n{at}"));
        }
        snapshot.set_namespace("other", None);
        prop_assert!(snapshot.is_blank());
    }
}
