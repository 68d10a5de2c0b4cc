//! Values: read, merged and coalesced as Helm does. In: the values of a chart and its subcharts, of `-f` and `--set`
//! and their like. Out: what templates see as `.Values`.

mod coalesce;
mod formats;
mod items;
mod literal;
mod merge;
mod metaschema;
mod options;
mod origin;
mod path;
mod patterns;
mod references;
mod schema;
mod set;
#[cfg(test)]
mod tests;
mod violation;
mod words;
mod written;

pub use coalesce::{Nulls, coalesce, coalesce_tables};
pub use literal::set_literal;
pub use merge::{deep_copy, deep_copy_map, merge_maps};
pub use options::{ReadFile, ValueOptions};
pub use origin::Origins;
pub use path::{NoValue, scalar_at, table_at};
pub(crate) use schema::Schemas;
pub use schema::{SchemaError, validate, validate_one};
pub use set::{MAX_INDEX, MAX_NESTING, SetError, set_file, set_json, set_string, set_typed};
