//! What exists: nodes, the pods on them, and the labels and selectors that matter beside.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::journal::Journal;
use crate::core::{
    images::Images, labels::Labels, node::NodeInfo, owner::Owners, pod::PodInfo, ports::HostPort,
    preemption::Budgets, requests::Scored, resources::Resources, storage::Storage,
};

/// Nodes and pods by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    pub(crate) slots: Vec<Slot>,
    /// Slots of `slots` that are not used.
    pub(crate) free_slots: Vec<u32>,
    pub(crate) by_name: HashMap<Arc<str>, u32>,
    pub(crate) pods: Vec<Option<Placed>>,
    pub(crate) free_pods: Vec<u32>,
    pub(crate) by_uid: HashMap<Arc<str>, u32>,
    pub(crate) nodes: usize,
    pub(crate) images: Images,
    pub(crate) owners: Owners,
    pub(crate) namespaces: Namespaces,
    pub(crate) budgets: Budgets,
    pub(crate) storage: Storage,
    /// Pods that are to have a node, with their class, by slot. Few.
    pub(crate) nominated: BTreeMap<u32, Vec<(Arc<PodInfo>, u32)>>,
    /// Nodes that came, went or changed.
    pub(crate) node_changes: Journal,
    /// Nodes of which more or less is taken, besides those.
    pub(crate) load_changes: Journal,
    pub(crate) generation: u64,
}

/// A node, or one that is only known from the pods that say they run on it.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) name: Arc<str>,
    /// Scatters equal nodes, whatever their order here.
    pub(crate) name_hash: u64,
    pub(crate) node: Option<Arc<NodeInfo>>,
    pub(crate) requested: Resources,
    pub(crate) scored: Scored,
    /// Numbers of the pods there.
    pub(crate) pods: Vec<u32>,
    /// How many of them have each priority, the lowest first.
    priorities: Vec<(i32, u32)>,
    /// The host's ports that these take.
    pub(crate) ports: Vec<HostPort>,
    pub(crate) generation: u64,
}

/// A pod on a node.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) pod: Arc<PodInfo>,
    pub(crate) class: u32,
    /// Where it is among the pods of its class.
    pub(crate) at_class: u32,
    pub(crate) slot: u32,
    /// Where it is among the pods of its slot.
    pub(crate) at_slot: u32,
    pub(crate) assumed: bool,
}

/// The labels of namespaces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Namespaces {
    labels: HashMap<Arc<str>, Labels>,
    none: Labels,
    /// Grows with every change.
    pub(crate) generation: u64,
}

impl Namespaces {
    /// The labels of a namespace; none if it is not known.
    pub(crate) fn labels(&self, name: &str) -> &Labels {
        self.labels.get(name).unwrap_or(&self.none)
    }

