//! Why files are no chart.

use thiserror::Error;

/// Files that are no chart, or not a valid one.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ChartError {
    #[error("Chart.yaml file is missing")]
    Missing,
    #[error("validation: {0}")]
    Invalid(String),
    #[error("unsupported chart version")]
    ApiVersion,
    #[error("cannot load {file}: {cause}")]
    File { file: &'static str, cause: String },
    #[error("chart {0}")]
    Archive(String),
    #[error("the chart has more than {limit} {what}")]
    Limit { what: &'static str, limit: usize },
    #[error("error unpacking subchart {name} in {chart}: {cause}")]
    Subchart { name: String, chart: String, cause: Box<ChartError> },
    #[error("{0}")]
    Dependencies(String),
}

impl ChartError {
    pub(super) fn file(file: &'static str, cause: impl ToString) -> Self {
        Self::File { file, cause: cause.to_string() }
    }
}
