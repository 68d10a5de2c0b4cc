//! Storage classes, and how many volumes of each driver nodes take.

use std::{collections::HashMap, sync::Arc};

use crate::core::{
    node::NodeInfo,
    object::{ClassFields, CsiNodeSpec},
};

/// The provisioner of classes whose volumes nobody makes.
const NOBODY: &str = "kubernetes.io/no-provisioner";

/// A `StorageClass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub(crate) provisioner: Arc<str>,
    /// Whether volumes are chosen or made for the first pod that uses them.
    pub(crate) waits: bool,
    /// Terms of which one must match a node for a volume to be made there, if there are any.
    topologies: Vec<Topology>,
}

/// Labels of nodes, with the values that they may have.
type Topology = Vec<(Box<str>, Vec<Box<str>>)>;

impl Class {
    /// Reads a class.
    pub fn new(fields: &ClassFields) -> Self {
        let term = |term: &crate::core::object::TopologyTerm| {
            let labels = term.match_label_expressions.iter().flatten();
            let one = |one: &crate::core::object::TopologyRequirement| {
                (one.key.as_str().into(), one.values.iter().map(|value| value.as_str().into()).collect())
            };
            labels.map(one).collect()
        };
        Self {
            provisioner: fields.provisioner.as_str().into(),
            waits: fields.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer"),
            topologies: fields.allowed_topologies.iter().flatten().map(term).collect(),
        }
    }

    /// Whether a volume can be made for a node. (How much room there is for it is not known.)
    pub(crate) fn provides(&self, node: &NodeInfo) -> bool {
        let holds = |(key, values): &(Box<str>, Vec<Box<str>>)| {
            node.label(key).is_some_and(|found| values.iter().any(|value| **value == **found))
        };
        let matches = |term: &Topology| !term.is_empty() && term.iter().all(holds);
        !self.provisioner.is_empty()
            && *self.provisioner != *NOBODY
            && (self.topologies.is_empty() || self.topologies.iter().any(matches))
    }
}

/// How many volumes of each driver a node takes.
pub(crate) type Limits = HashMap<Arc<str>, i64>;

/// Reads a `CSINode`.
pub(crate) fn limits(spec: &CsiNodeSpec) -> Limits {
    let limit = |driver: &crate::core::object::CsiNodeDriver| {
        let count = driver.allocatable.as_ref()?.count?;
        Some((driver.name.as_str().into(), count))
    };
    spec.drivers.iter().filter_map(limit).collect()
}
