//! Why a chart cannot be rendered.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Hook, document};
use crate::{
    chart::{Chart, clean_path},
    fault::Fault,
    values::SchemaError,
    yaml::Position,
};

/// A chart that cannot be rendered with these values.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum RenderError {
    #[error("chart dependencies processing failed: {0}")]
    Dependencies(String),
    #[error("{0}")]
    Values(String),
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {found}")]
    KubeVersion { wanted: String, found: String },
    #[error(transparent)]
    Template(#[from] Fault),
    #[error("YAML parse error on {path}: {cause}{}", document::told(&rest.document, cause, *position, rest.template.as_deref()))]
    Document {
        path: String,
        cause: String,
        /// Where in the document, if it is known.
        position: Option<Position>,
        /// What was rendered.
        rest: Box<Unsorted>,
    },
    #[error("{0}")]
    PostRender(String),
}

/// What was rendered, as far as it could be sorted.
#[derive(Clone, Debug, Default)]
pub struct Unsorted {
    /// The document that is no YAML.
    pub document: String,
    /// The template it was rendered from.
    pub template: Option<String>,
    /// Every rendered file, by path.
    pub files: BTreeMap<String, String>,
    /// The hooks before the document that is no YAML, as they were met.
    pub hooks: Vec<Hook>,
}

impl RenderError {
    /// The same failure, with the template that a bad document came from, and all files.
    pub(super) fn in_chart(mut self, chart: &Chart, files: BTreeMap<String, String>) -> Self {
        if let Self::Document { path, rest, .. } = &mut self {
            rest.template = template_text(chart, chart.name(), path);
            rest.files = files;
        }
        self
    }

    /// Whether the templates were being executed, or had been: the values and the chart were in order.
    pub fn is_of_rendering(&self) -> bool {
        !matches!(self, Self::Dependencies(_) | Self::Values(_) | Self::Schema(_))
    }
}

fn template_text(chart: &Chart, folder: &str, path: &str) -> Option<String> {
    let is_it = |name: &str| clean_path(&format!("{folder}/{name}")) == *path;
    let own = chart.templates.iter().find(|file| is_it(&file.name));
    let inner =
        |subchart: &Chart| template_text(subchart, &format!("{folder}/charts/{}", subchart.name()), path);
    own.map(|file| file.data.text().into_owned()).or_else(|| chart.dependencies.iter().find_map(inner))
}
