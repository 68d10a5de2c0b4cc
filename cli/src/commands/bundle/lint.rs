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
    lint::{LintOptions, Message, Severity, lint},
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
    let files = files(path)?;
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    Ok(lint(&files, &place.to_string_lossy(), values, options, &Offline::default()))
}

fn files(path: &Path) -> Result<Vec<File>> {
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
        return folder::read(path);
    }
    let about = fs::metadata(path).with_context(|| format!("unable to open tarball: {}", path.display()))?;
    ensure!(about.len() <= MAX_CHART_BYTES, "{} is larger than {MAX_CHART_BYTES} bytes", path.display());
    let files = read_archive(&fs::read(path)?).context("unable to extract tarball")?;
    let has_chart = files.iter().any(|file| file.name == "Chart.yaml");
    ensure!(has_chart, "unable to check Chart.yaml file in chart: {} has none", path.display());
    Ok(files)
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
