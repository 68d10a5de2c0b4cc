//! The record of one revision of a release, field for field as Helm 4 stores it.
//!
//! The chart and the values are kept as JSON text: most commands only pass them on.

pub mod chart;
pub mod codec;
mod hook;
mod info;
pub mod secret;
mod status;
mod time;

use std::collections::BTreeMap;

pub use hook::{DeletePolicy, Event, Execution, Hook, OutputPolicy, Phase};
pub use info::Info;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
pub use status::Status;
pub use time::Time;

/// One revision of a release.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// The release's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When, how and with what outcome.
    pub info: Info,
    /// The chart as Helm writes it: metadata, lock, templates, values, schema, files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<Box<RawValue>>,
    /// The values that the user gave, without the chart's own.
    #[serde(skip_serializing_if = "is_empty_object")]
    pub config: Option<Box<RawValue>>,
    /// What was rendered, hooks left out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// The hooks.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub hooks: Vec<Hook>,
    /// The revision, counted from 1.
    pub version: u64,
    /// The release's namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Labels of the user; they live on the Secret only.
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
    /// How objects were written.
    #[serde(skip_serializing_if = "ApplyMethod::is_unset")]
    pub apply_method: ApplyMethod,
}

/// How a release's objects are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApplyMethod {
    /// A release of Helm 3: the client computes patches.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// The client computes patches.
    #[serde(rename = "csa")]
    Client,
    /// Server-side apply.
    #[serde(rename = "ssa")]
    Server,
}

impl ApplyMethod {
    fn is_unset(&self) -> bool {
        *self == ApplyMethod::Unset
    }
}

/// What lists show of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ChartMetadata {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of what it runs.
    #[serde(rename = "appVersion")]
    pub app_version: String,
    /// Its annotations.
    #[serde(deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Its dependencies, as Chart.yaml has them.
    #[serde(deserialize_with = "null_as_default")]
    pub dependencies: Vec<serde_json::Value>,
}

impl Release {
    /// The chart's metadata, unless the record has none.
    pub fn chart_metadata(&self) -> Option<ChartMetadata> {
        #[derive(Deserialize)]
        struct Chart {
            metadata: Option<ChartMetadata>,
        }
        serde_json::from_str::<Chart>(self.chart.as_ref()?.get()).ok()?.metadata
    }

    /// `NAME-VERSION` of the chart; Helm writes `MISSING` where there is none.
    pub fn chart_name(&self) -> String {
        match self.chart_metadata() {
            Some(metadata) => format!("{}-{}", metadata.name, metadata.version),
            None => "MISSING".into(),
        }
    }

    /// The application's version; `MISSING` where there is no chart.
    pub fn app_version(&self) -> String {
        self.chart_metadata().map_or_else(|| "MISSING".into(), |metadata| metadata.app_version)
    }

    /// The user's values as JSON text; an empty object if there are none.
    pub fn config_text(&self) -> &str {
        self.config.as_ref().map_or("{}", |config| config.get())
    }
}

fn is_empty_object(value: &Option<Box<RawValue>>) -> bool {
    value.as_ref().is_none_or(|value| matches!(value.get(), "null" | "{}"))
}

/// Go writes empty lists and maps as null.
fn null_as_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
