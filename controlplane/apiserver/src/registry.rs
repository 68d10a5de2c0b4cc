//! The kinds that are served now: the built-in rows, and those that are added at run time.
//!
//! Handlers take a row from here, never from a static table: a CustomResourceDefinition will add rows while the server runs.

use std::sync::Arc;

use naru_api::kinds::{BUILTIN, Kind};
use parking_lot::RwLock;

use crate::kinds::{Strategy, strategy};

/// A served kind: its data and its rules.
#[derive(Clone, Copy)]
pub struct Row {
    /// The row of the kinds table.
    pub kind: &'static Kind,
    /// Defaults, validation, cells.
    pub strategy: &'static dyn Strategy,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.api_version(), self.kind.plural)
    }
}

/// The served kinds, in the order of discovery. Readers take a snapshot; a change replaces it.
pub struct Registry {
    rows: RwLock<Arc<Vec<Row>>>,
}

impl Default for Registry {
    fn default() -> Self {
        Registry::new(BUILTIN)
    }
}

impl Registry {
    /// A registry of these kinds with their built-in strategies.
    pub fn new(kinds: &'static [Kind]) -> Self {
        let rows = kinds.iter().map(|kind| Row { kind, strategy: strategy(kind) }).collect();
        Registry { rows: RwLock::new(Arc::new(rows)) }
    }

    /// All rows as they are now.
    pub fn rows(&self) -> Arc<Vec<Row>> {
        self.rows.read().clone()
    }

    /// The row that a path's group, version and plural name.
    pub fn by_plural(&self, group: &str, version: &str, plural: &str) -> Option<Row> {
        let rows = self.rows.read();
        rows.iter()
            .find(|row| row.kind.plural == plural && row.kind.group == group && row.kind.version == version)
            .copied()
    }

    /// Whether any kind of this group and version is served.
    pub fn serves(&self, group: &str, version: &str) -> bool {
        self.rows.read().iter().any(|row| row.kind.group == group && row.kind.version == version)
    }
}
