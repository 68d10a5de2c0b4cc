//! `naru bundle push`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
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
        let archive = fs::read(&self.chart).with_context(|| self.chart.display().to_string())?;
        let modified = fs::metadata(&self.chart).and_then(|about| about.modified());
        let modified = modified.with_context(|| self.chart.display().to_string())?;
        let created = jiff::Timestamp::try_from(modified).context("the archive's time")?;
        let created = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let pushed = global.fetcher(self.access.access()).push(archive, &self.remote, &created).await?;
        println!("Pushed: {}\nDigest: {}", pushed.reference, pushed.digest);
        Ok(())
    }
}
