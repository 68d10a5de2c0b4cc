//! What scheduling knows of a node, computed once for each change of it.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    changes::Changes,
    images::{self, NodeImages},
    labels::Labels,
    object::{Condition, NodeSpec, NodeStatus},
    resources::{InvalidQuantity, PODS, Resources, clamp},
    taint::Taint,
};

/// The annotation of a node that names the images of which it holds compiled code, with commas between.
pub const COMPILED: &str = "runtime.naru.dev/compiled-images";

/// The taint that a cordoned node counts as having.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Conditions, the status that is bad, and the taint that stands for it. Source: the well-known taints, which the node
/// lifecycle controller sets a moment later.
const CONDITIONS: [(&str, &str, &str); 6] = [
    ("Ready", "False", "node.kubernetes.io/not-ready"),
    ("Ready", "Unknown", "node.kubernetes.io/unreachable"),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];

/// A node as scheduling sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Its labels.
    pub(super) labels: Labels,
    /// Its taints, with those that its conditions stand for.
    pub(super) taints: Vec<Taint>,
    /// The taint of a cordoned node.
    pub(super) cordon: Option<Taint>,
    /// What pods may request in all.
    pub(super) allocatable: Resources,
    /// How many pods it takes.
    pub(super) pods_max: i64,
    /// The images it holds.
    pub(super) images: NodeImages,
    /// The images that it holds compiled.
    pub(super) compiled: std::collections::HashSet<Arc<str>>,
}

/// A node that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what the node offers is invalid")]
pub struct InvalidNode(#[from] InvalidQuantity);

impl NodeInfo {
    /// Reads a node.
    pub fn new(
        name: &str,
        labels: &BTreeMap<String, String>,
        spec: &NodeSpec,
        status: &NodeStatus,
    ) -> Result<Self, InvalidNode> {
        let nothing = BTreeMap::new();
        let allocatable = status.allocatable.as_ref().unwrap_or(&nothing);
        let conditions = status.conditions.as_deref().unwrap_or_default();
        let cordoned = spec.unschedulable.unwrap_or(false);
        Ok(Self {
            name: name.into(),
            labels: Labels::new(labels),
            taints: taints(spec, conditions),
            cordon: cordoned.then(|| Taint::no_schedule(UNSCHEDULABLE)),
            allocatable: Resources::parse(allocatable)?,
            pods_max: pods_max(allocatable)?,
            images: images::of_node(status.images.as_deref().unwrap_or_default()),
            compiled: std::collections::HashSet::new(),
        })
    }

    /// The same node, holding compiled code of the images that its annotation [`COMPILED`] names.
    pub fn with_compiled(mut self, annotation: Option<&str>) -> Self {
        let names = annotation.unwrap_or_default().split(',').filter(|name| !name.is_empty());
        self.compiled = names.map(Arc::from).collect();
        self
    }

    /// The value of a label.
    pub(super) fn label(&self, key: &str) -> Option<&Arc<str>> {
        self.labels.get(key)
    }

    /// Whether pods see the same node as `before`, but for what it offers.
    pub(super) fn is_same_place(&self, before: &NodeInfo) -> bool {
        self.labels == before.labels && self.taints == before.taints && self.cordon == before.cordon
    }

    /// What changed from `before` to this.
    pub(super) fn changes_since(&self, before: &NodeInfo) -> Changes {
        let mut changes = Changes::NONE;
        if self.allocatable != before.allocatable || self.pods_max != before.pods_max {
            changes |= Changes::NODE_ALLOCATABLE;
        }
        if self.labels != before.labels {
            changes |= Changes::NODE_LABELS;
        }
        if self.taints != before.taints || self.cordon != before.cordon {
            changes |= Changes::NODE_TAINTS;
        }
        if self.images != before.images || self.compiled != before.compiled {
            changes |= Changes::NODE_IMAGES;
        }
        changes
    }
}

fn pods_max(allocatable: &BTreeMap<String, serde_json::Value>) -> Result<i64, InvalidQuantity> {
    let Some(value) = allocatable.get(PODS) else { return Ok(0) };
    let quantity = naru_api::quantity::Quantity::from_value(value);
    let quantity = quantity.map_err(|source| InvalidQuantity { resource: PODS.into(), source })?;
    Ok(clamp(quantity.to_value()))
}

/// The node's taints, and those its conditions stand for if they are not there yet. (A node that has never said how it is
/// offers nothing yet either.)
fn taints(spec: &NodeSpec, conditions: &[Condition]) -> Vec<Taint> {
    let mut taints: Vec<_> = spec.taints.iter().flatten().filter_map(Taint::of).collect();
    let is = |kind: &str, status: &str| {
        conditions.iter().any(|condition| condition.type_ == kind && condition.status == status)
    };
    for (kind, bad, taint) in CONDITIONS {
        if is(kind, bad) && !taints.iter().any(|known| *known.key == *taint && known.effect.forbids()) {
            taints.push(Taint::no_schedule(taint));
        }
    }
    taints
}
