//! `naru bundle show`: what a chart contains. Source: `helm show`.

use std::io::Write;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use naru_bundle::{chart::Chart, json, value::Value, yaml};

use super::{chart_flags::ChartFlags, global::GlobalArgs, source};
use crate::client::jsonpath::{Manner, Template};

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
    Values(ValuesArg),
    /// The README.
    Readme(ChartArg),
    /// The custom resource definitions.
    Crds(ChartArg),
}

#[derive(Clone, Debug, Args)]
struct ChartArg {
    /// The chart: a folder, an archive, REPOSITORY/CHART, a URL or oci://HOST/PATH.
    #[arg(value_name = "CHART")]
    chart: String,
    #[command(flatten)]
    flags: ChartFlags,
}

#[derive(Clone, Debug, Args)]
struct ValuesArg {
    #[command(flatten)]
    chart: ChartArg,
    /// Print only what this template finds: {.image.tag}.
    #[arg(long, value_name = "TEMPLATE")]
    jsonpath: Option<String>,
}

impl ShowArgs {
    fn chart(&self) -> &ChartArg {
        match &self.what {
            What::All(arg) | What::Chart(arg) | What::Readme(arg) | What::Crds(arg) => arg,
            What::Values(arg) => &arg.chart,
        }
    }

    /// Whether the chart is to be fetched.
    pub fn reaches_out(&self) -> bool {
        let arg = self.chart();
        arg.flags.is_remote(&arg.chart)
    }

    /// Prints it, from a chart that is here.
    pub fn run(self) -> Result<()> {
        let arg = self.chart();
        arg.flags.access.check()?;
        let path = source::locate(&arg.chart)?
            .ok_or_else(|| anyhow!("chart {:?} not found on this machine", arg.chart))?;
        arg.flags.provenance.verify_here(&path)?;
        self.print(&source::load(&path)?)
    }

    /// The same with a chart from wherever it is.
    pub async fn run_online(self, global: &GlobalArgs) -> Result<()> {
        let arg = self.chart();
        self.print(&arg.flags.load_any(&arg.chart, false, global).await?)
    }

    fn print(&self, chart: &Chart) -> Result<()> {
        let mut out = Vec::new();
        self.write(chart, &mut out)?;
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
            if let What::Values(ValuesArg { jsonpath: Some(template), .. }) = &self.what {
                out.extend(selected(chart, template)?.into_bytes());
                return Ok(());
            }
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

/// What a JSONPath template finds in the chart's values. As with helm, one that does not fit them finds nothing, which is no
/// failure; people are told why.
fn selected(chart: &Chart, template: &str) -> Result<String> {
    let values = chart.values.clone().map_or(Value::Nil, Value::Map);
    let text = json::write(&values, json::Style::Compact)?;
    let values = serde_json::from_str(&text).context("values that are no JSON")?;
    Ok(Template::parse_exactly(template)?.render_as(&values, Manner::Helm).unwrap_or_else(|error| {
        eprintln!("Warning: {error}");
        String::new()
    }))
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
