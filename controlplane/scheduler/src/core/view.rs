//! The cluster through the eyes of one pod: what is known of every node for it, up to date.

use std::sync::MutexGuard;

use super::{
    board::{ImageBoard, LoadBoard, NO_ROOM, NodeBoard, Verdict},
    filter::{Affinity, Nearness, Skew, Spread},
    plan::Plan,
    pod::{PodInfo, ShapeKey},
    preemption::Trial,
    profile::Profile,
    snapshot::{Cluster, Index, Snapshot},
};

/// What a decision about a pod reads.
pub(super) struct View<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) index: &'a Index,
    pub(super) asked: &'a PodInfo,
    pub(super) pod: &'a ShapeKey,
    pub(super) plan: &'a Plan,
    pub(super) profile: &'a Profile,
    pub(super) nodes: &'a NodeBoard,
    pub(super) load: &'a LoadBoard,
    /// None if no node holds any of the pod's images.
    pub(super) images: Option<&'a ImageBoard>,
}

/// Brings up to date what the placing of a pod takes, and looks at it.
pub(super) fn with<R>(
    snapshot: &Snapshot,
    pod: &PodInfo,
    profile: &Profile,
    look: impl FnOnce(&View<'_>) -> R,
) -> R {
    let cluster = &snapshot.cluster;
    let mut guard: MutexGuard<'_, Index> = snapshot.index();
    let index = &mut *guard;
    let class = index.class(cluster, &pod.shape);
    let plan = Plan::of(cluster, index, class, profile);
    let key = &pod.shape.key;
    let nodes = index.boards.nodes.current(cluster, &key.wants);
    let load = index.boards.loads.current(cluster, &plan.load);
    let some = cluster.images.any(&key.images);
    let images = some.then(|| index.boards.images.current(cluster, &key.images));
    let index = &*index;
    look(&View {
        cluster,
        index,
        asked: pod,
        pod: key,
        plan: &plan,
        profile,
        nodes: index.boards.nodes.get(nodes),
        load: index.boards.loads.get(load),
        images: images.map(|number| index.boards.images.get(number)),
    })
}

impl<'a> View<'a> {
    /// The slots of the nodes that the pod fits on.
    pub(super) fn feasible(&self) -> Vec<u32> {
        let mut fitting = Vec::with_capacity(self.cluster.nodes);
        let boards = self.nodes.verdicts.iter().zip(&self.load.scores);
        for (slot, (verdict, score)) in boards.enumerate() {
            if *verdict == Verdict::FITS && *score != NO_ROOM {
                fitting.push(slot as u32);
            }
        }
        let (spread, affinity) = (self.spread(), self.affinity());
        if !spread.is_trivial() {
            fitting.retain(|slot| spread.at(*slot as usize) == Skew::Fits);
        }
        if !affinity.is_trivial() {
            fitting.retain(|slot| affinity.at(*slot as usize) == Nearness::Fits);
        }
        if !self.cluster.nominated.is_empty() {
            fitting.retain(|slot| self.fits_with_nominated(*slot as usize));
        }
        fitting
    }

    /// Whether the pod fits on a node.
    pub(super) fn fits(&self, slot: usize) -> bool {
        self.nodes.verdicts[slot] == Verdict::FITS
            && self.load.scores[slot] != NO_ROOM
            && self.spread().at(slot) == Skew::Fits
            && self.affinity().at(slot) == Nearness::Fits
            && self.fits_with_nominated(slot)
    }

    /// Whether the pod fits beside those that are to have the node and are not less important.
    fn fits_with_nominated(&self, slot: usize) -> bool {
        if !self.cluster.nominated.contains_key(&(slot as u32)) {
            return true;
        }
        let trial = Trial::new(self, self.asked, slot);
        !trial.counts_nominated() || trial.fits()
    }

    pub(super) fn spread(&self) -> Spread<'a> {
        Spread::of(self.index, self.plan)
    }

    pub(super) fn affinity(&self) -> Affinity<'a> {
        Affinity::of(self.index, self.plan)
    }

    /// How many of the pod's images a node holds compiled, in percent.
    pub(super) fn compiled(&self, slot: usize) -> i64 {
        let Some(node) = &self.cluster.slots[slot].node else { return 0 };
        let wanted = &self.pod.images;
        let held = wanted.iter().filter(|image| node.compiled.contains(*image)).count();
        if wanted.is_empty() { 0 } else { (held * 100 / wanted.len()) as i64 }
    }
}
