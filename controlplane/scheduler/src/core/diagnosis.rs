//! Why a pod fits nowhere: counted by reason, and in kube-scheduler's words.

use std::{collections::BTreeMap, fmt};

use super::{
    board::{NO_ROOM, Verdict},
    changes::Changes,
    filter,
    preemption::Preemption,
    reason::Reason,
    refusal::{self, Filters},
    view::View,
};

/// Why a pod fits on no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How many nodes there are.
    pub nodes: usize,
    /// Why no node was looked at.
    pub before: Option<String>,
    /// On how many nodes each reason was found.
    pub reasons: BTreeMap<Reason, usize>,
    /// Whether room can be made for it.
    pub preemption: Preemption,
    /// Which changes could make the pod fit.
    pub helped_by: Changes,
}

impl Diagnosis {
    /// Looks at every node again for the reasons; `preempt` looks for victims on those where others' leaving may help.
    pub(super) fn of(view: &View<'_>, preempt: impl FnOnce(&[u32]) -> Preemption) -> Self {
        let mut diagnosis = Self {
            nodes: view.cluster.nodes,
            before: None,
            reasons: BTreeMap::new(),
            preemption: Preemption::Never,
            helped_by: Changes::NODE_ADDED | of_others(view),
        };
        if view.pod.wants.required.named().is_some_and(|names| names.is_empty()) {
            diagnosis.before = Some("pod affinity terms conflict".into());
            diagnosis.preemption = preempt(&[]);
            return diagnosis;
        }
        if let Some(why) = view.nowhere() {
            diagnosis.before = Some(why.into());
            diagnosis.preemption = preempt(&[]);
            diagnosis.helped_by |= Changes::STORAGE;
            return diagnosis;
        }
        let may_help = diagnosis.count(view);
        diagnosis.preemption = preempt(&may_help);
        for reason in diagnosis.reasons.keys() {
            diagnosis.helped_by |= reason.helped_by();
        }
        diagnosis
    }

    /// Counts the reasons; returns the nodes on which the pod may fit if others leave.
    fn count(&mut self, view: &View<'_>) -> Vec<u32> {
        let filters = Filters::of(view);
        // Most nodes are refused as such, for few different reasons.
        let mut verdicts = vec![0_usize; Verdict::count(view.nodes.taints.len())];
        let mut rest: Vec<(Reason, usize)> = Vec::new();
        let mut may_help = Vec::new();
        let load = &view.plan.load;
        let plain = load.is_plain();
        let mut shortages = [0_usize; 1 << 7];
        for (slot, verdict) in view.nodes.verdicts.iter().enumerate() {
            if *verdict != Verdict::FITS {
                verdicts[verdict.number()] += 1;
                continue;
            }
            let alone = !view.cluster.nominated.contains_key(&(slot as u32));
            if plain && alone && view.load.scores[slot] == NO_ROOM {
                let bits = view.load.shortages[slot];
                shortages[usize::from(bits)] += 1;
                if filter::is_resolvable(bits) {
                    may_help.push(slot as u32);
                }
                continue;
            }
            let mut resolvable = true;
            filters.refusal(view, slot, |reason| {
                resolvable &= reason.is_resolvable();
                match rest.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, count)) => *count += 1,
                    None => rest.push((reason, 1)),
                }
            });
            if resolvable {
                may_help.push(slot as u32);
            }
        }
        for (number, count) in verdicts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            if let Some(reason) = refusal::of_verdict(view, Verdict::numbered(number)) {
                self.reasons.insert(reason, count);
            }
        }
        for (reason, count) in rest {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (bits, count) in shortages.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            for reason in filter::reasons_of(bits as u8) {
                *self.reasons.entry(reason).or_default() += count;
            }
        }
        may_help
    }
}

/// What stands before the words on preemption: those on claims of devices, of which there is none to give back.
const AFTER: &str = " no new claims to deallocate, preemption: ";

/// Which changes of other pods and nodes may matter to a pod anywhere.
fn of_others(view: &View<'_>) -> Changes {
    let mut changes = Changes::NONE;
    if !view.plan.hard.is_empty() {
        changes |= Reason::Spread.helped_by();
    }
    if !view.plan.near.is_empty() {
        changes |= Reason::PodAffinity.helped_by();
    }
    if !view.plan.far.is_empty() || !view.plan.kept_far.is_empty() {
        changes |= Reason::KeptFar.helped_by();
    }
    if let Some(needs) = view.needs() {
        changes |= needs.helped_by();
    }
    changes
}

/// `0/3 nodes are available: 1 this, 2 that.`; the counted reasons sorted as texts.
fn available<'a>(nodes: usize, reasons: impl Iterator<Item = (&'a String, &'a usize)>) -> String {
    let mut counted: Vec<_> = reasons.map(|(reason, count)| format!("{count} {reason}")).collect();
    counted.sort_unstable();
    format!("0/{nodes} nodes are available: {}.", counted.join(", "))
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes == 0 {
            return f.write_str("no nodes available to schedule pods");
        }
        if let Some(before) = &self.before {
            write!(f, "0/{} nodes are available: {before}.", self.nodes)?;
        } else {
            // Reasons that read alike are counted together.
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for (reason, count) in &self.reasons {
                *counts.entry(reason.to_string()).or_default() += count;
            }
            f.write_str(&available(self.nodes, counts.iter()))?;
        }
        match &self.preemption {
            Preemption::Never => write!(f, "{AFTER}not eligible due to preemptionPolicy=Never."),
            Preemption::UnderWay => {
                write!(f, "{AFTER}not eligible due to a terminating pod on the nominated node.")
            }
            Preemption::Impossible(reasons) => write!(f, "{AFTER}{}", available(self.nodes, reasons.iter())),
            Preemption::Victims(_) => Ok(()),
        }
    }
}
