//! Charts on this machine: folders and archives, and what can stand for one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use naru_bundle::chart::{Chart, ChartError, File, MAX_CHART_BYTES, missing_dependencies, read_archive};

use super::{folder, foreign};

/// What Helm says when a chart's dependencies are not in `charts/`.
const DEPENDENCIES: &str = "an error occurred while checking for chart dependencies. You may need to run \
    'naru bundle dependency build' to fetch missing dependencies";

/// The folder or archive that `name` is, if it is on this machine.
pub fn locate(name: &str) -> Result<Option<PathBuf>> {
    let path = PathBuf::from(name.trim());
    if path.exists() {
        return Ok(Some(path));
    }
    ensure!(!path.is_absolute() && !name.starts_with('.'), "path {name:?} not found");
    Ok(None)
}

/// The chart at `path`. Warnings go to standard error.
pub fn load(path: &Path) -> Result<Chart> {
    load_as(path, folder::read, Chart::from_files)
}

/// The same of a chart that will be rendered and nothing else.
pub fn load_for_rendering(path: &Path) -> Result<Chart> {
    load_as(path, folder::read_lazily, Chart::for_rendering)
}

fn load_as(
    path: &Path,
    read: fn(&Path) -> Result<Vec<File>>,
    of_files: fn(Vec<File>, &mut Vec<String>) -> Result<Chart, ChartError>,
) -> Result<Chart> {
    let mut warnings = Vec::new();
    let about = fs::metadata(path).with_context(|| path.display().to_string())?;
    let chart = if let Some(chart) = foreign::load(path)? {
        chart
    } else if about.is_dir() {
        let name = path.join("Chart.yaml");
        ensure!(name.is_file(), "unable to detect chart at {}: no such file or directory", name.display());
        of_files(read(path)?, &mut warnings)?
    } else {
        ensure!(about.len() <= MAX_CHART_BYTES, "{} is larger than {MAX_CHART_BYTES} bytes", path.display());
        let bytes = fs::read(path)?;
        if !bytes.starts_with(b"\x1f\x8b\x08") {
            bail!("file '{}' does not appear to be a gzipped archive", path.display());
        }
        of_files(read_archive(&bytes)?, &mut warnings)?
    };
    warn(&warnings);
    Ok(chart)
}

/// Refuses charts that cannot be installed: libraries, and those whose dependencies are missing.
pub fn check_installable(chart: &Chart) -> Result<()> {
    let kind = &chart.metadata.kind;
    ensure!(matches!(kind.as_str(), "" | "application"), "{kind} charts are not installable");
    if chart.metadata.deprecated {
        warn(&["this chart is deprecated".into()]);
    }
    let missing = missing_dependencies(chart);
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(anyhow!("{DEPENDENCIES}: found in Chart.yaml, but missing in charts/ directory: {missing}"))
}

/// Prints warnings to standard error.
pub fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("level=WARN msg={warning:?}");
    }
}
