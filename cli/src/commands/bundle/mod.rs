//! `naru bundle`: Helm's commands, with Helm's flags, messages and exit codes.

mod connect;
mod get;
mod history;
mod list;
mod operate;
mod output;
mod report;
mod rollback;
mod status;
mod test;
mod uninstall;
mod values;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Install and manage bundles: Helm charts, rendered and released as Helm does.
#[derive(Clone, Debug, Args)]
pub struct BundleArgs {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Download what is stored of a release.
    Get(get::GetArgs),
    /// Show a release's revisions.
    #[command(visible_alias = "hist")]
    History(history::HistoryArgs),
    /// List releases.
    #[command(visible_alias = "ls")]
    List(list::ListArgs),
    /// Roll a release back to a revision that was.
    Rollback(rollback::RollbackArgs),
    /// Show how a release is.
    Status(status::StatusArgs),
    /// Run a release's tests.
    Test(test::TestArgs),
    /// Uninstall releases.
    #[command(visible_aliases = ["del", "delete", "un"])]
    Uninstall(uninstall::UninstallArgs),
}

impl BundleArgs {
    /// Runs the command; failures read as Helm's.
    pub async fn run(self) -> Result<ExitCode> {
        let outcome = match self.command {
            Command::Get(args) => args.run().await,
            Command::History(args) => args.run().await,
            Command::List(args) => args.run().await,
            Command::Rollback(args) => args.run().await,
            Command::Status(args) => args.run().await,
            Command::Test(args) => args.run().await,
            Command::Uninstall(args) => args.run().await,
        };
        match outcome {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => {
                eprintln!("Error: {error:#}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
