//! `naru bundle package`: a chart's folder as an archive. Source: `helm package`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use naru_bundle::{
    chart::{missing_dependencies, write_archive},
    semver::Version,
};

use super::{chart_flags::AccessFlags, dependency, global::GlobalArgs, provenance::SignFlags, source};

/// Pack charts into archives.
#[derive(Clone, Debug, Args)]
pub struct PackageArgs {
    /// The charts' folders.
    #[arg(value_name = "CHART", required = true)]
    charts: Vec<PathBuf>,
    /// Give the chart this version.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// Give the chart this version of the application.
    #[arg(long, value_name = "VERSION")]
    app_version: Option<String>,
    /// Where to write the archive.
    #[arg(short, long, value_name = "FOLDER", default_value = ".")]
    destination: PathBuf,
    /// Fetch the chart's dependencies anew first.
    #[arg(short = 'u', long)]
    dependency_update: bool,
    #[command(flatten)]
    access: AccessFlags,
    #[command(flatten)]
    sign: SignFlags,
}

impl PackageArgs {
    /// Whether dependencies are to be fetched.
    pub fn reaches_out(&self) -> bool {
        self.dependency_update
    }

    /// Packs every chart.
    pub fn run(self) -> Result<()> {
        self.sign.check()?;
        self.charts.iter().try_for_each(|chart| self.pack_and_tell(chart))
    }

    /// The same, with each chart's dependencies fetched before.
    pub async fn run_online(self, global: &GlobalArgs) -> Result<()> {
        self.sign.check()?;
        for chart in &self.charts {
            exists(chart)?;
            dependency::update_silently(&global.fetcher(self.access.access()), chart).await?;
            self.pack_and_tell(chart)?;
        }
        Ok(())
    }

    fn pack_and_tell(&self, chart: &Path) -> Result<()> {
        let archive = self.pack(chart)?;
        println!("Successfully packaged chart and saved it to: {}", archive.display());
        Ok(())
    }

    fn pack(&self, folder: &Path) -> Result<PathBuf> {
        exists(folder)?;
        if !folder.is_dir() {
            let file = folder.canonicalize()?.join("Chart.yaml");
            let file = file.display();
            bail!("unable to detect chart at {file}: open {file}: not a directory");
        }
        let mut chart = source::load(folder)?;
        if let Some(version) = &self.version {
            chart.metadata.version.clone_from(version);
        }
        Version::parse(&chart.metadata.version)?;
        if let Some(version) = &self.app_version {
            chart.metadata.app_version.clone_from(version);
        }
        let missing = missing_dependencies(&chart);
        ensure!(
            missing.is_empty(),
            "found in Chart.yaml, but missing in charts/ directory: {}",
            missing.join(", ")
        );
        let archive = write_archive(&chart, modified()?)?;
        let destination = match self.destination.as_os_str() == "." {
            true => std::env::current_dir()?,
            false => self.destination.clone(),
        };
        fs::create_dir_all(&destination).with_context(|| destination.display().to_string())?;
        let file = destination.join(format!("{}-{}.tgz", chart.name(), chart.metadata.version));
        fs::write(&file, archive).with_context(|| file.display().to_string())?;
        self.sign.sign(&chart, &file)?;
        Ok(file)
    }
}

fn exists(folder: &Path) -> Result<()> {
    ensure!(folder.exists(), "stat {}: no such file or directory", folder.display());
    Ok(())
}

/// The time that all entries get, in seconds: now, or SOURCE_DATE_EPOCH for archives that are the same every time.
pub(super) fn modified() -> Result<u64> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => {
            text.parse().map_err(|_| anyhow!("invalid SOURCE_DATE_EPOCH {text:?}"))
        }
        _ => Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()),
    }
}
