//! The one thing that the core tells differently: which taint was not tolerated.

use std::collections::BTreeMap;

const OURS: &str = "node(s) had untolerated taint {";
const THEIRS: &str = "node(s) had untolerated taint(s)";
const AVAILABLE: &str = " nodes are available: ";
const AFTER: &str = ". no new claims";

/// A reason as kube-scheduler tells it.
pub(crate) fn without_taint(reason: &str) -> String {
    if reason.starts_with(OURS) { THEIRS.to_owned() } else { reason.to_owned() }
}

/// A message as kube-scheduler tells it: `0/3 nodes are available: 1 this, 2 that. preemption: ...`.
pub(crate) fn without_taints(message: &str) -> String {
    if !message.contains(OURS) {
        return message.to_owned();
    }
    let Some((head, rest)) = message.split_once(AVAILABLE) else { return message.to_owned() };
    let (reasons, tail) = match rest.find(AFTER) {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (rest.trim_end_matches('.'), ""),
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for reason in reasons.split(", ") {
        let (count, text) = reason.split_once(' ').unwrap_or_default();
        *counts.entry(without_taint(text)).or_default() += count.parse().unwrap_or(0);
    }
    let mut reasons: Vec<_> = counts.into_iter().map(|(text, count)| format!("{count} {text}")).collect();
    reasons.sort_unstable();
    format!("{head}{AVAILABLE}{}.{tail}", reasons.join(", "))
}
