//! Go's maps with string keys: shared and mutable, iterated in the order of the keys' bytes.

use std::{
    cell::{Ref, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use super::{Str, Value};
use crate::stack::deep;

/// The static type of a map, which `%T` and `typeOf` show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapType {
    /// `map[string]interface {}`.
    Any,
    /// `map[string]string`.
    Str,
    /// Helm's `.Values`: `common.Values`, a map all the same.
    Values,
}

impl MapType {
    /// The type's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "map[string]interface {}",
            Self::Str => "map[string]string",
            Self::Values => "common.Values",
        }
    }
}

/// A map; a clone is a reference to the same map.
#[derive(Clone, Debug)]
pub struct Map {
    map_type: MapType,
    nil: bool,
    entries: Rc<Shared>,
}

#[derive(Debug)]
struct Shared(RefCell<BTreeMap<Str, Value>>);

impl Drop for Shared {
    fn drop(&mut self) {
        let entries = std::mem::take(self.0.get_mut());
        deep(|| drop(entries));
    }
}

impl Map {
    /// A new map; of equal keys the last wins.
    pub fn new<K: Into<Str>>(map_type: MapType, entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        Self::of(map_type, entries)
    }

    /// A nil map: empty, but `null` as JSON.
    pub fn nil(map_type: MapType) -> Self {
        Self { nil: true, ..Self::of(map_type, BTreeMap::new()) }
    }

    /// Whether it is a nil map.
    pub fn is_nil(&self) -> bool {
        self.nil && self.is_empty()
    }

    /// A new map of entries that are in order already.
    pub fn of(map_type: MapType, entries: BTreeMap<Str, Value>) -> Self {
        Self { map_type, nil: false, entries: Rc::new(Shared(RefCell::new(entries))) }
    }

    /// The static type.
    pub fn map_type(&self) -> MapType {
        self.map_type
    }

    /// The same map, seen as another type: what a Go function does that declares the other type.
    #[must_use]
    pub fn seen_as(&self, map_type: MapType) -> Self {
        Self { map_type, ..self.clone() }
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.entries.0.borrow().get(key).cloned()
    }

    /// Sets `key` for everybody who shares the map.
    pub fn set(&self, key: impl Into<Str>, value: Value) {
        self.entries.0.borrow_mut().insert(key.into(), value);
    }

    /// Removes `key` for everybody who shares the map.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.entries.0.borrow_mut().remove(key)
    }

    /// The entries, borrowed. Do not hold it across anything that may `set` the same map.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Str, Value>> {
        self.entries.0.borrow()
    }

    /// The entries as they are now, safe against changes during a loop over them.
    pub fn snapshot(&self) -> Vec<(Str, Value)> {
        self.entries().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// Where it is in memory, for `%p`.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.entries).addr()
    }

    /// Whether both are the same map, not merely equal ones.
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.entries, &other.entries)
    }
}
