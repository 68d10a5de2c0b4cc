//! Charts into archives, laid out as `helm package` does. Source: Helm's `Save`.

use std::io::Write;

use flate2::{Compression, GzBuilder};

use super::{Chart, ChartError};
use crate::{value::Value, yaml};

/// The archive of a chart with its subcharts. An entry gets the time that `modified` says of its path below the chart's folder, in
/// seconds since 1970.
///
/// # Errors
/// If a file cannot be written into an archive, or the schema is no JSON.
pub fn write_archive(chart: &Chart, modified: &dyn Fn(&str) -> u64) -> Result<Vec<u8>, ChartError> {
    let gzip = GzBuilder::new().comment("Helm").write(Vec::new(), Compression::default());
    let mut packer = Packer { archive: tar::Builder::new(gzip), modified };
    packer.chart(chart, chart.name())?;
    packer.archive.into_inner().and_then(|gzip| gzip.finish()).map_err(refused)
}

struct Packer<'a, W: Write> {
    archive: tar::Builder<W>,
    modified: &'a dyn Fn(&str) -> u64,
}

impl<W: Write> Packer<'_, W> {
    fn chart(&mut self, chart: &Chart, path: &str) -> Result<(), ChartError> {
        let mut metadata = chart.metadata.clone();
        let is_old = metadata.api_version == "v1";
        if is_old {
            // These stay in requirements.yaml, which is one of the files.
            metadata.dependencies = None;
        }
        self.document(&format!("{path}/Chart.yaml"), &metadata.document())?;
        if let (Some(lock), false) = (&chart.lock, is_old) {
            self.document(&format!("{path}/Chart.lock"), &lock.document())?;
        }
        for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
            self.file(&format!("{path}/values.yaml"), &file.data)?;
        }
        if let Some(schema) = &chart.schema {
            serde_json::from_slice::<serde::de::IgnoredAny>(schema)
                .map_err(|error| ChartError::file("values.schema.json", error))?;
            self.file(&format!("{path}/values.schema.json"), schema)?;
        }
        for file in chart.templates.iter().chain(&chart.files) {
            self.file(&format!("{path}/{}", file.name), &file.data)?;
        }
        for subchart in &chart.dependencies {
            self.chart(subchart, &format!("{path}/charts/{}", subchart.name()))?;
        }
        Ok(())
    }

    fn document(&mut self, path: &str, document: &Value) -> Result<(), ChartError> {
        let text = yaml::write(document)
            .map_err(|error| ChartError::Archive(format!("archive: {path}: {error}")))?;
        self.file(path, text.as_bytes())
    }

    fn file(&mut self, path: &str, data: &[u8]) -> Result<(), ChartError> {
        let mut header = tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime((self.modified)(path.split_once('/').map_or(path, |(_, below)| below)));
        self.archive.append_data(&mut header, path, data).map_err(refused)
    }
}

fn refused(error: std::io::Error) -> ChartError {
    ChartError::Archive(format!("archive cannot be written: {error}"))
}
