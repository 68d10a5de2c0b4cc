//! What scheduling knows of a `PersistentVolumeClaim`.

use std::sync::Arc;

use crate::core::{
    labels::Selector,
    object::{ClaimSpec, ClaimStatus, StorageMeta},
    resources::InvalidQuantity,
};

use super::size;

/// Set by the volume controller when claim and volume know each other.
const BOUND: &str = "pv.kubernetes.io/bind-completed";
/// The node on which a volume is to be made for a claim.
pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Where the class stood before Kubernetes 1.6.
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// Namespace and name of a claim.
pub type ClaimKey = (Arc<str>, Arc<str>);

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(crate) key: ClaimKey,
    pub(crate) uid: Box<str>,
    /// Bytes that the volume must hold.
    pub(crate) size: i64,
    pub(crate) modes: Modes,
    pub(crate) class: Box<str>,
    pub(crate) block: bool,
    pub(in crate::core) selector: Option<Selector>,
    /// The volume that it names.
    pub(crate) volume: Option<Arc<str>>,
    /// Whether it is bound to that for good.
    pub(crate) bound: bool,
    /// Whether its volume is gone.
    pub(crate) lost: bool,
    pub(crate) deleting: bool,
    /// The node on which its volume is being made.
    pub(crate) selected_node: Option<Arc<str>>,
    /// The pod for which it was made.
    pub(crate) controller: Option<Box<str>>,
}

/// How volumes can be mounted, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modes(u8);

impl Modes {
    const NAMES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

    pub(crate) fn of(names: Option<&[String]>) -> Self {
        let bit = |name: &String| Self::NAMES.iter().position(|known| known == name);
        Self(names.unwrap_or_default().iter().filter_map(bit).fold(0, |set, bit| set | 1 << bit))
    }

    /// Whether all of these are among them.
    pub(crate) fn includes(self, wanted: Modes) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// Whether only one pod may use it.
    pub(crate) fn is_for_one_pod(self) -> bool {
        self.0 & 1 << 3 != 0
    }
}

impl Claim {
    /// Reads a claim.
    ///
    /// # Errors
    /// What it asks for is no quantity.
    pub fn new(meta: &StorageMeta, spec: &ClaimSpec, status: &ClaimStatus) -> Result<Self, InvalidQuantity> {
        let noted = |name: &str| meta.annotations.as_ref().and_then(|all| all.get(name));
        let volume = spec.volume_name.as_deref().filter(|name| !name.is_empty());
        let owners = meta.owner_references.iter().flatten();
        let controller = owners.into_iter().find(|owner| owner.controller == Some(true));
        let class = noted(OLD_CLASS).map(String::as_str).or(spec.storage_class_name.as_deref());
        Ok(Self {
            key: (meta.namespace.as_str().into(), meta.name.as_str().into()),
            uid: meta.uid.as_str().into(),
            size: size(spec.resources.as_ref().and_then(|resources| resources.requests.as_ref()))?,
            modes: Modes::of(spec.access_modes.as_deref()),
            class: class.unwrap_or_default().into(),
            block: spec.volume_mode.as_deref() == Some("Block"),
            selector: spec.selector.as_ref().map(|selector| Selector::of(Some(selector))),
            bound: volume.is_some() && noted(BOUND).is_some(),
            volume: volume.map(Arc::from),
            lost: status.phase.as_deref() == Some("Lost"),
            deleting: meta.deletion_timestamp.is_some(),
            selected_node: noted(SELECTED_NODE).map(|node| node.as_str().into()),
            controller: controller.map(|owner| owner.uid.as_str().into()),
        })
    }
}
