//! Amounts of resources: parsing, adding, comparing.

use std::sync::Arc;

use naru_api::quantity::{self, Quantity};

use super::object::ResourceList;

/// The name of the number of pods among a node's resources.
pub(super) const PODS: &str = "pods";

/// Amounts of each resource. Amounts beyond `i64` are cut off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub milli_cpu: i64,
    /// Bytes.
    pub memory: i64,
    /// Bytes.
    pub ephemeral_storage: i64,
    /// Everything else by name (devices, huge pages), sorted, none of it zero.
    pub extended: Vec<(Arc<str>, i64)>,
}

/// A quantity that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quantity of {resource} is invalid")]
pub struct InvalidQuantity {
    /// Of what.
    pub resource: String,
    /// Why.
    #[source]
    pub source: quantity::Error,
}

impl Resources {
    /// Reads amounts; the number of pods is not among them.
    pub fn parse(list: &ResourceList) -> Result<Self, InvalidQuantity> {
        let mut resources = Self::default();
        for (name, value) in list {
            let invalid = |source| InvalidQuantity { resource: name.clone(), source };
            let quantity = Quantity::from_value(value).map_err(invalid)?;
            let amount = clamp(quantity.to_value());
            match name.as_str() {
                "cpu" => resources.milli_cpu = clamp(quantity.to_milli()),
                "memory" => resources.memory = amount,
                "ephemeral-storage" => resources.ephemeral_storage = amount,
                PODS => {}
                // The list is sorted by name already.
                _ if amount != 0 => resources.extended.push((name.as_str().into(), amount)),
                _ => {}
            }
        }
        Ok(resources)
    }

    /// The amount of an extended resource.
    pub fn extended(&self, name: &str) -> i64 {
        let found = self.extended.binary_search_by(|(other, _)| (**other).cmp(name));
        found.map_or(0, |at| self.extended[at].1)
    }

    pub(super) fn add(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_add);
    }

    pub(super) fn subtract(&mut self, other: &Resources) {
        self.combine(other, i64::saturating_sub);
    }

    /// Takes the larger amount of each.
    pub(super) fn raise_to(&mut self, other: &Resources) {
        self.combine(other, i64::max);
    }

    /// Takes the amounts that a list names instead of its own; of those that a pod as a whole can request.
    pub(super) fn replace_by(&mut self, list: &ResourceList) -> Result<(), InvalidQuantity> {
        let whole = Self::parse(list)?;
        if list.contains_key("cpu") {
            self.milli_cpu = whole.milli_cpu;
        }
        if list.contains_key("memory") {
            self.memory = whole.memory;
        }
        let pages = |(name, _): &(Arc<str>, i64)| name.starts_with("hugepages-");
        if list.keys().any(|name| name.starts_with("hugepages-")) {
            self.extended.retain(|one| !(pages(one) && list.contains_key(&*one.0)));
            self.extended.extend(whole.extended.into_iter().filter(pages));
            self.extended.sort_unstable();
        }
        Ok(())
    }

    /// Whether nothing is taken of anything.
    pub fn is_zero(&self) -> bool {
        self.milli_cpu == 0 && self.memory == 0 && self.ephemeral_storage == 0 && self.extended.is_empty()
    }

    fn combine(&mut self, other: &Resources, with: impl Fn(i64, i64) -> i64) {
        self.milli_cpu = with(self.milli_cpu, other.milli_cpu);
        self.memory = with(self.memory, other.memory);
        self.ephemeral_storage = with(self.ephemeral_storage, other.ephemeral_storage);
        for (name, amount) in &other.extended {
            match self.extended.binary_search_by(|(mine, _)| mine.cmp(name)) {
                Ok(at) => self.extended[at].1 = with(self.extended[at].1, *amount),
                Err(at) => self.extended.insert(at, (name.clone(), with(0, *amount))),
            }
        }
        self.extended.retain(|(_, amount)| *amount != 0);
    }
}

pub(super) fn clamp(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX })
}
