//! Charts on this machine: folders and archives, and what can stand for one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use naru_bundle::chart::{Ahead, Chart, File, MAX_CHART_BYTES, missing_dependencies, read_archive};

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
    load_with(path, None)
}

/// The same of a chart that will be rendered and nothing else.
pub fn load_for_rendering(path: &Path) -> Result<Chart> {
    let ahead = Ahead::default();
    let chart = load_with(path, Some(&ahead))?;
    Ok(Chart { ahead, ..chart })
}

fn load_with(path: &Path, ahead: Option<&Ahead>) -> Result<Chart> {
    let about = fs::metadata(path).with_context(|| path.display().to_string())?;
    if let Some(chart) = foreign::load(path)? {
        return Ok(chart);
    }
    let files = if about.is_dir() { of_folder(path, ahead)? } else { of_archive(path, about.len(), ahead)? };
    let mut warnings = Vec::new();
    let chart = Chart::from_files(files, &mut warnings)?;
    warn(&warnings);
    Ok(chart)
}

fn of_folder(path: &Path, ahead: Option<&Ahead>) -> Result<Vec<File>> {
    let name = path.join("Chart.yaml");
    ensure!(name.is_file(), "unable to detect chart at {}: no such file or directory", name.display());
    match ahead {
        None => folder::read(path),
        Some(ahead) => folder::read_for_rendering(path, ahead),
    }
}

fn of_archive(path: &Path, length: u64, ahead: Option<&Ahead>) -> Result<Vec<File>> {
    ensure!(length <= MAX_CHART_BYTES, "{} is larger than {MAX_CHART_BYTES} bytes", path.display());
    let bytes = fs::read(path)?;
    if !bytes.starts_with(b"\x1f\x8b\x08") {
        bail!("file '{}' does not appear to be a gzipped archive", path.display());
    }
    let files = read_archive(&bytes)?;
    files.iter().for_each(|file| ahead.into_iter().for_each(|ahead| ahead.add(file)));
    Ok(files)
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
