//! The variables that a parser knows. In: their declarations and the blocks they are in. Out: their slots.

use super::tree::{Slot, UNDEFINED};
use crate::value::Str;

/// The variables of the template at hand.
pub(super) struct Scope {
    /// What executing sees, innermost last; the index is the slot.
    pub(super) visible: Vec<Str>,
    /// Variables of the pipelines being read: their names still mean what they meant before.
    pending: Vec<(Slot, Str)>,
    /// What the parser accepts: Go forgets the variables of a branch only after its `else`.
    pub(super) accepted: Vec<Str>,
    /// Most variables visible at one time.
    pub(super) slots: usize,
    /// How many `range` bodies this place is in.
    pub(super) ranges: usize,
}

impl Scope {
    pub(super) fn new() -> Self {
        let root = Str::from("$");
        Self { visible: vec![root.clone()], pending: Vec::new(), accepted: vec![root], slots: 1, ranges: 0 }
    }

    /// A new variable, visible after the pipeline that gives it its value.
    pub(super) fn declare(&mut self, name: Str) -> Slot {
        self.accepted.push(name.clone());
        // A text has fewer bytes than slots have numbers.
        let slot = self.visible.len() as Slot;
        self.visible.push(Str::default());
        self.pending.push((slot, name));
        self.slots = self.slots.max(self.visible.len());
        slot
    }

    /// How many variables await the end of their pipelines.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The end of a pipeline, before which `known` variables were pending.
    pub(super) fn reveal(&mut self, known: usize) {
        for (slot, name) in self.pending.drain(known..) {
            self.visible[slot as usize] = name;
        }
    }

    /// The variable that `name = value` changes. The parser accepts the name from now on, whether it exists or not.
    pub(super) fn assign(&mut self, name: Str) -> Slot {
        let slot = self.find(&name).unwrap_or(UNDEFINED);
        self.accepted.push(name);
        slot
    }

    /// The variable called `name`, if the parser accepts it.
    pub(super) fn find(&self, name: &[u8]) -> Option<Slot> {
        match self.visible.iter().rposition(|visible| **visible == *name) {
            Some(slot) => Some(slot as Slot),
            None => self.accepted.iter().any(|accepted| **accepted == *name).then_some(UNDEFINED),
        }
    }
}
