//! Charts: `Chart.yaml` (v1 and v2), values, templates, files, subcharts. In: a chart's files as bytes in memory. Out:
//! a [`Chart`]. Reading folders is the caller's; what a folder's `.helmignore` leaves out is decided here.

mod ahead;
mod archive;
mod data;
pub(crate) mod decode;
mod dependencies;
mod error;
mod ignore;
mod load;
mod metadata;
mod pack;
pub mod pattern;
mod plain;
#[cfg(test)]
mod tests;
mod validate;

pub use ahead::{Ahead, Part};
pub(crate) use archive::clean_path;
pub use archive::{MAX_CHART_BYTES, MAX_ENTRIES, MAX_NESTED_BYTES, read as read_archive, without_mark};
pub use data::Data;
pub(crate) use dependencies::is_compatible;
pub use dependencies::{missing_dependencies, process_dependencies};
pub use error::ChartError;
pub use ignore::{IgnoreError, IgnoreRules};
pub(crate) use load::extension;
pub use load::{MAX_SUBCHART_DEPTH, read_values};
pub use metadata::{Dependency, Lock, METADATA_FIELDS, Maintainer, Metadata};
pub use pack::write_archive;
pub use plain::plain_files;

use crate::value::{Map, Str};

/// A file of a chart.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path within the chart, with `/`.
    pub name: String,
    /// Its content, without a byte order mark.
    pub data: Data,
}

/// A loaded chart with its subcharts.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// `Chart.yaml`, and of a v1 chart `requirements.yaml`.
    pub metadata: Metadata,
    /// `Chart.lock` or `requirements.lock`.
    pub lock: Option<Lock>,
    /// `values.yaml`; `None` if there is no such file.
    pub values: Option<Map>,
    /// `values.schema.json`, as it is.
    pub schema: Option<Str>,
    /// The files of `templates/`.
    pub templates: Vec<File>,
    /// All other files: what `.Files` offers, `crds/` among them.
    pub files: Vec<File>,
    /// Every file of the chart itself and of `charts/`, as read.
    pub raw: Vec<File>,
    /// The subcharts.
    pub dependencies: Vec<Chart>,
    /// What is being made of its files already, if anything.
    pub ahead: Ahead,
}

impl Chart {
    /// The chart's name; for an aliased subchart, once dependencies are processed, its alias.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }
}
