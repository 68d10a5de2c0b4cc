//! The cluster through the eyes of one pod: what is known of every node for it, up to date.

use std::sync::MutexGuard;

use super::{
    board::{ImageBoard, LoadBoard, NO_ROOM, NodeBoard, Verdict},
    filter::{Affinity, Nearness, Skew, Spread},
    plan::Plan,
    pod::{PodInfo, ShapeKey},
    preemption::Trial,
    profile::Profile,
    reason::Reason,
    snapshot::{Cluster, Index, Slot, Snapshot},
    storage::{
        ClaimKey, VolumeStep,
        needs::{self, Beside, Needs},
    },
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
    /// What the pod's volumes need, if it has any, or why no node will do.
    pub(super) volumes: Option<Result<Needs<'a>, String>>,
}

/// The pods of a node as they are.
struct OnNode<'a> {
    cluster: &'a Cluster,
    slot: &'a Slot,
}

impl<'a> Beside<'a> for OnNode<'a> {
    fn pods(&self) -> Box<dyn Iterator<Item = &'a ShapeKey> + '_> {
        let cluster = self.cluster;
        Box::new(self.slot.pods.iter().map(move |number| &cluster.pod(*number).pod.shape.key))
    }

    fn fewer_users(&self, _: &ClaimKey) -> u32 {
        0
    }
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
        volumes: (!key.volumes.is_empty()).then(|| needs::of(&cluster.storage, pod)),
    })
}

impl<'a> View<'a> {
    /// The slots of the nodes that the pod fits on.
    pub(super) fn feasible(&self) -> Vec<u32> {
        let mut fitting = Vec::with_capacity(self.cluster.nodes);
        if self.nowhere().is_some() {
            return fitting;
        }
        let boards = self.nodes.verdicts.iter().zip(&self.load.scores);
        for (slot, (verdict, score)) in boards.enumerate() {
            if *verdict == Verdict::FITS && *score != NO_ROOM {
                fitting.push(slot as u32);
            }
        }
        if self.needs().is_some() {
            fitting.retain(|slot| self.volumes_at(*slot as usize).is_empty());
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
            && self.nowhere().is_none()
            && self.volumes_at(slot).is_empty()
            && self.spread().at(slot) == Skew::Fits
            && self.affinity().at(slot) == Nearness::Fits
            && self.fits_with_nominated(slot)
    }

    /// Why no node will do, as was found before any was looked at.
    pub(super) fn nowhere(&self) -> Option<&str> {
        self.volumes.as_ref().and_then(|volumes| volumes.as_ref().err()).map(String::as_str)
    }

    /// What the pod's volumes need.
    pub(super) fn needs(&self) -> Option<&Needs<'a>> {
        self.volumes.as_ref().and_then(|volumes| volumes.as_ref().ok())
    }

    /// The reasons of the pod's volumes against a node, of the first filter that has any.
    pub(super) fn volumes_at(&self, slot: usize) -> Vec<Reason> {
        let Some(needs) = self.needs() else { return Vec::new() };
        let here = &self.cluster.slots[slot];
        let Some(node) = &here.node else { return Vec::new() };
        needs.refusal(here, node, &OnNode { cluster: self.cluster, slot: here })
    }

    /// What is to be done with the pod's volumes if it goes to a node that it fits on.
    pub(super) fn steps(&self, slot: usize) -> Vec<VolumeStep> {
        let node = self.cluster.slots[slot].node.as_deref();
        let steps = self.needs().zip(node).and_then(|(needs, node)| needs.steps(node));
        steps.unwrap_or_default()
    }

    /// Whether the pod fits beside those that are to have the node and are not less important.
    fn fits_with_nominated(&self, slot: usize) -> bool {
        if !self.cluster.nominated.contains_key(&(slot as u32)) {
            return true;
        }
        let mut trial = Trial::new(self, self.asked, slot);
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
