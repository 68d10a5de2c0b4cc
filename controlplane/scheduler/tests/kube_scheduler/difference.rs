//! What two answers differ in.

use std::{collections::BTreeSet, fmt};

use crate::answer::Answer;

/// What an answer can differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aspect {
    /// The nodes that fit, and the reasons against the others.
    Reasons,
    /// The scores.
    Scores,
    /// The choice.
    Choice,
    /// The message.
    Message,
    /// Which pods are to leave which node.
    Victims,
}

/// One difference.
#[derive(Debug)]
pub(crate) struct Difference {
    /// In what.
    pub(crate) aspect: Aspect,
    text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.aspect, self.text)
    }
}

/// What the core's answer differs in from kube-scheduler's.
pub(crate) fn differences(theirs: &Answer, ours: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut tell = |aspect, theirs: &dyn fmt::Debug, ours: &dyn fmt::Debug, of: &str| {
        found.push(Difference { aspect, text: format!("{of} {theirs:?}, here {ours:?}") });
    };
    let names: BTreeSet<_> = theirs.nodes.keys().chain(ours.nodes.keys()).collect();
    for name in names {
        let (Some(there), Some(here)) = (theirs.nodes.get(name), ours.nodes.get(name)) else {
            tell(Aspect::Reasons, &theirs.nodes.contains_key(name), &ours.nodes.contains_key(name), name);
            continue;
        };
        // kube-scheduler tells of devices in any order.
        let sorted = |reasons: &[String]| reasons.iter().cloned().collect::<BTreeSet<_>>();
        if sorted(&there.reasons) != sorted(&here.reasons) {
            tell(Aspect::Reasons, &there.reasons, &here.reasons, name);
        } else if (&there.scores, there.total) != (&here.scores, here.total) {
            tell(Aspect::Scores, &there.scores, &here.scores, name);
        }
    }
    if theirs.gated != ours.gated
        || !ours.best.is_subset(&theirs.best)
        || ours.best.is_empty() != theirs.best.is_empty()
    {
        tell(Aspect::Choice, &(theirs.gated, &theirs.best), &(ours.gated, &ours.best), "");
    }
    if theirs.message != ours.message {
        tell(Aspect::Message, &theirs.message, &ours.message, "");
    }
    if ours.chosen.is_empty() != theirs.chosen.is_empty() || !ours.chosen.is_subset(&theirs.chosen) {
        tell(Aspect::Victims, &(&theirs.chosen, &theirs.rooms), &(&ours.chosen, &ours.rooms), "chosen");
    } else if let Some((name, room)) =
        ours.rooms.iter().find(|(name, room)| theirs.rooms.get(*name) != Some(*room))
    {
        tell(Aspect::Victims, &theirs.rooms.get(name), &room, name);
    }
    found
}
