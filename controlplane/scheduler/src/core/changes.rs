//! Kinds of change in a cluster, as a set: what happened, and what would help a pod that could not be placed.

use std::ops::{BitOr, BitOrAssign};

/// A set of kinds of change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes(u16);

impl Changes {
    /// Nothing.
    pub const NONE: Changes = Changes(0);
    /// A node appeared.
    pub const NODE_ADDED: Changes = Changes(1);
    /// A node offers more or less.
    pub const NODE_ALLOCATABLE: Changes = Changes(1 << 1);
    /// A node has other labels.
    pub const NODE_LABELS: Changes = Changes(1 << 2);
    /// A node has other taints or conditions, or was cordoned or uncordoned.
    pub const NODE_TAINTS: Changes = Changes(1 << 3);
    /// A pod left a node, or takes less of it.
    pub const POD_LEFT: Changes = Changes(1 << 4);
    /// A pod came to a node, or has other labels or wishes there.
    pub const POD_CAME: Changes = Changes(1 << 5);
    /// A node went away.
    pub const NODE_REMOVED: Changes = Changes(1 << 6);
    /// A node holds other images.
    pub const NODE_IMAGES: Changes = Changes(1 << 7);
    /// A namespace has other labels.
    pub const NAMESPACE: Changes = Changes(1 << 8);
    /// A volume, a claim or a storage class changed.
    pub const STORAGE: Changes = Changes(1 << 9);

    /// Whether the two have a kind in common.
    pub fn meets(self, other: Changes) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds by name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        const NAMES: [&str; 10] = [
            "node added",
            "node allocatable",
            "node labels",
            "node taints",
            "pod left",
            "pod came",
            "node removed",
            "node images",
            "namespace",
            "storage",
        ];
        NAMES.into_iter().enumerate().filter(move |(bit, _)| self.0 & (1 << bit) != 0).map(|(_, name)| name)
    }
}

impl BitOr for Changes {
    type Output = Changes;

    fn bitor(self, other: Changes) -> Changes {
        Changes(self.0 | other.0)
    }
}

impl BitOrAssign for Changes {
    fn bitor_assign(&mut self, other: Changes) {
        *self = *self | other;
    }
}
