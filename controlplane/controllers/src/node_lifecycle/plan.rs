//! What a node's state asks for: pure decisions.
//!
//! Source: kube-controller-manager's node lifecycle controller and taint manager; well-known taints of the docs.

use k8s_openapi::{
    api::core::v1::{Node, NodeCondition, Pod, PodCondition, Taint, Toleration},
    apimachinery::pkg::apis::meta::v1::Time,
    jiff::{SignedDuration, Timestamp},
};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const NO_SCHEDULE: &str = "NoSchedule";
const NO_EXECUTE: &str = "NoExecute";
/// The conditions a node posts, all of which become Unknown when it falls silent.
const CONDITIONS: &[&str] = &["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// How a node fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It says it is ready.
    Ready,
    /// It says it is not, or has not said anything yet.
    NotReady,
    /// It has not been heard of for too long.
    Silent,
}

/// Whether a pod must leave its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eviction {
    /// It may stay, at least for now.
    NotYet,
    /// It is to go.
    Now,
}

pub(super) fn health(node: &Node, silent: bool) -> Health {
    let ready = conditions(node).iter().find(|one| one.type_ == "Ready");
    match ready {
        _ if silent => Health::Silent,
        Some(ready) if ready.status == "True" => Health::Ready,
        _ => Health::NotReady,
    }
}

fn conditions(node: &Node) -> &[NodeCondition] {
    node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default()
}

/// The conditions of a silent node that do not say Unknown yet, as they should be; `None` if all do.
pub(super) fn unknown_conditions(node: &Node, now: Timestamp) -> Option<Vec<NodeCondition>> {
    let changed: Vec<NodeCondition> = CONDITIONS
        .iter()
        .filter_map(|kind| {
            let found = conditions(node).iter().find(|one| one.type_ == *kind);
            if found.is_some_and(|one| one.status == "Unknown") {
                return None;
            }
            let (reason, message) = match found {
                Some(_) => ("NodeStatusUnknown", "Kubelet stopped posting node status."),
                None => ("NodeStatusNeverUpdated", "Kubelet never posted node status."),
            };
            Some(NodeCondition {
                type_: kind.to_string(),
                status: "Unknown".into(),
                reason: Some(reason.into()),
                message: Some(message.into()),
                last_heartbeat_time: found.and_then(|one| one.last_heartbeat_time.clone()),
                last_transition_time: Some(Time(now)),
            })
        })
        .collect();
    (!changed.is_empty()).then_some(changed)
}

/// The node's taints as its health asks for, or `None` if they are so already. Taints that are not ours stay.
pub(super) fn taints(node: &Node, health: Health, now: Timestamp) -> Option<Vec<Taint>> {
    let current = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let wanted: &[(&str, &str)] = match health {
        Health::Ready => &[],
        Health::NotReady => &[(NOT_READY, NO_SCHEDULE), (NOT_READY, NO_EXECUTE)],
        Health::Silent => &[(UNREACHABLE, NO_SCHEDULE), (UNREACHABLE, NO_EXECUTE)],
    };
    let is = |taint: &Taint, (key, effect): &(&str, &str)| taint.key == *key && taint.effect == *effect;
    let foreign_or_wanted = |taint: &&Taint| {
        let ours = taint.key == NOT_READY || taint.key == UNREACHABLE;
        !ours || wanted.iter().any(|one| is(taint, one))
    };
    let mut taints: Vec<Taint> = current.iter().filter(foreign_or_wanted).cloned().collect();
    for one in wanted {
        if !taints.iter().any(|taint| is(taint, one)) {
            let time_added = (one.1 == NO_EXECUTE).then_some(Time(now));
            taints.push(Taint { key: one.0.into(), effect: one.1.into(), value: None, time_added });
        }
    }
    (taints != current).then_some(taints)
}

fn no_execute(node: &Node) -> impl Iterator<Item = &Taint> {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    taints.iter().filter(|taint| taint.effect == NO_EXECUTE)
}

/// Whether the node has a taint that evicts at all.
pub(super) fn evicts(node: &Node) -> bool {
    no_execute(node).next().is_some()
}

