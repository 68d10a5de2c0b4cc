//! `naru bundle push`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::{chart_flags::AccessFlags, global::GlobalArgs};

/// Push a chart's archive to a registry.
#[derive(Clone, Debug, Args)]
pub struct PushArgs {
    /// The archive.
    chart: PathBuf,
    /// Where to: oci://HOST/PATH; the chart's name is added.
    remote: String,
    #[command(flatten)]
    access: AccessFlags,
}

impl PushArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        self.access.check()?;
        ensure!(self.chart.exists(), "{}: no such file", self.chart.display());
        ensure!(!self.chart.is_dir(), "cannot push directory, must provide chart archive (.tgz)");
        let archive = fs::read(&self.chart).with_context(|| self.chart.display().to_string())?;
        let provenance = self.provenance()?;
        let modified = fs::metadata(&self.chart).and_then(|about| about.modified());
        let modified = modified.with_context(|| self.chart.display().to_string())?;
        let created = jiff::Timestamp::try_from(modified).context("the archive's time")?;
        let created = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let pushed =
            global.fetcher(self.access.access()).push(archive, provenance, &self.remote, &created).await?;
        println!("Pushed: {}\nDigest: {}", pushed.reference, pushed.digest);
        Ok(())
    }

    /// What vouches for the archive, if it lies beside it.
    fn provenance(&self) -> Result<Option<Vec<u8>>> {
        let beside = PathBuf::from(format!("{}.prov", self.chart.display()));
        match fs::read(&beside) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => Ok(Some(read.with_context(|| beside.display().to_string())?)),
        }
    }
}
