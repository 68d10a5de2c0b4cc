//! `naru bundle install`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use naru_bundle::{chart::Chart, value::Map};
use naru_release::{
    cluster::Cluster,
    operations::{DryRun, Options, Wait, dry_run_offline},
    record::Release,
    rendering::{ChartRenderer, Settings},
};

use super::{
    chart_flags::{ChartFlags, name_and_chart, pair, random},
    connect::{ConnectArgs, interruptible},
    operate::{ChangeArgs, Try, WaitArgs},
    output::OutputArgs,
    report::Report,
    value_flags::ValueFlags,
};

/// Install a chart.
#[derive(Clone, Debug, Args)]
pub struct InstallArgs {
    /// The release's name, and the chart: a folder, an archive, REPOSITORY/CHART, a URL or oci://HOST/PATH.
    #[arg(value_name = "[NAME] CHART", num_args = 1.., required = true)]
    arguments: Vec<String>,
    /// Make up a name from the chart's and the time.
    #[arg(long, short)]
    generate_name: bool,
    /// A template for the release's name.
    #[arg(long, value_name = "TEMPLATE", default_value = "", hide_default_value = true)]
    name_template: String,
    /// Take the name of a release that was uninstalled, with its history kept, or failed.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    pub flags: InstallFlags,
    /// Hide Secrets in what a dry run prints.
    #[arg(long)]
    hide_secret: bool,
}

/// What an install and an upgrade share.
#[derive(Clone, Debug, Args)]
pub struct InstallFlags {
    #[command(flatten)]
    pub values: ValueFlags,
    #[command(flatten)]
    pub chart: ChartFlags,
    #[command(flatten)]
    pub change: ChangeArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
    /// With --wait: wait until Jobs have completed.
    #[arg(long)]
    pub wait_for_jobs: bool,
    /// Undo everything if it fails; waits as --wait does.
    #[arg(long, alias = "atomic")]
    pub rollback_on_failure: bool,
    /// Change nothing: none, client or server.
    #[arg(long, value_name = "STRATEGY", value_enum, default_value = "none", default_missing_value = "client", num_args = 0..=1, require_equals = true)]
    pub dry_run: Try,
    /// Make the namespace if it is missing.
    #[arg(long)]
    pub create_namespace: bool,
    /// Pass over the chart's definitions of kinds.
    #[arg(long)]
    pub skip_crds: bool,
    /// Let fields through that the server does not know.
    #[arg(long)]
    pub disable_openapi_validation: bool,
    /// Do not check values against values.schema.json.
    #[arg(long)]
    pub skip_schema_validation: bool,
    /// Take over objects of others.
    #[arg(long)]
    pub take_ownership: bool,
    /// Labels for the release's records: team=a,tier=b.
    #[arg(long, short = 'l', value_name = "LABELS", value_delimiter = ',', value_parser = pair)]
    pub labels: Vec<(String, String)>,
    /// Do not print the notes.
    #[arg(long)]
    pub hide_notes: bool,
    /// Print the subcharts' notes too.
    #[arg(long)]
    pub render_subchart_notes: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub connect: ConnectArgs,
}

impl InstallFlags {
    /// For operations.
    pub fn options(&self) -> Options {
        let wait = if self.rollback_on_failure { Wait::Everything } else { self.wait.strategy() };
        Options {
            dry_run: self.dry_run.strategy(),
            wait,
            wait_for_jobs: self.wait_for_jobs,
            timeout: self.wait.timeout,
            no_hooks: self.change.no_hooks,
            server_side: self.change.server_side(),
            force_conflicts: self.change.force_conflicts,
            force_replace: self.change.force_replace,
            rollback_on_failure: self.rollback_on_failure,
            description: self.change.description.clone(),
            take_ownership: self.take_ownership,
            labels: self.labels.iter().cloned().collect::<BTreeMap<_, _>>(),
            skip_crds: self.skip_crds,
            create_namespace: self.create_namespace,
            disable_validation: self.disable_openapi_validation,
            ..Options::default()
        }
    }

    /// A renderer for a chart, with the values that were given.
    pub fn renderer<'a>(
        &self,
        chart: Chart,
        settings: Settings,
        cluster: Option<&'a Cluster>,
    ) -> Result<ChartRenderer<'a>> {
        Ok(ChartRenderer::new(chart, self.values.merge()?, settings, cluster, random))
    }

    /// How the chart is rendered.
    pub fn settings(&self) -> Settings {
        Settings {
            subchart_notes: self.render_subchart_notes,
            skip_schema: self.skip_schema_validation,
            ..Settings::default()
        }
    }

    /// Prints what came about.
    pub fn print(&self, release: &Release) -> Result<()> {
        Report { hide_notes: self.hide_notes, ..Report::default() }.print(release, self.output.form)
    }
}

impl InstallArgs {
    /// Runs the command.
    pub async fn run(self) -> Result<()> {
        let release = self.install().await.context("INSTALLATION FAILED")?;
        self.flags.print(&release)
    }

    async fn install(&self) -> Result<Release> {
        let dry = self.flags.dry_run != Try::None;
        if self.hide_secret && !dry {
            return Err(anyhow!("hiding Kubernetes secrets requires a dry-run mode"));
        }
        let (name, reference) = name_and_chart(&self.arguments, self.generate_name, &self.name_template)?;
        let chart = self.flags.chart.load(reference).await?;
        let mut release = if self.flags.options().dry_run == DryRun::Client {
            let renderer = self.flags.renderer(chart, self.flags.settings(), None)?;
            let namespace = self.flags.connect.namespace().await;
            dry_run_offline(&name, &namespace, &self.flags.options(), &renderer).await?
        } else {
            let cluster = self.flags.connect.connect().await?;
            let options = Options { replace: self.replace, ..self.flags.options() };
            let renderer = self.flags.renderer(chart, self.flags.settings(), Some(&cluster))?;
            interruptible(&cluster, options, &name)?.install(&name, &renderer).await?
        };
        if self.hide_secret {
            release.manifest = naru_release::objects::without_secrets(&release.manifest);
        }
        Ok(release)
    }
}

/// Installs a release that an upgrade did not find.
pub async fn install_instead(
    flags: &InstallFlags,
    cluster: &Cluster,
    name: &str,
    reference: &str,
    replace: bool,
) -> Result<Release> {
    let chart = flags.chart.load(reference).await?;
    let renderer = flags.renderer(chart, flags.settings(), Some(cluster))?;
    let options = Options { replace, ..flags.options() };
    Ok(interruptible(cluster, options, name)?.install(name, &renderer).await?)
}

/// A renderer for a chart with these values.
pub fn renderer_of(chart: Chart, values: Map, settings: Settings, cluster: &Cluster) -> ChartRenderer<'_> {
    ChartRenderer::new(chart, values, settings, Some(cluster), random)
}
