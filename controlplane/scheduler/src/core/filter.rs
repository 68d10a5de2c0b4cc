//! Whether a pod may run on a node, and if not, why; in the order and the words of kube-scheduler's default plugins.

use super::{diagnosis::Reason, node::NodeInfo, pod::PodInfo, snapshot::Slot, taint::Taint};

/// Whether a pod fits on a node. The quick form of [`reasons`].
pub(super) fn fits(slot: &Slot, node: &NodeInfo, pod: &PodInfo) -> bool {
    tolerates_cordon(node, pod)
        && named(node, pod)
        && untolerated(node, pod).is_none()
        && pod.required.matches(node)
        && room(slot, node, pod)
}

/// Why a pod does not fit on a node: the reasons of the first filter that refuses, none if it fits.
pub(super) fn reasons(slot: &Slot, node: &NodeInfo, pod: &PodInfo) -> Vec<Reason> {
    if !tolerates_cordon(node, pod) {
        return vec![Reason::Unschedulable];
    }
    if !named(node, pod) {
        return vec![Reason::NodeName];
    }
    if let Some(taint) = untolerated(node, pod) {
        return vec![Reason::Taint { key: taint.key.clone(), value: taint.value.clone() }];
    }
    if !pod.required.matches(node) {
        return vec![Reason::Affinity];
    }
    let mut short = Vec::new();
    if slot.pods >= node.pods_max {
        short.push(Reason::TooManyPods);
    }
    each_shortage(slot, node, pod, |resource| short.push(Reason::Insufficient(resource.into())));
    short
}

/// Whether the pod could fit if other pods left the node.
pub(super) fn would_fit_empty(node: &NodeInfo, pod: &PodInfo) -> bool {
    let (wanted, offered) = (&pod.requests, &node.allocatable);
    wanted.milli_cpu <= offered.milli_cpu
        && wanted.memory <= offered.memory
        && wanted.ephemeral_storage <= offered.ephemeral_storage
        && wanted.extended.iter().all(|(name, amount)| *amount <= offered.extended(name))
}

fn named(node: &NodeInfo, pod: &PodInfo) -> bool {
    pod.node_name.as_ref().is_none_or(|name| *name == node.name)
}

fn tolerates(pod: &PodInfo, taint: &Taint) -> bool {
    pod.tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

fn tolerates_cordon(node: &NodeInfo, pod: &PodInfo) -> bool {
    node.cordon.as_ref().is_none_or(|cordon| tolerates(pod, cordon))
}

fn untolerated<'a>(node: &'a NodeInfo, pod: &PodInfo) -> Option<&'a Taint> {
    node.taints.iter().find(|taint| taint.effect.forbids() && !tolerates(pod, taint))
}

fn room(slot: &Slot, node: &NodeInfo, pod: &PodInfo) -> bool {
    let mut enough = slot.pods < node.pods_max;
    if enough {
        each_shortage(slot, node, pod, |_| enough = false);
    }
    enough
}

/// Calls `short` with the name of each resource that the node has too little of. What is not requested is never short,
/// even where more is taken than there is.
fn each_shortage(slot: &Slot, node: &NodeInfo, pod: &PodInfo, mut short: impl FnMut(&str)) {
    let (wanted, taken, offered) = (&pod.requests, &slot.requested, &node.allocatable);
    let mut check = |name: &str, wanted: i64, taken: i64, offered: i64| {
        if wanted > 0 && wanted > offered.saturating_sub(taken) {
            short(name);
        }
    };
    check("cpu", wanted.milli_cpu, taken.milli_cpu, offered.milli_cpu);
    check("memory", wanted.memory, taken.memory, offered.memory);
    check("ephemeral-storage", wanted.ephemeral_storage, taken.ephemeral_storage, offered.ephemeral_storage);
    for (name, amount) in &wanted.extended {
        check(name, *amount, taken.extended(name), offered.extended(name));
    }
}
