//! What is derived from the cluster and kept up to date with it: classes of equal pods, the domains of topologies, and
//! counts of pods by domain.
//!
//! A count is made when a pod first asks for it, from the pods that are there, and changed with every pod from then on.
//! Which counts a pod changes is known for its class, so that placing a pod takes as many steps as there are counts that
//! it is part of, however large the cluster.

use std::{collections::HashMap, sync::Arc};

use super::{
    cluster::Cluster,
    region::{Region, RegionKey},
    tally::{Role, Subject, Tally, TallyKey},
    topology::{Topology, TopologyKey},
};
use crate::core::{
    board::Boards,
    plan::Plan,
    pod::{PodShape, ShapeKey},
};

/// Classes without pods that are kept for the next pod of their make.
const IDLE_CLASSES_MAX: usize = 4096;

/// Classes, topologies and counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) classes: Vec<Class>,
    by_shape: HashMap<Arc<PodShape>, u32>,
    by_namespace: HashMap<Arc<str>, Vec<u32>>,
    /// Classes without pods.
    idle: usize,
    pub(crate) topologies: Vec<Topology>,
    topology_by_key: HashMap<TopologyKey, usize>,
    pub(crate) regions: Vec<Region>,
    region_by_key: HashMap<Arc<RegionKey>, usize>,
    pub(crate) tallies: Vec<Tally>,
    tally_by_key: HashMap<Arc<TallyKey>, u32>,
    selected: ByNamespace,
    carrying: ByNamespace,
    /// How many tallies of wishes there are.
    pub(crate) wishes: usize,
    pub(crate) boards: Boards,
}

/// Pods that differ in nothing but who they are.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) shape: Arc<PodShape>,
    /// Numbers of the pods that are on nodes.
    pub(crate) pods: Vec<u32>,
    /// Where each of them counts.
    pub(crate) tallies: Vec<u32>,
    /// What placing one of them takes; made when one is to be placed.
    pub(crate) plan: Option<Arc<Plan>>,
}

/// Tallies by the namespaces that they are about.
#[derive(Clone, Debug, Default)]
struct ByNamespace {
    named: HashMap<Arc<str>, Vec<u32>>,
    /// Those that choose namespaces by label.
    labelled: Vec<u32>,
}

impl ByNamespace {
    fn insert(&mut self, subject: &Subject, tally: u32) {
        let Some(pods) = subject.pods() else { return };
        if !pods.namespace_selector.is_nothing() {
            return self.labelled.push(tally);
        }
        for namespace in &pods.namespaces {
            self.named.entry(namespace.clone()).or_default().push(tally);
        }
    }

    /// Those that may be about a namespace.
    fn about(&self, namespace: &str) -> impl Iterator<Item = u32> + '_ {
        self.named.get(namespace).into_iter().flatten().chain(&self.labelled).copied()
    }
}

impl Index {
    /// The class of a shape, made if there is none.
    pub(crate) fn class(&mut self, cluster: &Cluster, shape: &Arc<PodShape>) -> usize {
        if let Some(&class) = self.by_shape.get(shape) {
            return class as usize;
        }
        let number = super::small(self.classes.len());
        let mut tallies = self.matching(cluster, &shape.key);
        for (role, term) in wishes(&shape.key) {
            let topology = self.topology(cluster, &TopologyKey::Label(term.topology_key.clone()));
            let subject = Subject::Carrying(role, term.clone());
            tallies.push(super::small(self.tally(cluster, TallyKey { subject, topology, region: None })));
        }
        self.by_shape.insert(shape.clone(), number);
        self.by_namespace.entry(shape.key.namespace.clone()).or_default().push(number);
        self.classes.push(Class { shape: shape.clone(), pods: Vec::new(), tallies, plan: None });
        self.idle += 1;
        number as usize
    }

    /// The tallies of selected pods that pods of a shape count in.
    fn matching(&self, cluster: &Cluster, pod: &ShapeKey) -> Vec<u32> {
        let labels = cluster.namespaces.labels(&pod.namespace);
        let matches = |tally: &u32| match &self.tallies[*tally as usize].key.subject {
            Subject::Selected(filter) => filter.matches(pod, labels),
            Subject::Carrying(..) => false,
        };
        self.selected.about(&pod.namespace).filter(matches).collect()
    }