    /// Tells whether anything changed.
    pub(crate) fn set(&mut self, name: &str, labels: Option<Labels>) -> bool {
        if self.labels.get(name) == labels.as_ref() {
            return false;
        }
        match labels {
            Some(labels) => self.labels.insert(name.into(), labels),
            None => self.labels.remove(name),
        };
        self.generation += 1;
        true
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

impl Slot {
    /// The lowest priority of the pods there.
    pub(crate) fn lowest_priority(&self) -> Option<i32> {
        self.priorities.first().map(|(priority, _)| *priority)
    }

    fn count_priority(&mut self, priority: i32, comes: bool) {
        match self.priorities.binary_search_by_key(&priority, |(other, _)| *other) {
            Ok(at) if comes => self.priorities[at].1 += 1,
            Ok(at) if self.priorities[at].1 > 1 => self.priorities[at].1 -= 1,
            Ok(at) => drop(self.priorities.remove(at)),
            Err(at) => self.priorities.insert(at, (priority, 1)),
        }
    }
}

impl Cluster {
    /// The pods that are to have the node of a slot, with their classes.
    pub(crate) fn nominated_on(&self, slot: usize) -> impl Iterator<Item = (&Arc<PodInfo>, u32)> {
        let there = self.nominated.get(&super::small(slot)).into_iter().flatten();
        there.map(|(pod, class)| (pod, *class))
    }

    /// The nodes with their slots' numbers.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (usize, &Slot, &NodeInfo)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(number, slot)| Some((number, slot, slot.node.as_deref()?)))
    }

    /// A node by name.
    pub(crate) fn node(&self, name: &str) -> Option<(usize, &Slot, &NodeInfo)> {
        let number = *self.by_name.get(name)? as usize;
        let slot = &self.slots[number];
        Some((number, slot, slot.node.as_deref()?))
    }

    /// A pod by its number.
    pub(crate) fn pod(&self, number: u32) -> &Placed {
        self.pods[number as usize].as_ref().expect("invariant: slots and classes list pods that are there")
    }

    pub(crate) fn pod_mut(&mut self, number: u32) -> &mut Placed {
        self.pods[number as usize].as_mut().expect("invariant: slots and classes list pods that are there")
    }

    /// The slot of a node, made if there is none.
    pub(crate) fn slot(&mut self, name: &str) -> usize {
        if let Some(&number) = self.by_name.get(name) {
            return number as usize;
        }
        let name: Arc<str> = name.into();
        let slot = Slot {
            name_hash: hash(&name),
            name: name.clone(),
            node: None,
            requested: Resources::default(),
            scored: Scored::default(),
            pods: Vec::new(),
            priorities: Vec::new(),
            ports: Vec::new(),
            generation: self.generation,
        };
        let number = match self.free_slots.pop() {
            Some(number) => {
                self.slots[number as usize] = slot;
                number as usize
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        self.by_name.insert(name, super::small(number));
        number
    }

    /// Gives a slot back if nothing is known of its node any more.
    pub(crate) fn release(&mut self, number: usize) {
        let slot = &self.slots[number];
        if slot.node.is_none()
            && slot.pods.is_empty()
            && !self.nominated.contains_key(&super::small(number))
            && self.by_name.remove(&slot.name).is_some()
        {
            self.free_slots.push(super::small(number));
        }
    }

    /// How many changes of nodes are worth keeping: with more, looking at all nodes is quicker.
    fn kept(&self) -> usize {
        self.slots.len().max(64)
    }

    /// A node came, went or changed.
    pub(crate) fn node_changed(&mut self, number: usize) {
        self.node_changes.note(number, self.kept());
        self.load_changed(number);
    }

    /// More or less of a node is taken.
    pub(crate) fn load_changed(&mut self, number: usize) {
        self.generation += 1;
        self.slots[number].generation = self.generation;
        self.load_changes.note(number, self.kept());
    }

    /// Puts a pod's number on a slot, and takes what it requests.
    pub(crate) fn put(&mut self, placed: Placed) -> u32 {
        let slot = &mut self.slots[placed.slot as usize];
        let key = &placed.pod.shape.key;
        slot.requested.add(&key.taken.requests);
        slot.scored.milli_cpu = slot.scored.milli_cpu.saturating_add(key.taken.held.milli_cpu);
        slot.scored.memory = slot.scored.memory.saturating_add(key.taken.held.memory);
        slot.ports.extend(key.ports.iter().cloned());
        slot.count_priority(key.priority, true);
        for claim in key.volumes.iter().filter(|one| one.is_lasting_claim()) {
            claim.claim_key(&key.namespace).iter().for_each(|claim| self.storage.count_user(claim, true));
        }
        let number = match self.free_pods.pop() {
            Some(number) => number,
            None => {
                self.pods.push(None);
                super::small(self.pods.len() - 1)
            }
        };
        let at_slot = super::small(slot.pods.len());
        slot.pods.push(number);
        let slot = placed.slot as usize;
        self.by_uid.insert(placed.pod.id.uid.clone(), number);
        self.pods[number as usize] = Some(Placed { at_slot, ..placed });
        self.load_changed(slot);
        number
    }

    /// Takes a pod off its slot.
    pub(crate) fn take(&mut self, number: u32) -> Placed {
        let placed =
            self.pods[number as usize].take().expect("invariant: only pods that are there are taken off");
        self.free_pods.push(number);
        self.by_uid.remove(&placed.pod.id.uid);
        let slot = &mut self.slots[placed.slot as usize];
        let key = &placed.pod.shape.key;
        slot.requested.subtract(&key.taken.requests);
        slot.scored.milli_cpu = slot.scored.milli_cpu.saturating_sub(key.taken.held.milli_cpu);
        slot.scored.memory = slot.scored.memory.saturating_sub(key.taken.held.memory);
        slot.count_priority(key.priority, false);
        for claim in key.volumes.iter().filter(|one| one.is_lasting_claim()) {
            claim.claim_key(&key.namespace).iter().for_each(|claim| self.storage.count_user(claim, false));
        }
        for port in &key.ports {
            if let Some(at) = slot.ports.iter().position(|other| other == port) {
                slot.ports.swap_remove(at);
            }
        }
        slot.pods.swap_remove(placed.at_slot as usize);
        if let Some(&moved) = slot.pods.get(placed.at_slot as usize) {
            self.pod_mut(moved).at_slot = placed.at_slot;
        }
        self.load_changed(placed.slot as usize);
        placed
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
