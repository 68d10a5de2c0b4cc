//! Topologies: a label of nodes, whose values are the domains. Domains have small numbers, so that what is counted by
//! domain is a plain array.

use std::{collections::HashMap, sync::Arc};

use crate::core::node::NodeInfo;

/// The domain of a node that lacks the label.
pub(crate) const NO_DOMAIN: u32 = u32::MAX;

/// The label that, for scores of spreading, stands for the node itself.
pub(crate) const HOSTNAME: &str = "kubernetes.io/hostname";

/// What nodes are grouped by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TopologyKey {
    /// A label.
    Label(Arc<str>),
    /// Each node is a domain of its own; its number is that of its slot.
    Node,
}

/// The domains of one key.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    key: TopologyKey,
    /// The domain of each slot.
    pub(crate) domain_of: Vec<u32>,
    /// Domains by value.
    values: HashMap<Arc<str>, u32>,
    /// The value of each domain.
    names: Vec<Option<Arc<str>>>,
    /// How many nodes each domain has.
    pub(crate) nodes: Vec<u32>,
    /// Numbers that no domain has.
    free: Vec<u32>,
}

impl Topology {
    pub(crate) fn new(key: TopologyKey) -> Self {
        Self {
            key,
            domain_of: Vec::new(),
            values: HashMap::new(),
            names: Vec::new(),
            nodes: Vec::new(),
            free: Vec::new(),
        }
    }

    /// A slot's node came, went or changed.
    pub(crate) fn update(&mut self, slot: usize, node: Option<&NodeInfo>) {
        if self.domain_of.len() <= slot {
            self.domain_of.resize(slot + 1, NO_DOMAIN);
        }
        let value = match &self.key {
            TopologyKey::Node => {
                if self.nodes.len() <= slot {
                    self.nodes.resize(slot + 1, 0);
                }
                self.nodes[slot] = u32::from(node.is_some());
                self.domain_of[slot] = if node.is_some() { super::small(slot) } else { NO_DOMAIN };
                return;
            }
            TopologyKey::Label(key) => node.and_then(|node| node.label(key)),
        };
        self.leave(slot);
        if let Some(value) = value {
            let domain = self.domain(&value.clone());
            self.nodes[domain as usize] += 1;
            self.domain_of[slot] = domain;
        }
    }

    /// The domain of a value, made if there is none.
    fn domain(&mut self, value: &Arc<str>) -> u32 {
        if let Some(domain) = self.values.get(value) {
            return *domain;
        }
        let domain = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(0);
            self.names.push(None);
            super::small(self.nodes.len() - 1)
        });
        self.names[domain as usize] = Some(value.clone());
        self.values.insert(value.clone(), domain);
        domain
    }

    fn leave(&mut self, slot: usize) {
        let domain = std::mem::replace(&mut self.domain_of[slot], NO_DOMAIN);
        if domain == NO_DOMAIN {
            return;
        }
        self.nodes[domain as usize] -= 1;
        if self.nodes[domain as usize] == 0 {
            if let Some(name) = self.names[domain as usize].take() {
                self.values.remove(&name);
            }
            self.free.push(domain);
        }
    }
}
