//! A chart from its files. Source: Helm's `LoadFiles`, `LoadValues`.

use std::collections::BTreeMap;

use super::{Chart, ChartError, File, Lock, MAX_NESTED_BYTES, Metadata, archive};
use crate::{
    render::told,
    value::{Map, MapType},
    values::merge_maps,
    yaml,
};

/// How deep subcharts may lie in one another, archives included.
pub const MAX_SUBCHART_DEPTH: usize = 32;

impl Chart {
    /// A chart from its files, their paths relative to its folder. Warnings are for the user to see.
    ///
    /// # Errors
    /// If `Chart.yaml` is missing, of an unknown version or invalid, or another file of the chart's own is malformed.
    pub fn from_files(files: Vec<File>, warnings: &mut Vec<String>) -> Result<Self, ChartError> {
        let chart_yaml = files.iter().find(|file| file.name == "Chart.yaml").ok_or(ChartError::Missing)?;
        let mut metadata = Metadata::default();
        read_metadata(&mut metadata, "Chart.yaml", &chart_yaml.data)?;
        if !matches!(metadata.api_version.as_str(), "" | "v1" | "v2") {
            return Err(ChartError::ApiVersion);
        }
        let mut room = MAX_NESTED_BYTES;
        load(files, warnings, 0, &mut room)
    }

    /// A chart from a `.tgz`.
    ///
    /// # Errors
    /// As [`Chart::from_files`], or if the archive is damaged, too large, or leaves its folder.
    pub fn from_archive(bytes: &[u8], warnings: &mut Vec<String>) -> Result<Self, ChartError> {
        Self::from_files(archive::read(bytes)?, warnings)
    }
}

/// `room` is how many bytes archives in the chart may still unpack to.
fn load(
    files: Vec<File>,
    warnings: &mut Vec<String>,
    depth: usize,
    room: &mut u64,
) -> Result<Chart, ChartError> {
    if depth > MAX_SUBCHART_DEPTH {
        return Err(ChartError::Limit { what: "levels of subcharts", limit: MAX_SUBCHART_DEPTH });
    }
    let mut chart = Chart::default();
    let mut found = false;
    for file in files.iter().filter(|file| file.name == "Chart.yaml") {
        found = true;
        read_metadata(&mut chart.metadata, "Chart.yaml", &file.data)?;
        if chart.metadata.api_version.is_empty() {
            "v1".clone_into(&mut chart.metadata.api_version);
        }
    }
    let mut subcharts: BTreeMap<String, Vec<File>> = BTreeMap::new();
    chart.raw.clone_from(&files);
    for file in files {
        place(&mut chart, &mut subcharts, file, warnings)?;
    }
    if !found {
        return Err(ChartError::Missing);
    }
    chart.metadata.validate()?;
    for (name, files) in subcharts {
        if name.starts_with(['_', '.']) {
            continue;
        }
        let loaded = load_subchart(&name, files, warnings, depth + 1, room);
        let subchart = loaded.map_err(|cause| {
            let chart = chart.metadata.name.clone();
            ChartError::Subchart { name, chart, cause: Box::new(cause) }
        })?;
        chart.dependencies.push(subchart);
    }
    Ok(chart)
}

