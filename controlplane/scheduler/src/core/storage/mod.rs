//! Persistent volumes and what belongs to them: what exists, what decisions have taken of it, and what it says to pods.
//!
//! In: volumes, claims, classes and nodes' limits, and the pods that use claims. Out: for a pod, why it cannot be placed
//! anywhere ([`needs::of`]), why not on one node ([`needs::Needs::refusal`]), and what must be done with its volumes before it
//! is bound ([`VolumeStep`]). Every change takes time that does not grow with the cluster.

pub(super) mod attach;
mod claim;
mod class;
pub(super) mod find;
pub(super) mod needs;
mod volume;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use naru_api::quantity::Quantity;

pub use claim::{Claim, ClaimKey};
pub use class::Class;
use class::Limits;
pub(super) use class::limits;
pub use volume::Volume;

use super::{
    object::ResourceList,
    resources::{InvalidQuantity, clamp},
};

/// Something to be done with a volume before a pod is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumeStep {
    /// The volume is to be bound to the claim (its `spec.claimRef`).
    Bind {
        /// Namespace and name.
        claim: ClaimKey,
        /// The volume's name.
        volume: Arc<str>,
    },
    /// A volume is to be made for the claim (its annotation `volume.kubernetes.io/selected-node`).
    Provision {
        /// Namespace and name.
        claim: ClaimKey,
        /// The node.
        node: Arc<str>,
    },
}

/// Everything of volumes that is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    volumes: HashMap<Arc<str>, Arc<Volume>>,
    /// The names of the volumes of each class.
    by_class: HashMap<Box<str>, BTreeSet<Arc<str>>>,
    claims: HashMap<ClaimKey, Arc<Claim>>,
    classes: HashMap<Box<str>, Arc<Class>>,
    /// By the node's name.
    limits: HashMap<Box<str>, Limits>,
    /// How many pods that are on nodes use each claim by name.
    users: HashMap<ClaimKey, u32>,
    /// Volumes that decisions have given to claims, and that do not say so yet.
    taken: HashMap<Arc<str>, ClaimKey>,
    /// Nodes that decisions have chosen for claims, and that these do not say yet.
    chosen: HashMap<ClaimKey, Arc<str>>,
    /// What decisions have done, by the pod's uid.
    steps: HashMap<Arc<str>, Vec<VolumeStep>>,
}

impl Storage {
    /// Adds, replaces or removes a volume; tells whether anything changed.
    pub(crate) fn set_volume(&mut self, name: &str, volume: Option<Volume>) -> bool {
        let before = self.volumes.get(name);
        if before.map(|before| &**before) == volume.as_ref() {
            return false;
        }
        if let Some(class) = before.map(|before| before.class.clone())
            && let Some(names) = self.by_class.get_mut(&class)
        {
            names.remove(name);
            if names.is_empty() {
                self.by_class.remove(&class);
            }
        }
        match volume {
            Some(volume) => {
                if volume.claim.is_some() {
                    self.taken.remove(name);
                }
                self.by_class.entry(volume.class.clone()).or_default().insert(volume.name.clone());
                self.volumes.insert(volume.name.clone(), Arc::new(volume));
            }
            None => {
                self.volumes.remove(name);
                self.taken.remove(name);
            }
        }
        true
    }

    /// Adds, replaces or removes a claim; tells whether anything changed.
    pub(crate) fn set_claim(&mut self, key: &ClaimKey, claim: Option<Claim>) -> bool {
        if self.claims.get(key).map(|before| &**before) == claim.as_ref() {
            return false;
        }
        match claim {
            Some(claim) => {
                if claim.selected_node.is_some() || claim.bound {
                    self.chosen.remove(key);
                }
                self.claims.insert(key.clone(), Arc::new(claim));
            }
            None => {
                self.claims.remove(key);
                self.chosen.remove(key);
            }
        }
        true
    }

    /// Adds, replaces or removes a class; tells whether anything changed.
    pub(crate) fn set_class(&mut self, name: &str, class: Option<Class>) -> bool {
        if self.classes.get(name).map(|before| &**before) == class.as_ref() {
            return false;
        }
        match class {
            Some(class) => self.classes.insert(name.into(), Arc::new(class)).is_none_or(|_| true),
            None => self.classes.remove(name).is_some(),
        }
    }

