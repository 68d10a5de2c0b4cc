//! `naru bundle pull`.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use naru_bundle::chart::{Chart, File};

use super::{chart_flags::ChartFlags, global::GlobalArgs};

/// Fetch charts without installing them.
#[derive(Clone, Debug, Args)]
pub struct PullArgs {
    /// The charts: REPOSITORY/CHART, a URL or oci://HOST/PATH.
    #[arg(required = true, value_name = "CHART")]
    charts: Vec<String>,
    /// Where to put the archives.
    #[arg(long, short, value_name = "FOLDER", default_value = ".")]
    destination: PathBuf,
    /// Unpack them.
    #[arg(long)]
    untar: bool,
    /// Where to unpack them, below the destination.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    untardir: PathBuf,
    #[command(flatten)]
    chart: ChartFlags,
    #[arg(long, hide = true)]
    prov: bool,
}

impl PullArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        self.chart.provenance.refuse()?;
        ensure!(!self.prov, "--prov is not supported: naru does not fetch provenance files");
        for reference in &self.charts {
            self.pull(reference, global).await?;
        }
        Ok(())
    }

    async fn pull(&self, reference: &str, global: &GlobalArgs) -> Result<()> {
        let fetched =
            self.chart.fetcher(global).chart(reference, self.chart.wanted(), &self.chart.repo).await?;
        if let Some((reference, digest)) = &fetched.pulled {
            println!("Pulled: {reference}\nDigest: {digest}");
        }
        if self.untar {
            let below = self.destination.join(&self.untardir);
            let chart = Chart::from_archive(&fetched.bytes, &mut Vec::new())?;
            return unpack(&chart, &below);
        }
        let name = Path::new(&fetched.file_name).file_name().context("the chart's file has no name")?;
        let path = self.destination.join(name);
        fs::create_dir_all(&self.destination).with_context(|| self.destination.display().to_string())?;
        fs::write(&path, &fetched.bytes).with_context(|| path.display().to_string())
    }
}

fn unpack(chart: &Chart, below: &Path) -> Result<()> {
    let top: PathBuf =
        below.join(&chart.metadata.name).components().filter(|part| *part != Component::CurDir).collect();
    if top.exists() {
        bail!("failed to untar: a file or directory with the name {} already exists", top.display());
    }
    for File { name, data } in &chart.raw {
        let relative = Path::new(name);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            bail!("the chart has a file {name:?} outside itself");
        }
        let path = top.join(relative);
        let parent = path.parent().unwrap_or(&top);
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        fs::write(&path, &**data).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
