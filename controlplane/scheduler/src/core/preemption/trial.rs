//! One node as it would be if pods left it or came to it.

use crate::core::{
    board::Verdict,
    filter,
    pod::{PodInfo, ShapeKey},
    ports::HostPort,
    reason::Reason,
    refusal,
    resources::Resources,
    snapshot::{NO_DOMAIN, Placed, Slot},
    storage::{ClaimKey, needs::Beside},
    view::View,
    volume::VolumeUse,
};

/// A node in thought, for one pod.
pub(crate) struct Trial<'v, 'a> {
    view: &'v View<'a>,
    slot: usize,
    requested: Resources,
    pods: i64,
    ports: Vec<HostPort>,
    /// How the tallies that matter would change in the node's domain.
    changes: Vec<(usize, i64)>,
    /// Pods that are to have the node and are not less important, with their classes.
    nominated: Vec<(&'a ShapeKey, usize)>,
    /// Whether the pod has volumes, so that the two following are kept.
    volumes: bool,
    /// Numbers of the pods that left.
    left: Vec<u32>,
    /// Pods that are to come, while they count.
    coming: Vec<&'a ShapeKey>,
}

impl<'v, 'a> Trial<'v, 'a> {
    /// The node as it is.
    pub(crate) fn new(view: &'v View<'a>, pod: &PodInfo, slot: usize) -> Self {
        let here: &Slot = &view.cluster.slots[slot];
        let plan = view.plan;
        let hard = plan.hard.iter().map(|hard| hard.tally);
        let tallies = plan.near.iter().chain(&plan.far).chain(&plan.kept_far).copied().chain(hard);
        let mut trial = Self {
            view,
            slot,
            requested: here.requested.clone(),
            pods: here.pods.len() as i64,
            ports: here.ports.clone(),
            changes: tallies.map(|tally| (tally, 0)).collect(),
            nominated: Vec::new(),
            volumes: view.needs().is_some(),
            left: Vec::new(),
            coming: Vec::new(),
        };
        trial.changes.sort_unstable();
        trial.changes.dedup();
        for (other, class) in view.cluster.nominated_on(slot) {
            if other.priority() >= pod.priority() && other.id.uid != pod.id.uid {
                trial.nominated.push((&other.shape.key, class as usize));
            }
        }
        trial
    }

    /// Whether the node has pods to come that count.
    pub(crate) fn counts_nominated(&self) -> bool {
        !self.nominated.is_empty()
    }

    /// A pod leaves.
    pub(crate) fn remove(&mut self, placed: &Placed) {
        self.change(&placed.pod.shape.key, placed.class as usize, -1);
        if self.volumes {
            self.left.push(self.number(placed));
        }
    }

    /// It stays after all.
    pub(crate) fn put_back(&mut self, placed: &Placed) {
        self.change(&placed.pod.shape.key, placed.class as usize, 1);
        if self.volumes {
            let number = self.number(placed);
            self.left.retain(|left| *left != number);
        }
    }

    fn number(&self, placed: &Placed) -> u32 {
        self.view.cluster.slots[placed.slot as usize].pods[placed.at_slot as usize]
    }

    fn volumes(&self) -> Vec<Reason> {
        let slot = &self.view.cluster.slots[self.slot];
        match (self.view.needs(), &slot.node) {
            (Some(needs), Some(node)) => needs.refusal(slot, node, self),
            _ => Vec::new(),
        }
    }

    fn change(&mut self, pod: &ShapeKey, class: usize, by: i64) {
        self.pods += by;
        if by > 0 {
            self.requested.add(&pod.taken.requests);
            self.ports.extend(pod.ports.iter().cloned());
        } else {
            self.requested.subtract(&pod.taken.requests);
            for port in &pod.ports {
                if let Some(at) = self.ports.iter().position(|other| other == port) {
                    self.ports.swap_remove(at);
                }
            }
        }
        if self.changes.is_empty() {
            return;
        }
        let index = self.view.index;
        for tally in &index.classes[class].tallies {
            let tally = *tally as usize;
            let region = index.tallies[tally].key.region;
            if region.is_none_or(|region| index.regions[region].has(self.slot))
                && let Ok(at) = self.changes.binary_search_by_key(&tally, |(other, _)| *other)
            {
                self.changes[at].1 += by;
            }
        }
    }

    /// Whether the pod would fit.
    pub(crate) fn fits(&mut self) -> bool {
        self.reasons().is_empty()
    }

    /// Why the pod would not fit, of the first filter that refuses it: beside the pods that are to have the node, and if
    /// it fits there, without them, as they may never come.
    pub(crate) fn reasons(&mut self) -> Vec<Reason> {
        if self.counts_nominated() {
            self.change_nominated(1);
            let reasons = self.reasons_now();
            self.change_nominated(-1);
            if !reasons.is_empty() {
                return reasons;
            }
        }
        self.reasons_now()
    }