    /// The tallies of wishes about pods of a shape.
    pub(crate) fn wishes_about(&self, cluster: &Cluster, pod: &ShapeKey) -> Vec<usize> {
        let labels = cluster.namespaces.labels(&pod.namespace);
        let matches = |tally: &usize| match &self.tallies[*tally].key.subject {
            Subject::Carrying(_, term) => term.pods.matches(&pod.namespace, labels, &pod.labels),
            Subject::Selected(_) => false,
        };
        self.carrying.about(&pod.namespace).map(|tally| tally as usize).filter(matches).collect()
    }

    /// A topology by its key, made if there is none.
    pub(crate) fn topology(&mut self, cluster: &Cluster, key: &TopologyKey) -> usize {
        if let Some(&number) = self.topology_by_key.get(key) {
            return number;
        }
        let mut topology = Topology::new(key.clone());
        for (number, slot) in cluster.slots.iter().enumerate() {
            topology.update(number, slot.node.as_deref());
        }
        self.topologies.push(topology);
        self.topology_by_key.insert(key.clone(), self.topologies.len() - 1);
        self.topologies.len() - 1
    }

    /// A set of nodes by its key, made if there is none.
    pub(crate) fn region(&mut self, cluster: &Cluster, key: RegionKey) -> usize {
        if let Some(&number) = self.region_by_key.get(&key) {
            return number;
        }
        let key = Arc::new(key);
        let mut region = Region::new(key.clone());
        for (number, slot) in cluster.slots.iter().enumerate() {
            region.update(number, slot.node.as_deref());
        }
        self.regions.push(region);
        self.region_by_key.insert(key, self.regions.len() - 1);
        self.regions.len() - 1
    }

    /// A tally by its key, made from the pods that are there if there is none.
    pub(crate) fn tally(&mut self, cluster: &Cluster, key: TallyKey) -> usize {
        if let Some(&number) = self.tally_by_key.get(&key) {
            return number as usize;
        }
        let key = Arc::new(key);
        let number = super::small(self.tallies.len());
        self.tallies.push(Tally::new(key.clone()));
        self.tally_by_key.insert(key.clone(), number);
        if key.region.is_some() {
            for slot in 0..cluster.slots.len() {
                self.count_node(number, slot, 1);
            }
        }
        match &key.subject {
            // Whoever carries a wish counts from when its class is made, which is now.
            subject @ Subject::Carrying(..) => {
                self.carrying.insert(subject, number);
                self.wishes += 1;
            }
            subject @ Subject::Selected(_) => {
                self.selected.insert(subject, number);
                self.count_existing(cluster, number);
            }
        }
        number as usize
    }

    /// Counts the pods that are there in a new tally.
    fn count_existing(&mut self, cluster: &Cluster, tally: u32) {
        let key = self.tallies[tally as usize].key.clone();
        let Subject::Selected(filter) = &key.subject else { return };
        let candidates: Vec<u32> = match filter.all.first() {
            Some(pods) if pods.namespace_selector.is_nothing() => {
                let named = pods.namespaces.iter().filter_map(|name| self.by_namespace.get(name));
                named.flatten().copied().collect()
            }
            _ => (0..super::small(self.classes.len())).collect(),
        };
        for class in candidates {
            let class = &mut self.classes[class as usize];
            let pod = &class.shape.key;
            if !filter.matches(pod, cluster.namespaces.labels(&pod.namespace)) {
                continue;
            }
            class.tallies.push(tally);
            let slots: Vec<usize> = class.pods.iter().map(|pod| cluster.pod(*pod).slot as usize).collect();
            for slot in slots {
                self.count_in(tally, slot, 1);
            }
        }
    }

    fn count_in(&mut self, tally: u32, slot: usize, by: i32) {
        let tally = &mut self.tallies[tally as usize];
        if tally.key.region.is_none_or(|region| self.regions[region].has(slot)) {
            tally.count(&self.topologies[tally.key.topology], slot, by);
        }
    }

    fn count_node(&mut self, tally: u32, slot: usize, by: i32) {
        let tally = &mut self.tallies[tally as usize];
        if tally.key.region.is_some_and(|region| self.regions[region].has(slot)) {
            tally.count_node(&self.topologies[tally.key.topology], slot, by);
        }
    }

    /// A pod of a class came to a slot or left it.
    fn count(&mut self, class: usize, slot: usize, by: i32) {
        let class = &self.classes[class];
        for tally in &class.tallies {
            let tally = &mut self.tallies[*tally as usize];
            if tally.key.region.is_none_or(|region| self.regions[region].has(slot)) {
                tally.count(&self.topologies[tally.key.topology], slot, by);
            }
        }
    }

