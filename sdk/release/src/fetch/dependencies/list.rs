//! How a chart's dependencies stand in `charts/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use naru_bundle::chart::{Chart, Dependency};

use super::{
    super::{Error, accepts},
    Manager, plain,
};

/// A line of `dependency list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The dependency's name.
    pub name: String,
    /// The range.
    pub version: String,
    /// Where it comes from.
    pub repository: String,
    /// `ok`, `missing`, `unpacked`, `wrong version`...
    pub status: &'static str,
}

impl Manager<'_> {
    /// How each dependency stands; `None` if the chart has no list of them.
    pub fn list(&self) -> Result<Option<Vec<Row>>, Error> {
        if !self.folder.exists() {
            return Err(plain(format!("stat {}: no such file or directory", self.folder.display())));
        }
        let chart = self.load_charts()?;
        let Some(all) = chart.metadata.dependencies else { return Ok(None) };
        let status = |one: &Dependency| Row {
            name: one.name.clone(),
            version: one.version.clone(),
            repository: one.repository.clone(),
            status: self.status(one),
        };
        Ok(Some(all.iter().map(status).collect()))
    }

    /// What is wrong with what lies in `charts/`: no charts, or none that the chart depends on.
    ///
    /// # Errors
    /// The chart cannot be loaded.
    pub fn strangers(&self) -> Result<Vec<String>, Error> {
        let wanted = (self.load)(self.folder).map_err(plain)?.metadata.dependencies.unwrap_or_default();
        let entries = fs::read_dir(self.folder.join("charts")).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        let is_chart = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|end| end == "tgz");
        let problem = |path: &PathBuf| match (self.load)(path) {
            Err(_) => Some(format!("{:?} is not a chart.", path.display().to_string())),
            Ok(chart) if wanted.iter().any(|one| one.name == chart.metadata.name) => None,
            Ok(_) => Some(format!("{:?} is not in Chart.yaml.", path.display().to_string())),
        };
        Ok(paths.iter().filter(|path| is_chart(path)).filter_map(problem).collect())
    }

    fn status(&self, one: &Dependency) -> &'static str {
        let charts = self.folder.join("charts");
        let archives: Vec<PathBuf> = archives_of(&charts, &one.name);
        match archives.as_slice() {
            [] => {}
            [archive] => {
                let chart = fs::read(archive)
                    .ok()
                    .and_then(|bytes| Chart::from_archive(&bytes, &mut Vec::new()).ok());
                return match chart {
                    None => "corrupt",
                    Some(chart) if chart.metadata.name != one.name => "misnamed",
                    Some(chart) if !accepts(&one.version, &chart.metadata.version) => "wrong version",
                    Some(_) => "ok",
                };
            }
            _ => return "too many matches",
        }
        let folder = charts.join(&one.name);
        if !folder.is_dir() {
            return "missing";
        }
        match (self.load)(&folder) {
            Err(_) => "corrupt",
            Ok(chart) if chart.metadata.name != one.name => "misnamed",
            Ok(chart) if !accepts(&one.version, &chart.metadata.version) => "wrong version",
            Ok(_) => "unpacked",
        }
    }
}

/// The archives in a folder that may be of this chart: `NAME-VERSION.tgz`.
fn archives_of(folder: &Path, name: &str) -> Vec<PathBuf> {
    let fits = |file: &str| {
        let version = file.strip_suffix(".tgz").and_then(|stem| stem.strip_prefix(name)?.strip_prefix('-'));
        version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| fits(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect()
}
