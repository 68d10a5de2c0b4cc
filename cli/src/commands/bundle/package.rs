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
        self.access.check()?;
        self.sign.check()?;
        self.charts.iter().try_for_each(|chart| self.pack_and_tell(chart))
    }

    /// The same, with each chart's dependencies fetched before.
    pub async fn run_online(self, global: &GlobalArgs) -> Result<()> {
        self.access.check()?;
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
        let archive = write_archive(&chart, &modified(folder)?)?;
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

/// The time that an entry gets, in seconds: SOURCE_DATE_EPOCH if that is set; else when its file in `folder` was changed, so
/// that the same folder makes the same archive, and of what has no file there when Chart.yaml was.
pub(super) fn modified(folder: &Path) -> Result<impl Fn(&str) -> u64> {
    let given = given()?;
    let folder = folder.to_owned();
    let changed = move |path: &str| {
        let time = fs::metadata(folder.join(path)).and_then(|about| about.modified()).ok()?;
        Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
    };
    let usual = match given {
        Some(time) => time,
        None => changed("Chart.yaml").map_or_else(now, Ok)?,
    };
    Ok(move |path: &str| given.or_else(|| changed(path)).unwrap_or(usual))
}

/// SOURCE_DATE_EPOCH, or now, in seconds.
pub(super) fn now() -> Result<u64> {
    match given()? {
        Some(time) => Ok(time),
        None => Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()),
    }
}

fn given() -> Result<Option<u64>> {
    let text = std::env::var("SOURCE_DATE_EPOCH").unwrap_or_default();
    match text.is_empty() {
        true => Ok(None),
        false => text.parse().map(Some).map_err(|_| anyhow!("invalid SOURCE_DATE_EPOCH {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

    use std::time::Duration;

    use super::*;

    #[test]
    fn entries_are_as_old_as_their_files() {
        let dir = tempfile::tempdir().unwrap();
        for (name, seconds) in [("Chart.yaml", 1000), ("values.yaml", 2000)] {
            let file = fs::File::create(dir.path().join(name)).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        }
        let modified = modified(dir.path()).unwrap();
        for (path, expected) in
            [("values.yaml", 2000), ("Chart.yaml", 1000), ("charts/sub/values.yaml", 1000)]
        {
            assert_eq!(modified(path), expected, "{path}");
        }
        assert!(super::modified(Path::new("/nonexistent")).unwrap()("values.yaml") > 1_000_000_000);
    }
}
