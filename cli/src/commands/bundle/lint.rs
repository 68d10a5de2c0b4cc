//! `naru bundle lint`: what is wrong with charts. Source: `helm lint`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use naru_bundle::{
    builtin::KubeVersion,
    chart::{File, MAX_CHART_BYTES, read_archive},
    lint::{LintOptions, Message, Severity, lint, lint_unloaded},
    value::Map,
};

use super::{folder, global::GlobalArgs, surroundings::Offline, value_flags::ValueFlags};

/// Examine charts for mistakes: what will fail, what is against conventions, and which values no template reads.
#[derive(Clone, Debug, Args)]
pub struct LintArgs {
    /// The charts: folders or archives.
    #[arg(value_name = "CHART", required = true)]
    charts: Vec<PathBuf>,
    /// The values.
    #[command(flatten)]
    values: ValueFlags,
    /// Fail on warnings too.
    #[arg(long)]
    strict: bool,
    /// Examine the charts in charts/ too.
    #[arg(long)]
    with_subcharts: bool,
    /// Print only warnings and errors.
    #[arg(long)]
    quiet: bool,
    /// Do not check values against values.schema.json.
    #[arg(long)]
    skip_schema_validation: bool,
    /// The Kubernetes version that templates see.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
}

impl LintArgs {
    /// Prints what it finds; fails if a chart does.
    pub fn run(self, global: &GlobalArgs) -> Result<()> {
        let kube_version = self
            .kube_version
            .as_deref()
            .map(|text| KubeVersion::parse(text).with_context(|| format!("invalid kube version '{text}'")));
        let kube_version = kube_version.transpose()?;
        let options = LintOptions {
            namespace: global.namespace_here(),
            kube_version,
            skip_schema: self.skip_schema_validation,
        };
        let values = self.values.merge()?;
        let mut charts = self.charts.clone();
        if self.with_subcharts {
            for chart in &self.charts {
                subcharts(&chart.join("charts"), &mut charts)?;
            }
        }
        let lowest = if self.strict { Severity::Warning } else { Severity::Error };
        let (mut failed, mut notable) = (0, false);
        for chart in &charts {
            let outcome = one(chart, &values, &options);
            let fails = outcome.as_ref().map_or(true, |found| found.iter().any(|one| one.severity >= lowest));
            failed += usize::from(fails);
            notable |= self.print(chart, &outcome);
        }
        let summary = format!("{} chart(s) linted, {failed} chart(s) failed", charts.len());
        ensure!(failed == 0, summary);
        if !self.quiet || notable {
            println!("{summary}");
        }
        Ok(())
    }

    /// Prints a chart's findings; whether there was a warning or an error.
    fn print(&self, chart: &Path, outcome: &Result<Vec<Message>>) -> bool {
        let notable =
            outcome.as_ref().map_or(true, |found| found.iter().any(|one| one.severity > Severity::Info));
        if self.quiet && !notable {
            return false;
        }
        println!("==> Linting {}", chart.display());
        match outcome {
            Err(error) => println!("Error {error:#}"),
            Ok(found) => {
                for message in found.iter().filter(|one| !self.quiet || one.severity > Severity::Info) {
                    println!("{message}");
                }
            }
        }
        println!();
        notable
    }
}

fn one(path: &Path, values: &Map, options: &LintOptions) -> Result<Vec<Message>> {
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Ok(match files(path)? {
        Files::All(files) => lint(&files, &place.to_string_lossy(), values, options, &Offline::default()),
        Files::Some { files, problem } => lint_unloaded(&files, &problem, values, options),
    })
}

/// What was read of a chart.
enum Files {
    /// All that it has.
    All(Vec<File>),
    /// What can be looked at although the chart cannot be loaded, and why it cannot.
    Some { files: Vec<File>, problem: String },
}

/// The files that are looked at one by one.
const SINGLE: [&str; 3] = ["Chart.yaml", "values.yaml", "values.schema.json"];

/// Those of the single files of the chart in `folder` that are there and lie in it.
fn single_files(folder: &Path) -> Vec<File> {
    let read = |name: &str| {
        let (real, folder) = (folder.join(name).canonicalize().ok()?, folder.canonicalize().ok()?);
        let about = fs::metadata(&real).ok()?;
        let fits = real.starts_with(folder) && about.is_file() && about.len() <= MAX_CHART_BYTES;
        let data = fs::read(real).ok().filter(|_| fits)?;
        Some(File { name: name.into(), data: data.as_slice().into() })
    };
    SINGLE.into_iter().filter_map(read).collect()
}

fn files(path: &Path) -> Result<Files> {
    let name = path.to_string_lossy();
    if !name.ends_with(".tgz") && !name.ends_with(".tar.gz") {
        let file = path.join("Chart.yaml");
        if let Err(error) = fs::metadata(&file) {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "no such file or directory".into(),
                io::ErrorKind::NotADirectory => "not a directory".into(),
                _ => error.to_string(),
            };
            bail!("unable to check Chart.yaml file in chart: stat {}: {reason}", file.display());
        }
        return Ok(folder::read(path).map(Files::All).unwrap_or_else(|error| Files::Some {
            files: single_files(path),
            problem: format!("{error:#}"),
        }));
    }
    let about = fs::metadata(path).with_context(|| format!("unable to open tarball: {}", path.display()))?;
    ensure!(about.len() <= MAX_CHART_BYTES, "{} is larger than {MAX_CHART_BYTES} bytes", path.display());
    let files = read_archive(&fs::read(path)?).context("unable to extract tarball")?;
    let has_chart = files.iter().any(|file| file.name == "Chart.yaml");
    ensure!(has_chart, "unable to check Chart.yaml file in chart: {} has none", path.display());
    Ok(Files::All(files))
}

/// The charts below `folder`, at any depth.
fn subcharts(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if path.join("Chart.yaml").is_file() {
                found.push(path.clone());
            }
            subcharts(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "tgz") {
            found.push(path);
        }
    }
    Ok(())
}
