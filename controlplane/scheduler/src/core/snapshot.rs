//! The cluster as scheduling sees it, kept up to date change by change.
//!
//! Every operation takes time that does not grow with the cluster. A pod that was placed but not yet seen bound is
//! *assumed*: it counts like a bound one until the API confirms it or the placing fails and it is *forgotten*.

use std::{collections::HashMap, sync::Arc};

use super::{changes::Changes, node::NodeInfo, pod::PodInfo, resources::Resources};

/// Nodes, and the pods on them.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    slots: Vec<Slot>,
    /// Slots of `slots` that are not used.
    free: Vec<usize>,
    by_name: HashMap<Arc<str>, usize>,
    pods: HashMap<Arc<str>, Placed>,
    nodes: usize,
    generation: u64,
}

/// A node, or one that is only known from the pods that say they run on it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) name: Arc<str>,
    /// Scatters equal nodes, whatever their order here.
    pub(super) name_hash: u64,
    pub(super) node: Option<Arc<NodeInfo>>,
    pub(super) requested: Resources,
    /// CPU (milli) and memory (bytes) for scores.
    pub(super) scored: (i64, i64),
    pub(super) pods: i64,
    pub(super) generation: u64,
}

#[derive(Clone, Debug)]
struct Placed {
    pod: Arc<PodInfo>,
    slot: usize,
    assumed: bool,
}

impl Snapshot {
    /// An empty cluster.
    pub fn new() -> Self {
        Self::default()
    }

    /// Grows with every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Adds or replaces a node; tells what changed.
    pub fn set_node(&mut self, node: NodeInfo) -> Changes {
        let index = self.slot(&node.name);
        let changes = match &self.slots[index].node {
            Some(before) => node.changes_since(before),
            None => Changes::NODE_ADDED,
        };
        if changes != Changes::NONE {
            self.nodes += usize::from(changes == Changes::NODE_ADDED);
            self.touch(index).node = Some(Arc::new(node));
        }
        changes
    }

    /// Removes a node. Its pods stay known until they are removed.
    pub fn remove_node(&mut self, name: &str) {
        let Some(&index) = self.by_name.get(name) else { return };
        if self.touch(index).node.take().is_some() {
            self.nodes -= 1;
        }
        self.release(index);
    }

    /// Adds, replaces or moves a pod that the API shows on `node`; confirms it if it was assumed.
    pub fn set_pod(&mut self, pod: Arc<PodInfo>, node: &str) -> Changes {
        if let Some(placed) = self.pods.get_mut(&pod.id.uid)
            && *placed.pod == *pod
            && *self.slots[placed.slot].name == *node
        {
            placed.assumed = false;
            return Changes::NONE;
        }
        let left = self.remove_pod(&pod.id.uid);
        self.place(pod, node, false);
        left
    }

    /// Removes a pod, wherever it is.
    pub fn remove_pod(&mut self, uid: &str) -> Changes {
        let Some(placed) = self.pods.remove(uid) else { return Changes::NONE };
        let slot = self.touch(placed.slot);
        slot.requested.subtract(&placed.pod.requests);
        slot.scored.0 -= placed.pod.scored.0;
        slot.scored.1 -= placed.pod.scored.1;
        slot.pods -= 1;
        self.release(placed.slot);
        Changes::POD_LEFT
    }

    /// Counts a pod on a node before the API shows it there. Does nothing if the pod is known already.
    pub fn assume(&mut self, pod: Arc<PodInfo>, node: &str) {
        if !self.pods.contains_key(&pod.id.uid) {
            self.place(pod, node, true);
        }
    }

    /// Takes back an assumption; does nothing if the API has confirmed it.
    pub fn forget(&mut self, uid: &str) -> Changes {
        match self.pods.get(uid) {
            Some(placed) if placed.assumed => self.remove_pod(uid),
            _ => Changes::NONE,
        }
    }

    /// The node a pod is on, bound or assumed.
    pub fn node_of(&self, uid: &str) -> Option<&Arc<str>> {
        self.pods.get(uid).map(|placed| &self.slots[placed.slot].name)
    }

    /// The nodes, in no particular order.
    pub(super) fn slots(&self) -> impl Iterator<Item = (&Slot, &NodeInfo)> {
        self.slots.iter().filter_map(|slot| Some((slot, slot.node.as_deref()?)))
    }

    /// A node by name.
    pub(super) fn slot_of(&self, name: &str) -> Option<(&Slot, &NodeInfo)> {
        let slot = &self.slots[*self.by_name.get(name)?];
        Some((slot, slot.node.as_deref()?))
    }

    /// Whether nothing is kept of any node or pod.
    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        self.by_name.is_empty()
            && self.pods.is_empty()
            && self.nodes == 0
            && self.free.len() == self.slots.len()
    }

    fn place(&mut self, pod: Arc<PodInfo>, node: &str, assumed: bool) {
        let index = self.slot(node);
        let slot = self.touch(index);
        slot.requested.add(&pod.requests);
        slot.scored.0 += pod.scored.0;
        slot.scored.1 += pod.scored.1;
        slot.pods += 1;
        self.pods.insert(pod.id.uid.clone(), Placed { pod, slot: index, assumed });
    }

    /// A slot about to be changed.
    fn touch(&mut self, index: usize) -> &mut Slot {
        self.generation += 1;
        let slot = &mut self.slots[index];
        slot.generation = self.generation;
        slot
    }

    /// The slot of a node, made if there is none.
    fn slot(&mut self, name: &str) -> usize {
        if let Some(&index) = self.by_name.get(name) {
            return index;
        }
        let name: Arc<str> = name.into();
        let slot = Slot {
            name: name.clone(),
            name_hash: hash(&name),
            node: None,
            requested: Resources::default(),
            scored: (0, 0),
            pods: 0,
            generation: self.generation,
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        self.by_name.insert(name, index);
        index
    }

    /// Gives a slot back if nothing is known of its node any more.
    fn release(&mut self, index: usize) {
        let slot = &self.slots[index];
        if slot.node.is_none() && slot.pods == 0 && self.by_name.remove(&slot.name).is_some() {
            self.free.push(index);
        }
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
