//! `naru bundle install`.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use clap::Args;
use naru_bundle::chart::Chart;
use naru_release::{
    cluster::Cluster,
    operations::{DryRun, Options, Wait, dry_run_offline},
    record::Release,
    rendering::{ChartRenderer, Settings},
};

use super::{
    chart_flags::{ChartFlags, name_and_chart, pair, random},
    connect::{interruptible, say},
    global::GlobalArgs,
    operate::{ChangeArgs, Try, WaitArgs},
    output::OutputArgs,
    post_renderer::PostRenderFlags,
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
    #[arg(long)]
    rollback_on_failure: bool,
    #[arg(long, hide = true)]
    atomic: bool,
    /// Change nothing: none, client or server.
    #[arg(long, value_name = "STRATEGY", value_enum, default_value = "none", default_missing_value = "unset", num_args = 0..=1, require_equals = true)]
    pub dry_run: Try,
    /// Hide Secrets in what a dry run prints.
    #[arg(long)]
    pub hide_secret: bool,
    /// Fetch the chart's missing dependencies first.
    #[arg(long)]
    pub dependency_update: bool,
    #[command(flatten)]
    pub post_render: PostRenderFlags,
    /// Let `getHostByName` resolve names; otherwise it gives empty text.
    #[arg(long)]
    pub enable_dns: bool,
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
}

impl InstallFlags {
    /// For operations.
    pub fn options(&self) -> Options {
        let wait = match self.wait.strategy() {
            Wait::Hooks if self.undoes() => Wait::Everything,
            wait => wait,
        };
        Options {
            dry_run: self.dry_run.strategy(),
            wait,
            wait_for_jobs: self.wait_for_jobs,
            timeout: self.wait.timeout,
            no_hooks: self.change.no_hooks,
            server_side: self.change.write.server_side(),
            force_conflicts: self.change.write.force_conflicts,
            force_replace: self.change.write.replaces(),
            rollback_on_failure: self.undoes(),
            description: self.change.description.clone(),
            take_ownership: self.take_ownership,
            labels: self.labels.iter().cloned().collect::<BTreeMap<_, _>>(),
            skip_crds: self.skip_crds,
            create_namespace: self.create_namespace,
            disable_validation: self.disable_openapi_validation,
            ..Options::default()
        }
    }

    /// Refuses what contradicts itself or is not on offer, and says what is on its way out.
    ///
    /// # Errors
    /// A flag that cannot be heeded.
    pub fn check(&self) -> Result<()> {
        ensure!(
            !self.hide_secret || self.dry_run != Try::None,
            "hiding Kubernetes secrets requires a dry-run mode"
        );
        self.dry_run.warn();
        self.change.write.warn();
        if self.atomic {
            eprintln!("Flag --atomic has been deprecated, use --rollback-on-failure instead");
        }
        Ok(())
    }

    fn undoes(&self) -> bool {
        self.rollback_on_failure || self.atomic
    }

    /// The chart, from wherever it is.
    pub async fn load(&self, reference: &str, global: &GlobalArgs) -> Result<Chart> {
        self.chart.load(reference, self.dependency_update, global).await
    }

    /// A renderer for a chart, with the values that were given.
    pub fn renderer<'a>(
        &self,
        chart: Chart,
        settings: Settings,
        cluster: Option<&'a Cluster>,
    ) -> Result<ChartRenderer<'a>> {
        let renderer = ChartRenderer::new(chart, self.values.merge()?, settings, cluster, random);
        self.post_render.apply(renderer)
    }

    /// How the chart is rendered.
    pub fn settings(&self) -> Settings {
        Settings {
            subchart_notes: self.render_subchart_notes,
            skip_schema: self.skip_schema_validation,
            dns: self.enable_dns,
            origins: self.values.origins(),
            ..Settings::default()
        }
    }

    /// Prints what came about.
    pub fn print(&self, mut release: Release, global: &GlobalArgs) -> Result<()> {
        if self.hide_secret {
            release.manifest = naru_release::objects::without_secrets(&release.manifest);
        }
        Report { hide_notes: self.hide_notes, ..Report::of(&release, global)? }
            .print(&release, self.output.form)
    }
}

impl InstallArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let release = self.install(global).await.context("INSTALLATION FAILED")?;
        self.flags.print(release, global)
    }

    async fn install(&self, global: &GlobalArgs) -> Result<Release> {
        self.flags.check()?;
        let (name, reference) = name_and_chart(&self.arguments, self.generate_name, &self.name_template)?;
        let chart = self.flags.load(reference, global).await?;
        if self.flags.options().dry_run == DryRun::Client {
            let renderer = self.flags.renderer(chart, self.flags.settings(), None)?;
            let namespace = global.namespace().await;
            return Ok(dry_run_offline(&name, &namespace, &self.flags.options(), &renderer, &say).await?);
        }
        let cluster = global.connect().await?;
        let options = Options { replace: self.replace, ..self.flags.options() };
        let renderer = self.flags.renderer(chart, self.flags.settings(), Some(&cluster))?;
        Ok(interruptible(&cluster, options, &name)?.install(&name, &renderer).await?)
    }
}

/// Installs a release that an upgrade did not find.
pub async fn install_instead(
    flags: &InstallFlags,
    cluster: &Cluster,
    name: &str,
    reference: &str,
    replace: bool,
    global: &GlobalArgs,
) -> Result<Release> {
    let chart = flags.load(reference, global).await?;
    let renderer = flags.renderer(chart, flags.settings(), Some(cluster))?;
    let options = Options { replace, ..flags.options() };
    Ok(interruptible(cluster, options, name)?.install(name, &renderer).await?)
}
