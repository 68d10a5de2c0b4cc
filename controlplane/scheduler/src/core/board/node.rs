//! What nodes as such say to a pod's wishes about nodes.

use std::sync::Arc;

use super::Board;
use crate::core::{
    filter,
    node::NodeInfo,
    pod::NodeWants,
    snapshot::Cluster,
    taint::{Effect, Taint},
};

/// Why a node is out of the question, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict(u16);

impl Verdict {
    pub(crate) const FITS: Verdict = Verdict(0);
    /// There is no node.
    pub(crate) const ABSENT: Verdict = Verdict(1);
    pub(crate) const UNSCHEDULABLE: Verdict = Verdict(2);
    pub(crate) const NODE_NAME: Verdict = Verdict(3);
    pub(crate) const AFFINITY: Verdict = Verdict(4);
    /// The pod's node affinity names other nodes.
    pub(crate) const NOT_NAMED: Verdict = Verdict(5);
    /// The first of the taints.
    const TAINTS: u16 = 6;

    /// The number of the taint that is not tolerated.
    pub(crate) fn taint(self) -> Option<usize> {
        self.0.checked_sub(Self::TAINTS).map(usize::from)
    }

    pub(crate) fn number(self) -> usize {
        usize::from(self.0)
    }

    /// How many verdicts there are with so many taints.
    pub(crate) fn count(taints: usize) -> usize {
        usize::from(Self::TAINTS) + taints
    }

    /// The verdict of a number.
    pub(crate) fn numbered(number: usize) -> Self {
        Self(u16::try_from(number).unwrap_or(u16::MAX))
    }
}

/// The nodes for one kind of wishes.
#[derive(Clone, Debug)]
pub(crate) struct NodeBoard {
    wants: Arc<NodeWants>,
    pub(crate) verdicts: Vec<Verdict>,
    /// The sum of the weights of preferred node affinity.
    pub(crate) preferred: Vec<i64>,
    /// How many taints ask the pod to go elsewhere.
    pub(crate) avoided: Vec<i64>,
    /// Taints that were not tolerated.
    pub(crate) taints: Vec<Taint>,
    /// Nodes that ask to be avoided, which are few or none.
    pub(crate) avoiding: usize,
    seen: Option<u64>,
}

impl Board<Arc<NodeWants>> for NodeBoard {
    fn new(wants: &Arc<NodeWants>) -> Self {
        Self {
            wants: wants.clone(),
            verdicts: Vec::new(),
            preferred: Vec::new(),
            avoided: Vec::new(),
            taints: Vec::new(),
            avoiding: 0,
            seen: None,
        }
    }

    fn update(&mut self, cluster: &Cluster) {
        let end = cluster.node_changes.end();
        if self.seen == Some(end) {
            return;
        }
        self.resize(cluster.slots.len());
        match self.seen.and_then(|seen| cluster.node_changes.since(seen)) {
            Some(changed) => changed.for_each(|slot| self.look(cluster, slot)),
            None => {
                self.taints.clear();
                (0..cluster.slots.len()).for_each(|slot| self.look(cluster, slot));
            }
        }
        self.seen = Some(end);
    }
}

impl NodeBoard {
    fn resize(&mut self, slots: usize) {
        self.verdicts.resize(slots, Verdict::ABSENT);
        self.preferred.resize(slots, 0);
        self.avoided.resize(slots, 0);
    }

    fn look(&mut self, cluster: &Cluster, slot: usize) {
        let node = cluster.slots[slot].node.as_deref();
        self.verdicts[slot] = node.map_or(Verdict::ABSENT, |node| self.verdict(node));
        self.preferred[slot] = node.map_or(0, |node| self.wants.preferred.weight(node));
        self.avoiding -= usize::from(self.avoided[slot] > 0);
        self.avoided[slot] = node.map_or(0, |node| avoided(node, &self.wants));
        self.avoiding += usize::from(self.avoided[slot] > 0);
    }

    fn verdict(&mut self, node: &NodeInfo) -> Verdict {
        let wants = &*self.wants;
        if let Some(names) = wants.required.named()
            && names.binary_search(&&*node.name).is_err()
        {
            return Verdict::NOT_NAMED;
        }
        if !filter::tolerates_cordon(node, wants) {
            return Verdict::UNSCHEDULABLE;
        }
        if wants.node_name.as_ref().is_some_and(|name| *name != node.name) {
            return Verdict::NODE_NAME;
        }
        if let Some(taint) = filter::untolerated(node, wants) {
            return self.taint(taint);
        }
        if wants.required.matches(node) { Verdict::FITS } else { Verdict::AFFINITY }
    }

    fn taint(&mut self, taint: &Taint) -> Verdict {
        let same = |other: &Taint| other.key == taint.key && other.value == taint.value;
        let known = self.taints.iter().position(same);
        let number = known.unwrap_or_else(|| {
            self.taints.push(taint.clone());
            self.taints.len() - 1
        });
        // With more taints than there are numbers, the last of them stand for each other.
        Verdict(Verdict::TAINTS + u16::try_from(number).unwrap_or(u16::MAX).min(u16::MAX - Verdict::TAINTS))
    }
}

/// How many taints ask the pod to go elsewhere.
fn avoided(node: &NodeInfo, wants: &NodeWants) -> i64 {
    let tolerations = || wants.tolerations.iter().filter(|one| one.is_about(Effect::PreferNoSchedule));
    let intolerable =
        |taint: &&Taint| !taint.effect.forbids() && !tolerations().any(|one| one.tolerates(taint));
    node.taints.iter().filter(intolerable).count() as i64
}
