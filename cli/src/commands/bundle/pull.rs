//! `naru bundle pull`.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use naru_bundle::chart::{Chart, File};
use naru_release::fetch::{Fetched, Provenance};

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
    /// Fetch the chart's signature too, without verifying it.
    #[arg(long)]
    prov: bool,
}

impl PullArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        for reference in &self.charts {
            self.pull(reference, global).await?;
        }
        Ok(())
    }

    async fn pull(&self, reference: &str, global: &GlobalArgs) -> Result<()> {
        let wanted = match self.chart.provenance.wanted() {
            Provenance::Ignored if self.prov => Provenance::Fetched,
            wanted => wanted,
        };
        let fetcher = self.chart.fetcher(global).with_provenance(wanted.clone());
        let fetched = fetcher.chart(reference, self.chart.wanted(), &self.chart.repo).await?;
        let has_provenance = matches!(fetched.provenance, Some(Ok(_)));
        if let Some((reference, digest)) = &fetched.pulled {
            // A registry is asked once for the chart, and once for what vouches for it.
            for _ in 0..1 + usize::from(has_provenance) {
                println!("Pulled: {reference}\nDigest: {digest}");
            }
        }
        if !self.untar {
            self.keep(&fetched)?;
        }
        // A chart of a repository goes by its URL once it was found there.
        let reference = if self.chart.repo.is_empty() { reference } else { &fetched.url };
        if let Some(verification) = fetched.verify(&wanted, reference, &|line| println!("{line}"))? {
            print!("{verification}");
        }
        match self.untar {
            true => {
                let chart = Chart::from_archive(&fetched.bytes, &mut Vec::new())?;
                unpack(&chart, &self.destination.join(&self.untardir))
            }
            false => Ok(()),
        }
    }

    /// Writes the archive, and what vouches for it beside it.
    fn keep(&self, fetched: &Fetched) -> Result<()> {
        let name = Path::new(&fetched.file_name).file_name().context("the chart's file has no name")?;
        let path = self.destination.join(name);
        ensure!(self.destination.is_dir(), "open {}: no such file or directory", path.display());
        fs::write(&path, &fetched.bytes).with_context(|| path.display().to_string())?;
        if let Some(Ok(text)) = &fetched.provenance {
            let beside = PathBuf::from(format!("{}.prov", path.display()));
            fs::write(&beside, text).with_context(|| beside.display().to_string())?;
        }
        Ok(())
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
        fs::write(&path, &***data).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