    /// A pod was put on a slot.
    pub(crate) fn pod_came(&mut self, cluster: &mut Cluster, number: u32) {
        let placed = cluster.pod_mut(number);
        let class = &mut self.classes[placed.class as usize];
        self.idle -= usize::from(class.pods.is_empty());
        placed.at_class = super::small(class.pods.len());
        class.pods.push(number);
        let (class, slot) = (placed.class as usize, placed.slot as usize);
        self.count(class, slot, 1);
    }

    /// A pod is about to be taken off its slot.
    pub(crate) fn pod_goes(&mut self, cluster: &mut Cluster, number: u32) {
        let placed = cluster.pod(number);
        let (class, slot, at) = (placed.class as usize, placed.slot as usize, placed.at_class as usize);
        self.count(class, slot, -1);
        let pods = &mut self.classes[class].pods;
        pods.swap_remove(at);
        if let Some(&moved) = pods.get(at) {
            cluster.pod_mut(moved).at_class = super::small(at);
        }
        self.idle += usize::from(self.classes[class].pods.is_empty());
    }

    /// A slot's node is about to change in what places it.
    pub(crate) fn node_goes(&mut self, cluster: &Cluster, slot: usize) {
        self.count_slot(cluster, slot, -1);
    }

    /// A slot's node has changed in what places it.
    pub(crate) fn node_came(&mut self, cluster: &Cluster, slot: usize) {
        let node = cluster.slots[slot].node.as_deref();
        for topology in &mut self.topologies {
            topology.update(slot, node);
        }
        for region in &mut self.regions {
            region.update(slot, node);
        }
        self.count_slot(cluster, slot, 1);
    }

    /// Counts a slot and its pods, or takes them off.
    fn count_slot(&mut self, cluster: &Cluster, slot: usize, by: i32) {
        for tally in 0..super::small(self.tallies.len()) {
            self.count_node(tally, slot, by);
        }
        for pod in &cluster.slots[slot].pods {
            self.count(cluster.pod(*pod).class as usize, slot, by);
        }
    }

    /// The labels of a namespace have changed: its pods may count elsewhere.
    pub(crate) fn namespace_changed(&mut self, cluster: &Cluster, namespace: &str) {
        if self.selected.labelled.is_empty() {
            return;
        }
        for class in self.by_namespace.get(namespace).cloned().unwrap_or_default() {
            let class = class as usize;
            let slots: Vec<usize> =
                self.classes[class].pods.iter().map(|pod| cluster.pod(*pod).slot as usize).collect();
            for slot in &slots {
                self.count(class, *slot, -1);
            }
            let mut tallies = self.matching(cluster, &self.classes[class].shape.key);
            let own = self.classes[class].tallies.iter();
            let carried =
                |tally: &&u32| matches!(self.tallies[**tally as usize].key.subject, Subject::Carrying(..));
            tallies.extend(own.filter(carried));
            self.classes[class].tallies = tallies;
            for slot in slots {
                self.count(class, slot, 1);
            }
        }
    }

    /// Forgets what no pod uses any more, once there is much of it.
    pub(crate) fn tidy(&mut self, cluster: &mut Cluster) {
        if self.idle <= IDLE_CLASSES_MAX {
            return;
        }
        *self = Self::default();
        for number in 0..super::small(cluster.pods.len()) {
            let Some(placed) = &cluster.pods[number as usize] else { continue };
            let shape = placed.pod.shape.clone();
            let class = self.class(cluster, &shape);
            cluster.pod_mut(number).class = super::small(class);
            self.pod_came(cluster, number);
        }
        let mut nominated = std::mem::take(&mut cluster.nominated);
        for (pod, class) in nominated.values_mut().flatten() {
            *class = super::small(self.class(cluster, &pod.shape));
        }
        cluster.nominated = nominated;
    }
}

/// A pod's wishes about other pods, by what they are for.
fn wishes(pod: &ShapeKey) -> impl Iterator<Item = (Role, &crate::core::pod_affinity::Term)> {
    let affinity = &pod.affinity;
    let near = affinity.near.iter().map(|term| (Role::Near, term));
    let far = affinity.far.iter().map(|term| (Role::Far, term));
    let preferred = affinity.preferred.iter().map(|(term, weight)| (Role::Preferred(*weight), term));
    near.chain(far).chain(preferred)
}
