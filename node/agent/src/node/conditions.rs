//! The node's conditions, judged from what the machine uses. Pure; words and thresholds are kubelet's.

use jiff::Timestamp;
use k8s_openapi::{api::core::v1::NodeCondition, apimachinery::pkg::apis::meta::v1::Time};

use super::facts::Usage;

/// Less memory than this is pressure, in bytes.
const LEAST_MEMORY: u64 = 100 << 20;
/// Less of the disk than one part in this many is pressure.
const LEAST_DISK_PART: u64 = 10;
/// Fewer inodes than one part in this many is pressure.
const LEAST_INODES_PART: u64 = 20;
/// Fewer free process ids than one part in this many is pressure.
const LEAST_PIDS_PART: u64 = 20;

/// What is known of the node when its conditions are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    /// What the machine uses; `None` if it cannot be read.
    pub(super) usage: Option<Usage>,
    /// Why a runtime does not answer, if one does not.
    pub(super) runtime: Option<String>,
}

struct Judgement {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

/// All four conditions at `now`. The time of a transition is kept from `before` where nothing has changed.
pub(super) fn conditions(health: &Health, before: &[NodeCondition], now: Timestamp) -> Vec<NodeCondition> {
    let all = [memory(health), disk(health), pids(health), ready(health)];
    all.into_iter().map(|one| condition(one, before, now)).collect()
}

/// Whether two sets of conditions say the same, whenever they were said.
pub(super) fn same(one: &[NodeCondition], other: &[NodeCondition]) -> bool {
    let said = |list: &[NodeCondition]| {
        list.iter()
            .map(|one| (one.type_.clone(), one.status.clone(), one.reason.clone(), one.message.clone()))
            .collect::<Vec<_>>()
    };
    said(one) == said(other)
}

fn condition(one: Judgement, before: &[NodeCondition], now: Timestamp) -> NodeCondition {
    let old = before.iter().find(|old| old.type_ == one.kind && old.status == one.status);
    NodeCondition {
        last_heartbeat_time: Some(Time(now)),
        last_transition_time: old.and_then(|old| old.last_transition_time.clone()).or(Some(Time(now))),
        message: Some(one.message),
        reason: Some(one.reason.into()),
        status: one.status.into(),
        type_: one.kind.into(),
    }
}

fn pressure(
    kind: &'static str,
    pressed: Option<bool>,
    yes: (&'static str, &str),
    no: (&'static str, &str),
) -> Judgement {
    let (status, (reason, message)) = match pressed {
        Some(true) => ("True", yes),
        Some(false) => ("False", no),
        None => ("Unknown", ("KubeletCannotTell", "kubelet cannot read the machine's state")),
    };
    Judgement { kind, status, reason, message: message.into() }
}

fn memory(health: &Health) -> Judgement {
    pressure(
        "MemoryPressure",
        health.usage.map(|usage| usage.memory_available < LEAST_MEMORY),
        ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
        ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    )
}

fn disk(health: &Health) -> Judgement {
    let pressed = |usage: Usage| {
        usage.disk_available < usage.disk_total / LEAST_DISK_PART
            || usage.inodes_available < usage.inodes_total / LEAST_INODES_PART
    };
    pressure(
        "DiskPressure",
        health.usage.map(pressed),
        ("KubeletHasDiskPressure", "kubelet has disk pressure"),
        ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    )
}

fn pids(health: &Health) -> Judgement {
    let pressed = |usage: Usage| usage.pids_max.saturating_sub(usage.pids) < usage.pids_max / LEAST_PIDS_PART;
    pressure(
        "PIDPressure",
        health.usage.map(pressed),
        ("KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
        ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    )
}

fn ready(health: &Health) -> Judgement {
    let kind = "Ready";
    match &health.runtime {
        None => Judgement {
            kind,
            status: "True",
            reason: "KubeletReady",
            message: "kubelet is posting ready status".into(),
        },
        Some(why) => Judgement {
            kind,
            status: "False",
            reason: "KubeletNotReady",
            message: format!("container runtime is down: {why}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Usage = Usage {
        memory_available: 1 << 30,
        disk_available: 50,
        disk_total: 100,
        inodes_available: 50,
        inodes_total: 100,
        pids: 300,
        pids_max: 32768,
    };

    fn statuses(health: &Health) -> Vec<(String, String)> {
        let list = conditions(health, &[], Timestamp::UNIX_EPOCH);
        list.into_iter().map(|one| (one.type_, one.status)).filter(|(_, status)| status != "False").collect()
    }

    fn pair(kind: &str, status: &str) -> (String, String) {
        (kind.into(), status.into())
    }

    #[test]
    fn pressure_is_told_where_it_is() {
        let healthy = |usage| Health { usage: Some(usage), runtime: None };
        let ready = pair("Ready", "True");
        let table = [
            (GOOD, vec![]),
            (Usage { memory_available: 1, ..GOOD }, vec![pair("MemoryPressure", "True")]),
            (Usage { disk_available: 9, ..GOOD }, vec![pair("DiskPressure", "True")]),
            (Usage { inodes_available: 4, ..GOOD }, vec![pair("DiskPressure", "True")]),
            (Usage { inodes_total: 0, inodes_available: 0, ..GOOD }, vec![]),
            (Usage { pids: 32000, ..GOOD }, vec![pair("PIDPressure", "True")]),
        ];
        for (usage, mut expected) in table {
            expected.push(ready.clone());
            assert_eq!(statuses(&healthy(usage)), expected, "{usage:?}");
        }
    }

    #[test]
    fn a_runtime_that_is_down_makes_the_node_not_ready() {
        let health = Health { usage: None, runtime: Some("no answer".into()) };
        let list = conditions(&health, &[], Timestamp::UNIX_EPOCH);
        let ready = list.iter().find(|one| one.type_ == "Ready").unwrap();
        assert_eq!(ready.status, "False");
        assert_eq!(ready.message.as_deref(), Some("container runtime is down: no answer"));
        assert!(list.iter().filter(|one| one.status == "Unknown").count() == 3);
    }

    #[test]
    fn transitions_keep_their_time() {
        let health = Health { usage: Some(GOOD), runtime: None };
        let first = conditions(&health, &[], Timestamp::UNIX_EPOCH);
        let later = Timestamp::constant(100, 0);
        let second = conditions(&health, &first, later);
        assert!(same(&first, &second));
        assert!(second.iter().all(|one| one.last_transition_time == Some(Time(Timestamp::UNIX_EPOCH))));
        assert!(second.iter().all(|one| one.last_heartbeat_time == Some(Time(later))));
        let third = conditions(&Health { runtime: Some("x".into()), ..health }, &second, later);
        assert!(!same(&second, &third));
    }
}
