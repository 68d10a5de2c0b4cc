//! `naru bundle rollback`.

use anyhow::Result;
use clap::Args;
use naru_release::operations::Options;

use super::{
    connect::{interruptible, revision},
    global::GlobalArgs,
    operate::{ChangeArgs, Try, WaitArgs},
};

/// Roll a release back to a revision that was.
#[derive(Clone, Debug, Args)]
pub struct RollbackArgs {
    /// The release.
    release: String,
    /// The revision; the one before the last if it is 0 or not given.
    #[arg(default_value = "0", allow_negative_numbers = true)]
    revision: String,
    /// Delete what was made if it fails.
    #[arg(long)]
    cleanup_on_fail: bool,
    /// Change nothing: none, client or server.
    #[arg(long, value_name = "STRATEGY", value_enum, default_value = "none", default_missing_value = "unset", num_args = 0..=1, require_equals = true)]
    dry_run: Try,
    /// How many revisions are kept; 0 means all.
    #[arg(long, value_name = "NUMBER", default_value_t = 10, env = "HELM_MAX_HISTORY")]
    history_max: usize,
    /// With --wait: wait until Jobs have completed.
    #[arg(long)]
    wait_for_jobs: bool,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    wait: WaitArgs,
}

impl RollbackArgs {
    /// Runs the command.
    pub async fn run(self, global: &GlobalArgs) -> Result<()> {
        let target = revision(&self.revision)?;
        self.dry_run.warn();
        self.change.write.warn();
        let cluster = global.connect().await?;
        let options = Options {
            dry_run: self.dry_run.strategy(),
            wait: self.wait.strategy(),
            wait_for_jobs: self.wait_for_jobs,
            timeout: self.wait.timeout,
            no_hooks: self.change.no_hooks,
            server_side: self.change.write.server_side(),
            force_conflicts: self.change.write.force_conflicts,
            force_replace: self.change.write.replaces(),
            cleanup_on_fail: self.cleanup_on_fail,
            description: self.change.description.clone(),
            history_max: self.history_max,
            ..Options::default()
        };
        interruptible(&cluster, options, &self.release)?.rollback(&self.release, target).await?;
        println!("Rollback was a success! Happy Helming!");
        Ok(())
    }
}
