//! What the Kubernetes API's definitions say of each field, and the passes over an object that follow it.
//!
//! The facts are the generated text `facts/facts.txt` (see `facts/generate.py`), parsed once at first use.

mod check;
mod facts;
mod normalize;
mod path;
mod prune;
mod time;
mod types;

pub use check::{Findings, check};
pub use facts::{Definition, DefinitionId, Field, ListType, by_kind, definition, definitions};
pub use normalize::normalize;
pub use prune::prune;
pub(crate) use time::{rfc3339_micros, rfc3339_seconds};
pub use types::{Scalar, Shape, Type};

use serde_json::Value;

/// The default that the schema itself gives a field, for example `TCP` for a port's protocol. Kinds have more defaults of
/// their own.
pub fn default(definition_name: &str, field: &str) -> Option<Value> {
    definition(definition_name)?.field(field)?.default()
}