/// Puts one file where it belongs.
fn place(
    chart: &mut Chart,
    subcharts: &mut BTreeMap<String, Vec<File>>,
    file: File,
    warnings: &mut Vec<String>,
) -> Result<(), ChartError> {
    match file.name.as_str() {
        "Chart.yaml" => {}
        "Chart.lock" => chart.lock = Some(read_lock("Chart.lock", &file.data)?),
        "values.yaml" => {
            chart.values =
                Some(read_values(&file.data).map_err(|cause| ChartError::file("values.yaml", cause))?);
        }
        "values.schema.json" => chart.schema = Some((*file.data).clone()),
        "requirements.yaml" => {
            read_metadata(&mut chart.metadata, "requirements.yaml", &file.data)?;
            keep_old_file(
                chart,
                file,
                "Dependencies are",
                "Chart.yaml",
                "dependencies to Chart.yaml",
                warnings,
            );
        }
        "requirements.lock" => {
            chart.lock = Some(read_lock("requirements.lock", &file.data)?);
            keep_old_file(chart, file, "Dependency locking is", "Chart.lock", "to Chart.lock", warnings);
        }
        name if name.starts_with("templates/") => chart.templates.push(file),
        name if name.starts_with("charts/") && !name.ends_with(".prov") => {
            let name = name["charts/".len()..].to_owned();
            let top = name.split('/').next().unwrap_or_default().to_owned();
            subcharts.entry(top).or_default().push(File { name, data: file.data });
        }
        _ => chart.files.push(file),
    }
    Ok(())
}

/// The dependency files of v1 charts: files like any other there, obsolete in v2.
fn keep_old_file(
    chart: &mut Chart,
    file: File,
    what: &str,
    successor: &str,
    migration: &str,
    warnings: &mut Vec<String>,
) {
    if chart.metadata.api_version == "v1" {
        chart.files.push(file);
    } else {
        warnings.push(format!(
            "Warning: {what} handled in {successor} since apiVersion \"v2\". We recommend migrating {migration}."
        ));
    }
}

fn load_subchart(
    name: &str,
    files: Vec<File>,
    warnings: &mut Vec<String>,
    depth: usize,
    room: &mut u64,
) -> Result<Chart, ChartError> {
    if extension(name) == ".tgz" {
        return match files.first() {
            Some(file) if file.name == name => {
                let files = archive::read(&file.data)?;
                let bytes: usize = files.iter().map(|file| file.data.len()).sum();
                *room = room.checked_sub(bytes as u64).ok_or_else(|| {
                    let told = format!("the chart's archives unpack to more than {MAX_NESTED_BYTES} bytes");
                    ChartError::Archive(told)
                })?;
                load(files, warnings, depth, room)
            }
            _ => Err(ChartError::Archive(format!("archive {name} is a folder"))),
        };
    }
    let within = |file: File| Some(File { name: file.name.split_once('/')?.1.to_owned(), data: file.data });
    load(files.into_iter().filter_map(within).collect(), warnings, depth, room)
}

/// Go's `filepath.Ext`: from the last dot of the last element on.
pub(crate) fn extension(path: &str) -> &str {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.rfind('.').map_or("", |dot| &base[dot..])
}

fn read_metadata(metadata: &mut Metadata, file: &'static str, data: &[u8]) -> Result<(), ChartError> {
    let document = yaml::read_exact(data).map_err(|cause| ChartError::file(file, cause))?;
    metadata.read(&document).map_err(|cause| ChartError::file(file, cause))
}

fn read_lock(file: &'static str, data: &[u8]) -> Result<Lock, ChartError> {
    let document = yaml::read_exact(data).map_err(|cause| ChartError::file(file, cause))?;
    Lock::read(&document).map_err(|cause| ChartError::file(file, cause))
}

/// The values of a file: of its documents, merged in order.
///
/// # Errors
/// Go's words if a document is malformed or no mapping.
pub fn read_values(data: &[u8]) -> Result<Map, String> {
    let mut values = Map::new::<&str>(MapType::Any, []);
    for document in yaml::documents(data) {
        let document = document.map_err(|cause| format!("error reading yaml document: {cause}"))?;
        let more = yaml::read_map(&document).map_err(|cause| {
            let told = match &cause {
                yaml::Error::Syntax { position, .. } => told(&String::from_utf8_lossy(&document), *position),
                _ => String::new(),
            };
            format!("cannot unmarshal yaml document: {cause}{told}")
        })?;
        values = if values.is_empty() { more } else { merge_maps(&values, &more) };
    }
    Ok(values)
}