/// Whether `pod` must leave `node`: a NoExecute taint that it does not tolerate, or not for this long.
pub(super) fn eviction(pod: &Pod, node: &Node, now: Timestamp) -> Eviction {
    if pod.metadata.deletion_timestamp.is_some() {
        return Eviction::NotYet;
    }
    let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref()).unwrap_or_default();
    let must_go = no_execute(node).any(|taint| match tolerated_for(taint, tolerations) {
        None => true,
        Some(None) => false,
        Some(Some(limit)) => {
            let since = taint.time_added.as_ref().map_or(now, |time| time.0);
            now.duration_since(since) >= limit
        }
    });
    if must_go { Eviction::Now } else { Eviction::NotYet }
}

/// How long the taint is tolerated: `None` not at all, `Some(None)` for ever, else the shortest of the matching ones.
fn tolerated_for(taint: &Taint, tolerations: &[Toleration]) -> Option<Option<SignedDuration>> {
    let matching: Vec<_> = tolerations.iter().filter(|one| tolerates(one, taint)).collect();
    if matching.is_empty() {
        return None;
    }
    let limits = matching.iter().filter_map(|one| one.toleration_seconds);
    Some(limits.min().map(|seconds| SignedDuration::from_secs(seconds.max(0))))
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let key = toleration.key.as_deref().unwrap_or_default();
    let effect = toleration.effect.as_deref().unwrap_or_default();
    let exists = toleration.operator.as_deref() == Some("Exists");
    let value = |value: &Option<String>| value.clone().unwrap_or_default();
    (effect.is_empty() || effect == taint.effect)
        && (key == taint.key || (key.is_empty() && exists))
        && (exists || value(&toleration.value) == value(&taint.value))
}

/// The Ready condition of a pod whose node is silent; `None` if it does not say True.
pub(super) fn not_ready_conditions(pod: &Pod, now: Timestamp) -> Option<Vec<PodCondition>> {
    let conditions = pod.status.as_ref()?.conditions.as_deref().unwrap_or_default();
    let ready = conditions.iter().find(|one| one.type_ == "Ready" && one.status == "True")?;
    let changed = PodCondition {
        status: "False".into(),
        reason: Some("NodeNotReady".into()),
        message: Some("Node is not ready".into()),
        last_transition_time: Some(Time(now)),
        ..ready.clone()
    };
    Some(vec![changed])
}

