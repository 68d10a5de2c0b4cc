//! Why a chart cannot be rendered.

use thiserror::Error;

use crate::{fault::Fault, values::SchemaError};

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
    #[error("YAML parse error on {path}: {cause}")]
    Document { path: String, cause: String, document: String },
    #[error("error while running post render on files: {0}")]
    PostRender(String),
}