    fn change_nominated(&mut self, by: i64) {
        for at in 0..self.nominated.len() {
            let (pod, class) = self.nominated[at];
            self.change(pod, class, by);
        }
        self.coming.clear();
        if by > 0 {
            self.coming.extend(self.nominated.iter().map(|(pod, _)| *pod));
        }
    }

    fn reasons_now(&self) -> Vec<Reason> {
        let verdict = self.view.nodes.verdicts[self.slot];
        if verdict != Verdict::FITS {
            return refusal::of_verdict(self.view, verdict).into_iter().collect();
        }
        let load = &self.view.plan.load;
        if load.ports.iter().any(|port| self.ports.iter().any(|taken| taken.conflicts(port))) {
            return vec![Reason::Ports];
        }
        let reasons = self.shortages();
        if !reasons.is_empty() {
            return reasons;
        }
        let reasons = self.volumes();
        if !reasons.is_empty() {
            return reasons;
        }
        self.spread().or_else(|| self.affinity()).into_iter().collect()
    }

    fn shortages(&self) -> Vec<Reason> {
        let Some(node) = &self.view.cluster.slots[self.slot].node else { return Vec::new() };
        let mut reasons = Vec::new();
        if self.pods >= node.pods_max {
            reasons.push(Reason::TooManyPods);
        }
        filter::each_shortage(&self.requested, node, &self.view.plan.load.requests, |resource, for_good| {
            reasons.push(Reason::Insufficient { resource, for_good });
        });
        reasons
    }

    fn domain(&self, tally: usize) -> u32 {
        let topology = &self.view.index.topologies[self.view.index.tallies[tally].key.topology];
        topology.domain_of.get(self.slot).copied().unwrap_or(NO_DOMAIN)
    }

    fn changed(&self, tally: usize) -> i64 {
        let at = self.changes.binary_search_by_key(&tally, |(other, _)| *other);
        if self.domain(tally) == NO_DOMAIN { 0 } else { at.map_or(0, |at| self.changes[at].1) }
    }

    /// The count in the node's domain.
    fn here(&self, tally: usize) -> i64 {
        i64::from(self.view.index.tallies[tally].of(self.domain(tally))) + self.changed(tally)
    }

    fn spread(&self) -> Option<Reason> {
        for hard in &self.view.plan.hard {
            let domain = self.domain(hard.tally);
            if domain == NO_DOMAIN {
                return Some(Reason::NoSpreadDomain);
            }
            let changed = self.changed(hard.tally);
            let count =
                |(other, count): (u32, u32)| i64::from(count) + if other == domain { changed } else { 0 };
            let counts = self.view.index.tallies[hard.tally].domains().map(count);
            let (domains, fewest) =
                counts.fold((0, i64::from(i32::MAX)), |(n, fewest), count| (n + 1, fewest.min(count)));
            let fewest = if domains < hard.min_domains { 0 } else { fewest };
            if self.here(hard.tally) + hard.itself - fewest > hard.max_skew {
                return Some(Reason::Spread);
            }
        }
        None
    }

    fn affinity(&self) -> Option<Reason> {
        let plan = self.view.plan;
        let total = |tally: &usize| self.view.index.tallies[*tally].total as i64 + self.changed(*tally);
        let first = plan.near_itself && plan.near.iter().all(|tally| total(tally) == 0);
        let some = |tally: &usize| self.domain(*tally) != NO_DOMAIN && self.here(*tally) > 0;
        if plan.near.iter().any(|tally| self.domain(*tally) == NO_DOMAIN)
            || !(first || plan.near.iter().all(some))
        {
            return Some(Reason::PodAffinity);
        }
        if plan.far.iter().any(some) {
            return Some(Reason::PodAntiAffinity);
        }
        plan.kept_far.iter().any(some).then_some(Reason::KeptFar)
    }
}

impl<'a> Beside<'a> for Trial<'_, 'a> {
    fn pods(&self) -> Box<dyn Iterator<Item = &'a ShapeKey> + '_> {
        let cluster = self.view.cluster;
        let staying = cluster.slots[self.slot].pods.iter().filter(|number| !self.left.contains(number));
        let staying = staying.map(move |number| &cluster.pod(*number).pod.shape.key);
        Box::new(staying.chain(self.coming.iter().copied()))
    }

    fn fewer_users(&self, claim: &ClaimKey) -> u32 {
        let uses = |pod: &ShapeKey| {
            let same = |one: &VolumeUse| {
                one.is_lasting_claim() && one.claim_key(&pod.namespace).as_ref() == Some(claim)
            };
            pod.volumes.iter().any(same)
        };
        let left = self.left.iter().filter(|number| uses(&self.view.cluster.pod(**number).pod.shape.key));
        u32::try_from(left.count()).unwrap_or(u32::MAX)
    }
}
