//! `naru bundle uninstall`.

use anyhow::Result;
use clap::{Args, ValueEnum};
use naru_release::operations::{DryRun, Options};

use super::{connect::operator, global::GlobalArgs, operate::WaitArgs};

/// Uninstall releases.
#[derive(Clone, Debug, Args)]
pub struct UninstallArgs {
    /// The releases.
    #[arg(required = true, value_name = "RELEASE")]
    releases: Vec<String>,
    /// What becomes of the dependents of what is deleted.
    #[arg(long, value_name = "HOW", value_enum, default_value = "background")]
    cascade: Cascade,
    /// What the record says, if it is kept.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    /// Change nothing.
    #[arg(long)]
    dry_run: bool,
    /// A release that is not there is fine.
    #[arg(long)]
    ignore_not_found: bool,
    /// Keep the records.
    #[arg(long)]
    keep_history: bool,
    /// Pass over hooks.
    #[arg(long)]
    no_hooks: bool,
    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cascade {
    /// They are deleted afterwards.
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay.
    Orphan,
}

impl UninstallArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let cluster = global.connect().await?;
        let options = Options {
            dry_run: if self.dry_run { DryRun::Server } else { DryRun::None },
            wait: self.wait.strategy(),
            timeout: self.wait.timeout,
            no_hooks: self.no_hooks,
            description: self.description.clone(),
            keep_history: self.keep_history,
            ignore_not_found: self.ignore_not_found,
            propagation: format!("{:?}", self.cascade),
            ..Options::default()
        };
        let operator = operator(&cluster, options);
        for name in &self.releases {
            let gone = operator.uninstall(name).await?;
            if let Some(kept) = gone.map(|gone| gone.kept).filter(|kept| !kept.is_empty()) {
                println!("{kept}");
            }
            println!("release \"{name}\" uninstalled");
        }
        Ok(())
    }
}
