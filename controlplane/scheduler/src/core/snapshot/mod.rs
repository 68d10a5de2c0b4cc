//! The cluster as scheduling sees it, kept up to date change by change.
//!
//! Every operation takes time that does not grow with the cluster. (Changing the labels of a namespace takes time by its
//! pods, changing those of a node by the pods on it.) A pod that was placed but not yet seen bound is *assumed*: it counts
//! like a bound one until the API confirms it or the placing fails and it is *forgotten*.

mod cluster;
mod index;
mod journal;
mod region;
mod tally;
mod topology;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub(super) use cluster::{Cluster, Placed, Slot};
pub(super) use index::Index;
pub(super) use region::RegionKey;
pub(super) use tally::{PodFilter, Role, Subject, Tally, TallyKey};
pub(super) use topology::{HOSTNAME, NO_DOMAIN, TopologyKey};

use super::{
    changes::Changes,
    decide::Placement,
    labels::Labels,
    node::NodeInfo,
    object::LabelSelector,
    owner::{Owner, OwnerKind},
    pod::PodInfo,
    preemption::Budget,
    storage::{Claim, ClaimKey, Class, Volume},
};

/// Nodes, and the pods on them.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) cluster: Cluster,
    /// What is derived from the cluster; decisions add to it what they need.
    index: Mutex<Index>,
}

impl Clone for Snapshot {
    fn clone(&self) -> Self {
        Self { cluster: self.cluster.clone(), index: Mutex::new(self.index().clone()) }
    }
}

impl Snapshot {
    /// An empty cluster.
    pub fn new() -> Self {
        Self::default()
    }

    /// Grows with every change that matters to placing. A decision made at another generation is an old one.
    pub fn generation(&self) -> u64 {
        self.cluster.generation
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.cluster.nodes
    }

    /// How many pods are on nodes, or assumed to be.
    pub fn pods(&self) -> usize {
        self.cluster.by_uid.len()
    }

    /// Adds or replaces a node; tells what changed.
    pub fn set_node(&mut self, node: NodeInfo) -> Changes {
        let slot = self.cluster.slot(&node.name);
        let before = self.cluster.slots[slot].node.clone();
        let changes = match &before {
            Some(before) => node.changes_since(before),
            None => Changes::NODE_ADDED,
        };
        if changes == Changes::NONE {
            return changes;
        }
        if before.as_ref().is_none_or(|before| before.images != node.images) {
            before.iter().for_each(|before| self.cluster.images.remove(&before.images));
            self.cluster.images.add(&node.images);
        }
        self.cluster.nodes += usize::from(before.is_none());
        let moves = before.is_none_or(|before| !node.is_same_place(&before));
        self.replace_node(slot, Some(Arc::new(node)), moves);
        changes
    }

    /// Removes a node. Its pods stay known until they are removed.
    pub fn remove_node(&mut self, name: &str) -> Changes {
        let Some((slot, _, node)) = self.cluster.node(name) else { return Changes::NONE };
        let images = node.images.clone();
        self.cluster.images.remove(&images);
        self.cluster.nodes -= 1;
        self.replace_node(slot, None, true);
        self.cluster.release(slot);
        Changes::NODE_REMOVED
    }

    fn replace_node(&mut self, slot: usize, node: Option<Arc<NodeInfo>>, moves: bool) {
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        if moves {
            index.node_goes(&self.cluster, slot);
        }
        self.cluster.slots[slot].node = node;
        if moves {
            index.node_came(&self.cluster, slot);
        }
        self.cluster.node_changed(slot);
    }

    /// Adds, replaces or moves a pod that the API shows on `node`; confirms it if it was assumed.
    pub fn set_pod(&mut self, pod: Arc<PodInfo>, node: &str) -> Changes {
        let Some(&number) = self.cluster.by_uid.get(&pod.id.uid) else {
            self.place(&pod, node, false);
            return Changes::POD_CAME;
        };
        let placed = self.cluster.pod_mut(number);
        let slot = placed.slot as usize;
        if placed.pod.shape == pod.shape && *self.cluster.slots[slot].name == *node {
            self.cluster.storage.confirm(&pod.id.uid);
            let placed = self.cluster.pod_mut(number);
            placed.assumed = false;
            if *placed.pod != *pod {
                placed.pod = Arc::new(pod.sharing(&placed.pod.shape));
            }
            return Changes::NONE;
        }
        self.displace(number);
        self.place(&pod, node, false);
        Changes::POD_CAME | Changes::POD_LEFT
    }

