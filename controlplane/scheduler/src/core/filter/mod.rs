//! Whether a pod may run on a node.
//!
//! What depends on the node alone, and what on what is taken of it, is kept on boards; what depends on other pods is read
//! from tallies. In the order of kube-scheduler's default plugins, whose first refusal is the reason that is told.

mod affinity;
mod spread;

pub(super) use affinity::{Affinity, Nearness};
pub(super) use spread::{Skew, Spread};

use std::borrow::Cow;

use super::{
    node::NodeInfo, pod::NodeWants, ports::HostPort, reason::Reason, resources::Resources, snapshot::Slot,
    taint::Taint,
};

/// Whether a pod may run on a node although that is cordoned.
pub(super) fn tolerates_cordon(node: &NodeInfo, wants: &NodeWants) -> bool {
    node.cordon.as_ref().is_none_or(|cordon| tolerates(wants, cordon))
}

/// The first taint that keeps a pod away.
pub(super) fn untolerated<'a>(node: &'a NodeInfo, wants: &NodeWants) -> Option<&'a Taint> {
    node.taints.iter().find(|taint| taint.effect.forbids() && !tolerates(wants, taint))
}

fn tolerates(wants: &NodeWants, taint: &Taint) -> bool {
    wants.tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Whether the host's ports are free.
pub(super) fn ports_free(slot: &Slot, ports: &[HostPort]) -> bool {
    !ports.iter().any(|port| slot.ports.iter().any(|taken| taken.conflicts(port)))
}

/// Whether there is room for requests and ports.
pub(super) fn has_room(slot: &Slot, node: &NodeInfo, requests: &Resources, ports: &[HostPort]) -> bool {
    let mut enough = (slot.pods.len() as i64) < node.pods_max;
    if enough {
        each_shortage(&slot.requested, node, requests, |_, _| enough = false);
    }
    enough && ports_free(slot, ports)
}

/// Calls `short` with the name of each resource that a node has too little of, and whether it has too little even when
/// empty. What is not requested is never short, even where more is taken than there is.
pub(super) fn each_shortage(
    taken: &Resources,
    node: &NodeInfo,
    wanted: &Resources,
    mut short: impl FnMut(Cow<'static, str>, bool),
) {
    let offered = &node.allocatable;
    let mut check = |name: &'static str, wanted: i64, taken: i64, offered: i64| {
        if wanted > 0 && wanted > offered.saturating_sub(taken) {
            short(Cow::Borrowed(name), wanted > offered);
        }
    };
    check("cpu", wanted.milli_cpu, taken.milli_cpu, offered.milli_cpu);
    check("memory", wanted.memory, taken.memory, offered.memory);
    check("ephemeral-storage", wanted.ephemeral_storage, taken.ephemeral_storage, offered.ephemeral_storage);
    for (name, amount) in &wanted.extended {
        let offered = offered.extended(name);
        if *amount > 0 && *amount > offered.saturating_sub(taken.extended(name)) {
            short(Cow::Owned(name.to_string()), *amount > offered);
        }
    }
}

/// What a node has too little of, as bits: [`TOO_MANY_PODS`], and for each of [`PLAIN`] one for too little now and one for
/// too little for good. Quicker than [`each_shortage`]; devices are left out.
pub(super) fn shortage(slot: &Slot, node: &NodeInfo, wanted: &Resources) -> u8 {
    let (taken, offered) = (&slot.requested, &node.allocatable);
    let amounts = [
        (wanted.milli_cpu, taken.milli_cpu, offered.milli_cpu),
        (wanted.memory, taken.memory, offered.memory),
        (wanted.ephemeral_storage, taken.ephemeral_storage, offered.ephemeral_storage),
    ];
    let mut bits = u8::from(slot.pods.len() as i64 >= node.pods_max);
    for (at, (wanted, taken, offered)) in amounts.into_iter().enumerate() {
        let short = wanted > 0 && wanted > offered.saturating_sub(taken);
        bits |= u8::from(short) << (1 + at) | u8::from(short && wanted > offered) << (1 + PLAIN.len() + at);
    }
    bits
}

/// The bit of [`shortage`] of a node that takes no more pods.
pub(super) const TOO_MANY_PODS: u8 = 1;
/// The resources of [`shortage`], in the order of their bits.
pub(super) const PLAIN: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Whether pods leaving may end a [`shortage`]: nothing is too little for good.
pub(super) fn is_resolvable(bits: u8) -> bool {
    bits >> (1 + PLAIN.len()) == 0
}

/// The reasons that bits of [`shortage`] stand for.
pub(super) fn reasons_of(bits: u8) -> impl Iterator<Item = Reason> {
    let pods = (bits & TOO_MANY_PODS != 0).then_some(Reason::TooManyPods);
    let short = PLAIN.into_iter().enumerate().filter(move |(at, _)| bits & (1 << (1 + at)) != 0);
    let short = short.map(move |(at, name)| Reason::Insufficient {
        resource: Cow::Borrowed(name),
        for_good: bits & (1 << (1 + PLAIN.len() + at)) != 0,
    });
    pods.into_iter().chain(short)
}