    /// Sets or removes how many volumes a node takes; tells whether anything changed.
    pub(crate) fn set_limits(&mut self, node: &str, limits: Option<Limits>) -> bool {
        if self.limits.get(node) == limits.as_ref() {
            return false;
        }
        match limits {
            Some(limits) => self.limits.insert(node.into(), limits),
            None => self.limits.remove(node),
        };
        true
    }

    /// A pod that uses a claim came to a node, or left it.
    pub(crate) fn count_user(&mut self, key: &ClaimKey, comes: bool) {
        let count = self.users.entry(key.clone()).or_default();
        *count = if comes { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.users.remove(key);
        }
    }

    /// How many pods on nodes use a claim.
    pub(crate) fn users(&self, key: &ClaimKey) -> u32 {
        self.users.get(key).copied().unwrap_or(0)
    }

    /// Counts what was decided for a pod as done.
    pub(crate) fn assume(&mut self, uid: &Arc<str>, steps: &[VolumeStep]) {
        if steps.is_empty() {
            return;
        }
        for step in steps {
            match step {
                VolumeStep::Bind { claim, volume } => {
                    if self.volumes.get(volume).is_some_and(|known| known.claim.is_none()) {
                        self.taken.insert(volume.clone(), claim.clone());
                    }
                }
                VolumeStep::Provision { claim, node } => {
                    if self.claims.get(claim).is_some_and(|known| known.selected_node.is_none()) {
                        self.chosen.insert(claim.clone(), node.clone());
                    }
                }
            }
        }
        self.steps.insert(uid.clone(), steps.to_vec());
    }

    /// Takes back what was decided for a pod and has not been done; tells whether there was anything.
    pub(crate) fn forget(&mut self, uid: &str) -> bool {
        let Some(steps) = self.steps.remove(uid) else { return false };
        for step in steps {
            match step {
                VolumeStep::Bind { claim, volume } => {
                    if self.taken.get(&volume) == Some(&claim) {
                        self.taken.remove(&volume);
                    }
                }
                VolumeStep::Provision { claim, .. } => {
                    self.chosen.remove(&claim);
                }
            }
        }
        true
    }

    /// What was decided for a pod has been done.
    pub(crate) fn confirm(&mut self, uid: &str) {
        if !self.steps.is_empty() {
            self.steps.remove(uid);
        }
    }

    fn claim(&self, key: &ClaimKey) -> Option<&Arc<Claim>> {
        self.claims.get(key)
    }

    fn volume(&self, name: &str) -> Option<&Arc<Volume>> {
        self.volumes.get(name)
    }

    fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(name).map(|class| &**class)
    }

    /// The node on which a claim's volume is or will be made.
    fn selected_node<'a>(&'a self, claim: &'a Claim) -> Option<&'a Arc<str>> {
        claim.selected_node.as_ref().or_else(|| self.chosen.get(&claim.key))
    }

    /// Whether a volume is given to this claim, as it says or by a decision; `None` if to nobody.
    fn is_given_to(&self, volume: &Volume, claim: &Claim) -> Option<bool> {
        if volume.claim.is_some() {
            return Some(volume.belongs_to(claim));
        }
        self.taken.get(&volume.name).map(|taker| *taker == claim.key)
    }

    /// The volumes of a class, by name.
    fn of_class(&self, class: &str) -> impl Iterator<Item = &Arc<Volume>> {
        self.by_class.get(class).into_iter().flatten().filter_map(|name| self.volumes.get(name))
    }

    #[cfg(test)]
    pub(crate) fn is_blank(&self) -> bool {
        self.volumes.is_empty()
            && self.by_class.is_empty()
            && self.claims.is_empty()
            && self.users.is_empty()
            && self.taken.is_empty()
            && self.chosen.is_empty()
    }
}

/// A quantity of storage in bytes; 0 if there is none.
fn size(list: Option<&ResourceList>) -> Result<i64, InvalidQuantity> {
    const STORAGE: &str = "storage";
    let Some(value) = list.and_then(|list| list.get(STORAGE)) else { return Ok(0) };
    let quantity = Quantity::from_value(value);
    let quantity = quantity.map_err(|source| InvalidQuantity { resource: STORAGE.into(), source })?;
    Ok(clamp(quantity.to_value()))
}

/// The drivers' volumes that a set of pods has on a node.
type Attached<'a> = HashSet<(&'a str, std::borrow::Cow<'a, str>)>;