    /// Removes a pod, wherever it is.
    pub fn remove_pod(&mut self, uid: &str) -> Changes {
        let Some(&number) = self.cluster.by_uid.get(uid) else { return Changes::NONE };
        self.displace(number);
        Changes::POD_LEFT
    }

    /// Counts a pod on a node before the API shows it there. Does nothing if the pod is known already.
    pub fn assume(&mut self, pod: &Arc<PodInfo>, node: &str) {
        if !self.cluster.by_uid.contains_key(&pod.id.uid) {
            self.place(pod, node, true);
        }
    }

    /// Counts a pod where a decision placed it, and what was decided about its volumes.
    pub fn assume_placed(&mut self, pod: &Arc<PodInfo>, placement: &Placement) {
        self.assume(pod, &placement.node);
        self.cluster.storage.assume(&pod.id.uid, &placement.volumes);
    }

    /// Takes back an assumption; does nothing if the API has confirmed it.
    pub fn forget(&mut self, uid: &str) -> Changes {
        match self.cluster.by_uid.get(uid) {
            Some(&number) if self.cluster.pod(number).assumed => {
                let freed = self.cluster.storage.forget(uid);
                let storage = if freed { Changes::STORAGE } else { Changes::NONE };
                self.remove_pod(uid) | storage
            }
            _ => Changes::NONE,
        }
    }

    /// Adds, replaces or removes a volume.
    pub fn set_volume(&mut self, name: &str, volume: Option<Volume>) -> Changes {
        let changed = self.cluster.storage.set_volume(name, volume);
        self.storage_changed(changed)
    }

    /// Adds, replaces or removes a claim.
    pub fn set_claim(&mut self, key: &ClaimKey, claim: Option<Claim>) -> Changes {
        let changed = self.cluster.storage.set_claim(key, claim);
        self.storage_changed(changed)
    }

    /// Adds, replaces or removes a storage class.
    pub fn set_class(&mut self, name: &str, class: Option<Class>) -> Changes {
        let changed = self.cluster.storage.set_class(name, class);
        self.storage_changed(changed)
    }

    /// Sets or removes how many volumes of each driver a node takes.
    pub fn set_volume_limits(&mut self, node: &str, limits: Option<HashMap<Arc<str>, i64>>) -> Changes {
        let changed = self.cluster.storage.set_limits(node, limits);
        self.storage_changed(changed)
    }

    fn storage_changed(&mut self, changed: bool) -> Changes {
        self.cluster.generation += u64::from(changed);
        if changed { Changes::STORAGE } else { Changes::NONE }
    }

    /// The node a pod is on, bound or assumed.
    pub fn node_of(&self, uid: &str) -> Option<&Arc<str>> {
        let number = *self.cluster.by_uid.get(uid)?;
        Some(&self.cluster.slots[self.cluster.pod(number).slot as usize].name)
    }

    /// A pod that is on a node, bound or assumed.
    pub fn pod(&self, uid: &str) -> Option<&Arc<PodInfo>> {
        Some(&self.cluster.pod(*self.cluster.by_uid.get(uid)?).pod)
    }

    /// Adds, replaces or (without labels) removes a namespace.
    pub fn set_namespace(&mut self, name: &str, labels: Option<&BTreeMap<String, String>>) -> Changes {
        if !self.cluster.namespaces.set(name, labels.map(Labels::new)) {
            return Changes::NONE;
        }
        self.cluster.generation += 1;
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        index.namespace_changed(&self.cluster, name);
        Changes::NAMESPACE
    }

    /// Adds, replaces or (without selector) removes a service. Pods of one service are spread.
    pub fn set_service(&mut self, namespace: &str, name: &str, selector: Option<&BTreeMap<String, String>>) {
        if self.cluster.owners.set_service(namespace, name, selector) {
            self.cluster.generation += 1;
        }
    }

