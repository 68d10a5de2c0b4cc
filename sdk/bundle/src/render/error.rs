//! Why a chart cannot be rendered.

use thiserror::Error;

use super::document;
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
    #[error("YAML parse error on {path}: {cause}{}", document::told(document, cause, *position, template.as_deref()))]
    Document {
        path: String,
        cause: String,
        /// Where in the document, if it is known.
        position: Option<Position>,
        /// What was rendered.
        document: String,
        /// What it was rendered from.
        template: Option<String>,
    },
    #[error("error while running post render on files: {0}")]
    PostRender(String),
}

impl RenderError {
    /// The same failure, with the template that a bad document came from.
    pub(super) fn in_chart(mut self, chart: &Chart) -> Self {
        if let Self::Document { path, template, .. } = &mut self {
            *template = template_text(chart, chart.name(), path);
        }
        self
    }
}

fn template_text(chart: &Chart, folder: &str, path: &str) -> Option<String> {
    let is_it = |name: &str| clean_path(&format!("{folder}/{name}")) == *path;
    let own = chart.templates.iter().find(|file| is_it(&file.name));
    let inner =
        |subchart: &Chart| template_text(subchart, &format!("{folder}/charts/{}", subchart.name()), path);
    own.map(|file| file.data.text().into_owned()).or_else(|| chart.dependencies.iter().find_map(inner))
}
