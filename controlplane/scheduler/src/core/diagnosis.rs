//! Why a pod fits nowhere: counted by reason, and in kube-scheduler's words.

use std::{collections::BTreeMap, fmt};

use super::{changes::Changes, filter, pod::PodInfo, snapshot::Snapshot};

/// Why a pod does not fit on a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The node is cordoned.
    Unschedulable,
    /// The pod names another node.
    NodeName,
    /// The node has a taint that the pod does not tolerate.
    Taint {
        /// Its key.
        key: Box<str>,
        /// Its value.
        value: Box<str>,
    },
    /// `nodeSelector` or required node affinity does not match.
    Affinity,
    /// The node takes no more pods.
    TooManyPods,
    /// The node has too little of a resource.
    Insufficient(Box<str>),
}

/// Why a pod fits on no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub nodes: usize,
    /// On how many nodes each reason was found.
    pub reasons: BTreeMap<Reason, usize>,
    /// On how many nodes the pod could run if others left.
    pub resolvable: usize,
    /// Whether the pod may push others away.
    pub preempts: bool,
    /// Which changes could make the pod fit.
    pub helped_by: Changes,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Unschedulable => f.write_str("node(s) were unschedulable"),
            Reason::NodeName => f.write_str("node(s) didn't match the requested node name"),
            Reason::Taint { key, value } => write!(f, "node(s) had untolerated taint {{{key}: {value}}}"),
            Reason::Affinity => f.write_str("node(s) didn't match Pod's node affinity/selector"),
            Reason::TooManyPods => f.write_str("Too many pods"),
            Reason::Insufficient(resource) => write!(f, "Insufficient {resource}"),
        }
    }
}

impl Reason {
    /// Whether pods leaving the node may remove the reason.
    fn is_about_room(&self) -> bool {
        matches!(self, Reason::TooManyPods | Reason::Insufficient(_))
    }

    /// Which changes of a node may remove the reason.
    pub(super) fn helped_by(&self) -> Changes {
        match self {
            Reason::Unschedulable | Reason::Taint { .. } => Changes::NODE_TAINTS,
            Reason::NodeName => Changes::NONE,
            Reason::Affinity => Changes::NODE_LABELS,
            Reason::TooManyPods | Reason::Insufficient(_) => Changes::NODE_ALLOCATABLE | Changes::POD_LEFT,
        }
    }
}

impl Diagnosis {
    /// Looks at every node again for the reasons.
    pub(super) fn of(snapshot: &Snapshot, pod: &PodInfo) -> Self {
        let mut diagnosis = Self {
            nodes: snapshot.nodes(),
            reasons: BTreeMap::new(),
            resolvable: 0,
            preempts: pod.preempts,
            helped_by: Changes::NODE_ADDED,
        };
        for (slot, node) in snapshot.slots() {
            let reasons = filter::reasons(slot, node, pod);
            let about_room = reasons.iter().all(Reason::is_about_room);
            diagnosis.resolvable += usize::from(about_room && filter::would_fit_empty(node, pod));
            for reason in reasons {
                diagnosis.helped_by |= reason.helped_by();
                *diagnosis.reasons.entry(reason).or_default() += 1;
            }
        }
        diagnosis
    }

    fn preemption(&self) -> String {
        if !self.preempts {
            return "not eligible due to preemptionPolicy=Never.".into();
        }
        let outcomes = [
            ("No preemption victims found for incoming pod", self.resolvable),
            ("Preemption is not helpful for scheduling", self.nodes - self.resolvable),
        ];
        let outcomes = outcomes.into_iter().filter(|(_, count)| *count > 0);
        available(self.nodes, outcomes)
    }
}

/// `0/3 nodes are available: 1 this, 2 that.`; the counted reasons sorted as texts.
fn available(nodes: usize, reasons: impl Iterator<Item = (impl fmt::Display, usize)>) -> String {
    let mut counted: Vec<_> = reasons.map(|(reason, count)| format!("{count} {reason}")).collect();
    counted.sort_unstable();
    format!("0/{nodes} nodes are available: {}.", counted.join(", "))
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 {
            return f.write_str("no nodes available to schedule pods");
        }
        let reasons = self.reasons.iter().map(|(reason, count)| (reason, *count));
        write!(f, "{} preemption: {}", available(self.nodes, reasons), self.preemption())
    }
}