    /// Adds, replaces or (without selector) removes a controller. Its pods are spread.
    pub fn set_controller(
        &mut self,
        kind: OwnerKind,
        namespace: &str,
        name: &str,
        selector: Option<&LabelSelector>,
    ) {
        let owner = Owner { kind, name: name.into() };
        if self.cluster.owners.set_controller(namespace, owner, selector) {
            self.cluster.generation += 1;
        }
    }

    /// Adds, replaces or removes a disruption budget.
    pub fn set_budget(&mut self, namespace: &str, name: &str, budget: Option<Budget>) {
        if self.cluster.budgets.set(namespace, name, budget) {
            self.cluster.generation += 1;
        }
    }

    /// Keeps a node for a pod that others are leaving it for, against pods of lower priority. Takes back an earlier
    /// nomination of the pod.
    pub fn nominate(&mut self, pod: &Arc<PodInfo>, node: &str) {
        self.denominate(&pod.id.uid);
        if self.cluster.by_uid.contains_key(&pod.id.uid) {
            return;
        }
        let slot = small(self.cluster.slot(node));
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        let class = small(index.class(&self.cluster, &pod.shape));
        self.cluster.nominated.entry(slot).or_default().push((pod.clone(), class));
        self.cluster.generation += 1;
    }

    /// Takes back a nomination.
    pub fn denominate(&mut self, uid: &str) -> Changes {
        let has = |pods: &Vec<(Arc<PodInfo>, u32)>| pods.iter().any(|(pod, _)| *pod.id.uid == *uid);
        let found = self.cluster.nominated.iter().find(|(_, pods)| has(pods)).map(|(slot, _)| *slot);
        let Some(slot) = found else { return Changes::NONE };
        if let Some(pods) = self.cluster.nominated.get_mut(&slot) {
            pods.retain(|(pod, _)| *pod.id.uid != *uid);
            if pods.is_empty() {
                self.cluster.nominated.remove(&slot);
            }
        }
        self.cluster.generation += 1;
        self.cluster.release(slot as usize);
        Changes::POD_LEFT
    }

    /// The node that is kept for a pod.
    pub fn nomination(&self, uid: &str) -> Option<&Arc<str>> {
        let has = |pods: &[(Arc<PodInfo>, u32)]| pods.iter().any(|(pod, _)| *pod.id.uid == *uid);
        let (slot, _) = self.cluster.nominated.iter().find(|(_, pods)| has(pods))?;
        Some(&self.cluster.slots[*slot as usize].name)
    }

    /// What is derived, to be read and added to.
    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is kept of any node or pod.
    #[cfg(test)]
    pub(super) fn is_blank(&self) -> bool {
        let cluster = &self.cluster;
        let index = self.index();
        cluster.by_name.is_empty()
            && cluster.by_uid.is_empty()
            && cluster.nodes == 0
            && cluster.free_slots.len() == cluster.slots.len()
            && cluster.free_pods.len() == cluster.pods.len()
            && cluster.namespaces.is_empty()
            && cluster.storage.is_blank()
            && index.tallies.iter().all(|tally| tally.total == 0 && tally.counts.iter().all(|one| *one == 0))
            && index.classes.iter().all(|class| class.pods.is_empty())
    }

    fn place(&mut self, pod: &Arc<PodInfo>, node: &str, assumed: bool) {
        if !self.cluster.nominated.is_empty() {
            self.denominate(&pod.id.uid);
        }
        let slot = small(self.cluster.slot(node));
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        index.tidy(&mut self.cluster);
        let class = index.class(&self.cluster, &pod.shape);
        let shape = &index.classes[class].shape;
        let shared = Arc::ptr_eq(shape, &pod.shape);
        let pod = if shared { pod.clone() } else { Arc::new(pod.sharing(shape)) };
        let class = small(class);
        let number = self.cluster.put(Placed { pod, class, at_class: 0, slot, at_slot: 0, assumed });
        index.pod_came(&mut self.cluster, number);
    }

    fn displace(&mut self, number: u32) {
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        index.pod_goes(&mut self.cluster, number);
        let placed = self.cluster.take(number);
        self.cluster.release(placed.slot as usize);
    }
}

/// A number of things of which there are never 2^32.
fn small(number: usize) -> u32 {
    u32::try_from(number).expect("invariant: memory ends before there are 2^32 of anything")
}
