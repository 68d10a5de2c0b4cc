//! `naru bundle get`: what is stored of a release.

use std::{collections::BTreeMap, io::Write};

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use naru_release::rendering::computed_values;
use naru_release::{
    operations::Options,
    record::{ApplyMethod, Release},
};
use serde::Serialize;

use super::{
    connect::operator,
    get_template,
    global::GlobalArgs,
    output::{self, Form, OutputArgs},
    report::{Report, hooks, null_if_empty},
};

/// Download what is stored of a release.
#[derive(Clone, Debug, Args)]
pub struct GetArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Everything.
    All(AllArgs),
    /// The hooks.
    Hooks(ReleaseArgs),
    /// The manifest.
    Manifest(ReleaseArgs),
    /// The chart, the revision, the state.
    Metadata(MetadataArgs),
    /// The notes.
    Notes(ReleaseArgs),
    /// The values.
    Values(ValuesArgs),
}

/// Labels of records that Helm gives them itself.
const HELMS_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// Which release.
#[derive(Clone, Debug, Args)]
struct ReleaseArgs {
    /// The release.
    release: String,
    /// The revision, instead of the newest.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    revision: i64,
}

#[derive(Clone, Debug, Args)]
struct AllArgs {
    #[command(flatten)]
    release: ReleaseArgs,
    /// Print what this Go template makes of it instead: {{.Release.Name}}.
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,
}

#[derive(Clone, Debug, Args)]
struct MetadataArgs {
    #[command(flatten)]
    release: ReleaseArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Clone, Debug, Args)]
struct ValuesArgs {
    #[command(flatten)]
    release: ReleaseArgs,
    /// With those of the chart.
    #[arg(long, short)]
    all: bool,
    #[command(flatten)]
    output: OutputArgs,
}

impl ReleaseArgs {
    async fn record(&self, global: &GlobalArgs) -> Result<Release> {
        let cluster = global.connect().await?;
        let revision = u64::try_from(self.revision).unwrap_or_default();
        let mut release = operator(&cluster, Options::default()).record_of(&self.release, revision).await?;
        if revision > 0 {
            // Helm's own labels are only there where it looks for the newest revision.
            release.labels.retain(|name, _| !HELMS_LABELS.contains(&name.as_str()));
        }
        Ok(release)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    chart: String,
    version: String,
    app_version: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<serde_json::Value>,
    namespace: String,
    revision: u64,
    status: String,
    deployed_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    apply_method: String,
}

impl GetArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        match self.what {
            What::All(args) => {
                let release = args.release.record(global).await?;
                if let Some(template) = &args.template {
                    std::io::stdout().write_all(&get_template::render(template, &release)?)?;
                    return Ok(());
                }
                let computed = Some(computed(&release)?);
                Report { debug: true, metadata: true, computed, ..Report::default() }
                    .print(&release, Form::Table)
            }
            What::Hooks(args) => {
                print!("{}", hooks(&args.record(global).await?));
                Ok(())
            }
            What::Manifest(args) => {
                println!("{}", args.record(global).await?.manifest);
                Ok(())
            }
            What::Notes(args) => {
                let notes = args.record(global).await?.info.notes;
                if !notes.is_empty() {
                    println!("NOTES:\n{notes}");
                }
                Ok(())
            }
            What::Metadata(args) => print_metadata(&args.release.record(global).await?, args.output.form),
            What::Values(args) => {
                let release = args.release.record(global).await?;
                let (title, values) = match args.all {
                    true => ("COMPUTED VALUES:", computed(&release)?),
                    false => {
                        ("USER-SUPPLIED VALUES:", null_if_empty(output::json_of(release.config_text())?))
                    }
                };
                match args.output.form {
                    Form::Table => print!("{title}\n{}", output::yaml_of(&values)?),
                    Form::Json => println!("{values}"),
                    Form::Yaml => print!("{}", output::yaml_of(&values)?),
                }
                Ok(())
            }
        }
    }
}

fn computed(release: &Release) -> Result<String> {
    computed_values(release).map_err(|error| anyhow!(error))
}

fn print_metadata(release: &Release, form: Form) -> Result<()> {
    let chart = release.chart_metadata().unwrap_or_default();
    let metadata = Metadata {
        name: release.name.clone(),
        chart: chart.name,
        version: chart.version,
        app_version: chart.app_version,
        annotations: chart.annotations,
        labels: release.labels.clone(),
        dependencies: chart.dependencies,
        namespace: release.namespace.clone(),
        revision: release.version,
        status: release.info.status.to_string(),
        deployed_at: release.info.last_deployed.map(|at| at.rfc3339()).unwrap_or_default(),
        apply_method: match release.apply_method {
            ApplyMethod::Unset => String::new(),
            ApplyMethod::Client => "csa".into(),
            ApplyMethod::Server => "ssa".into(),
        },
    };
    match form {
        Form::Json => output::print_json(&metadata),
        Form::Yaml => output::print_yaml(&metadata)?,
        Form::Table => print!("{}", metadata.text()),
    }
    Ok(())
}

impl Metadata {
    fn text(&self) -> String {
        let pairs = |map: &BTreeMap<String, String>| {
            map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
        };
        let mut dependencies: Vec<&str> =
            self.dependencies.iter().filter_map(|one| one["name"].as_str()).collect();
        dependencies.sort_unstable();
        let method = match self.apply_method.as_str() {
            "csa" => "client-side apply",
            "ssa" => "server-side apply",
            _ => "client-side apply (defaulted)",
        };
        let lines = [
            ("NAME", self.name.clone()),
            ("CHART", self.chart.clone()),
            ("VERSION", self.version.clone()),
            ("APP_VERSION", self.app_version.clone()),
            ("ANNOTATIONS", pairs(&self.annotations)),
            ("LABELS", pairs(&self.labels)),
            ("DEPENDENCIES", dependencies.join(",")),
            ("NAMESPACE", self.namespace.clone()),
            ("REVISION", self.revision.to_string()),
            ("STATUS", self.status.clone()),
            ("DEPLOYED_AT", self.deployed_at.clone()),
            ("APPLY_METHOD", method.into()),
        ];
        lines.into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }
}
