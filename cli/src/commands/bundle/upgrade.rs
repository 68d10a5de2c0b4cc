//! `naru bundle upgrade`.

use anyhow::{Context, Result};
use clap::Args;
use naru_bundle::chart::Chart;
use naru_release::{
    operations::{Operator, Options},
    record::{Release, Status},
    rendering::{Reuse, Settings},
};

use super::{
    connect::{interruptible, operator},
    global::GlobalArgs,
    install::{InstallFlags, install_instead},
    output::Form,
};

/// Upgrade a release.
#[derive(Clone, Debug, Args)]
pub struct UpgradeArgs {
    /// The release.
    release: String,
    /// The chart: a folder, an archive, REPOSITORY/CHART, a URL or oci://HOST/PATH.
    chart: String,
    #[command(flatten)]
    flags: InstallFlags,
    #[command(flatten)]
    reuse: ReuseFlags,
    /// Install the release if there is none by this name.
    #[arg(long, short)]
    install: bool,
    /// Delete what was made if it fails.
    #[arg(long)]
    cleanup_on_fail: bool,
    /// How many revisions are kept; 0 means all.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, env = "HELM_MAX_HISTORY")]
    history_max: usize,
}

/// What becomes of the last revision's values.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ReuseFlags {
    /// Start from the chart's own values.
    #[arg(long)]
    reset_values: bool,
    /// Start from the last revision's values, and that chart's.
    #[arg(long)]
    reuse_values: bool,
    /// Start from the chart's own values, and the last revision's over them.
    #[arg(long)]
    reset_then_reuse_values: bool,
}

impl ReuseFlags {
    /// For rendering.
    pub fn policy(self) -> Reuse {
        match self {
            ReuseFlags { reset_values: true, .. } => Reuse::Reset,
            ReuseFlags { reuse_values: true, .. } => Reuse::Reuse,
            ReuseFlags { reset_then_reuse_values: true, .. } => Reuse::ResetThenReuse,
            _ => Reuse::IfNoneGiven,
        }
    }
}

impl UpgradeArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let table = self.flags.output.form == Form::Table;
        if self.install {
            let cluster = global.connect().await?;
            if let Some(replace) = self.missing(&operator(&cluster, Options::default())).await? {
                if table {
                    println!("Release {:?} does not exist. Installing it now.", self.release);
                }
                self.flags.check()?;
                let release =
                    install_instead(&self.flags, &cluster, &self.release, &self.chart, replace, global)
                        .await?;
                return self.flags.print(release, global);
            }
        }
        let chart = self.flags.load(&self.chart, global).await?;
        let release = self.upgrade(chart, global).await.context("UPGRADE FAILED")?;
        if table {
            println!("Release {:?} has been upgraded. Happy Helming!", self.release);
        }
        self.flags.print(release, global)
    }

    /// Whether there is nothing to upgrade; and then, whether a name that was given up is taken.
    async fn missing(&self, operator: &Operator<'_>) -> Result<Option<bool>> {
        match operator.history(&self.release).await {
            Ok(history) => {
                let last = history.last().map(|last| last.release.info.status);
                Ok((last == Some(Status::Uninstalled)).then_some(true))
            }
            Err(error) if error.is_not_found() => Ok(Some(false)),
            Err(error) => Err(error.into()),
        }
    }

    async fn upgrade(&self, chart: Chart, global: &GlobalArgs) -> Result<Release> {
        self.flags.check()?;
        let cluster = global.connect().await?;
        let settings = Settings { reuse: self.reuse.policy(), ..self.flags.settings() };
        let renderer = self.flags.renderer(chart, settings, Some(&cluster))?;
        let options = Options {
            cleanup_on_fail: self.cleanup_on_fail,
            history_max: self.history_max,
            ..self.flags.options()
        };
        Ok(interruptible(&cluster, options, &self.release)?.upgrade(&self.release, &renderer).await?)
    }
}