#[cfg(test)]
mod tests {
    use k8s_openapi::{
        api::core::v1::{NodeSpec, NodeStatus, PodSpec, PodStatus},
        apimachinery::pkg::apis::meta::v1::ObjectMeta,
    };

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a small number of seconds")
    }

    fn taint(key: &str, effect: &str, added: Option<i64>) -> Taint {
        Taint { key: key.into(), effect: effect.into(), value: None, time_added: added.map(|s| Time(at(s))) }
    }

    fn node(ready: Option<&str>, taints: Vec<Taint>) -> Node {
        let condition = |status: &str| NodeCondition {
            type_: "Ready".into(),
            status: status.into(),
            ..NodeCondition::default()
        };
        Node {
            metadata: ObjectMeta::default(),
            spec: Some(NodeSpec { taints: Some(taints), ..NodeSpec::default() }),
            status: Some(NodeStatus {
                conditions: Some(ready.map(condition).into_iter().collect()),
                ..NodeStatus::default()
            }),
        }
    }

    fn pod(tolerations: Vec<Toleration>) -> Pod {
        Pod { spec: Some(PodSpec { tolerations: Some(tolerations), ..PodSpec::default() }), ..Pod::default() }
    }

    fn exists(key: Option<&str>, seconds: Option<i64>) -> Toleration {
        Toleration {
            key: key.map(Into::into),
            operator: Some("Exists".into()),
            toleration_seconds: seconds,
            ..Toleration::default()
        }
    }

    #[test]
    fn health_is_what_the_node_says_unless_it_says_nothing() {
        assert_eq!(health(&node(Some("True"), vec![]), false), Health::Ready);
        assert_eq!(health(&node(Some("False"), vec![]), false), Health::NotReady);
        assert_eq!(health(&node(None, vec![]), false), Health::NotReady);
        assert_eq!(health(&node(Some("True"), vec![]), true), Health::Silent);
    }

    #[test]
    fn taints_follow_health_and_keep_what_is_not_ours() {
        let foreign = taint("dedicated", NO_SCHEDULE, None);
        let ready = node(Some("True"), vec![foreign.clone()]);
        assert_eq!(taints(&ready, Health::Ready, at(9)), None);
        let silent = taints(&ready, Health::Silent, at(9));
        let expected = vec![
            foreign.clone(),
            taint(UNREACHABLE, NO_SCHEDULE, None),
            taint(UNREACHABLE, NO_EXECUTE, Some(9)),
        ];
        assert_eq!(silent, Some(expected.clone()));
        let tainted = node(Some("Unknown"), expected);
        assert_eq!(taints(&tainted, Health::Silent, at(20)), None);
        assert_eq!(taints(&tainted, Health::Ready, at(20)), Some(vec![foreign]));
    }

    #[test]
    fn silence_makes_every_condition_unknown_once() {
        let first = unknown_conditions(&node(Some("True"), vec![]), at(5)).expect("not Unknown yet");
        assert_eq!(first.len(), CONDITIONS.len());
        assert_eq!(first[0].reason.as_deref(), Some("NodeStatusUnknown"));
        assert_eq!(first[1].reason.as_deref(), Some("NodeStatusNeverUpdated"));
        let mut silent = node(None, vec![]);
        silent.status = Some(NodeStatus { conditions: Some(first), ..NodeStatus::default() });
        assert_eq!(unknown_conditions(&silent, at(6)), None);
    }

    #[test]
    fn eviction_waits_for_the_shortest_toleration() {
        let tainted = node(Some("Unknown"), vec![taint(UNREACHABLE, NO_EXECUTE, Some(100))]);
        for (tolerations, time, expected) in [
            (vec![], 100, Eviction::Now),
            (vec![exists(Some(UNREACHABLE), Some(300))], 399, Eviction::NotYet),
            (vec![exists(Some(UNREACHABLE), Some(300))], 400, Eviction::Now),
            (vec![exists(Some(UNREACHABLE), None)], 9_999, Eviction::NotYet),
            (vec![exists(None, None)], 9_999, Eviction::NotYet),
            (vec![exists(None, None), exists(Some(UNREACHABLE), Some(10))], 110, Eviction::Now),
            (vec![exists(Some(NOT_READY), None)], 100, Eviction::Now),
        ] {
            assert_eq!(
                eviction(&pod(tolerations.clone()), &tainted, at(time)),
                expected,
                "{tolerations:?} {time}"
            );
        }
        assert!(!evicts(&node(Some("True"), vec![taint("a", NO_SCHEDULE, None)])));
    }

    #[test]
    fn a_terminating_pod_is_not_evicted_again() {
        let tainted = node(None, vec![taint(UNREACHABLE, NO_EXECUTE, Some(0))]);
        let mut going = pod(vec![]);
        going.metadata.deletion_timestamp = Some(Time(at(1)));
        assert_eq!(eviction(&going, &tainted, at(5)), Eviction::NotYet);
    }

    #[test]
    fn pods_of_silent_nodes_are_not_ready() {
        let ready = PodCondition { type_: "Ready".into(), status: "True".into(), ..PodCondition::default() };
        let mut pod = pod(vec![]);
        pod.status = Some(PodStatus { conditions: Some(vec![ready]), ..PodStatus::default() });
        let changed = not_ready_conditions(&pod, at(1)).expect("it was ready");
        assert_eq!(
            (changed[0].status.as_str(), changed[0].reason.as_deref()),
            ("False", Some("NodeNotReady"))
        );
        pod.status = Some(PodStatus { conditions: Some(changed), ..PodStatus::default() });
        assert_eq!(not_ready_conditions(&pod, at(2)), None);
    }
}
