//! `naru bundle show`: what a chart contains. Source: `helm show`.

use std::io::Write;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use naru_bundle::{chart::Chart, yaml};

use super::source;

/// Names of a README, in the order of preference, whatever their case.
const READMES: [&str; 3] = ["readme.md", "readme.txt", "readme"];

/// Show what a chart contains: its definition, values, README and custom resource definitions.
#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    /// What of it.
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Everything.
    All(ChartArg),
    /// Chart.yaml.
    Chart(ChartArg),
    /// values.yaml, with its comments.
    Values(ChartArg),
    /// The README.
    Readme(ChartArg),
    /// The custom resource definitions.
    Crds(ChartArg),
}

#[derive(Clone, Debug, Args)]
struct ChartArg {
    /// The chart: a folder or an archive.
    #[arg(value_name = "CHART")]
    chart: String,
}

impl ShowArgs {
    /// Prints it.
    pub fn run(self) -> Result<()> {
        let (What::All(arg) | What::Chart(arg) | What::Values(arg) | What::Readme(arg) | What::Crds(arg)) =
            &self.what;
        let path = source::locate(&arg.chart)?
            .ok_or_else(|| anyhow!("chart {:?} not found on this machine", arg.chart))?;
        let chart = source::load(&path)?;
        let mut out = Vec::new();
        self.write(&chart, &mut out)?;
        std::io::stdout().write_all(&out)?;
        Ok(())
    }

    fn write(&self, chart: &Chart, out: &mut Vec<u8>) -> Result<()> {
        let all = matches!(self.what, What::All(_));
        if all || matches!(self.what, What::Chart(_)) {
            writeln!(out, "{}", yaml::write(&chart.metadata.document())?)?;
        }
        if (all || matches!(self.what, What::Values(_))) && chart.values.is_some() {
            separate(all, out);
            for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
                push(out, &file.data);
            }
        }
        if (all || matches!(self.what, What::Readme(_)))
            && let Some(file) = chart.files.iter().find(|file| READMES.contains(&&*file.name.to_lowercase()))
        {
            separate(all, out);
            push(out, &file.data);
        }
        if all || matches!(self.what, What::Crds(_)) {
            for crd in naru_bundle::render::custom_resources(chart) {
                separate(!crd.content.starts_with("---"), out);
                push(out, crd.content.as_bytes());
            }
        }
        Ok(())
    }
}

fn separate(wanted: bool, out: &mut Vec<u8>) {
    if wanted {
        out.extend(b"---\n");
    }
}

fn push(out: &mut Vec<u8>, data: &[u8]) {
    out.extend(data);
    out.push(b'\n');
}
