//! What scheduling knows of a `PersistentVolume`.

use std::sync::Arc;

use crate::core::{
    labels::Labels,
    node::NodeInfo,
    node_affinity::Required,
    object::{StorageMeta, VolumeSpec, VolumeStatus},
    resources::InvalidQuantity,
};

use super::{
    claim::{Claim, Modes},
    size,
};

/// Labels that say where a volume is: the names of today, and those before Kubernetes 1.17 with what they are called now.
const PLACES: [(&str, &str); 4] = [
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
];
/// Stands between the zones of a volume that is in several.
const ZONES_BETWEEN: &str = "__";

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub(crate) name: Arc<str>,
    /// Bytes.
    pub(crate) size: i64,
    pub(crate) modes: Modes,
    pub(crate) class: Box<str>,
    pub(crate) block: bool,
    labels: Labels,
    /// The claim that it belongs to.
    pub(crate) claim: Option<Owner>,
    affinity: Option<Required>,
    /// Labels of its place, with the values that a node may have.
    places: Vec<Place>,
    /// Driver and handle.
    pub(crate) csi: Option<(Arc<str>, Arc<str>)>,
    available: bool,
    deleting: bool,
}

/// The claim that a volume belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
    /// Empty if any claim of that name will do.
    uid: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    key: &'static str,
    /// What the label is called now.
    now: &'static str,
    values: Vec<Box<str>>,
}

impl Volume {
    /// Reads a volume.
    ///
    /// # Errors
    /// What it holds is no quantity.
    pub fn new(
        meta: &StorageMeta,
        spec: &VolumeSpec,
        status: &VolumeStatus,
    ) -> Result<Self, InvalidQuantity> {
        let labels = meta.labels.clone().unwrap_or_default();
        let required = spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
        let place = |(key, now): (&'static str, &'static str)| {
            let values = labels.get(key)?.split(ZONES_BETWEEN).map(|zone| zone.trim().into()).collect();
            Some(Place { key, now, values })
        };
        Ok(Self {
            name: meta.name.as_str().into(),
            size: size(spec.capacity.as_ref())?,
            modes: Modes::of(spec.access_modes.as_deref()),
            class: spec.storage_class_name.as_deref().unwrap_or_default().into(),
            block: spec.volume_mode.as_deref() == Some("Block"),
            labels: Labels::new(&labels),
            claim: spec.claim_ref.as_ref().map(|claim| Owner {
                namespace: claim.namespace.as_str().into(),
                name: claim.name.as_str().into(),
                uid: claim.uid.as_str().into(),
            }),
            affinity: required.map(Required::of_selector),
            places: PLACES.into_iter().filter_map(place).collect(),
            csi: spec.csi.as_ref().map(|csi| (csi.driver.as_str().into(), csi.volume_handle.as_str().into())),
            available: status.phase.as_deref() == Some("Available"),
            deleting: meta.deletion_timestamp.is_some(),
        })
    }

    /// Whether a node can reach it.
    pub(crate) fn is_reachable(&self, node: &NodeInfo) -> bool {
        self.affinity.as_ref().is_none_or(|required| required.matches(node))
    }

    /// Whether it is where the node is, as labels tell. A node that tells nothing of its place is anywhere.
    pub(crate) fn is_placed_with(&self, node: &NodeInfo) -> bool {
        let somewhere = PLACES.iter().any(|(key, _)| node.label(key).is_some());
        !somewhere
            || self.places.iter().all(|place| {
                let found = node.label(place.key).or_else(|| node.label(place.now));
                found.is_some_and(|found| place.values.iter().any(|value| **value == **found))
            })
    }

    /// Whether it says which claim it belongs to, and that is this one.
    pub(crate) fn belongs_to(&self, claim: &Claim) -> bool {
        self.claim.as_ref().is_some_and(|owner| {
            owner.namespace == claim.key.0
                && owner.name == claim.key.1
                && (owner.uid.is_empty() || owner.uid == claim.uid)
        })
    }

    /// Whether its kind and size suit a claim, whoever it belongs to.
    pub(crate) fn is_large_enough(&self, claim: &Claim) -> bool {
        self.block == claim.block && !self.deleting && self.size >= claim.size
    }

    /// Whether it is free and what a claim asks for.
    pub(crate) fn is_free_for(&self, claim: &Claim) -> bool {
        self.claim.is_none()
            && self.available
            && *self.class == *claim.class
            && self.modes.includes(claim.modes)
            && claim.selector.as_ref().is_none_or(|selector| selector.matches(&self.labels))
    }
}
